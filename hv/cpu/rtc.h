/* The CMOS clock: the time of day, asked once at start. */
#ifndef HV_CPU_RTC_H
#define HV_CPU_RTC_H

#include "hv/lib/types.h"

/* Seconds since 1970, UTC as the clock has it; 0 when there is no plausible clock. */
u64 rtc_read_seconds(void);

#endif
