/* Calls of a PV kernel about its page tables. */
#include "abi-tests/fuzz/guest/call.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static uint64_t pte_any(void)
{
    static const uint64_t plain[] = {0x1, 0x5, 0x7, 0x63, 0x67, 0x27, 0x0, 0x65, 0x25, 0x3};
    uint64_t pte = fuzz_frame() << 12 & 0x000ffffffffff000ull;

    if (fuzz_one_in(24))
        return fuzz_value();
    if (fuzz_one_in(2))
        pte = fuzz_arena_frame[fuzz_below(ARENA_TABLES)] << 12;
    pte |= plain[fuzz_below(sizeof(plain) / sizeof(plain[0]))];
    if (fuzz_one_in(6))
        pte ^= 1ull << fuzz_below(12);
    if (fuzz_one_in(4))
        pte |= 1ull << 63;
    return fuzz_one_in(24) ? pte ^ 1ull << (40 + fuzz_below(24)) : pte;
}

/* An entry of one of our candidate tables; entry 0 of the top level would take us away. */
uint64_t fuzz_entry_address(void)
{
    uint32_t page = fuzz_below(fuzz_one_in(8) ? ARENA_PAGES : ARENA_TABLES);
    uint32_t entry = fuzz_below(fuzz_one_in(2) ? 8 : 512);

    if (page >= 12 && page < ARENA_TABLES && entry == 0)
        entry = 5;
    if (fuzz_one_in(24))
        return fuzz_value();
    return fuzz_arena_frame[page] << 12 | entry * 8;
}

/*
 * Entries lie behind those counted as well: a larger count would take what was placed before
 * for machine addresses, and a small number there, a byte off, is one of our first frames.
 */
void fuzz_mmu_update_make(struct fuzz_call *call)
{
    struct g_mmu_update list[FUZZ_BATCH];
    uint32_t count = 1 + fuzz_below(6);

    for (uint32_t i = 0; i < FUZZ_BATCH; i++) {
        uint64_t command = fuzz_below(fuzz_one_in(8) ? 4 : 3);
        list[i].ptr = fuzz_entry_address() | command;
        list[i].val = command == 1 ? fuzz_value() : pte_any();
        if (command == 1)
            list[i].ptr = fuzz_arena_frame[fuzz_below(ARENA_PAGES)] << 12 | 1;
    }
    call->argument[0] = fuzz_put(list, sizeof(list));
    call->argument[1] = fuzz_one_in(8) ? fuzz_value() & 0x800000ff : count;
    call->argument[2] = fuzz_one_in(2) ? 0 : fuzz_place(&count, sizeof(count), FUZZ_EXACT);
    call->argument[3] = fuzz_domid();
}

void fuzz_va_mapping_make(struct fuzz_call *call)
{
    uint64_t page = fuzz_below(ARENA_PAGES);

    if (page >= 12 && page < ARENA_TABLES) /* top_level() looks at them there */
        page = 0;
    call->argument[0] = (uintptr_t)fuzz_arena[page];
    if (fuzz_one_in(16))
        call->argument[0] = fuzz_value();
    if (fuzz_is_ours(call->argument[0])) /* no epoch would take that mapping back */
        call->argument[0] = KIT_UNMAPPED;
    call->argument[1] = pte_any();
    call->argument[2] = fuzz_one_in(4) ? fuzz_value() : fuzz_below(8);
    call->argument[3] = fuzz_domid(); /* of update_va_mapping_otherdomain */
}

/* Loading a top level that no longer maps us is the guest's own end. */
static uint64_t top_level(void)
{
    uint32_t page = 12 + fuzz_below(4);
    const uint64_t *mine = (const uint64_t *)(const void *)fuzz_arena[page];

    if (((mine[0] ^ fuzz_kernel_top[0]) & 0x800ffffffffff007ull) != 0)
        return ~0ull >> 12; /* not an empty page: that is a fine top level */
    return fuzz_arena_frame[page];
}

void fuzz_mmuext_make(struct fuzz_call *call)
{
    struct g_mmuext_op list[8];
    uint32_t count = 1 + fuzz_below(4);

    for (uint32_t i = 0; i < 8; i++) {
        list[i].cmd = fuzz_one_in(24) ? (uint32_t)fuzz_value() : fuzz_below(22);
        list[i].pad = 0;
        list[i].arg1 = fuzz_frame();
        list[i].arg2 = fuzz_one_in(2) ? fuzz_below(9000) : fuzz_value();
        if (list[i].cmd <= G_MMUEXT_UNPIN_TABLE && !fuzz_one_in(4))
            list[i].arg1 = fuzz_arena_frame[(list[i].cmd & 3) * 4 + fuzz_below(4)];
        if (list[i].cmd == G_MMUEXT_NEW_BASEPTR)
            list[i].arg1 = top_level();
        if (list[i].cmd == G_MMUEXT_SET_LDT)
            list[i].arg1 = fuzz_pointer();
    }
    call->argument[0] = fuzz_place(list, sizeof(list), FUZZ_EXACT);
    call->argument[1] = fuzz_one_in(8) ? fuzz_value() & 0x80000007 : count;
    call->argument[2] = fuzz_one_in(2) ? 0 : fuzz_place(&count, sizeof(count), FUZZ_EXACT);
    call->argument[3] = fuzz_domid();
}
