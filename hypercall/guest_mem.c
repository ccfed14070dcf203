#include "hypercall/guest_mem.h"
#include "hv/core/partition.h"
#include "hv/lib/string.h"

#define ENTRY_PRESENT BIT(0)
#define ENTRY_WRITE   BIT(1)
#define ENTRY_LARGE   BIT(7)
#define ENTRY_NO_EXEC BIT(63)
#define ENTRY_FRAME   0x000ffffffffff000ull

/* One format of page tables. [APM2 5.2, 5.3] */
struct walk_format {
    u8 levels;
    u8 index_bits;
    u8 entry_bytes;
};

static struct walk_format format_of(const struct guest_paging *paging)
{
    struct walk_format format = {paging->levels, 9, 8};

    if (paging->levels == 2) {
        format.index_bits = 10;
        format.entry_bytes = 4;
    }
    return format;
}

/* Guest-physical address of a leaf that maps 2^shift bytes. */
static u64 leaf_address(u64 entry, u32 shift, u64 at, const struct walk_format *format)
{
    u64 frame = entry & ENTRY_FRAME;

    /* A 4 MiB page carries address bits 32-39 in its bits 13-20 (PSE-36). */
    if (format->entry_bytes == 4 && shift == 22)
        frame = (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32;
    return align_down(frame, BIT(shift)) | (at & (BIT(shift) - 1));
}

static bool leaf_allows(enum mem_access access, bool can_write, bool can_execute,
                        const struct guest_paging *paging)
{
    if (access == MEM_WRITE)
        return can_write || !paging->write_protect;
    return access == MEM_READ || can_execute;
}

static enum status walk(struct space *space, const struct guest_paging *paging, u64 at,
                        enum mem_access access, gpa_t *out)
{
    struct walk_format format = format_of(paging);
    u64 table = paging->root;
    bool can_write = true;
    bool can_execute = true;

    for (u32 level = format.levels; level-- > 0;) {
        u32 shift = PAGE_SHIFT + format.index_bits * level;
        /* The top level of PAE has only 4 entries, which the width of `at` sees to. */
        u64 index = at >> shift & (BIT(format.index_bits) - 1);
        const void *slot =
            space_pointer(space, gpa(table + index * format.entry_bytes), SPACE_READ);
        bool is_pae_top = format.levels == 3 && level == 2;
        u64 entry;

        if (!slot)
            return ST_FAULT;
        entry = format.entry_bytes == 4 ? *(const u32 *)slot : *(const u64 *)slot;
        if (!(entry & ENTRY_PRESENT))
            return ST_FAULT;
        if (!is_pae_top) {
            can_write = can_write && (entry & ENTRY_WRITE);
            can_execute = can_execute && !(paging->no_execute && (entry & ENTRY_NO_EXEC));
        }
        if (level == 0 ||
            (!is_pae_top && level <= 2 && paging->large_pages && (entry & ENTRY_LARGE))) {
            if (!leaf_allows(access, can_write, can_execute, paging))
                return ST_FAULT;
            *out = gpa(leaf_address(entry, shift, at, &format));
            return ST_OK;
        }
        table = entry & (format.entry_bytes == 4 ? 0xfffff000u : ENTRY_FRAME);
    }
    return ST_FAULT;
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
    return walk(&vcpu->partition->space, &paging, at.raw, access, out);
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

enum status mem_read(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
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
