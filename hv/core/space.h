/*
 * A partition's guest-physical memory, above the nested page tables (hv/cpu/npt.h).
 *
 * A mapped frame whose owner is this partition goes back when it is unmapped, any other stays with
 * its owner. A frame that someone relies on beside the mapping (a share to another partition, an
 * adapter that keeps its kernel address, an adapter's own page) is held: it goes back only when it
 * is no longer mapped and its last hold is dropped, or with the partition.
 */
#ifndef HV_CORE_SPACE_H
#define HV_CORE_SPACE_H

#include "hv/core/locks.h"
#include "hv/cpu/npt.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define SPACE_RAM (SPACE_READ | SPACE_WRITE | SPACE_EXEC)

/* Highest guest-physical address + 1 that may be mapped: 46 bits. */
#define SPACE_LIMIT ((u64)1 << 46)

struct space_hold; /* one held frame */

struct space {
    struct lock memory_lock;
    struct npt npt;           /* M */
    u32 owner;                /* partition id */
    u64 own_pages;            /* M: 4 KiB pages of its own that are mapped */
    u64 held_pages;           /* M */
    struct space_hold *holds; /* M: pages of records, linked */
};

enum status space_make(struct space *space, u32 owner);
/* The tables only; frames go back by owner. */
void space_end(struct space *space);

/* Maps existing frames; gpa, hpa and bytes are page aligned. ST_EXISTS if something is mapped. */
enum status space_map(struct space *space, gpa_t at, hpa_t frame, u64 bytes, u32 flags);
/* Allocates zeroed frames of the partition and maps them, in 2 MiB pieces where both allow it. */
enum status space_populate(struct space *space, gpa_t at, u64 bytes, u32 flags);
/* Unmaps whatever is there; own frames go back. A hole in the range is no error. */
enum status space_remove(struct space *space, gpa_t at, u64 bytes);

/* The frame and flags behind an address; ST_FAULT when nothing is mapped. */
enum status space_find(struct space *space, gpa_t at, hpa_t *frame, u32 *flags);
/* Kernel address of the byte; NULL when nothing is mapped or a flag of `need` is missing. Valid
 * until the page is removed: use it at once, or hold the frame. */
void *space_pointer(struct space *space, gpa_t at, u32 need);

/* Holds the frame behind `at` so that its kernel address stays good; drop with space_unhold(). */
enum status space_hold(struct space *space, gpa_t at, hpa_t *frame);
void space_unhold(struct space *space, hpa_t frame);

#endif
