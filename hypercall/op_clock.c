#include "hypercall/op_clock.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"

u64 op_clock_now_ns(void)
{
    return clock_now_ns();
}

u64 op_clock_wall_base_ns(void)
{
    static u64 base_ns; /* set once by the first question */

    if (base_ns == 0)
        base_ns = rtc_read_seconds() * 1000000000u - clock_now_ns();
    return base_ns;
}

void op_clock_read(const struct partition *p, struct op_clock *out)
{
    struct tsc_scale scale = tsc_scale_get();

    out->now_ns = clock_now_ns();
    out->tsc = clock_to_tsc(out->now_ns) + p->tsc_offset;
    out->tsc_khz = tsc_khz();
    out->tsc_offset = p->tsc_offset;
    out->mul = scale.mul;
    out->shift = scale.shift;
}

u64 op_clock_tsc(const struct partition *p)
{
    return tsc_read() + p->tsc_offset;
}
