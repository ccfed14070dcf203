#include "enlight/reftsc.h"
#include "hv/lib/string.h"

#define UNITS_PER_MS 10000u
#define NS_PER_UNIT  100u
#define SEQUENCE     1u /* guest TSC and scale never change while a partition lives */

u64 reftsc_fraction(u64 numerator, u64 denominator)
{
    u64 result = 0;

    for (u32 i = 0; i < 64; i++) {
        bool carry = numerator >> 63;

        numerator <<= 1;
        result <<= 1;
        if (carry || numerator >= denominator) {
            numerator -= denominator;
            result |= 1;
        }
    }
    return result;
}

static u64 units_of(const struct tlfs_domain *domain, u64 tsc)
{
    return (u64)((unsigned __int128)tsc * domain->tsc_scale >> 64);
}

void reftsc_begin(struct partition *p, struct tlfs_domain *domain)
{
    struct op_clock clock;

    op_clock_read(p, &clock);
    domain->tsc_scale = reftsc_fraction(UNITS_PER_MS, clock.tsc_khz);
    domain->tsc_base = units_of(domain, op_clock_tsc(p));
    op_partition_property_set(p, NATIVE_REFERENCE_SCALE, domain->tsc_scale);
    op_partition_property_set(p, NATIVE_REFERENCE_BASE, domain->tsc_base);
}

u64 reftsc_now(const struct partition *p, const struct tlfs_domain *domain)
{
    return units_of(domain, op_clock_tsc(p)) - domain->tsc_base;
}

u64 reftsc_to_ns(const struct partition *p, const struct tlfs_domain *domain, u64 time)
{
    u64 now = reftsc_now(p, domain);
    u64 deadline;
    u64 span;

    if (time <= now)
        return op_clock_now_ns();
    if (mul_overflows(time - now, NS_PER_UNIT, &span) ||
        add_overflows(op_clock_now_ns(), span, &deadline))
        return OP_NEVER - 1;
    return deadline;
}

enum status reftsc_set(struct partition *p, struct tlfs_domain *domain, u64 value)
{
    struct tlfs_tsc_page page = {.sequence = SEQUENCE,
                                 .scale = domain->tsc_scale,
                                 .offset = (s64)((u64)0 - domain->tsc_base)};

    TRY(overlay_set(p, &domain->tsc_page, value));
    domain->reference_tsc = value;
    if (domain->tsc_page.at)
        memcpy(domain->tsc_page.at, &page, sizeof(page));
    return ST_OK;
}
