#include "hypercall/guest_mem.h"
#include "hv/core/partition.h"
#include "hv/lib/string.h"

#define CR0_WP   BIT(16)
#define CR0_PG   BIT(31)
#define CR4_PSE  BIT(4)
#define CR4_PAE  BIT(5)
#define CR4_LA57 BIT(12)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define ENTRY_PRESENT BIT(0)
#define ENTRY_WRITE   BIT(1)
#define ENTRY_LARGE   BIT(7)
#define ENTRY_NO_EXEC BIT(63)
#define ENTRY_FRAME   0x000ffffffffff000ull
#define LEVELS_MAX    5

/* How the tables are laid out. levels: 0 paging off, 2, 3 (PAE), 4, 5. [APM2 5.1] */
struct paging {
    u64 root;
    u32 levels;
    bool large_pages, no_execute, write_protect;
};

static void paging_decode(const struct guest_paging *regs, struct paging *out)
{
    out->root = regs->cr3 & ENTRY_FRAME;
    out->large_pages = regs->cr4 & (CR4_PSE | CR4_PAE);
    out->no_execute = regs->efer & EFER_NXE;
    out->write_protect = regs->cr0 & CR0_WP;
    if (!(regs->cr0 & CR0_PG)) {
        out->levels = 0;
    } else if (regs->efer & EFER_LMA) {
        out->levels = regs->cr4 & CR4_LA57 ? 5 : 4;
    } else if (regs->cr4 & CR4_PAE) {
        out->levels = 3;
        out->root = regs->cr3 & 0xffffffe0ull;
    } else {
        out->levels = 2;
        out->root = regs->cr3 & 0xfffff000ull;
    }
}

static bool leaf_allows(enum mem_access access, u64 entries_and, u64 entries_or,
                        const struct paging *paging)
{
    if (access == MEM_WRITE)
        return (entries_and & ENTRY_WRITE) || !paging->write_protect;
    return access == MEM_READ || !(paging->no_execute && (entries_or & ENTRY_NO_EXEC));
}

/* On the way down tables of 8-byte entries. */
struct descent {
    struct space *space;
    u64 at;
    u64 table;
    u64 entry;
    u64 entries_and, entries_or;
    u32 depth; /* entries read */
    const volatile u64 *slots[LEVELS_MAX];
    u64 entries[LEVELS_MAX];
};

/* One level, laid out by the compiler for each shift: hypercalls walk all the time. */
static inline bool descend(struct descent *d, u32 shift)
{
    const volatile u64 *slot =
        space_pointer(d->space, gpa(d->table + (d->at >> shift & 511) * 8), SPACE_READ);

    if (!slot)
        return false;
    d->entry = *slot;
    d->slots[d->depth] = slot;
    d->entries[d->depth++] = d->entry;
    d->table = d->entry & ENTRY_FRAME;
    d->entries_and &= d->entry;
    d->entries_or |= d->entry;
    return d->entry & ENTRY_PRESENT;
}

/* 4 or 5 levels, or 3 with a top level that holds no rights: PAE. Its 4 entries are what the
 * width of `at` leaves. [APM2 5.2, 5.3] */
static enum status walk_wide(struct descent *d, const struct paging *paging,
                             enum mem_access access, gpa_t *out)
{
    u32 shift = 30;

    d->table = paging->root;
    d->entries_and = ~0ull;
    d->entries_or = 0;
    if ((paging->levels == 5 && !descend(d, 48)) || (paging->levels > 3 && !descend(d, 39)) ||
        !descend(d, 30))
        return ST_FAULT;
    if (paging->levels == 3) {
        d->entries_and = ~0ull;
        d->entries_or = 0;
    }
    if (paging->levels == 3 || !(d->entry & ENTRY_LARGE)) {
        shift = 21;
        if (!descend(d, 21))
            return ST_FAULT;
        if (!(d->entry & ENTRY_LARGE)) {
            shift = PAGE_SHIFT;
            if (!descend(d, PAGE_SHIFT))
                return ST_FAULT;
        }
    }
    if (!leaf_allows(access, d->entries_and, d->entries_or, paging))
        return ST_FAULT;
    *out = gpa(align_down(d->table, BIT(shift)) | (d->at & (BIT(shift) - 1)));
    return ST_OK;
}

/* Two levels of 4-byte entries. [APM2 5.2] */
static enum status walk_narrow(struct space *space, const struct paging *paging, u64 at,
                               enum mem_access access, gpa_t *out)
{
    u64 entries_and = ~(u64)0;
    u64 table = paging->root;
    u32 shift = 22;
    u32 entry;

    for (;; shift -= 10) {
        const u32 *slot =
            space_pointer(space, gpa(table + (at >> shift & 1023) * 4), SPACE_READ);

        if (!slot)
            return ST_FAULT;
        entry = *(const volatile u32 *)slot;
        if (!(entry & ENTRY_PRESENT))
            return ST_FAULT;
        entries_and &= entry;
        if (shift == PAGE_SHIFT || (paging->large_pages && (entry & ENTRY_LARGE)))
            break;
        table = entry & 0xfffff000u;
    }
    if (!leaf_allows(access, entries_and, 0, paging))
        return ST_FAULT;
    if (shift == PAGE_SHIFT)
        *out = gpa((entry & 0xfffff000u) | (at & PAGE_MASK));
    else /* a 4 MiB page carries address bits 32-39 in its bits 13-20: PSE-36 */
        *out = gpa((entry & 0xffc00000u) | (u64)(entry >> 13 & 0xff) << 32 | (at & 0x3fffff));
    return ST_OK;
}

/* 48 or 57 bits, sign-extended; 32 bits outside long mode. */
static bool is_canonical(const struct paging *paging, u64 at)
{
    u32 spare = paging->levels == 5 ? 7 : 16;

    if (paging->levels < 4)
        return at <= UINT32_MAX;
    return (u64)((s64)(at << spare) >> spare) == at;
}

static enum status walk(struct descent *d, const struct guest_paging *regs,
                        enum mem_access access, gpa_t *out)
{
    struct paging paging;

    paging_decode(regs, &paging);
    d->depth = 0;
    if (!is_canonical(&paging, d->at))
        return ST_FAULT;
    if (paging.levels == 0) {
        *out = gpa(d->at);
        return ST_OK;
    }
    if (paging.levels == 2)
        return walk_narrow(d->space, &paging, d->at, access, out);
    return walk_wide(d, &paging, access, out);
}

enum status mem_translate(struct vcpu *vcpu, gva_t at, enum mem_access access, gpa_t *out)
{
    struct guest_paging regs;
    struct descent d;

    guest_paging(vcpu->guest, &regs);
    d.space = &vcpu->partition->space;
    d.at = at.raw;
    return walk(&d, &regs, access, out);
}

static u64 rest_of_page(u64 at, u64 bytes)
{
    return MIN(bytes, PAGE_SIZE - (at & PAGE_MASK));
}

static bool walk_is_good(const struct walk *w, const struct npt *npt,
                         const struct guest_paging *regs, u64 page, enum mem_access access)
{
    if (w->page != page || w->npt_changes != npt->changes || w->regs.cr3 != regs->cr3 ||
        w->regs.cr0 != regs->cr0 || w->regs.cr4 != regs->cr4 || w->regs.efer != regs->efer ||
        (w->access != access && access != MEM_READ))
        return false;
    return ((*w->slot[0] ^ w->entry[0]) | (*w->slot[1] ^ w->entry[1]) |
            (*w->slot[2] ^ w->entry[2]) | (*w->slot[3] ^ w->entry[3])) == 0;
}

/* Levels that were not needed repeat the first one. */
static void walk_remember(struct walk *w, const struct descent *d,
                          const struct guest_paging *regs, enum mem_access access, u8 *pointer)
{
    w->page = d->at & ~PAGE_MASK;
    w->npt_changes = d->space->npt.changes;
    w->regs = *regs;
    w->access = access;
    w->base = pointer - (d->at & PAGE_MASK);
    for (u32 i = 0; i < WALK_LEVELS; i++) {
        w->slot[i] = d->slots[i < d->depth ? i : 0];
        w->entry[i] = d->entries[i < d->depth ? i : 0];
    }
}

/* Out of line, for those who need no walk. */
static void *__attribute__((noinline))
pointer_walk(struct vcpu *vcpu, u64 at, enum mem_access access, struct walk *w)
{
    struct guest_paging regs;
    struct descent d;
    gpa_t physical;
    void *pointer;

    guest_paging(vcpu->guest, &regs);
    d.space = &vcpu->partition->space;
    d.at = at;
    if (walk(&d, &regs, access, &physical) != ST_OK)
        return NULL;
    pointer = space_pointer(d.space, physical, access == MEM_WRITE ? SPACE_WRITE : SPACE_READ);
    if (pointer && d.depth != 0 && d.depth <= WALK_LEVELS)
        walk_remember(w, &d, &regs, access, pointer);
    return pointer;
}

/* Kernel address of the byte at a guest-virtual address, good up to the end of its page. */
static void *pointer_at(struct vcpu *vcpu, gva_t at, enum mem_access access)
{
    struct walk *w = &vcpu->walk[at.raw >> PAGE_SHIFT & (WALKS - 1)];
    struct guest_paging regs;

    guest_paging(vcpu->guest, &regs);
    if (walk_is_good(w, &vcpu->partition->space.npt, &regs, at.raw & ~PAGE_MASK, access))
        return w->base + (at.raw & PAGE_MASK);
    return pointer_walk(vcpu, at.raw, access, w);
}

void *mem_pointer(struct vcpu *vcpu, gva_t at, u64 bytes, enum mem_access access)
{
    return (at.raw & PAGE_MASK) + bytes <= PAGE_SIZE ? pointer_at(vcpu, at, access) : NULL;
}

enum status mem_read_pages(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
{
    for (u64 done = 0; done < bytes;) {
        u64 count = rest_of_page(from.raw + done, bytes - done);
        const void *pointer = pointer_at(vcpu, gva(from.raw + done), MEM_READ);

        if (!pointer)
            return ST_FAULT;
        memcpy((u8 *)to + done, pointer, count);
        done += count;
    }
    return ST_OK;
}

enum status mem_write(struct vcpu *vcpu, gva_t to, const void *from, u64 bytes)
{
    for (u64 done = 0; done < bytes;) {
        u64 count = rest_of_page(to.raw + done, bytes - done);
        void *pointer = pointer_at(vcpu, gva(to.raw + done), MEM_WRITE);

        if (!pointer)
            return ST_FAULT;
        memcpy(pointer, (const u8 *)from + done, count);
        done += count;
    }
    return ST_OK;
}

enum status mem_fetch(struct vcpu *vcpu, gva_t from, void *to, u64 bytes, u64 *got)
{
    *got = 0;
    while (*got < bytes) {
        u64 count = rest_of_page(from.raw + *got, bytes - *got);
        const void *pointer = pointer_at(vcpu, gva(from.raw + *got), MEM_FETCH);

        if (!pointer)
            return *got != 0 ? ST_OK : ST_FAULT;
        memcpy((u8 *)to + *got, pointer, count);
        *got += count;
    }
    return ST_OK;
}

enum status mem_read_gpa(struct partition *p, gpa_t from, void *to, u64 bytes)
{
    for (u64 done = 0; done < bytes;) {
        u64 count = rest_of_page(from.raw + done, bytes - done);
        const void *pointer = space_pointer(&p->space, gpa(from.raw + done), SPACE_READ);

        if (!pointer)
            return ST_FAULT;
        memcpy((u8 *)to + done, pointer, count);
        done += count;
    }
    return ST_OK;
}

enum status mem_write_gpa(struct partition *p, gpa_t to, const void *from, u64 bytes)
{
    for (u64 done = 0; done < bytes;) {
        u64 count = rest_of_page(to.raw + done, bytes - done);
        void *pointer = space_pointer(&p->space, gpa(to.raw + done), SPACE_WRITE);

        if (!pointer)
            return ST_FAULT;
        memcpy(pointer, (const u8 *)from + done, count);
        done += count;
    }
    return ST_OK;
}
