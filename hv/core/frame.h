/*
 * Frames: the machine's memory as a buddy allocator in which every block knows its owner, so
 * that the end of a partition gives back exactly what it cost.
 */
#ifndef HV_CORE_FRAME_H
#define HV_CORE_FRAME_H

#include "hv/lib/types.h"
#include "hv/lib/status.h"

enum {
    FRAME_ORDER_LARGE = 9, /* 2 MiB */
    FRAME_ORDER_MAX = 18,  /* 1 GiB */
    FRAME_OWNER_LIMIT = 4096,
    FRAME_OWNER_HV = FRAME_OWNER_LIMIT - 1
};

struct frame_meta {
    u32 next; /* in the free list of its order, or in its owner's list; frame 0 ends a list */
    u32 prev;
    u16 owner;
    u8 order;
    u8 state;
};

/*
 * Takes an array of count records, one for each frame of the machine from frame 0 on; every
 * frame begins as absent. frame_range_add() then gives whole free ranges [begin, end) to the
 * allocator.
 */
void frame_setup(struct frame_meta *meta, u64 count);
void frame_range_add(hpa_t begin, hpa_t end);

/*
 * A zeroed block of 2^order frames aligned to its size, for an owner below FRAME_OWNER_LIMIT.
 * ST_INVALID for a bad order or owner, ST_NO_MEMORY when no such block is free.
 */
enum status frame_alloc(u32 order, u32 owner, hpa_t *out);

/* Gives a block back: the exact address and order that frame_alloc returned. */
void frame_free(hpa_t block, u32 order);

/* The used block around a frame becomes single frames of the same owner, to be freed one by
 * one. */
void frame_split(hpa_t frame);

/* Frees every block of an owner and returns the number of frames. */
u64 frame_free_owner_all(u32 owner);

/* The owner of the block to which a frame belongs; FRAME_OWNER_LIMIT if free or no RAM. */
u32 frame_owner(hpa_t frame);

u64 frame_count_free(void);
u64 frame_count_total(void);
u64 frame_count_owned(u32 owner);

#endif
