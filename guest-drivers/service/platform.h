/*
 * What the services need from below: pages that guests lend, and signals. One implementation
 * speaks to the hypervisor (platform.c), tests have their own.
 */
#ifndef GUEST_DRIVERS_SERVICE_PLATFORM_H
#define GUEST_DRIVERS_SERVICE_PLATFORM_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* Pages of guests that are mapped one by one; each has a slot. */
#define GRANT_SLOTS    12288u
#define GRANT_SLOT_MAX 0xffffu

enum grant_access { GRANT_TO_READ = 1, GRANT_TO_WRITE = 2 };

/* The pages one front-end lends. A pool that keeps them (persistent grants) gives the least
 * recently used back when it has more than `limit`. */
struct grant_pool {
    u32 partition;
    bool keeps;
    u32 limit;
    u32 used;
    u32 first, last; /* slot + 1, by last use */
};

/* The page behind a reference, mapped; pairs with grant_page_put(). ST_DENIED and the like. */
enum status grant_page_get(struct grant_pool *pool, u32 ref, u32 access, u16 *slot);
void grant_page_put(struct grant_pool *pool, u16 slot);
u8 *grant_page_at(u16 slot);
/* Gives all back; none may be in use. */
void grant_pool_end(struct grant_pool *pool);

/* Copies between pages of a guest and memory of ours; no part goes over the end of a page on
 * either side. ST_DENIED and the like; what was copied until then is. */
struct grant_part {
    u32 ref;
    u16 offset;
    u16 bytes;
    u8 *at;
};
enum grant_direction { GRANT_FETCH, GRANT_STORE };
#define GRANT_PARTS_MAX 64u
enum status grant_copy(u32 partition, enum grant_direction direction,
                       const struct grant_part *part, u32 count);

/* Fresh memory of ours, zeroed, whole pages; for ever. NULL: there is no more. */
void *platform_memory(u64 bytes);

/* Where a device finds bytes of ours, up to the end of their page. */
u64 machine_address(const volatile void *at);

/* Rings: up to GRANT_RING_PAGES pages one after the other, at one of GRANT_RINGS places. */
#define GRANT_RINGS      256u
#define GRANT_RING_PAGES 16u
enum status grant_ring_map(u32 partition, const u32 *refs, u32 count, u32 *place, void **out);
void grant_ring_unmap(u32 place);

/* Ports of a guest's: ours that is connected to it. */
enum status port_bind(u32 partition, u32 remote_port, u32 *port);
void port_unbind(u32 port);
void port_signal(u32 port);

#endif
