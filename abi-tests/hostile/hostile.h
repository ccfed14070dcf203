/*
 * A guest that means ill, and the guests beside it: role=NAME seed=N steps=N, see hostile.c.
 * What it does follows from its seed alone; what that meets depends on when the back-ends run.
 */
#ifndef ABI_TESTS_HOSTILE_HOSTILE_H
#define ABI_TESTS_HOSTILE_HOSTILE_H

#include "abi-tests/kit/chance.h"
#include "abi-tests/kit/kit.h"

/* --- chance, from the seed --- */
extern struct kit_chance hostile_chance;

static inline uint32_t below(uint32_t limit)
{
    return kit_below(&hostile_chance, limit);
}

static inline bool one_in(uint32_t times)
{
    return kit_one_in(&hostile_chance, times);
}

/* Any number that could be a mistake. */
uint64_t hostile_value(void);
void hostile_scribble(volatile void *at, uint32_t bytes);
/* A frame number: of memory, of a page shared with the hypervisor or the steward, of nothing.
 */
uint64_t hostile_frame(void);

/* --- memory that is lent, and frames that should not be --- */
#define HOSTILE_PAGES 48u
extern uint8_t hostile_page[HOSTILE_PAGES][KIT_PAGE];

/* One more step; it does not return from the last one, or from the one the guest dies in. */
void hostile_step(void);

/* Its device does not come any more. In the first step that is another's fault; later it has
 * spoilt its own rings beyond mending. */
void hostile_lost(void) __attribute__((noreturn));

/* What a role makes of an honest front-end: one in so many is spoilt, 0: none. */
struct mood {
    uint32_t spoils, indexes, revokes, keys;
};

/* Each is a connection from its begin to its end, of many steps. */
void hostile_disk(const struct mood *mood);
void hostile_network(const struct mood *mood);
void hostile_folder(const struct mood *mood);
void hostile_store(void);
void hostile_ports(void);
/* Pages lent are taken back, changed, given away. */
void hostile_revoke(void);

/* role=bystander */
void bystander_main(void);

#endif
