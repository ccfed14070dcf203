/*
 * The RAM of a guest by its own frame numbers, for services whose guests name pages instead of
 * lending them. Pieces of 2 MiB stay mapped while there is room; the least recently used goes.
 * One implementation speaks to the hypervisor, tests have their own.
 */
#ifndef GUEST_DRIVERS_SERVICE_GUEST_MEMORY_H
#define GUEST_DRIVERS_SERVICE_GUEST_MEMORY_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* Pieces that are mapped at a time, of all guests together. */
#define GUEST_CHUNKS 2048u

struct guest_memory {
    u32 partition;
    u64 low_bytes;  /* from 0 */
    u64 high_begin; /* more of it */
    u64 high_bytes;
    u32 limit; /* pieces of this guest that are mapped at a time */
    u32 used;
    u32 first, last; /* piece + 1, by last use */
};

/* The page, mapped; pairs with guest_page_put(). ST_RANGE: it is no RAM; ST_AGAIN: there are
 * too many in use. */
enum status guest_page_get(struct guest_memory *memory, u64 gfn, u8 **at);
void guest_page_put(struct guest_memory *memory, u64 gfn);
/* Gives all back; none may be in use. */
void guest_memory_end(struct guest_memory *memory);

#endif
