/* Time as a guest may be told it. The guest's TSC is the host's plus an offset of the
 * partition. */
#ifndef HYPERCALL_OP_CLOCK_H
#define HYPERCALL_OP_CLOCK_H

#include "hv/lib/types.h"

struct partition;

/* ns since the hypervisor's start, monotonic: system time of every adapter. */
u64 op_clock_now_ns(void);
/* Time of day (UTC) at op_clock_now_ns() == 0, in ns since 1970. */
u64 op_clock_wall_base_ns(void);

/* The guest's TSC now. */
u64 op_clock_tsc(const struct partition *p);

/* A consistent pair of guest TSC and time, with ns = ((tsc << shift) * mul) >> 32 between
 * pairs. */
struct op_clock {
    u64 tsc;
    u64 now_ns;
    u64 tsc_khz;
    u64 tsc_offset; /* guest minus host */
    u32 mul;
    s8 shift;
};
void op_clock_read(const struct partition *p, struct op_clock *out);

#endif
