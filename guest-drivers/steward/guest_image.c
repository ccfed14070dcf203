#include "guest-drivers/steward/guest_image.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/acpi.h"
#include "guest-drivers/steward/guest_pages.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

/* Where guests' memory is borrowed while it is written. */
#define BUILD_WINDOW (GUEST_WINDOW + ((u64)1 << 30))
#define BUILD_CHUNK  ((u64)256 << 20)
#define PROGRESS_NS  ((u64)1000 * 1000 * 1000)
#define RESET_VECTOR 0xffff0ul

/* The guest's first page of its own: everything the shim reads at start. */
struct info_page {
    struct xen_hvm_start_info start;
    struct xen_hvm_modlist_entry module[2];
    struct xen_hvm_memmap_entry map[LAYOUT_RANGES];
    char shim_cmdline[64];
    char kernel_cmdline[CMDLINE_PVH_MAX + 1];
};
_Static_assert(sizeof(struct info_page) <= PAGE_SIZE, "the start information fits a page");

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

/* Copies bytes into the guest's memory; it is zeroed where nothing was copied. */
static enum status guest_write(struct guest *guest, u64 at, const void *from, u64 bytes)
{
    for (u64 done = 0; done < bytes;) {
        u64 begin = align_down(at + done, PAGE_SIZE);
        /* The same place within a large page, so that large pages map large pages. */
        u64 local = BUILD_WINDOW + (begin & (LARGE_PAGE_SIZE - 1));
        u64 skip = at + done - begin;
        u64 count = MIN(bytes - done, BUILD_CHUNK);

        TRY(guest_borrow(guest, begin, local, align_up(skip + count, PAGE_SIZE)));
        memcpy((u8 *)guest_pointer(local) + skip, (const u8 *)from + done, count);
        guest_give_back(local);
        done += count;
    }
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
    return guest_counters_share(guest, &image);
}

_Static_assert(sizeof(struct native_memory_range) == sizeof(struct xen_hvm_memmap_entry),
               "one form of memory map");

static enum status info_write(struct guest *guest, const struct guest_layout *layout)
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
    page.start.memmap_entries = guest_layout_map(layout, page.map);
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
               guest->config->type == CONFIG_HYPERV ? ACPI_HYPERV : ACPI_XEN);
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

    return guest->config->type == CONFIG_HYPERV
               ? guest_write(guest, RESET_VECTOR, code, sizeof(code))
               : ST_OK;
}

static enum status memory_give(struct guest *guest, const struct guest_layout *layout)
{
    told_ns = clock_ns();
    TRY(populate(guest, 0, layout->low_bytes));
    TRY(populate(guest, HIGH_BEGIN, layout->high_bytes));
    TRY(populate(guest, SPECIAL_BASE, SPECIAL_PAGES * PAGE_SIZE));
    return populate(guest, ACPI_BASE, ACPI_BYTES);
}

enum status guest_image_make(struct guest *guest, const struct guest_layout *layout, u64 *entry)
{
    TRY(memory_give(guest, layout));
    TRY(shim_load(guest, entry));
    TRY(guest_write(guest, layout->kernel_at, guest->kernel->bytes, guest->kernel->size));
    if (guest->ramdisk)
        TRY(guest_write(guest, layout->ramdisk_at, guest->ramdisk->bytes,
                        guest->ramdisk->size));
    TRY(info_write(guest, layout));
    TRY(acpi_load(guest));
    return reset_vector_write(guest);
}
