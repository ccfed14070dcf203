#include "abi-tests/unit/fake_platform.h"

#include <stdlib.h>
#include <string.h>

_Alignas(4096) u8 fake_pages[FAKE_PAGES][4096];
u32 fake_readonly_from;
u32 fake_signals;
u32 fake_users;
u32 fake_rings;
u32 fake_ports;
u32 fake_pool_ends;
u32 fake_asked;

void fake_platform_reset(void)
{
    memset(fake_pages, 0, sizeof(fake_pages));
    fake_readonly_from = FAKE_PAGES;
    fake_signals = 0;
    fake_users = 0;
    fake_rings = 0;
    fake_ports = 0;
    fake_pool_ends = 0;
    fake_asked = 0;
}

enum status grant_page_get(struct grant_pool *pool, u32 ref, u32 access, u16 *slot)
{
    (void)pool;
    if (ref >= FAKE_PAGES)
        return ST_NO_ENTRY;
    if ((access & GRANT_TO_WRITE) && ref >= fake_readonly_from)
        return ST_DENIED;
    *slot = (u16)ref;
    fake_users++;
    return ST_OK;
}

void grant_page_put(struct grant_pool *pool, u16 slot)
{
    (void)pool;
    (void)slot;
    fake_users--;
}

u8 *grant_page_at(u16 slot)
{
    return fake_pages[slot];
}

static bool part_is_in_page(const struct grant_part *part)
{
    return part->bytes != 0 && part->offset + part->bytes <= 4096 &&
           ((uintptr_t)part->at & 4095) + part->bytes <= 4096;
}

enum status grant_copy(u32 partition, enum grant_direction direction,
                       const struct grant_part *part, u32 count)
{
    fake_asked = partition;
    if (count > GRANT_PARTS_MAX)
        abort();
    for (; count != 0; count--, part++) {
        if (!part_is_in_page(part))
            abort();
        if (part->ref >= FAKE_PAGES)
            return ST_NO_ENTRY;
        if (direction == GRANT_FETCH)
            memcpy(part->at, fake_pages[part->ref] + part->offset, part->bytes);
        else if (part->ref >= fake_readonly_from)
            return ST_DENIED;
        else
            memcpy(fake_pages[part->ref] + part->offset, part->at, part->bytes);
    }
    return ST_OK;
}

u64 machine_address(const volatile void *at)
{
    return (u64)(uintptr_t)at;
}

void grant_pool_end(struct grant_pool *pool)
{
    (void)pool;
    fake_pool_ends++;
}

/* The pages of a ring are those behind its first reference. */
enum status grant_ring_map(u32 partition, const u32 *refs, u32 count, u32 *place, void **out)
{
    fake_asked = partition;
    if (refs[0] >= FAKE_PAGES || refs[0] + count > FAKE_PAGES)
        return ST_NO_ENTRY;
    *place = refs[0];
    fake_rings++;
    *out = fake_pages[refs[0]];
    return ST_OK;
}

void grant_ring_unmap(u32 place)
{
    (void)place;
    fake_rings--;
}

enum status port_bind(u32 partition, u32 remote_port, u32 *port)
{
    fake_asked = partition;
    if (remote_port == 0)
        return ST_INVALID;
    *port = remote_port + 100;
    fake_ports++;
    return ST_OK;
}

void port_unbind(u32 port)
{
    (void)port;
    fake_ports--;
}

void port_signal(u32 port)
{
    (void)port;
    fake_signals++;
}
