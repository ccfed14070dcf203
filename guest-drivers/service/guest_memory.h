/*
 * The RAM of a guest by its own frame numbers, for services whose guests name pages instead of
 * lending them. Pieces of 2 MiB stay mapped while there is room; the least recently used goes.
 * Frames can go while the guest runs, and come back.
 * One implementation speaks to the hypervisor, tests have their own.
 */
#ifndef GUEST_DRIVERS_SERVICE_GUEST_MEMORY_H
#define GUEST_DRIVERS_SERVICE_GUEST_MEMORY_H

#include "guest-drivers/service/guest_frames.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* Pieces that are mapped at a time, of all guests together. */
#define GUEST_CHUNKS 2048u

struct guest_memory {
    u32 partition;
    struct guest_frames frames;
    u32 limit; /* pieces of this guest that are mapped at a time */
    u32 used;
    u32 first, last; /* piece + 1, by last use */
    u32 moves;       /* how often pages in use were unmapped; they come back as they were */
};

/* The page, mapped; pairs with guest_page_put(). ST_RANGE: it is no RAM, or away; ST_AGAIN:
 * there are too many in use, or there is no memory for tables. */
enum status guest_page_get(struct guest_memory *memory, u64 gfn, u8 **at);
void guest_page_put(struct guest_memory *memory, u64 gfn);
/* Gives all back; none may be in use. */
void guest_memory_end(struct guest_memory *memory);

/*
 * Frames go from the guest to the machine and come back as others, zeroed. What lies around
 * them may not be mapped until guest_memory_settle(): nobody uses a page before.
 */

/* ST_RANGE: not all of them are there; ST_BUSY: one is in use; nothing is changed then. */
enum status guest_memory_release(struct guest_memory *memory, u64 gfn, u64 count);
/* ST_RANGE: not all of them are away. ST_NO_MEMORY. */
enum status guest_memory_restore(struct guest_memory *memory, u64 gfn, u64 count);
/* New frames behind those that were added; takes the last of them away again. */
enum status guest_memory_add(struct guest_memory *memory, u64 count);
enum status guest_memory_take_back(struct guest_memory *memory, u64 count);
void guest_memory_settle(struct guest_memory *memory);

#endif
