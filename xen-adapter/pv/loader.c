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
#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/libc.h"
#include "xen-adapter/pv/memory.h"
#include "xen-adapter/pv/trampoline.h"

#define MIB_MASK (((u64)1 << 20) - 1)

/* Where everything goes; all below 4 GiB. */
struct plan {
    struct payload payload;
    struct span target; /* all segments in memory */
    struct span output; /* the unpacked file */
    struct start_module ramdisk;
    u64 shift;     /* of segments and entry against what the file says, modulo 2^64 */
    bool unbacked; /* there is no RAM where the file wants to be: relocate it or refuse */
};

static bool plan_conflicts(const struct plan *plan, u64 base, u64 bytes)
{
    u64 end = base + bytes;

    return bytes != 0 && (spans_overlap(base, end, plan->target.base, plan->target.end) ||
                          spans_overlap(base, end, plan->output.base, plan->output.end));
}

static void fail_small(const struct plan *plan)
{
    shim_fail("kernel: it, its unpacking and the ramdisk do not fit into this memory; "
              "give the guest at least %lu MiB",
              MAX(memory_wanted(&plan->payload), (plan->output.end >> 20) + 48));
}

/* Places outside target, output, loader and modules: a working copy, made anew by each call. */
static struct spans *plan_free(const struct plan *plan)
{
    static struct spans places;

    places = free_ram;
    (void)spans_remove(&places, align_down(plan->target.base, PAGE_SIZE),
                       align_up(plan->target.end, PAGE_SIZE));
    (void)spans_remove(&places, align_down(plan->output.base, PAGE_SIZE),
                       align_up(plan->output.end, PAGE_SIZE));
    return &places;
}

/* Gives a module another place when it lies in the way; its old one is free then. */
static void module_move(const struct plan *plan, struct start_module *module)
{
    u64 base;

    if (!plan_conflicts(plan, module->base, module->bytes))
        return;
    if (spans_take_high(plan_free(plan), align_up(module->bytes, PAGE_SIZE), PAGE_SIZE,
                        FOUR_GIB, &base) != ST_OK)
        fail_small(plan);
    memmove(phys_to_direct(base), phys_to_direct(module->base), module->bytes);
    (void)spans_add(&free_ram, align_down(module->base, PAGE_SIZE),
                    align_up(module->base + module->bytes, PAGE_SIZE));
    (void)spans_remove(&free_ram, base, base + align_up(module->bytes, PAGE_SIZE));
    module->base = base;
}

static void target_find(struct plan *plan, const struct elf_image *head)
{
    struct elf_segment segment;

    if (elf_extent(head, &plan->target.base, &plan->target.end) != ST_OK ||
        plan->target.end > FOUR_GIB)
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
    struct span target = plan->target;
    u64 base;

    if (!plan->unbacked && output_in_place(head, plan->payload.elf_bytes, &plan->output))
        return;
    plan->output = (struct span){0, 0};
    if (plan->unbacked)
        plan->target = (struct span){0, 0};
    if (spans_take_high(plan_free(plan), align_up(plan->payload.elf_bytes, PAGE_SIZE),
                        PAGE_SIZE, FOUR_GIB, &base) != ST_OK)
        fail_small(plan);
    plan->output = (struct span){base, base + plan->payload.elf_bytes};
    plan->target = target;
}

/* Unpacks to plan->output, everything else out of the way first. */
static void kernel_unpack(struct plan *plan)
{
    u64 need = extract_arena_bytes(&plan->payload);
    u64 kernel_base = start.module[0].base;
    struct complaint complaint;
    struct span room;

    module_move(plan, &plan->ramdisk);
    module_move(plan, &start.module[0]);
    plan->payload.data += start.module[0].base - kernel_base;
    room = spans_largest(plan_free(plan), FOUR_GIB);
    if (room.end - room.base < need)
        fail_small(plan);
    arena_set(phys_to_direct(room.base), room.end - room.base);
    if (extract_all(&plan->payload, phys_to_direct(plan->output.base), &complaint) != ST_OK)
        kernel_refuse(&complaint);
}

/* The notes of a whole file, which must be a PVH kernel's. */
static struct kernel_notes pvh_notes(const struct elf_image *image)
{
    struct complaint complaint;
    struct kernel_notes notes;

    if (kernel_notes_read(image, &notes, &complaint) != ST_OK)
        kernel_refuse(&complaint);
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
    u64 bytes = plan->target.end - plan->target.base;
    struct span wanted = plan->target;
    struct spans *places;
    u64 base, offset;

    if (notes->reloc_align == KERNEL_NONE)
        return ST_UNSUPPORTED;
    plan->target = (struct span){0, 0};
    places = plan_free(plan);
    plan->target = wanted;
    offset = plan->target.base & (notes->reloc_align - 1);
    for (u32 i = 0; i < places->count; i++) {
        base =
            align_up(MAX(places->span[i].base, notes->reloc_min), notes->reloc_align) + offset;
        if (base + bytes - 1 > notes->reloc_max || !spans_hold(places, base, base + bytes))
            continue;
        plan->shift = base - plan->target.base;
        plan->target = (struct span){base, base + bytes};
        return ST_OK;
    }
    return ST_NO_MEMORY;
}

static u64 entry_find(struct plan *plan)
{
    struct kernel_notes notes;
    struct elf_image image;

    if (elf_open(phys_to_direct(plan->output.base), plan->payload.elf_bytes,
                 plan->payload.elf_bytes, &image) != ST_OK)
        shim_fail("kernel: its ELF header is broken; copy or install it again");
    notes = pvh_notes(&image);
    if (notes.phys32_entry < plan->target.base || notes.phys32_entry >= plan->target.end)
        shim_fail("kernel: its PHYS32_ENTRY lies outside its segments; install it again");
    if (plan->unbacked && target_relocate(plan, &notes) != ST_OK)
        shim_fail("kernel: it must be loaded at %lu..%lu MiB, where this guest has no memory; "
                  "give it at least %lu MiB",
                  plan->target.base >> 20, (plan->target.end + MIB_MASK) >> 20,
                  MAX(memory_wanted(&plan->payload), (plan->target.end >> 20) + 16));
    return notes.phys32_entry + plan->shift;
}

/* ---- The last steps ---------------------------------------------------------------------- */

static void move_add(struct trampoline_job *job, u64 to, u64 from, u64 bytes)
{
    if (bytes == 0 || to == from)
        return;
    if (job->count == TRAMPOLINE_MOVES_MAX)
        shim_fail("kernel: it has more than %u segments", TRAMPOLINE_MOVES_MAX / 2);
    job->move[job->count++] = (struct trampoline_move){(u32)to, (u32)from, (u32)bytes};
}

static void moves_list(const struct plan *plan, struct trampoline_job *job)
{
    struct elf_segment segment;
    struct elf_image image;

    (void)elf_open(phys_to_direct(plan->output.base), plan->payload.elf_bytes,
                   plan->payload.elf_bytes, &image);
    for (u32 i = 0; elf_segment_get(&image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD)
            move_add(job, segment.phys + plan->shift, plan->output.base + segment.offset,
                     segment.file_bytes);
    for (u32 i = 0; elf_segment_get(&image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD)
            move_add(job, segment.phys + plan->shift + segment.file_bytes, TRAMPOLINE_ZERO,
                     segment.memory_bytes - segment.file_bytes);
}

/* Unless the loader itself is in the way the moves are done here, eight bytes at a time. */
static void moves_do(const struct plan *plan, struct trampoline_job *job)
{
    if (spans_overlap(plan->target.base, plan->target.end, IMAGE_PHYS, shim.image_end))
        return;
    for (u32 i = 0; i < job->count; i++) {
        const struct trampoline_move *move = &job->move[i];

        if (move->from == TRAMPOLINE_ZERO)
            memset(phys_to_direct(move->to), 0, move->bytes);
        else
            memmove(phys_to_direct(move->to), phys_to_direct(move->from), move->bytes);
    }
    job->count = 0;
}

/* hvm_start_info and what hangs on it, in one block of pages. */
struct info_block {
    struct xen_hvm_start_info info;
    struct xen_hvm_modlist_entry module;
    struct xen_hvm_memmap_entry map[MEMORY_RANGES_MAX];
    char cmdline[START_CMDLINE_MAX];
};

static void info_write(const struct plan *plan, u64 base)
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
    if (plan->ramdisk.bytes != 0) {
        block->info.nr_modules = 1;
        block->info.modlist_paddr = base + offsetof(struct info_block, module);
        block->module = (struct xen_hvm_modlist_entry){.paddr = plan->ramdisk.base,
                                                       .size = plan->ramdisk.bytes};
    }
    for (u32 i = 0; i < domain->map_count; i++)
        block->map[i] = (struct xen_hvm_memmap_entry){domain->map[i].base, domain->map[i].size,
                                                      domain->map[i].type, 0};
    memcpy(block->cmdline, start.cmdline, sizeof(block->cmdline));
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
    plan.payload = kernel_payload();
    if (start.module_count > 1)
        plan.ramdisk = start.module[1];
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
    moves_do(&plan, &job);

    if (job.count == 0)
        plan.output = (struct span){0, 0};
    places = plan_free(&plan);
    if (spans_take_low(places, align_up(sizeof(struct info_block), PAGE_SIZE), PAGE_SIZE,
                       PAGE_SIZE, &info) != ST_OK ||
        spans_take_low(places, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, &page) != ST_OK)
        fail_small(&plan);
    info_write(&plan, info);
    job.start_info = (u32)info;
    memory_identity_exec(page);
    shim_time_print("kernel entered");
    trampoline_run(page, &job);
}
