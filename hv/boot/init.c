/* The composition root: brings up the machine, makes the root partition, enters the run loop.
 */
#include "hv/boot/acpi.h"
#include "hv/boot/boot.h"
#include "hv/boot/root.h"
#include "hv/boot/smp.h"
#include "hv/core/frame.h"
#include "hv/core/locks.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/speculation.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/ioapic.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/power.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/run.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/tsc.h"
#include "hv/entry/loop.h"
#include "hv/lib/print.h"

#define LOW_MEMORY_END 0x100000u
#define BOOT_MAP_END   ((u64)4 << 30)
#define CONTROL_GSI    3 /* ISA interrupt of the second serial port */

extern u8 hv_text_begin[], hv_image_end[];

void boot_main(enum boot_protocol protocol, u64 information) __attribute__((noreturn));

static struct boot_info boot;
static struct acpi_facts acpi;

/* What the allocator must not give out, beside the gaps of the memory map. */
struct reserved {
    u32 count;
    struct boot_range range[BOOT_MODULES_MAX + 3];
};

static struct reserved reserved;

static void reserve(u64 begin, u64 end)
{
    u32 place = reserved.count++;

    for (; place > 0 && reserved.range[place - 1].begin > begin; place--)
        reserved.range[place] = reserved.range[place - 1];
    reserved.range[place] =
        (struct boot_range){align_down(begin, PAGE_SIZE), align_up(end, PAGE_SIZE)};
}

/* Begin of the first gap of `bytes` in RAM below 4 GiB, or 0. */
static u64 gap_find(u64 bytes)
{
    for (u32 i = 0; i < boot.range_count; i++) {
        u64 at = boot.range[i].begin;
        u64 end = MIN(boot.range[i].end, BOOT_MAP_END);
        for (u32 j = 0; j < reserved.count; j++)
            if (reserved.range[j].begin < at + bytes && reserved.range[j].end > at)
                at = reserved.range[j].end;
        if (at + bytes <= end)
            return at;
    }
    return 0;
}

/* Gives the part of RAM in [low, high) to the allocator, without what is reserved. */
static void frames_add(u64 low, u64 high)
{
    for (u32 i = 0; i < boot.range_count; i++) {
        u64 at = MAX(boot.range[i].begin, low);
        u64 end = MIN(boot.range[i].end, high);
        for (u32 j = 0; j < reserved.count && at < end; j++) {
            const struct boot_range *hole = &reserved.range[j];
            if (hole->end <= at || hole->begin >= end)
                continue;
            if (hole->begin > at)
                frame_range_add(hpa(at), hpa(hole->begin));
            at = hole->end;
        }
        if (at < end)
            frame_range_add(hpa(at), hpa(end));
    }
}

static void memory_init(void)
{
    u64 top = boot.range[boot.range_count - 1].end;
    u64 bytes = align_up((top >> PAGE_SHIFT) * sizeof(struct frame_meta), PAGE_SIZE);
    u64 meta;

    reserve(0, LOW_MEMORY_END);
    reserve(virt_to_phys(hv_text_begin).raw, virt_to_phys(hv_image_end).raw);
    for (u32 i = 0; i < boot.module_count; i++)
        reserve(boot.module[i].begin, boot.module[i].end);
    meta = gap_find(bytes);
    if (meta == 0)
        panic("no %lu KiB below 4 GiB for the frame records", bytes >> 10);
    reserve(meta, meta + bytes);
    frame_setup(phys_to_virt(hpa(meta)), top >> PAGE_SHIFT);
    frames_add(0, BOOT_MAP_END);
    ptab_init();
    for (u32 i = 0; i < boot.range_count; i++)
        ptab_map_ram(hpa(boot.range[i].begin), hpa(boot.range[i].end));
    ptab_activate();
    frames_add(BOOT_MAP_END, UINT64_MAX);
}

static void backend_init(void)
{
    hpa_t memory;

    if (frame_alloc(RUN_ORDER, FRAME_OWNER_HV, &memory) != ST_OK || run_init(memory) != ST_OK)
        panic("this CPU offers no usable virtualisation (SVM with nested paging is needed)");
    speculation_init();
}

static void devices_init(void)
{
    power_init(acpi.pm1a_port, acpi.soft_off_type);
    tsc_init(acpi.pm_timer_port);
    lapic_init();
    ioapic_init(acpi.ioapic);
    ioapic_route(acpi.serial_gsi, acpi.serial_flags, VECTOR_SERIAL);
    ioapic_route(CONTROL_GSI, 0, VECTOR_SERIAL);
    serial_interrupt_enable();
}

void boot_main(enum boot_protocol protocol, u64 information)
{
    serial_init();
    cpu_init_boot();
    print("entente: hypervisor build %s\n", build_id);
    boot_info_read(protocol, information, &boot);
    if (boot.error != NULL)
        panic("boot information: %s", boot.error);
    acpi_read(boot.rsdp, &acpi);
    memory_init();
    devices_init();
    backend_init();
    lock_take(&hypervisor_lock);
    smp_start(&acpi);
    partition_init();
    sched_init(cpu_count);
    print("entente: %lu MiB free, %u CPU(s), TSC %lu kHz\n",
          frame_count_free() >> (20 - PAGE_SHIFT), cpu_count, tsc_khz());
    root_start(&boot);
    print("entente: hypervisor ready\n");
    loop_run();
}
