/*
 * PVH personality [xen/arch-x86/hvm/start_info.h, xen-pvh]. The kernel is unpacked so that its
 * segments can be moved to their physical addresses in ascending order, mostly by nothing at
 * all; what would overwrite the loader itself is moved by the trampoline. Then nothing of it is
 * left.
 */
#include "xen-adapter/pv/loader.h"
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/extract.h"
#include "xen-adapter/pv/footprint.h"
#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/libc.h"
#include "xen-adapter/pv/linux_boot.h"
#include "xen-adapter/pv/memory.h"
#include "xen-adapter/pv/trampoline.h"

#define MIB_MASK (((u64)1 << 20) - 1)

/* Where everything goes. */
struct plan {
    struct payload payload;
    struct footprint at; /* all segments in memory, and the unpacked file */
    u64 shift;           /* of segments and entry against what the file says, modulo 2^64 */
    bool unbacked;       /* there is no RAM where the file wants to be: relocate it or refuse */
};

static void fail_small(const struct plan *plan)
{
    shim_fail("kernel: it, its unpacking and the ramdisk do not fit into this memory; "
              "give the guest at least %lu MiB",
              MAX(memory_wanted(&plan->payload), (plan->at.output.end >> 20) + 48));
}

static void target_find(struct plan *plan, const struct elf_image *head)
{
    struct elf_segment segment;

    if (elf_extent(head, &plan->at.target.base, &plan->at.target.end) != ST_OK ||
        plan->at.target.end > FOUR_GIB)
        shim_fail("kernel: its ELF program headers are broken; copy or install it again");
    for (u32 i = 0; elf_segment_get(head, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD && segment.memory_bytes != 0 &&
            !spans_hold(&all_ram, segment.phys, segment.phys + segment.memory_bytes))
            plan->unbacked = true;
}

/*
 * The lowest place for the file such that every segment moves down or not at all: then
 * ascending moves never overwrite what is still to move, if offsets and addresses ascend alike.
 */
static bool output_in_place(const struct elf_image *head, u64 elf_bytes, struct span *output)
{
    struct elf_segment segment;
    u64 base = 0, last_phys = 0, last_offset = 0;

    for (u32 i = 0; elf_segment_get(head, i, &segment) == ST_OK; i++) {
        if (segment.type != ELF_SEGMENT_LOAD || segment.file_bytes == 0)
            continue;
        if (segment.phys < last_phys || segment.offset < last_offset ||
            segment.phys < segment.offset)
            return false;
        base = MAX(base, segment.phys - segment.offset);
        last_phys = segment.phys + segment.file_bytes;
        last_offset = segment.offset + segment.file_bytes;
    }
    *output = (struct span){base, base + elf_bytes};
    return spans_hold(&all_ram, output->base, output->end) && output->end <= FOUR_GIB &&
           !spans_overlap(output->base, output->end, IMAGE_PHYS, shim.image_end);
}

static void output_find(struct plan *plan, const struct elf_image *head)
{
    struct span target = plan->at.target;
    u64 base;

    if (!plan->unbacked && output_in_place(head, plan->payload.elf_bytes, &plan->at.output))
        return;
    plan->at.output = (struct span){0, 0};
    if (plan->unbacked)
        plan->at.target = (struct span){0, 0};
    if (spans_take_high(footprint_free(&plan->at), align_up(plan->payload.elf_bytes, PAGE_SIZE),
                        PAGE_SIZE, FOUR_GIB, &base) != ST_OK)
        fail_small(plan);
    plan->at.output = (struct span){base, base + plan->payload.elf_bytes};
    plan->at.target = target;
}

/* Unpacks to plan->at.output, everything else out of the way first. */
static void kernel_unpack(struct plan *plan)
{
    u64 need = extract_arena_bytes(&plan->payload);
    u64 kernel_base = start.module[0].base;
    struct complaint complaint;
    struct span room;

    if (footprint_avoid(&plan->at, &start.module[1], FOUR_GIB) != ST_OK ||
        footprint_avoid(&plan->at, &start.module[0], FOUR_GIB) != ST_OK)
        fail_small(plan);
    plan->payload.data += start.module[0].base - kernel_base;
    room = spans_largest(footprint_free(&plan->at), FOUR_GIB);
    if (room.end - room.base < need)
        fail_small(plan);
    arena_set(phys_to_direct(room.base), room.end - room.base);
    if (extract_all(&plan->payload, phys_to_direct(plan->at.output.base), &complaint) != ST_OK)
        kernel_refuse(&complaint);
}

/* The notes of a whole file, which must be a PVH kernel's; or it starts as a PC's. */
static struct kernel_notes pvh_notes(const struct elf_image *image)
{
    struct complaint complaint;
    struct kernel_notes notes;

    if (kernel_notes_read(image, &notes, &complaint) != ST_OK)
        kernel_refuse(&complaint);
    if (notes.phys32_entry == KERNEL_NONE && linux_boot_serves())
        linux_boot_run();
    if (notes.phys32_entry == KERNEL_NONE)
        shim_fail("kernel: it has no PHYS32_ENTRY note, so it cannot start as PVH; %s",
                  notes.is_pv ? "set type = \"pv\""
                              : "use a kernel with Xen PVH support (CONFIG_PVH)");
    return notes;
}

/*
 * Moves the target to the lowest place that PHYS32_RELOC allows. Its alignment holds for the
 * distance from where the file wants to be. [xen/elfnote.h]
 */
static enum status target_relocate(struct plan *plan, const struct kernel_notes *notes)
{
    u64 bytes = plan->at.target.end - plan->at.target.base;
    struct span wanted = plan->at.target;
    struct spans *places;
    u64 base, offset;

    if (notes->reloc_align == KERNEL_NONE)
        return ST_UNSUPPORTED;
    plan->at.target = (struct span){0, 0};
    places = footprint_free(&plan->at);
    plan->at.target = wanted;
    offset = plan->at.target.base & (notes->reloc_align - 1);
    for (u32 i = 0; i < places->count; i++) {
        base =
            align_up(MAX(places->span[i].base, notes->reloc_min), notes->reloc_align) + offset;
        if (base + bytes - 1 > notes->reloc_max || !spans_hold(places, base, base + bytes))
            continue;
        plan->shift = base - plan->at.target.base;
        plan->at.target = (struct span){base, base + bytes};
        return ST_OK;
    }
    return ST_NO_MEMORY;
}

static u64 entry_find(struct plan *plan)
{
    struct kernel_notes notes;
    struct elf_image image;

    if (elf_open(phys_to_direct(plan->at.output.base), plan->payload.elf_bytes,
                 plan->payload.elf_bytes, &image) != ST_OK)
        shim_fail("kernel: its ELF header is broken; copy or install it again");
    notes = pvh_notes(&image);
    if (notes.phys32_entry < plan->at.target.base || notes.phys32_entry >= plan->at.target.end)
        shim_fail("kernel: its PHYS32_ENTRY lies outside its segments; install it again");
    if (plan->unbacked && target_relocate(plan, &notes) != ST_OK)
        shim_fail("kernel: it must be loaded at %lu..%lu MiB, where this guest has no memory; "
                  "give it at least %lu MiB",
                  plan->at.target.base >> 20, (plan->at.target.end + MIB_MASK) >> 20,
                  MAX(memory_wanted(&plan->payload), (plan->at.target.end >> 20) + 16));
    return notes.phys32_entry + plan->shift;
}

/* ---- The last steps ---------------------------------------------------------------------- */

static void moves_list(const struct plan *plan, struct trampoline_job *job)
{
    struct elf_segment segment;
    struct elf_image image;

    (void)elf_open(phys_to_direct(plan->at.output.base), plan->payload.elf_bytes,
                   plan->payload.elf_bytes, &image);
    for (u32 i = 0; elf_segment_get(&image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD)
            trampoline_move_add(job, segment.phys + plan->shift,
                                plan->at.output.base + segment.offset, segment.file_bytes);
    for (u32 i = 0; elf_segment_get(&image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD)
            trampoline_move_add(job, segment.phys + plan->shift + segment.file_bytes,
                                TRAMPOLINE_ZERO, segment.memory_bytes - segment.file_bytes);
}

/* hvm_start_info and what hangs on it, in one block of pages. */
struct info_block {
    struct xen_hvm_start_info info;
    struct xen_hvm_modlist_entry module;
    struct xen_hvm_memmap_entry map[MEMORY_RANGES_MAX];
    char cmdline[START_CMDLINE_MAX];
};

static void info_write(u64 base)
{
    struct info_block *block = phys_to_direct(base);
    const struct domain_layout *domain = &shim.domain;

    memset(block, 0, sizeof(*block));
    block->info = (struct xen_hvm_start_info){
        .magic = XEN_HVM_START_MAGIC,
        .version = 1,
        .flags = start.flags,
        .cmdline_paddr = base + offsetof(struct info_block, cmdline),
        .rsdp_paddr = domain->rsdp,
        .memmap_paddr = base + offsetof(struct info_block, map),
        .memmap_entries = domain->map_count,
    };
    if (start.module[1].bytes != 0) {
        block->info.nr_modules = 1;
        block->info.modlist_paddr = base + offsetof(struct info_block, module);
        block->module = (struct xen_hvm_modlist_entry){.paddr = start.module[1].base,
                                                       .size = start.module[1].bytes};
    }
    for (u32 i = 0; i < domain->map_count; i++)
        block->map[i] = (struct xen_hvm_memmap_entry){domain->map[i].base, domain->map[i].size,
                                                      domain->map[i].type, 0};
    memcpy(block->cmdline, start.cmdline, sizeof(block->cmdline));
}

/* Nobody here can look into the kernel, but it unpacks itself. */
static bool payload_is_unknown(void)
{
    struct complaint unused;
    struct payload payload;

    return payload_find(phys_to_direct(start.module[0].base), start.module[0].bytes, &payload,
                        &unused) == ST_UNSUPPORTED;
}

static void cmdline_check(void)
{
    if (start.cmdline_bytes >= START_CMDLINE_MAX)
        shim_fail("the guest's command line has %lu bytes, at most %u are possible; shorten "
                  "`extra` or `cmdline`",
                  start.cmdline_bytes, START_CMDLINE_MAX - 1);
}

void loader_run(void)
{
    static struct trampoline_job job;
    static struct plan plan;
    struct elf_image head;
    struct spans *places;
    u64 info = 0, page = 0;

    cmdline_check();
    if (linux_boot_serves() && payload_is_unknown())
        linux_boot_run();
    plan.payload = kernel_payload();
    head = kernel_head(&plan.payload);
    if (plan.payload.kind == PAYLOAD_ELF &&
        elf_open(plan.payload.data, plan.payload.bytes, plan.payload.bytes, &head) == ST_OK)
        (void)pvh_notes(&head);
    target_find(&plan, &head);
    output_find(&plan, &head);
    shim_time_print("unpacking begins");
    kernel_unpack(&plan);
    shim_time_print("kernel unpacked");
    job.entry = (u32)entry_find(&plan);
    moves_list(&plan, &job);
    trampoline_moves_do(&job, &plan.at.target);

    if (job.count == 0)
        plan.at.output = (struct span){0, 0};
    places = footprint_free(&plan.at);
    if (spans_take_low(places, align_up(sizeof(struct info_block), PAGE_SIZE), PAGE_SIZE,
                       PAGE_SIZE, &info) != ST_OK ||
        spans_take_low(places, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, &page) != ST_OK)
        fail_small(&plan);
    info_write(info);
    job.start_info = (u32)info;
    trampoline_run(page, &job);
}
