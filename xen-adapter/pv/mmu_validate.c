/*
 * Content of page tables: what each entry may be, what it holds, and giving it all back.
 *
 * The depth of the recursion is bounded by the levels: a table refers to tables one level down,
 * or linearly to one of its own level that has no linear entries itself (entry_get_linear).
 */
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/mmu.h"

/*
 * Bits a guest may not set in a present entry. 52-62 are software's. Cache attributes only in
 * L1 and only for who may own devices; PS never: no superpages for PV guests.
 */
#define UPPER_DISALLOW (PTE_G | PTE_PS | PTE_PCD | PTE_PWT)
#define CACHE_BITS     (PTE_PS | PTE_PCD | PTE_PWT)

static u64 disallowed(u32 level)
{
    if (level > 1)
        return UPPER_DISALLOW;
    return shim.domain.privileged != 0 ? 0 : CACHE_BITS;
}

/*
 * Entry of a table that refers to a table of its own level: a read-only view of page tables.
 * Chains are refused, so that no cycle keeps itself alive: who refers is not referred to.
 */
static enum status entry_get_linear(u64 table, u64 entry)
{
    u64 target = entry_frame(entry);
    struct frame *from = frame_at(table);
    struct frame *to = frame_at(target);

    if ((entry & PTE_RW) != 0 || !word_has_room(to->word))
        return ST_INVALID;
    if (target == table) {
        to->word += FRAME_REF_ONE;
        return ST_OK;
    }
    if ((to->word & FRAME_LINEAR_OUT) != 0 || (from->word & FRAME_LINEAR_IN) != 0)
        return ST_INVALID;
    to->word += FRAME_REF_ONE + FRAME_COUNT_ONE;
    to->word |= FRAME_LINEAR_IN;
    from->word |= FRAME_LINEAR_OUT;
    return ST_OK;
}

static bool entry_is_linear(u64 table, u32 level, u64 target)
{
    if (target == table)
        return true;
    return frame_owned(target) && frame_is(target, (enum frame_type)level);
}

enum status entry_get(u64 table, u32 level, u64 *entry)
{
    u64 target = entry_frame(*entry);

    if ((*entry & disallowed(level)) != 0)
        return ST_INVALID;
    if (level == 1)
        TRY(frame_map_get(*entry));
    else if (entry_is_linear(table, level, target))
        TRY(entry_get_linear(table, *entry));
    else
        TRY(frame_type_get(target, (enum frame_type)(level - 1)));
    /* The guest's kernel runs in ring 3; global entries would outlive a change of tables. */
    *entry = (*entry | PTE_US) & ~PTE_G;
    return ST_OK;
}

void entry_put(u64 table, u32 level, u64 entry)
{
    u64 target = entry_frame(entry);

    if (level == 1)
        frame_map_put(entry);
    else if (target == table)
        frame_ref_put(target);
    else
        frame_type_put(target);
}

static bool slot_is_ours(u32 level, u32 index)
{
    return level == 4 && index - SHIM_SLOT_FIRST < SHIM_SLOT_COUNT;
}

static void entries_put(u64 number, u32 level, u32 end)
{
    const u64 *table = frame_page(number);

    for (u32 i = 0; i < end; i++)
        if ((table[i] & PTE_P) != 0 && !slot_is_ours(level, i))
            entry_put(number, level, table[i]);
}

enum status table_validate(u64 number, u32 level)
{
    u64 *table = frame_page(number);

    for (u32 i = 0; i < TABLE_ENTRIES; i++) {
        u64 entry = table[i];
        enum status status;

        if ((entry & PTE_P) == 0 || slot_is_ours(level, i))
            continue;
        status = entry_get(number, level, &entry);
        if (status != ST_OK) {
            entries_put(number, level, i);
            frame_at(number)->word &= ~(FRAME_LINEAR_IN | FRAME_LINEAR_OUT);
            return status;
        }
        if (entry != table[i])
            table[i] = entry;
    }
    if (level == 4)
        for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
            table[SHIM_SLOT_FIRST + i] = mmu.slots[i];
    return ST_OK;
}

void table_release(u64 number, u32 level)
{
    u64 *table = frame_page(number);

    entries_put(number, level, TABLE_ENTRIES);
    if (level == 4)
        for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
            table[SHIM_SLOT_FIRST + i] = 0;
}
