/* Nested page tables in the processor's four-level format. [APM2 15.25, 5.3] */
#include "hv/cpu/npt.h"
#include "hv/cpu/ptab.h"

#define ENTRY_PRESENT  BIT(0)
#define ENTRY_WRITE    BIT(1)
#define ENTRY_USER     BIT(2) /* a guest's access counts as a user's [APM2 15.25.5] */
#define ENTRY_ACCESSED BIT(5)
#define ENTRY_DIRTY    BIT(6)
#define ENTRY_LARGE    BIT(7)
#define ENTRY_KEEP     BIT(9)
#define ENTRY_NO_EXEC  BIT(63)
#define ENTRY_FRAME    0x000ffffffffff000ull

#define ENTRY_TABLE (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED)

#define ENTRIES   512u
#define SPARE_LOW 3u /* tables a mapping can need at most */

static u64 *table_at(u64 frame)
{
    return phys_to_virt(hpa(frame & ENTRY_FRAME));
}

/* level 3 is the root, level 1 holds 2 MiB pages, level 0 holds 4 KiB pages. */
static u32 index_at(gpa_t gpa, u32 level)
{
    return (u32)(gpa.raw >> (PAGE_SHIFT + 9 * level)) & (ENTRIES - 1);
}

static u64 entry_make(hpa_t frame, u64 size, u32 flags)
{
    u64 entry = frame.raw | ENTRY_PRESENT | ENTRY_USER | ENTRY_ACCESSED | ENTRY_DIRTY;

    if (flags & NPT_WRITE)
        entry |= ENTRY_WRITE;
    if (!(flags & NPT_EXEC))
        entry |= ENTRY_NO_EXEC;
    if (flags & NPT_KEEP)
        entry |= ENTRY_KEEP;
    return size == LARGE_PAGE_SIZE ? entry | ENTRY_LARGE : entry;
}

static u32 entry_flags(u64 entry)
{
    u32 flags = NPT_READ;

    if (entry & ENTRY_WRITE)
        flags |= NPT_WRITE;
    if (!(entry & ENTRY_NO_EXEC))
        flags |= NPT_EXEC;
    return entry & ENTRY_KEEP ? flags | NPT_KEEP : flags;
}

/* Before the page that is mapped there changes; what was not there is near nowhere. */
static void near_forget(struct npt *npt, gpa_t at, u64 size)
{
    npt->changes++;
    for (u32 i = 0; i < NPT_NEAR; i++) {
        struct npt_near *near = &npt->near[i];

        if ((at.raw & near->mask) == near->first || align_down(near->first, size) == at.raw)
            near->first = 1; /* no page begins there */
    }
}

void npt_make(struct npt *npt, hpa_t root)
{
    for (u32 i = 0; i < NPT_NEAR; i++)
        npt->near[i] = (struct npt_near){.first = 1};
    npt->changes = 1;
    npt->root = root;
    npt->spare_count = 0;
    npt->tables = 1;
}

bool npt_wants(const struct npt *npt)
{
    return npt->spare_count < SPARE_LOW;
}

void npt_give(struct npt *npt, hpa_t frame)
{
    if (npt->spare_count < NPT_SPARE)
        npt->spare[npt->spare_count++] = frame;
}

static u64 spare_take(struct npt *npt)
{
    npt->tables++;
    return npt->spare[--npt->spare_count].raw;
}

/* A table that has become empty goes back to the spare ones; false when there is no room. */
static bool spare_return(struct npt *npt, u64 frame)
{
    u64 *table = table_at(frame);

    if (npt->spare_count == NPT_SPARE)
        return false;
    for (u32 i = 0; i < ENTRIES; i++)
        table[i] = 0;
    npt->spare[npt->spare_count++] = hpa(frame & ENTRY_FRAME);
    npt->tables--;
    return true;
}

static enum status check_page(gpa_t gpa, u64 size)
{
    if (size != PAGE_SIZE && size != LARGE_PAGE_SIZE)
        return ST_INVALID;
    if ((gpa.raw & (size - 1)) || gpa.raw >= NPT_LIMIT)
        return ST_INVALID;
    return ST_OK;
}

/* Replaces a 2 MiB entry by a table of 4 KiB entries that say the same. */
static void split(struct npt *npt, u64 *slot)
{
    u64 old = *slot;
    u64 frame = spare_take(npt);
    u64 *table = table_at(frame);

    for (u32 i = 0; i < ENTRIES; i++)
        table[i] = (old & ~ENTRY_LARGE) + i * PAGE_SIZE;
    *slot = frame | ENTRY_TABLE;
}

/* Fills a whole table with the 4 KiB pieces of a 2 MiB page. */
static void fill_table(u64 *table, u64 entry)
{
    for (u32 i = 0; i < ENTRIES; i++)
        table[i] = (entry & ~ENTRY_LARGE) + i * PAGE_SIZE;
}

enum status npt_map(struct npt *npt, gpa_t gpa, hpa_t frame, u64 size, u32 flags)
{
    u32 leaf = size == LARGE_PAGE_SIZE ? 1 : 0;
    u64 *table = table_at(npt->root.raw);
    u64 entry = entry_make(frame, size, flags);
    u64 *slot;

    TRY(check_page(gpa, size));
    if ((frame.raw & (size - 1)) || (frame.raw & ~ENTRY_FRAME) || !(flags & NPT_READ))
        return ST_INVALID;
    if (npt_wants(npt))
        return ST_NO_MEMORY;
    for (u32 level = 3; level > leaf; level--) {
        slot = &table[index_at(gpa, level)];
        if (!(*slot & ENTRY_PRESENT))
            *slot = spare_take(npt) | ENTRY_TABLE;
        else if (*slot & ENTRY_LARGE)
            split(npt, slot);
        table = table_at(*slot);
    }
    slot = &table[index_at(gpa, leaf)];
    if (*slot & ENTRY_PRESENT)
        near_forget(npt, gpa, size);
    if (leaf == 1 && (*slot & ENTRY_PRESENT) && !(*slot & ENTRY_LARGE) &&
        !spare_return(npt, *slot)) {
        fill_table(table_at(*slot), entry);
        return ST_OK;
    }
    *slot = entry;
    return ST_OK;
}

enum status npt_unmap(struct npt *npt, gpa_t gpa, u64 size)
{
    u32 leaf = size == LARGE_PAGE_SIZE ? 1 : 0;
    u64 *table = table_at(npt->root.raw);
    u64 *slot;

    TRY(check_page(gpa, size));
    for (u32 level = 3; level > leaf; level--) {
        slot = &table[index_at(gpa, level)];
        if (!(*slot & ENTRY_PRESENT))
            return ST_OK;
        if (*slot & ENTRY_LARGE) {
            if (npt->spare_count == 0)
                return ST_NO_MEMORY;
            split(npt, slot);
        }
        table = table_at(*slot);
    }
    slot = &table[index_at(gpa, leaf)];
    if (*slot & ENTRY_PRESENT)
        near_forget(npt, gpa, size);
    if (leaf == 1 && (*slot & ENTRY_PRESENT) && !(*slot & ENTRY_LARGE) &&
        !spare_return(npt, *slot)) {
        table = table_at(*slot);
        for (u32 i = 0; i < ENTRIES; i++)
            table[i] = 0;
        return ST_OK;
    }
    *slot = 0;
    return ST_OK;
}

enum status npt_find(const struct npt *npt, gpa_t gpa, struct npt_entry *out)
{
    u64 entry = npt->root.raw | ENTRY_PRESENT;

    out->size = PAGE_SIZE;
    if (gpa.raw >= NPT_LIMIT)
        return ST_NO_ENTRY;
    for (u32 level = 4; level-- > 0;) {
        entry = table_at(entry)[index_at(gpa, level)];
        if (!(entry & ENTRY_PRESENT)) {
            out->size = PAGE_SIZE << (9 * level);
            return ST_NO_ENTRY;
        }
        if (level == 0 || (entry & ENTRY_LARGE)) {
            out->size = level == 0 ? PAGE_SIZE : LARGE_PAGE_SIZE;
            out->frame = hpa(entry & ENTRY_FRAME & ~(out->size - 1));
            out->flags = entry_flags(entry);
            return ST_OK;
        }
    }
    return ST_NO_ENTRY;
}

void *npt_pointer_far(struct npt *npt, gpa_t at, u32 mask, u32 flags)
{
    struct npt_near *near = &npt->near[at.raw >> PAGE_SHIFT & (NPT_NEAR - 1)];
    struct npt_entry entry;

    if (npt_find(npt, at, &entry) != ST_OK || (entry.flags & mask) != flags)
        return NULL;
    *near = (struct npt_near){.first = align_down(at.raw, entry.size),
                              .mask = ~(entry.size - 1),
                              .base = phys_to_virt(entry.frame),
                              .flags = entry.flags};
    return near->base + (at.raw - near->first);
}
