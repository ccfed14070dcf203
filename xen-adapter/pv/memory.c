#include "xen-adapter/pv/memory.h"
#include "hv/lib/string.h"
#include "xen-adapter/pv/early_insn.h"

#define LARGE_PAGES_PER_GIB 512u

extern u64 shim_l4[TABLE_ENTRIES];
extern u64 early_l3_direct[TABLE_ENTRIES];
extern u64 early_l2_direct[4 * TABLE_ENTRIES];
extern u64 early_l1_image[2 * TABLE_ENTRIES];
extern u8 image_start[], image_text_end[], image_rodata_end[], image_end[];

struct shim shim;
struct spans free_ram;
struct spans all_ram;

/* Pages of the shim that are free again, linked through their first word. */
static void *page_pool;
static bool settled;

/* 4 KiB tables of the direct map over the image, so that its text is not writable there. */
static u64 image_alias_l1[3 * TABLE_ENTRIES] __attribute__((aligned(4096)));

void memory_start(void)
{
    const struct domain_layout *domain = &shim.domain;

    for (u32 i = 0; i < domain->map_count; i++) {
        const struct memory_range *range = &domain->map[i];

        if (range->type == MEMORY_RAM)
            (void)spans_add(&all_ram, align_up(range->base, PAGE_SIZE),
                            align_down(range->base + range->size, PAGE_SIZE));
    }
    /* page 0 stays out: address 0 means "absent" in every Xen structure */
    (void)spans_remove(&all_ram, 0, PAGE_SIZE);
    free_ram = all_ram;
    shim.image_end = image_to_phys(image_end);
    if (spans_remove(&free_ram, IMAGE_PHYS, shim.image_end) != ST_OK)
        shim_fail("the memory map has more than %u ranges", SPANS_MAX);
}

/* ---- Protection -------------------------------------------------------------------------- */

static u64 image_page_flags(u64 phys)
{
    u64 virt = phys - IMAGE_PHYS + IMAGE_VIRT;

    if (phys < IMAGE_PHYS || virt >= (u64)image_rodata_end)
        return PTE_P | PTE_RW | PTE_NX | PTE_A | PTE_D;
    if (virt < (u64)image_text_end)
        return PTE_P | PTE_A;
    return PTE_P | PTE_NX | PTE_A;
}

static void protect_image(void)
{
    for (u64 i = 0; i < ARRAY_SIZE(image_alias_l1); i++) {
        u64 phys = i << PAGE_SHIFT;

        image_alias_l1[i] = phys | image_page_flags(phys) | PTE_NX;
    }
    for (u64 i = 0; i < 2 * TABLE_ENTRIES; i++) {
        u64 phys = IMAGE_PHYS + (i << PAGE_SHIFT);

        early_l1_image[i] = phys < shim.image_end ? phys | image_page_flags(phys) : 0;
    }
}

void memory_protect(void)
{
    protect_image();
    for (u32 i = 0; i < 4 * TABLE_ENTRIES; i++)
        early_l2_direct[i] |= PTE_NX;
    for (u32 i = 0; i < 3; i++)
        early_l2_direct[i] =
            image_to_phys(&image_alias_l1[i * TABLE_ENTRIES]) | PTE_P | PTE_RW | PTE_A;
    shim_l4[0] = 0;
    insn_write_cr3(insn_read_cr3());
}

void memory_identity_exec(u64 page)
{
    u64 *entry = &early_l2_direct[page / LARGE_PAGE_SIZE];

    shim_l4[0] = shim_l4[262];
    if ((*entry & PTE_PS) != 0)
        *entry &= ~PTE_NX;
    else
        image_alias_l1[page >> PAGE_SHIFT] &= ~PTE_NX;
    insn_write_cr3(insn_read_cr3());
}

/* ---- Pages ------------------------------------------------------------------------------- */

static void *aligned_alloc_below(u64 bytes, u64 align)
{
    u64 limit = early_l3_direct[4] != 0 ? ~0ull : FOUR_GIB;
    u64 base;
    void *virt;

    if (settled || spans_take_high(&free_ram, bytes, align, limit, &base) != ST_OK)
        return NULL;
    virt = phys_to_direct(base);
    memset(virt, 0, bytes);
    return virt;
}

void *shim_pages_alloc(u64 pages)
{
    return aligned_alloc_below(pages << PAGE_SHIFT, PAGE_SIZE);
}

void *shim_block_alloc(u64 bytes)
{
    return aligned_alloc_below(bytes, bytes);
}

void *shim_page_alloc(void)
{
    void *page = page_pool;

    if (page == NULL)
        return shim_pages_alloc(1);
    memcpy(&page_pool, page, sizeof(page_pool));
    memset(page, 0, PAGE_SIZE);
    return page;
}

void shim_page_free(void *page)
{
    memcpy(page, &page_pool, sizeof(page_pool));
    page_pool = page;
}

enum status memory_settle(u64 pages)
{
    u8 *block = shim_pages_alloc(pages);

    if (block == NULL)
        return ST_NO_MEMORY;
    for (u64 i = 0; i < pages; i++)
        shim_page_free(block + (i << PAGE_SHIFT));
    settled = true;
    return ST_OK;
}

/* ---- The shim's slots -------------------------------------------------------------------- */

/* The table below entry `index` of `table`, made when it is not there. */
static enum status table_descend(u64 *table, u64 index, u64 flags, u64 **out)
{
    u64 *below;

    if ((table[index] & PTE_P) == 0) {
        below = shim_page_alloc();
        if (below == NULL)
            return ST_NO_MEMORY;
        table[index] = direct_to_phys(below) | flags;
    }
    *out = phys_to_direct(table[index] & PTE_FRAME);
    return ST_OK;
}

static u64 table_flags(u64 virt)
{
    u64 user = virt < WINDOW_VIRT ? PTE_US : 0;

    return PTE_P | PTE_RW | PTE_A | PTE_D | user;
}

static enum status l2_find(u64 virt, u64 **out)
{
    u64 *l3;

    TRY(table_descend(shim_l4, virt >> 39 & 511, table_flags(virt), &l3));
    return table_descend(l3, virt >> 30 & 511, table_flags(virt), out);
}

enum status shim_map(u64 virt, mfn_t frame, u64 flags)
{
    u64 *l2, *l1;

    TRY(l2_find(virt, &l2));
    TRY(table_descend(l2, virt >> 21 & 511, table_flags(virt), &l1));
    l1[virt >> 12 & 511] = frame.raw << PAGE_SHIFT | flags;
    return ST_OK;
}

static enum status direct_extend(u64 end)
{
    for (u64 base = FOUR_GIB; base < end; base += 1ull << 30) {
        u64 *l2 = shim_page_alloc();

        if (l2 == NULL)
            return ST_NO_MEMORY;
        for (u64 i = 0; i < LARGE_PAGES_PER_GIB; i++)
            l2[i] =
                (base + i * LARGE_PAGE_SIZE) | PTE_P | PTE_RW | PTE_A | PTE_D | PTE_PS | PTE_NX;
        early_l3_direct[base >> 30] = direct_to_phys(l2) | PTE_P | PTE_RW | PTE_A | PTE_D;
    }
    return ST_OK;
}

enum status memory_slots_make(void)
{
    static const u64 slot_virt[] = {M2P_VIRT, WINDOW_VIRT};
    u64 *unused;

    if (shim.domain.mfn_end > 1ull << 27) /* the direct map has one L3: 512 GiB */
        return ST_TOO_BIG;
    TRY(direct_extend(shim.domain.mfn_end << PAGE_SHIFT));
    for (u32 i = 0; i < ARRAY_SIZE(slot_virt); i++)
        TRY(l2_find(slot_virt[i], &unused));
    for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
        shim.slots[i] = shim_l4[SHIM_SLOT_FIRST + i];
    shim.idle_l4 = mfn(image_to_phys(shim_l4) >> PAGE_SHIFT);
    return ST_OK;
}

/* ---- Sparse tables by mfn ---------------------------------------------------------------- */

struct sparse {
    u64 virt;
    u64 flags;
    u64 *hole_l1; /* maps the common page 512 times */
    u64 hole_entry;
    u8 fill;
};

static enum status sparse_hole_make(struct sparse *sparse)
{
    u8 *page = shim_page_alloc();

    sparse->hole_l1 = shim_page_alloc();
    if (page == NULL || sparse->hole_l1 == NULL)
        return ST_NO_MEMORY;
    memset(page, sparse->fill, PAGE_SIZE);
    sparse->hole_entry = direct_to_phys(page) | (sparse->flags & ~PTE_RW);
    for (u32 i = 0; i < TABLE_ENTRIES; i++)
        sparse->hole_l1[i] = sparse->hole_entry;
    return ST_OK;
}

/* Every 2 MiB of the table's virtual range gets the common L1 first. */
static enum status sparse_cover(const struct sparse *sparse, u64 bytes)
{
    u64 *l2;

    for (u64 virt = sparse->virt; virt < sparse->virt + bytes; virt += LARGE_PAGE_SIZE) {
        TRY(l2_find(virt, &l2));
        l2[virt >> 21 & 511] = direct_to_phys(sparse->hole_l1) | table_flags(virt);
    }
    return ST_OK;
}

static enum status sparse_own_l1(const struct sparse *sparse, u64 virt, u64 **out)
{
    u64 *l2, *l1;

    TRY(l2_find(virt, &l2));
    l1 = phys_to_direct(l2[virt >> 21 & 511] & PTE_FRAME);
    if (l1 == sparse->hole_l1) {
        l1 = shim_page_alloc();
        if (l1 == NULL)
            return ST_NO_MEMORY;
        memcpy(l1, sparse->hole_l1, PAGE_SIZE);
        l2[virt >> 21 & 511] = direct_to_phys(l1) | table_flags(virt);
    }
    *out = l1;
    return ST_OK;
}

/* Real pages behind the bytes [from, to) of the table. */
static enum status sparse_back(const struct sparse *sparse, u64 from, u64 to)
{
    u64 virt = align_down(sparse->virt + from, PAGE_SIZE);
    u64 end = align_up(sparse->virt + to, PAGE_SIZE);
    u8 *block = shim_pages_alloc((end - virt) >> PAGE_SHIFT);
    u64 *l1;

    if (block == NULL)
        return ST_NO_MEMORY;
    memset(block, sparse->fill, end - virt);
    for (; virt < end; virt += PAGE_SIZE, block += PAGE_SIZE) {
        TRY(sparse_own_l1(sparse, virt, &l1));
        /* a page shared with the range before is backed already: keep it, waste one */
        if (l1[virt >> 12 & 511] == sparse->hole_entry)
            l1[virt >> 12 & 511] = direct_to_phys(block) | sparse->flags;
        else
            shim_page_free(block);
    }
    return ST_OK;
}

static enum status sparse_back_frames(const struct sparse *sparse, u64 entry_bytes, u64 first,
                                      u64 count)
{
    return sparse_back(sparse, first * entry_bytes, (first + count) * entry_bytes);
}

enum status shim_table_make(u64 virt, u64 entry_bytes, u8 fill, u64 flags)
{
    const struct domain_layout *domain = &shim.domain;
    struct sparse sparse = {
        .virt = virt, .flags = flags | PTE_P | PTE_NX | PTE_A | PTE_D, .fill = fill};

    TRY(sparse_hole_make(&sparse));
    TRY(sparse_cover(&sparse, domain->mfn_end * entry_bytes));
    for (u32 i = 0; i < domain->map_count; i++) {
        const struct memory_range *range = &domain->map[i];
        u64 first = range->base >> PAGE_SHIFT;
        u64 end = (range->base + range->size) >> PAGE_SHIFT;

        if (range_has_frames(range) && first < end)
            TRY(sparse_back_frames(&sparse, entry_bytes, first, end - first));
    }
    if (domain->foreign_count != 0)
        TRY(sparse_back_frames(&sparse, entry_bytes, domain->foreign.raw,
                               domain->foreign_count));
    if (domain->console_mfn.raw != 0)
        TRY(sparse_back_frames(&sparse, entry_bytes, domain->console_mfn.raw, 1));
    if (domain->store_mfn.raw != 0)
        TRY(sparse_back_frames(&sparse, entry_bytes, domain->store_mfn.raw, 1));
    return ST_OK;
}

/*
 * One set of L2 tables, two L3 entries for each: without RW in the slot that the guest reads,
 * without US in ours.
 */
enum status memory_m2p_make(void)
{
    u64 gibs = align_up(shim.domain.mfn_end * sizeof(u64), 1ull << 30) >> 30;
    u64 *guest, *own;

    TRY(shim_table_make(M2P_VIRT, sizeof(u64), 0xff, PTE_RW | PTE_US));
    guest = phys_to_direct(shim_l4[M2P_VIRT >> 39 & 511] & PTE_FRAME);
    own = phys_to_direct(shim_l4[M2P_WRITE_VIRT >> 39 & 511] & PTE_FRAME);
    for (u64 i = 0; i < gibs; i++) {
        own[(M2P_WRITE_VIRT >> 30 & 511) + i] = guest[i] & ~PTE_US;
        guest[i] &= ~PTE_RW;
    }
    return ST_OK;
}

bool m2p_backed(mfn_t frame)
{
    const struct domain_layout *domain = &shim.domain;

    if (frame.raw >= domain->foreign.raw &&
        frame.raw - domain->foreign.raw < domain->foreign_count)
        return true;
    if (frame.raw != 0 &&
        (frame.raw == domain->console_mfn.raw || frame.raw == domain->store_mfn.raw))
        return true;
    for (u32 i = 0; i < domain->map_count; i++) {
        const struct memory_range *range = &domain->map[i];

        if (range_has_frames(range) && frame.raw >= range->base >> PAGE_SHIFT &&
            frame.raw < (range->base + range->size) >> PAGE_SHIFT)
            return true;
    }
    return false;
}
