/* PV personality: from the modules to the guest's first instruction. [xen/xen.h] */
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/build.h"
#include "xen-adapter/pv/early_insn.h"
#include "xen-adapter/pv/extract.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/libc.h"
#include "xen-adapter/pv/loader.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/memory.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/shootdown.h"
#include "xen-adapter/pv/vcpu.h"

#define FOREIGN_FRAMES 2048u         /* grants and foreign pages mapped at a time */
#define FOREIGN_LIMIT  0xe0000000ull /* room below 4 GiB that no device of L0 uses */
#define RESERVE_PAGES  96u /* for the shim's later needs: event pages, tables, aliases */

#define CPUID_7_EBX_SMEP BIT(7)
#define CPUID_7_EBX_SMAP BIT(20)
#define CR4_BIT_SMEP     BIT(20)
#define CR4_BIT_SMAP     BIT(21)

static void fail_memory(const char *what)
{
    shim_fail("no memory for %s; give the guest more memory", what);
}

/* ---- What the domain has ----------------------------------------------------------------- */

static u64 ram_end_find(const struct domain_layout *domain)
{
    u64 end = 0;

    for (u32 i = 0; i < domain->map_count; i++)
        if (range_has_frames(&domain->map[i]))
            end = MAX(end, domain->map[i].base + domain->map[i].size);
    return end;
}

/* Frames that are not there yet: the guest may ask for them. */
static u64 growth_count(const struct domain_layout *domain)
{
    u64 frames = 0;

    for (u32 i = 0; i < domain->map_count; i++)
        if (domain->map[i].type == MEMORY_DISABLED)
            frames += domain->map[i].size >> PAGE_SHIFT;
    return frames;
}

static void domain_settle(void)
{
    struct domain_layout *domain = &shim.domain;
    u64 ram_end = ram_end_find(domain);
    u64 foreign = align_up(ram_end, LARGE_PAGE_SIZE);

    if (ram_end < FOUR_GIB && foreign + FOREIGN_FRAMES * PAGE_SIZE > FOREIGN_LIMIT)
        foreign = FOUR_GIB;
    domain->foreign = mfn(foreign >> PAGE_SHIFT);
    domain->foreign_count = FOREIGN_FRAMES;
    domain->mfn_end = domain->foreign.raw + FOREIGN_FRAMES;
    domain->mfn_end = MAX(domain->mfn_end, domain->console_mfn.raw + 1);
    domain->mfn_end = MAX(domain->mfn_end, domain->store_mfn.raw + 1);
    for (u32 i = 0; i < all_ram.count; i++)
        domain->ram_frames += (all_ram.span[i].end - all_ram.span[i].base) >> PAGE_SHIFT;
}

static void features_find(void)
{
    u32 ebx = early_cpuid(0, 0).eax >= 7 ? early_cpuid(7, 0).ebx : 0;

    if ((ebx & CPUID_7_EBX_SMEP) != 0)
        shim.smep_smap |= CR4_BIT_SMEP;
    if ((ebx & CPUID_7_EBX_SMAP) != 0)
        shim.smep_smap |= CR4_BIT_SMAP;
}

static void shim_tables_make(void)
{
    void *zero, *shared;

    if (memory_slots_make() != ST_OK || memory_m2p_make() != ST_OK ||
        shim_table_make(FRAME_TABLE_VIRT, sizeof(struct frame), 0, PTE_RW) != ST_OK)
        fail_memory("the frame tables");
    zero = shim_page_alloc();
    shared = shim_page_alloc();
    if (zero == NULL || shared == NULL)
        fail_memory("shared_info");
    shim.domain.shared_info = virt_to_mfn(shared);
    mmu_start(virt_to_mfn(zero));
}

/* ---- Kernel and ramdisk ------------------------------------------------------------------ */

static void module_release(const struct start_module *module)
{
    (void)spans_add(&free_ram, align_down(module->base, PAGE_SIZE),
                    align_up(module->base + module->bytes, PAGE_SIZE));
}

/* Frames of the ramdisk become the guest's, so it starts on a frame boundary. */
static void ramdisk_align(struct start_module *ramdisk)
{
    u64 base = align_down(ramdisk->base, PAGE_SIZE);
    u64 end = align_up(ramdisk->base + ramdisk->bytes, PAGE_SIZE);

    memmove(phys_to_direct(base), phys_to_direct(ramdisk->base), ramdisk->bytes);
    ramdisk->base = base;
    (void)spans_add(&free_ram, base + align_up(ramdisk->bytes, PAGE_SIZE), end);
}

static void kernel_unpack(struct build *build)
{
    u64 bytes = align_up(build->payload.elf_bytes, PAGE_SIZE);
    u64 need = extract_arena_bytes(&build->payload);
    struct complaint complaint;
    struct span room;
    u64 base = 0;

    /* the lowest place, so that what is left stays in one piece */
    if (spans_take_low(&free_ram, bytes, PAGE_SIZE, PAGE_SIZE, &base) != ST_OK ||
        base + bytes > FOUR_GIB)
        shim_fail("kernel: unpacked it has %lu MiB, which do not fit; give the guest at least "
                  "%lu MiB",
                  bytes >> 20, memory_wanted(&build->payload));
    room = spans_largest(&free_ram, FOUR_GIB);
    if (room.end - room.base < need)
        shim_fail("kernel: there is no room to unpack it; give the guest at least %lu MiB",
                  memory_wanted(&build->payload));
    arena_set(phys_to_direct(room.base), room.end - room.base);
    if (extract_all(&build->payload, phys_to_direct(base), &complaint) != ST_OK)
        kernel_refuse(&complaint);
    build->output = (struct span){base, base + bytes};
    module_release(&start.module[0]);
}

static void kernel_check(struct build *build)
{
    struct complaint complaint;

    if (elf_open(phys_to_direct(build->output.base), build->payload.elf_bytes,
                 build->payload.elf_bytes, &build->image) != ST_OK)
        shim_fail("kernel: what its %s payload holds is no ELF kernel; install it again",
                  payload_name(build->payload.kind));
    if (build->image.bits != 64 || build->image.machine != ELF_MACHINE_X86_64)
        shim_fail("kernel: it is a 32-bit kernel, and only 64-bit PV guests run here; "
                  "use an amd64 kernel");
    if (kernel_notes_read(&build->image, &build->notes, &complaint) != ST_OK)
        kernel_refuse(&complaint);
    if (!build->notes.is_pv)
        shim_fail("kernel: it has no Xen notes, so it is no PV kernel; use one with "
                  "CONFIG_XEN_PV%s",
                  build->notes.phys32_entry != KERNEL_NONE ? ", or set type = \"pvh\"" : "");
}

/* End of the segments in bytes from pfn 0; they must start at or above it. */
static u64 kernel_end(const struct build *build)
{
    struct elf_segment segment;
    u64 end = 0;

    for (u32 i = 0; i < build->image.program_count; i++) {
        if (elf_segment_get(&build->image, i, &segment) != ST_OK)
            shim_fail("kernel: its ELF segment %u leaves the file; install it again", i);
        if (segment.type != ELF_SEGMENT_LOAD || segment.memory_bytes == 0)
            continue;
        if (segment.phys < build->notes.paddr_offset)
            shim_fail("kernel: its ELF segment %u lies below its PADDR_OFFSET note", i);
        end = MAX(end, segment.phys - build->notes.paddr_offset + segment.memory_bytes);
    }
    return end;
}

static u64 frames_count(const struct build *build)
{
    u64 bytes = align_up(build->output.end, PAGE_SIZE) - build->output.base +
                align_up(build->ramdisk.bytes, PAGE_SIZE);

    for (u32 i = 0; i < free_ram.count; i++)
        bytes += free_ram.span[i].end - free_ram.span[i].base;
    return (bytes >> PAGE_SHIFT) + (shim.domain.console_mfn.raw != 0) +
           (shim.domain.store_mfn.raw != 0);
}

static void layout_find(struct build *build)
{
    struct layout_wish wish = {
        .virt_base = build->notes.virt_base,
        .kernel_end = kernel_end(build),
        .nr_pages = frames_count(build),
        .ramdisk_pages = align_up(build->ramdisk.bytes, PAGE_SIZE) >> PAGE_SHIFT,
        .ramdisk_mapped = !build->notes.modules_by_pfn,
        .init_p2m = build->notes.init_p2m == KERNEL_NONE ? LAYOUT_NONE : build->notes.init_p2m,
    };
    enum status status = layout_make(&wish, &build->layout);

    if (status == ST_NO_MEMORY)
        shim_fail(
            "kernel: it and the ramdisk do not fit into %lu MiB; give the guest more memory",
            wish.nr_pages >> (20 - PAGE_SHIFT));
    if (status != ST_OK)
        shim_fail("kernel: its VIRT_BASE or INIT_P2M note asks for an impossible address");
    build->nr_pages = wish.nr_pages;
    shim.domain.nr_pages = wish.nr_pages;
    shim.domain.max_pages = wish.nr_pages + growth_count(&shim.domain);
}

static void cmdline_check(void)
{
    if (start.cmdline_bytes >= XEN_START_INFO_CMDLINE)
        shim_fail(
            "the guest's command line has %lu bytes, a PV guest takes at most %u; shorten "
            "`extra` or `cmdline`",
            start.cmdline_bytes, XEN_START_INFO_CMDLINE - 1);
}

/* All that L0 gives us; the first of them, NULL without memory. */
static struct pv_vcpu *vcpus_make(void)
{
    shim.vcpu_count = vcpu_count_below();
    for (u32 i = 0; i < shim.vcpu_count; i++)
        if (vcpu_make(i) == NULL)
            return NULL;
    lock_is_needed = shim.vcpu_count > 1;
    shootdown_start();
    return vcpu_find(0);
}

void build_run(void)
{
    static struct build build;
    struct pv_vcpu *vcpu;

    cmdline_check();
    build.payload = kernel_payload();
    domain_settle();
    features_find();
    shim_tables_make();
    if (start.module_count > 1) {
        build.ramdisk = start.module[1];
        ramdisk_align(&build.ramdisk);
    }
    shim_time_print("unpacking begins");
    kernel_unpack(&build);
    shim_time_print("kernel unpacked");
    kernel_check(&build);
    vcpu = vcpus_make();
    if (vcpu == NULL || memory_settle(RESERVE_PAGES) != ST_OK)
        fail_memory("the virtual CPU");
    layout_find(&build);
    frames_place(&build);
    boot_tables_write(&build);
    start_info_write(&build);
    hypercall_page_write(&build);
    registers_set(&build, vcpu);
    frames_hand_over(&build);
    if (mmu_boot(vcpu, mfn(build.p2m[build.layout.tables])) != ST_OK)
        shim_fail("internal error: the MMU refuses the boot page tables");
    shim_time_print("kernel entered");
    pv_enter(vcpu);
}
