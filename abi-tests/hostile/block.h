/* A block front-end: one queue, direct and indirect requests. [xen/io/blkif.h] */
#ifndef ABI_TESTS_HOSTILE_BLOCK_H
#define ABI_TESTS_HOSTILE_BLOCK_H

#include "abi-tests/golden/xen_io.h"
#include "abi-tests/kit/front.h"

#define BLOCK_XVDA        51712u
#define BLOCK_ORDER_MAX   2u
#define BLOCK_SECTOR      512u
#define BLOCK_PAGE_SECTOR (KIT_PAGE / BLOCK_SECTOR)

struct block {
    struct kit_front bus;
    uint32_t order, entries, port;
    uint32_t produced, taken;
    uint64_t sectors;
};

/* The ring's pages; they are lent anew at each opening. */
extern uint8_t block_ring[1u << BLOCK_ORDER_MAX][KIT_PAGE];

static inline volatile struct g_ring_head *block_head(void)
{
    return (volatile struct g_ring_head *)(volatile void *)block_ring[0];
}

/* From whatever state to INITIALISING, with the keys written; block_connect() shows them.
 * False: there is no such disk, or the back-end does not come. */
bool block_prepare(struct block *block, uint32_t order);
/* False: the back-end refuses. */
bool block_connect(struct block *block);
void block_close(struct block *block);

/* The next request's place, zeroed; NULL: the ring is full. */
struct g_blkif_request *block_slot(struct block *block);
/* Shows what was put and signals. */
void block_push(struct block *block);
/* The next response; false: there is none. */
bool block_take(struct block *block, struct g_blkif_response *out);

#endif
