#include "guest-drivers/steward/builder.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/acpi.h"
#include "guest-drivers/steward/disk.h"
#include "guest-drivers/steward/guest_image.h"
#include "guest-drivers/steward/guest_pages.h"
#include "guest-drivers/steward/hyperv.h"
#include "guest-drivers/steward/network.h"
#include "guest-drivers/steward/p9.h"
#include "guest-drivers/steward/registry.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define SLACK_PAGES 16u

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
    TRY(guest_property(guest, NATIVE_UUID_LOW,
                       (low & ~0x00f0000000000000ull) | 0x0040000000000000ull));
    return guest_property(guest, NATIVE_UUID_HIGH, (high & ~0xc0ull) | 0x80);
}

/* What a Xen guest finds by xenstore. */
static enum status devices_introduce(struct guest *guest)
{
    TRY(registry_introduce(guest));
    TRY(disks_introduce(guest));
    TRY(networks_introduce(guest));
    TRY(folders_introduce(guest));
    registry_notify();
    return ST_OK;
}

static enum status fill(struct guest *guest, const struct guest_layout *layout, u64 *entry)
{
    const struct hyperv_ram ram = {layout->low_bytes, HIGH_BEGIN, layout->high_bytes};

    TRY(guest_image_make(guest, layout, entry));
    TRY(uuid_set(guest));
    TRY(guest_property(guest, NATIVE_HALT_IS_CRASH, guest->config->type == CONFIG_PV));
    TRY(guest_property(guest, NATIVE_TSC_INVARIANT, guest->config->has_tsc_control));
    TRY(guest_pages_share(guest));
    if (is_hyperv(guest))
        return hyperv_introduce(guest, &ram);
    return guest->store ? devices_introduce(guest) : ST_OK;
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
    struct guest_layout layout;
    struct native_vcpu_start start = {.start_info = INFO_BASE};
    struct native_partition resume;
    enum status status;

    TRY(guest_layout_make(guest, &layout));
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

void guest_clear(struct guest *guest)
{
    struct native_partition in = {guest->partition, 0};

    disks_release(guest);
    hyperv_release(guest);
    networks_release(guest);
    folders_release(guest);
    if (guest->store)
        registry_release(guest);
    guest_pages_release(guest);
    (void)call_partition_destroy(&in, NULL);
    guest->partition = 0;
}
