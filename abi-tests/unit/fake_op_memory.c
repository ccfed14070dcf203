/* The fake native operations: memory, whose virtual addresses are physical ones. */
#include "abi-tests/unit/fake_op.h"

#include <stdlib.h>
#include <string.h>

u8 *fake_page[FAKE_PAGES];
u32 fake_ranges;
s64 fake_holds;
bool fake_is_read_only;
bool fake_is_full;

static void *owned[4096]; /* every page given out, to free at reset */
static u32 owned_count;

static u8 *page_make(void)
{
    u8 *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    if (!page || owned_count == ARRAY_SIZE(owned))
        abort();
    owned[owned_count++] = page;
    memset(page, 0, PAGE_SIZE);
    return page;
}

void fake_memory_reset(void)
{
    while (owned_count)
        free(owned[--owned_count]);
    memset(fake_page, 0, sizeof(fake_page));
    for (u32 i = 0; i < FAKE_PAGES / 2; i++)
        fake_page[i] = page_make();
    fake_partition.pages = FAKE_PAGES / 2;
    fake_ranges = 2;
    fake_holds = 0;
    fake_is_full = fake_is_read_only = false;
}

void *fake_guest(u64 at)
{
    u64 frame = at >> PAGE_SHIFT;

    return frame < FAKE_PAGES && fake_page[frame] ? fake_page[frame] + (at & PAGE_MASK) : NULL;
}

static enum status copy(u64 at, void *out, const void *in, u64 bytes)
{
    u64 i;

    for (i = 0; i < bytes; i++) {
        u8 *byte = fake_guest(at + i);

        if (!byte)
            return ST_FAULT;
        if (out)
            ((u8 *)out)[i] = *byte;
        else
            *byte = ((const u8 *)in)[i];
    }
    return ST_OK;
}

enum status mem_read_pages(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
{
    (void)vcpu;
    return copy(from.raw, to, NULL, bytes);
}

enum status mem_write(struct vcpu *vcpu, gva_t to, const void *from, u64 bytes)
{
    (void)vcpu;
    return fake_is_read_only ? ST_FAULT : copy(to.raw, NULL, from, bytes);
}

void *mem_pointer(struct vcpu *vcpu, gva_t at, u64 bytes, enum mem_access access)
{
    (void)vcpu;
    (void)access;
    return (at.raw & PAGE_MASK) + bytes <= PAGE_SIZE ? fake_guest(at.raw) : NULL;
}

enum status mem_write_gpa(struct partition *p, gpa_t to, const void *from, u64 bytes)
{
    (void)p;
    return copy(to.raw, NULL, from, bytes);
}

enum status mem_translate(struct vcpu *vcpu, gva_t at, enum mem_access access, gpa_t *out)
{
    (void)vcpu;
    (void)access;
    *out = gpa(at.raw);
    return fake_guest(at.raw) ? ST_OK : ST_FAULT;
}

enum status op_memory_populate(struct partition *p, gpa_t at, u64 bytes)
{
    u64 first = at.raw >> PAGE_SHIFT, count = bytes >> PAGE_SHIFT, i;

    if (first + count > FAKE_PAGES)
        return ST_NO_MEMORY;
    for (i = first; i < first + count; i++)
        if (fake_page[i])
            return ST_EXISTS;
    for (i = first; i < first + count; i++)
        fake_page[i] = page_make();
    p->pages += count;
    return ST_OK;
}

enum status op_memory_remove(struct partition *p, gpa_t at, u64 bytes)
{
    u64 i;

    for (i = at.raw >> PAGE_SHIFT; i < (at.raw + bytes) >> PAGE_SHIFT && i < FAKE_PAGES; i++) {
        p->pages -= fake_page[i] ? 1 : 0;
        fake_page[i] = NULL;
    }
    return ST_OK;
}

enum status op_memory_move(struct partition *p, gpa_t from, gpa_t to)
{
    (void)p;
    if (!fake_guest(from.raw) || to.raw >> PAGE_SHIFT >= FAKE_PAGES)
        return ST_FAULT;
    fake_page[to.raw >> PAGE_SHIFT] = fake_page[from.raw >> PAGE_SHIFT];
    fake_page[from.raw >> PAGE_SHIFT] = NULL;
    return ST_OK;
}

enum status op_page_alloc(struct partition *p, void **page)
{
    (void)p;
    if (fake_is_full)
        return ST_NO_MEMORY;
    *page = page_make();
    return ST_OK;
}

void op_page_free(struct partition *p, void *page)
{
    (void)p;
    (void)page;
}

enum status op_memory_map_page(struct partition *p, void *page, gpa_t at)
{
    (void)p;
    if (at.raw >> PAGE_SHIFT >= FAKE_PAGES)
        return ST_NO_MEMORY;
    fake_page[at.raw >> PAGE_SHIFT] = page;
    return ST_OK;
}

enum status op_memory_unmap_page(struct partition *p, void *page, gpa_t at)
{
    (void)p;
    if (fake_page[at.raw >> PAGE_SHIFT] == page)
        fake_page[at.raw >> PAGE_SHIFT] = NULL;
    return ST_OK;
}

enum status op_memory_hold(struct partition *p, gpa_t at, void **pointer)
{
    (void)p;
    *pointer = fake_guest(at.raw);
    if (!*pointer)
        return ST_FAULT;
    fake_holds++;
    return ST_OK;
}

void op_memory_unhold(struct partition *p, void *pointer)
{
    (void)p;
    (void)pointer;
    fake_holds--;
}

bool op_memory_is_present(struct partition *p, gpa_t at)
{
    (void)p;
    return fake_guest(at.raw) != NULL;
}

u64 op_memory_pages(const struct partition *p)
{
    return p->pages;
}

u64 op_memory_pages_max(const struct partition *p)
{
    (void)p;
    return FAKE_PAGES;
}

u64 op_memory_highest_page(const struct partition *p)
{
    (void)p;
    return FAKE_PAGES / 2 - 1;
}

const struct native_memory_range *op_memory_layout(const struct partition *p, u32 *count)
{
    static const struct native_memory_range layout[] = {{0, 0x80000, 1, 0},
                                                        {0xfee00000, 0x1000, 2, 0}};

    (void)p;
    *count = fake_ranges;
    return layout;
}
