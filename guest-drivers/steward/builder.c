#include "guest-drivers/steward/builder.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/acpi.h"
#include "guest-drivers/steward/disk.h"
#include "guest-drivers/steward/hyperv.h"
#include "guest-drivers/steward/network.h"
#include "guest-drivers/steward/p9.h"
#include "guest-drivers/steward/registry.h"
#include "hv/lib/format.h"
#include "hv/lib/elf.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

/* The guest-physical map, as libxl draws it for PVH. [xen-pvh-hvm.md 1] */
#define LOW_END       0xf0000000ul
#define LOW_END_UEFI  0xc0000000ul /* where EDK2 looks for PCI's memory */
#define HIGH_BEGIN    0x100000000ul
#define SPECIAL_BASE  0xfeff8000ul
#define SPECIAL_PAGES 8u
#define STORE_GFN     (SPECIAL_BASE / PAGE_SIZE + 4)
#define FIRMWARE_GFN  (SPECIAL_BASE / PAGE_SIZE + 5)
#define CONSOLE_GFN   (SPECIAL_BASE / PAGE_SIZE + 7)
#define LAPIC_BASE    0xfee00000ul

#define RESET_VECTOR    0xffff0ul
#define INFO_BASE       0x1000ul
#define MIB             ((u64)1 << 20)
#define MEMORY_BASE_MIB 16u /* for the shim and for a small kernel's unpacking */
#define MEMORY_UEFI_MIB 64u /* with less EDK2 says nothing at all */
#define SLACK_PAGES     16u

/* Our addresses: two ring pages, its shim's counters and its firmware's disks for each guest,
 * then a place to borrow memory while building. */
#define RINGS_WINDOW GUEST_WINDOW
#define WINDOW_PAGES 4u
#define BUILD_WINDOW (GUEST_WINDOW + ((u64)1 << 30))
#define BUILD_CHUNK  ((u64)256 << 20)
#define PROGRESS_NS  ((u64)1000 * 1000 * 1000)

/* The guest's first page of its own: everything the shim reads at start. */
struct info_page {
    struct xen_hvm_start_info start;
    struct xen_hvm_modlist_entry module[2];
    struct xen_hvm_memmap_entry map[7];
    char shim_cmdline[64];
    char kernel_cmdline[CMDLINE_PVH_MAX + 1];
};
_Static_assert(sizeof(struct info_page) <= PAGE_SIZE, "the start information fits a page");

/* How a guest of this size is laid out. */
struct layout {
    u64 low_bytes;
    u64 high_bytes;
    u64 low_growth; /* behind them: where a PV guest's shim puts what it gets later */
    u64 high_growth;
    u64 kernel_at;
    u64 ramdisk_at;
};

static bool is_hyperv(const struct guest *guest)
{
    return guest->config->type == CONFIG_HYPERV;
}

static u32 interfaces_of(const struct guest *guest)
{
    if (is_hyperv(guest))
        return NATIVE_PARTITION_TLFS;
    return NATIVE_PARTITION_XEN | (guest->config->has_viridian ? NATIVE_PARTITION_TLFS : 0u);
}

static void refuse_status(struct guest *guest, const char *what, enum status status)
{
    config_refuse(guest->config, KEY_NAME,
                  "guest \"%s\": %s: %s; this is a mistake in Entente, "
                  "please report it",
                  guest->name, what, status_text(status));
}

static u64 module_bytes(const struct module *module)
{
    return module ? align_up(module->size, PAGE_SIZE) : 0;
}

/* A PVH kernel is told of more memory by hot-plug, a PV guest's shim at its start. */
static u64 growth_bytes(const struct config *config)
{
    if (config->type != CONFIG_PV)
        return 0;
    return (MAX(config->maxmem_mib, config->memory_mib) - config->memory_mib) * MIB;
}

static enum status layout_make(struct guest *guest, struct layout *out)
{
    u64 bytes = guest->config->memory_mib * MIB;
    u64 growth = growth_bytes(guest->config);
    u64 files = module_bytes(guest->kernel) + module_bytes(guest->ramdisk);
    u64 least_mib = guest->config->has_firmware ? MEMORY_UEFI_MIB
                                                : MEMORY_BASE_MIB + (files + MIB - 1) / MIB;
    u64 low_end = guest->config->has_firmware ? LOW_END_UEFI : LOW_END;
    u64 top;

    out->low_bytes = MIN(bytes, low_end);
    out->high_bytes = bytes - out->low_bytes;
    out->low_growth = MIN(growth, low_end - out->low_bytes);
    out->high_growth = growth - out->low_growth;
    if (out->low_bytes < least_mib * MIB) {
        config_refuse(
            guest->config, KEY_MEMORY,
            "memory = %lu is too little: guest \"%s\" with these files needs at least "
            "%lu MiB; raise memory =",
            (unsigned long)guest->config->memory_mib, guest->name, (unsigned long)least_mib);
        return ST_INVALID;
    }
    top = out->low_bytes;
    out->ramdisk_at = top - module_bytes(guest->ramdisk);
    out->kernel_at = out->ramdisk_at - module_bytes(guest->kernel);
    return ST_OK;
}

/* Is there room in the machine, tables and vCPU state included? */
static enum status memory_check(struct guest *guest)
{
    struct native_system_info info;
    u64 want = guest->config->memory_mib * MIB;
    u64 cost = 2 * MIB + want / 200;

    TRY(call_system_info(NULL, &info));
    if (want + cost <= info.bytes_free)
        return ST_OK;
    config_refuse(
        guest->config, KEY_MEMORY,
        "memory = %lu: guest \"%s\" wants more than is free, %lu MiB; lower memory = or "
        "give the machine more",
        (unsigned long)guest->config->memory_mib, guest->name,
        (unsigned long)((info.bytes_free - MIN(info.bytes_free, 2 * MIB)) / MIB * 199 / 200));
    return ST_NO_MEMORY;
}

/* A line whenever making a guest has taken another second. */
static u64 told_ns;

static void progress_tell(const struct guest *guest, u64 done, u64 all)
{
    u64 now_ns = clock_ns();

    if (now_ns - told_ns < PROGRESS_NS)
        return;
    told_ns = now_ns;
    print("entente: guest %s: memory: %lu of %lu MiB\n", guest->name,
          (unsigned long)(done / MIB), (unsigned long)(all / MIB));
}

static enum status populate(struct guest *guest, u64 at, u64 bytes)
{
    struct native_memory_populate in = {guest->partition,
                                        NATIVE_READ | NATIVE_WRITE | NATIVE_EXEC, at, 0};

    for (u64 done = 0; done < bytes; done += in.bytes) {
        in.at = at + done;
        in.bytes = MIN(bytes - done, BUILD_CHUNK);
        TRY(call_memory_populate(&in, NULL));
        progress_tell(guest, done + in.bytes, bytes);
    }
    return ST_OK;
}

/* Borrows pages of the guest at an address of ours. */
static enum status borrow(struct guest *guest, u64 at, u64 local_at, u64 bytes)
{
    struct native_memory_map in = {guest->partition, NATIVE_READ | NATIVE_WRITE, at, local_at,
                                   bytes / PAGE_SIZE};

    return call_memory_map(&in, NULL);
}

static void give_back(u64 local_at)
{
    struct native_memory_unmap in = {local_at};

    (void)call_memory_unmap(&in, NULL);
}

/* Copies bytes into the guest's memory; it is zeroed where nothing was copied. */
static enum status guest_write(struct guest *guest, u64 at, const void *from, u64 bytes)
{
    for (u64 done = 0; done < bytes;) {
        u64 begin = align_down(at + done, PAGE_SIZE);
        /* The same place within a large page, so that large pages map large pages. */
        u64 local = BUILD_WINDOW + (begin & (LARGE_PAGE_SIZE - 1));
        u64 skip = at + done - begin;
        u64 count = MIN(bytes - done, BUILD_CHUNK);

        TRY(borrow(guest, begin, local, align_up(skip + count, PAGE_SIZE)));
        memcpy((u8 *)guest_pointer(local) + skip, (const u8 *)from + done, count);
        give_back(local);
        done += count;
    }
    return ST_OK;
}

static u64 ring_window(const struct guest *guest, u32 which)
{
    return RINGS_WINDOW + (guest->index * WINDOW_PAGES + which) * PAGE_SIZE;
}

/* The shim counts the calls that it serves itself, in a page that its note names. */
static enum status counters_borrow(struct guest *guest, const struct elf_image *image)
{
    struct elf_note note;
    u64 at;

    if (guest->config->type != CONFIG_PV ||
        elf_note_find(image, XEN_NOTE_SHIM, XEN_NOTE_SHIM_CALLS, &note) != ST_OK)
        return ST_OK;
    TRY(elf_note_number(&note, &at));
    TRY(borrow(guest, align_down(at, PAGE_SIZE), ring_window(guest, 2), PAGE_SIZE));
    guest->shim_calls = guest_pointer(ring_window(guest, 2));
    return ST_OK;
}

/* The shim, by its program headers; *entry from its note. */
static enum status shim_load(struct guest *guest, u64 *entry)
{
    const struct module *shim = steward.shim;
    struct elf_image image;
    struct elf_segment segment;
    struct elf_note note;

    TRY(elf_open(shim->bytes, shim->size, shim->size, &image));
    TRY(elf_note_find(&image, "Xen", XEN_NOTE_PHYS32_ENTRY, &note));
    TRY(elf_note_number(&note, entry));
    for (u32 i = 0; elf_segment_get(&image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD)
            TRY(guest_write(guest, segment.phys, shim->bytes + segment.offset,
                            segment.file_bytes));
    return counters_borrow(guest, &image);
}

static u32 map_add(struct xen_hvm_memmap_entry *map, u32 count, u64 at, u64 bytes, u32 type)
{
    if (bytes == 0)
        return count;
    map[count] = (struct xen_hvm_memmap_entry){at, bytes, type, 0};
    return count + 1;
}

static u32 map_fill(struct xen_hvm_memmap_entry *map, const struct layout *layout)
{
    u32 count = 0;

    count = map_add(map, count, 0, layout->low_bytes, XEN_HVM_MEMMAP_TYPE_RAM);
    count = map_add(map, count, layout->low_bytes, layout->low_growth,
                    XEN_HVM_MEMMAP_TYPE_DISABLED);
    count = map_add(map, count, ACPI_BASE, ACPI_BYTES, XEN_HVM_MEMMAP_TYPE_ACPI);
    count = map_add(map, count, LAPIC_BASE, PAGE_SIZE, XEN_HVM_MEMMAP_TYPE_RESERVED);
    count = map_add(map, count, SPECIAL_BASE, SPECIAL_PAGES * PAGE_SIZE,
                    XEN_HVM_MEMMAP_TYPE_RESERVED);
    count = map_add(map, count, HIGH_BEGIN, layout->high_bytes, XEN_HVM_MEMMAP_TYPE_RAM);
    return map_add(map, count, HIGH_BEGIN + layout->high_bytes, layout->high_growth,
                   XEN_HVM_MEMMAP_TYPE_DISABLED);
}

_Static_assert(sizeof(struct native_memory_range) == sizeof(struct xen_hvm_memmap_entry),
               "one form of memory map");

static enum status info_write(struct guest *guest, const struct layout *layout)
{
    static struct info_page page; /* too large for the stack */
    struct native_memory_layout map = {.partition = guest->partition,
                                       .ranges = (u64)(uintptr_t)page.map};

    memset(&page, 0, sizeof(page));
    page.start.magic = XEN_HVM_START_MAGIC;
    page.start.version = 1;
    page.start.nr_modules = guest->ramdisk ? 2 : 1;
    page.start.modlist_paddr = INFO_BASE + offsetof(struct info_page, module);
    page.start.cmdline_paddr = INFO_BASE + offsetof(struct info_page, shim_cmdline);
    page.start.rsdp_paddr = ACPI_BASE;
    page.start.memmap_paddr = INFO_BASE + offsetof(struct info_page, map);
    page.start.memmap_entries = map_fill(page.map, layout);
    page.module[0].paddr = layout->kernel_at;
    page.module[0].size = guest->kernel->size;
    page.module[0].cmdline_paddr = INFO_BASE + offsetof(struct info_page, kernel_cmdline);
    if (guest->ramdisk) {
        page.module[1].paddr = layout->ramdisk_at;
        page.module[1].size = guest->ramdisk->size;
    }
    format(page.shim_cmdline, sizeof(page.shim_cmdline), "%s%s",
           guest->config->type == CONFIG_PV ? "pv" : "loader",
           steward.wants_times ? " times" : "");
    config_cmdline(guest->config, page.kernel_cmdline, sizeof(page.kernel_cmdline));
    map.count = page.start.memmap_entries;
    TRY(call_memory_layout(&map, NULL));
    return guest_write(guest, INFO_BASE, &page, sizeof(page));
}

static enum status acpi_load(struct guest *guest)
{
    static u8 area[ACPI_BYTES];

    memset(area, 0, sizeof(area));
    acpi_write(area, ACPI_BASE, guest->config->maxvcpus,
               is_hyperv(guest) ? ACPI_HYPERV : ACPI_XEN);
    return guest_write(guest, ACPI_BASE, area, sizeof(area));
}

/*
 * All the firmware a Hyper-V guest has: who jumps to the reset vector in real mode, as Linux
 * may do to restart, writes the reset register. mov $port, %dx; mov $value, %al; out; hlt
 */
static enum status reset_vector_write(struct guest *guest)
{
    static const u8 code[] = {0xba, NATIVE_PORT_RESET & 0xff, NATIVE_PORT_RESET >> 8,
                              0xb0, NATIVE_RESET_VALUE,       0xee,
                              0xf4};

    return is_hyperv(guest) ? guest_write(guest, RESET_VECTOR, code, sizeof(code)) : ST_OK;
}

static enum status property(struct guest *guest, enum native_property which, u64 value)
{
    struct native_property_set in = {guest->partition, (u32)which, value};

    return call_property_set(&in, NULL);
}

static enum status connect(struct guest *guest, u32 *ours, u32 *theirs)
{
    struct native_partition in = {guest->partition, 0};
    struct native_port_connect_out out;

    TRY(call_port_connect(&in, &out));
    *ours = out.local_port;
    *theirs = out.remote_port;
    return ST_OK;
}

static enum status firmware_page_make(struct guest *guest)
{
    if (!guest->config->has_firmware)
        return ST_OK;
    TRY(borrow(guest, FIRMWARE_GFN * PAGE_SIZE, ring_window(guest, 3), PAGE_SIZE));
    guest->firmware = guest_pointer(ring_window(guest, 3));
    TRY(connect(guest, &guest->firmware_port, &guest->firmware_remote_port));
    TRY(property(guest, NATIVE_FIRMWARE_GFN, FIRMWARE_GFN));
    return property(guest, NATIVE_FIRMWARE_PORT, guest->firmware_remote_port);
}

static enum status rings_make(struct guest *guest)
{
    TRY(borrow(guest, CONSOLE_GFN * PAGE_SIZE, ring_window(guest, 0), PAGE_SIZE));
    guest->console = guest_pointer(ring_window(guest, 0));
    TRY(connect(guest, &guest->console_port, &guest->console_remote_port));
    TRY(property(guest, NATIVE_CONSOLE_GFN, CONSOLE_GFN));
    TRY(property(guest, NATIVE_CONSOLE_PORT, guest->console_remote_port));
    TRY(property(guest, NATIVE_SPECIAL_GFN, SPECIAL_BASE / PAGE_SIZE));
    TRY(firmware_page_make(guest));
    if (!registry_is_there() || is_hyperv(guest))
        return ST_OK;
    TRY(borrow(guest, STORE_GFN * PAGE_SIZE, ring_window(guest, 1), PAGE_SIZE));
    guest->store = guest_pointer(ring_window(guest, 1));
    TRY(connect(guest, &guest->store_port, &guest->store_remote_port));
    TRY(property(guest, NATIVE_STORE_GFN, STORE_GFN));
    TRY(property(guest, NATIVE_STORE_PORT, guest->store_remote_port));
    TRY(registry_introduce(guest));
    TRY(disks_introduce(guest));
    TRY(networks_introduce(guest));
    TRY(folders_introduce(guest));
    registry_notify();
    return ST_OK;
}

/* Bytes of a UUID of version 4 from the clock and the name. */
static enum status uuid_set(struct guest *guest)
{
    struct native_clock now;
    u64 low = 0x9e3779b97f4a7c15ull;
    u64 high;

    TRY(call_clock(NULL, &now));
    for (const char *c = guest->name; *c; c++)
        low = (low ^ (u8)*c) * 0x100000001b3ull;
    high = (now.tsc ^ now.wall_ns ^ low) * 0xbf58476d1ce4e5b9ull;
    high ^= high >> 31;
    TRY(property(guest, NATIVE_UUID_LOW,
                 (low & ~0x00f0000000000000ull) | 0x0040000000000000ull));
    return property(guest, NATIVE_UUID_HIGH, (high & ~0xc0ull) | 0x80);
}

static enum status fill(struct guest *guest, const struct layout *layout, u64 *entry)
{
    TRY(populate(guest, 0, layout->low_bytes));
    TRY(populate(guest, HIGH_BEGIN, layout->high_bytes));
    TRY(populate(guest, SPECIAL_BASE, SPECIAL_PAGES * PAGE_SIZE));
    TRY(populate(guest, ACPI_BASE, ACPI_BYTES));
    TRY(shim_load(guest, entry));
    TRY(guest_write(guest, layout->kernel_at, guest->kernel->bytes, guest->kernel->size));
    if (guest->ramdisk)
        TRY(guest_write(guest, layout->ramdisk_at, guest->ramdisk->bytes,
                        guest->ramdisk->size));
    TRY(info_write(guest, layout));
    TRY(acpi_load(guest));
    TRY(reset_vector_write(guest));
    TRY(uuid_set(guest));
    TRY(property(guest, NATIVE_HALT_IS_CRASH, guest->config->type == CONFIG_PV));
    TRY(property(guest, NATIVE_TSC_INVARIANT, guest->config->has_tsc_control));
    TRY(rings_make(guest));
    return is_hyperv(guest)
               ? hyperv_introduce(guest, &(struct hyperv_ram){layout->low_bytes, HIGH_BEGIN,
                                                              layout->high_bytes})
               : ST_OK;
}

static enum status create(struct guest *guest)
{
    struct native_partition_create in = {
        .max_pages =
            MAX(guest->config->memory_mib, guest->config->maxmem_mib) * (MIB / PAGE_SIZE) +
            SPECIAL_PAGES + ACPI_BYTES / PAGE_SIZE + SLACK_PAGES,
        .flags = interfaces_of(guest),
        .vcpus = guest->config->maxvcpus,
    };
    struct native_partition out;

    string_copy(in.name, guest->name, sizeof(in.name));
    TRY(call_partition_create(&in, &out));
    guest->partition = out.partition;
    return ST_OK;
}

enum status guest_share_set(const struct guest *guest)
{
    struct native_partition_schedule in = {.partition = guest->partition,
                                           .weight = guest->config->cpu_weight,
                                           .cap = guest->config->cap_percent};

    return call_partition_schedule(&in, NULL);
}

enum status guest_build(struct guest *guest)
{
    struct layout layout;
    struct native_vcpu_start start = {.start_info = INFO_BASE};
    struct native_partition resume;
    enum status status;

    told_ns = clock_ns();
    TRY(layout_make(guest, &layout));
    TRY(memory_check(guest));
    TRY(disks_claim(guest));
    guest->vcpus = guest->config->vcpus;
    guest->target_kib = guest->config->memory_mib << 10;
    status = create(guest);
    if (status != ST_OK) {
        refuse_status(guest, "no partition", status);
        return status;
    }
    status = fill(guest, &layout, &start.entry);
    if (status == ST_NO_MEMORY) {
        config_refuse(guest->config, KEY_MEMORY,
                      "memory = %lu: the machine ran out of memory for guest \"%s\"; lower it",
                      (unsigned long)guest->config->memory_mib, guest->name);
        goto undo;
    }
    start.partition = guest->partition;
    resume = (struct native_partition){guest->partition, 0};
    if (status == ST_OK)
        status = guest_share_set(guest);
    if (status == ST_OK)
        status = call_vcpu_start(&start, NULL);
    if (status != ST_OK) {
        refuse_status(guest, "not started", status);
        goto undo;
    }
    guest->began_ns = clock_ns();
    guest->is_paused = false;
    guest->state = GUEST_LIVES;
    print("entente: guest %s created\n", guest->name);
    return call_partition_resume(&resume, NULL);
undo:
    guest_clear(guest);
    return status;
}

static void port_end(u32 *port)
{
    struct native_port in = {*port, 0};

    if (*port != 0)
        (void)call_port_close(&in, NULL);
    *port = 0;
}

void guest_clear(struct guest *guest)
{
    struct native_partition in = {guest->partition, 0};

    disks_release(guest);
    hyperv_release(guest);
    networks_release(guest);
    folders_release(guest);
    if (guest->store) {
        registry_release(guest);
        give_back(ring_window(guest, 1));
        guest->store = NULL;
    }
    if (guest->console) {
        give_back(ring_window(guest, 0));
        guest->console = NULL;
    }
    if (guest->shim_calls) {
        give_back(ring_window(guest, 2));
        guest->shim_calls = NULL;
    }
    if (guest->firmware) {
        give_back(ring_window(guest, 3));
        guest->firmware = NULL;
    }
    port_end(&guest->firmware_port);
    port_end(&guest->console_port);
    port_end(&guest->store_port);
    (void)call_partition_destroy(&in, NULL);
    guest->partition = 0;
}
