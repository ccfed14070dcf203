#include "hypercall/guest_mem.h"
#include "hv/core/partition.h"
#include "hv/lib/string.h"

#define ENTRY_PRESENT BIT(0)
#define ENTRY_WRITE   BIT(1)
#define ENTRY_LARGE   BIT(7)
#define ENTRY_NO_EXEC BIT(63)
#define ENTRY_FRAME   0x000ffffffffff000ull

static bool leaf_allows(enum mem_access access, u64 entries_and, u64 entries_or,
                        const struct guest_paging *paging)
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
};

/* One level, laid out by the compiler for each shift: hypercalls walk all the time. */
static inline bool descend(struct descent *d, u32 shift)
{
    const u64 *slot =
        space_pointer(d->space, gpa(d->table + (d->at >> shift & 511) * 8), SPACE_READ);

    if (!slot)
        return false;
    d->entry = *(const volatile u64 *)slot;
    d->table = d->entry & ENTRY_FRAME;
    d->entries_and &= d->entry;
    d->entries_or |= d->entry;
    return d->entry & ENTRY_PRESENT;
}

/* 4 or 5 levels, or 3 with a top level that holds no rights: PAE. Its 4 entries are what the
 * width of `at` leaves. [APM2 5.2, 5.3] */
static enum status walk_wide(struct space *space, const struct guest_paging *paging, u64 at,
                             enum mem_access access, gpa_t *out)
{
    struct descent d = {.space = space, .at = at, .table = paging->root, .entries_and = ~0ull};
    u32 shift = 30;

    if ((paging->levels == 5 && !descend(&d, 48)) || (paging->levels > 3 && !descend(&d, 39)) ||
        !descend(&d, 30))
        return ST_FAULT;
    if (paging->levels == 3) {
        d.entries_and = ~0ull;
        d.entries_or = 0;
    }
    if (paging->levels == 3 || !(d.entry & ENTRY_LARGE)) {
        shift = 21;
        if (!descend(&d, 21))
            return ST_FAULT;
        if (!(d.entry & ENTRY_LARGE)) {
            shift = PAGE_SHIFT;
            if (!descend(&d, PAGE_SHIFT))
                return ST_FAULT;
        }
    }
    if (!leaf_allows(access, d.entries_and, d.entries_or, paging))
        return ST_FAULT;
    *out = gpa(align_down(d.table, BIT(shift)) | (at & (BIT(shift) - 1)));
    return ST_OK;
}

/* Two levels of 4-byte entries. [APM2 5.2] */
static enum status walk_narrow(struct space *space, const struct guest_paging *paging, u64 at,
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
static bool is_canonical(const struct guest_paging *paging, u64 at)
{
    u32 spare = paging->levels == 5 ? 7 : 16;

    if (paging->levels < 4)
        return at <= UINT32_MAX;
    return (u64)((s64)(at << spare) >> spare) == at;
}

enum status mem_translate(struct vcpu *vcpu, gva_t at, enum mem_access access, gpa_t *out)
{
    struct guest_paging paging;

    guest_paging(vcpu->guest, &paging);
    if (!is_canonical(&paging, at.raw))
        return ST_FAULT;
    if (paging.levels == 0) {
        *out = gpa(at.raw);
        return ST_OK;
    }
    if (paging.levels == 2)
        return walk_narrow(&vcpu->partition->space, &paging, at.raw, access, out);
    return walk_wide(&vcpu->partition->space, &paging, at.raw, access, out);
}

static u64 rest_of_page(u64 at, u64 bytes)
{
    return MIN(bytes, PAGE_SIZE - (at & PAGE_MASK));
}

/* Kernel address of the byte at a guest-virtual address, good up to the end of its page. */
static void *pointer_at(struct vcpu *vcpu, gva_t at, enum mem_access access)
{
    gpa_t physical;

    if (mem_translate(vcpu, at, access, &physical) != ST_OK)
        return NULL;
    return space_pointer(&vcpu->partition->space, physical,
                         access == MEM_WRITE ? SPACE_WRITE : SPACE_READ);
}

static inline void *page_pointer(struct vcpu *vcpu, gva_t at, u64 bytes, enum mem_access access)
{
    return (at.raw & PAGE_MASK) + bytes <= PAGE_SIZE ? pointer_at(vcpu, at, access) : NULL;
}

void *mem_pointer(struct vcpu *vcpu, gva_t at, u64 bytes, enum mem_access access)
{
    return page_pointer(vcpu, at, bytes, access);
}

static enum status read_pages(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
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

/* Nearly every structure lies in one page. */
enum status mem_read(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
{
    const void *pointer = page_pointer(vcpu, from, bytes, MEM_READ);

    if (!pointer)
        return read_pages(vcpu, from, to, bytes);
    memcpy(to, pointer, bytes);
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
