/*
 * The fuzzing guest: random and mutated hypercalls from PV and PVH, replayable from its seed.
 * The arena is what a call may spoil; the rest of the image is never named to the hypervisor,
 * so that whatever ends the guest is worth a look.
 */
#ifndef ABI_TESTS_FUZZ_GUEST_FUZZ_H
#define ABI_TESTS_FUZZ_GUEST_FUZZ_H

#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/kit/kit.h"

/* Hypercall numbers tried: the table's 64 and some beyond. */
#define FUZZ_NUMBERS 72u

struct fuzz_call {
    uint64_t number;
    uint64_t argument[6];
    uint32_t batched; /* of a multicall: its calls */
};

/* --- calls of the multicall made last --- */
#define FUZZ_BATCH 24u
extern struct g_multicall_entry fuzz_batch[FUZZ_BATCH];

/* --- chance (value.c): one stream of numbers, all from the seed --- */
void fuzz_seed(uint64_t seed);
uint64_t fuzz_random(void);
uint32_t fuzz_below(uint32_t limit);

static inline bool fuzz_one_in(uint32_t times)
{
    return fuzz_below(times) == 0;
}

/* --- values (value.c) --- */
#define FUZZ_IMAGE   0x200000ull /* where the image begins */
#define ARENA_PAGES  128u
#define ARENA_TABLES 16u /* the first pages: four candidates for each page-table level, PV */

#define ARENA_BYTES (ARENA_PAGES * KIT_PAGE)

extern uint8_t (*const fuzz_arena)[KIT_PAGE];
extern uint64_t fuzz_arena_frame[ARENA_PAGES];

void fuzz_values_init(void);
uint64_t fuzz_value(void);   /* any number that a confused guest could pass */
uint64_t fuzz_frame(void);   /* a frame number, mostly of the arena */
uint64_t fuzz_pointer(void); /* a guest address, mostly of the arena */
bool fuzz_is_ours(uint64_t address);
uint16_t fuzz_domid(void);
uint32_t fuzz_port(void);

/*
 * Bytes for a hypercall: copies them to a place that may straddle pages, be unaligned, torn or
 * changed here and there, and gives its address. FUZZ_EXACT leaves the bytes alone.
 */
enum fuzz_bytes { FUZZ_MUTATED, FUZZ_EXACT };
void fuzz_place_begin(void); /* what was placed before may be written over */
uint64_t fuzz_place(const void *bytes, size_t size, enum fuzz_bytes how);

/* --- calls (call.c) --- */
void fuzz_call_begin(void);
unsigned fuzz_number(void); /* those with much behind them more often */
void fuzz_call_make(struct fuzz_call *call, unsigned number);
long fuzz_call_issue(const struct fuzz_call *call);

/* --- games beside hypercalls (game_pv.c, game_pvh.c) --- */
void fuzz_pv_init(void);
void fuzz_pv_epoch(void);             /* page tables and arena as new */
void fuzz_pv_repair(unsigned number); /* what that call may have taken from us */
void fuzz_pv_game(void);
uint64_t fuzz_kernel_stack(void); /* for traps from user mode */
void fuzz_pvh_init(void);
void fuzz_pvh_epoch(void);
void fuzz_pvh_game(void);

/* Random writes into the arena and the pages shared with the hypervisor. */
void fuzz_poke(void);

extern uint64_t fuzz_kernel_top[512]; /* PV: what the top level held at the start */
extern uint64_t fuzz_stuck;           /* arena pages not ours again after an epoch, in all */

/* --- assembly (entry.S) --- */
long fuzz_raw_pv(const struct fuzz_call *call);
long fuzz_raw_pvh(const struct fuzz_call *call);
void fuzz_iret(const uint64_t words[6]); /* flags, rip, cs, rflags, rsp, ss */
void fuzz_user_call(const uint64_t words[6], const struct fuzz_call *call);
void fuzz_code(const void *code, const uint64_t registers[14]);
void fuzz_segment_load(unsigned which, unsigned selector);
extern uint8_t fuzz_landing[], fuzz_user_entry[], fuzz_failsafe[], fuzz_syscall[];
extern uint8_t fuzz_user_stack_end[], kit_event_pv[];

void fuzz_main(void);
void bystander_main(void);

#endif
