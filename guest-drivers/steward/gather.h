/* Collects the numbers that report.h shows. */
#ifndef GUEST_DRIVERS_STEWARD_GATHER_H
#define GUEST_DRIVERS_STEWARD_GATHER_H

#include "guest-drivers/steward/report.h"
#include "guest-drivers/steward/steward.h"

void gather_machine(struct report_machine *out);

/* What is known without counters; fills `counts` for a guest that has a partition. */
void gather_guest(const struct guest *guest, struct report_counts *counts,
                  struct report_guest *out);

/* The counters of all guests are kept as the beginning of an interval; when that was. */
void gather_mark(void);
u64 gather_marked_ns(void);
/* Puts the beginning of the interval into the report of a guest that lived then. */
void gather_before(const struct guest *guest, struct report_guest *out);

#endif
