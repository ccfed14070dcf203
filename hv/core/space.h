/*
 * A partition's guest-physical memory, above the nested page tables (hv/cpu/npt.h).
 *
 * The frames of space_populate() go back when they are unmapped; those of space_map() belong to
 * someone else (an adapter, another partition, the boot loader) and stay. A frame whose kernel
 * address an adapter keeps is held: it goes back only when it is no longer mapped and its last
 * hold is dropped, or with the partition.
 */
#ifndef HV_CORE_SPACE_H
#define HV_CORE_SPACE_H

#include "hv/core/locks.h"
#include "hv/cpu/npt.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* Rights of a mapping. KEEP: the frame is not this mapping's to free. */
enum space_flag {
    SPACE_READ = NPT_READ,
    SPACE_WRITE = NPT_WRITE,
    SPACE_EXEC = NPT_EXEC,
    SPACE_KEEP = NPT_KEEP,
};
#define SPACE_RAM (SPACE_READ | SPACE_WRITE | SPACE_EXEC)

/* Highest guest-physical address + 1 that may be mapped: 46 bits. */
#define SPACE_LIMIT ((u64)1 << 46)

struct hold_page; /* records of held frames */

struct space {
    struct lock memory_lock;
    struct npt npt;          /* M */
    u32 owner;               /* partition id */
    u64 pages_max;           /* quota of pages */
    u64 pages;               /* M: 4 KiB pages of its own that are mapped */
    u64 highest_page;        /* M: 1 + highest page number ever populated */
    struct hold_page *holds; /* M */
};

/* Everything a space takes goes back with its owner: there is no space_end(). ST_NO_MEMORY. */
enum status space_make(struct space *space, u32 owner, u64 pages_max);

/* Maps existing frames; gpa, hpa and bytes are page aligned. ST_EXISTS if something is mapped.
 */
enum status space_map(struct space *space, gpa_t at, hpa_t frame, u64 bytes, u32 flags);
/*
 * Allocates zeroed frames of the partition and maps them, in 2 MiB pieces where both allow it.
 * ST_EXISTS, ST_NO_MEMORY (machine or quota); nothing is changed then.
 */
enum status space_populate(struct space *space, gpa_t at, u64 bytes, u32 flags);
/* Unmaps whatever is there; own frames go back. A hole in the range is no error. ST_NO_MEMORY
 * when a 2 MiB page cannot be split. */
enum status space_remove(struct space *space, gpa_t at, u64 bytes);

/* The frame and flags behind an address; ST_FAULT when nothing is mapped. */
enum status space_find(struct space *space, gpa_t at, hpa_t *frame, u32 *flags);
/* Kernel address of the byte; NULL when nothing is mapped or a flag of `need` is missing. Valid
 * until the page is removed: use it at once, or hold the frame. */
static inline void *space_pointer(struct space *space, gpa_t at, u32 need)
{
    return npt_pointer(&space->npt, at, need);
}

/* The same, and NULL when the page is kept for another: it may not be lent on. */
static inline void *space_pointer_own(struct space *space, gpa_t at, u32 need)
{
    return npt_pointer_flagged(&space->npt, at, need | SPACE_KEEP, need);
}

/* Moves one own page to another address; what was there goes back. ST_FAULT. */
enum status space_move(struct space *space, gpa_t from, gpa_t to);

/* Holds the own writable frame behind `at` so that its kernel address stays good. ST_FAULT. */
enum status space_hold(struct space *space, gpa_t at, hpa_t *frame);
void space_unhold(struct space *space, hpa_t frame);

#endif
