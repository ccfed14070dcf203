/* The clock of a PC: time of day in BCD behind ports 0x70 and 0x71, to be read. [MC146818] */
#ifndef ENLIGHT_RTC_H
#define ENLIGHT_RTC_H

#include "hv/lib/types.h"

/* A register at a time of day, in seconds since 1970. */
u8 rtc_register(u8 index, u64 seconds);

#endif
