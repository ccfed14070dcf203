/*
 * A set of free physical byte ranges: sorted, not touching, at most SPANS_MAX. Pure.
 */
#ifndef XEN_ADAPTER_PV_SPANS_H
#define XEN_ADAPTER_PV_SPANS_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define SPANS_MAX 96u

struct span {
    u64 base;
    u64 end; /* one past the last byte */
};

struct spans {
    struct span span[SPANS_MAX];
    u32 count;
};

/* Adds a range, merging. ST_NO_SPACE when the table is full: the range is then simply not free.
 */
enum status spans_add(struct spans *spans, u64 base, u64 end);

/* Removes whatever of the range is in the set. ST_NO_SPACE: it could not be split. */
enum status spans_remove(struct spans *spans, u64 base, u64 end);

/* True when the whole range is in the set. */
bool spans_hold(const struct spans *spans, u64 base, u64 end);

/* Takes aligned bytes out of the set: highest place below limit, or lowest from floor on. */
enum status spans_take_high(struct spans *spans, u64 bytes, u64 align, u64 limit, u64 *base);
enum status spans_take_low(struct spans *spans, u64 bytes, u64 align, u64 floor, u64 *base);

/* The largest range below limit (cut off there); base == end when there is none. */
struct span spans_largest(const struct spans *spans, u64 limit);

static inline bool spans_overlap(u64 base, u64 end, u64 other, u64 other_end)
{
    return base < other_end && other < end;
}

#endif
