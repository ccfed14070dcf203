/* Partition reference time: units of 100 ns, as a register and as a page. [TLFS 12.4, 12.7] */
#ifndef ENLIGHT_REFTSC_H
#define ENLIGHT_REFTSC_H

#include "enlight/state.h"

/* Reference time is 0 now. */
void reftsc_begin(struct partition *p, struct tlfs_domain *domain);
u64 reftsc_now(const struct partition *p, const struct tlfs_domain *domain);
/* The moment of a reference time on the clock of op_clock_now_ns(). */
u64 reftsc_to_ns(const struct partition *p, const struct tlfs_domain *domain, u64 time);
/* The register; ST_FAULT: its page cannot be shown. */
enum status reftsc_set(struct partition *p, struct tlfs_domain *domain, u64 value);
/* floor(numerator * 2^64 / denominator), for numerator < denominator. */
u64 reftsc_fraction(u64 numerator, u64 denominator);

#endif
