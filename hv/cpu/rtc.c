/* MC146818 real-time clock. [MC146818A data sheet] */
#include "hv/cpu/rtc.h"
#include "hv/cpu/insn.h"

#define RTC_INDEX  0x70
#define RTC_DATA   0x71
#define STATUS_A   0x0a
#define STATUS_B   0x0b
#define A_UPDATING 0x80u
#define B_BINARY   0x04u
#define B_24_HOURS 0x02u
#define POLLS_MAX  100000u

struct rtc_time {
    u8 second, minute, hour, day, month, year;
};

static u8 rtc_register(u8 index)
{
    insn_out8(RTC_INDEX, index);
    return insn_in8(RTC_DATA);
}

static struct rtc_time rtc_sample(void)
{
    u32 polls = 0;

    while ((rtc_register(STATUS_A) & A_UPDATING) && ++polls < POLLS_MAX)
        ;
    return (struct rtc_time){rtc_register(0), rtc_register(2), rtc_register(4),
                             rtc_register(7), rtc_register(8), rtc_register(9)};
}

static u32 binary(u8 value, u8 format)
{
    return format & B_BINARY ? value : (u32)(value >> 4) * 10 + (value & 15);
}

static u32 hour_of(u8 value, u8 format)
{
    u32 hour = binary(value & 0x7f, format);

    if (format & B_24_HOURS)
        return hour;
    return hour % 12 + (value & 0x80 ? 12 : 0);
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, years counted from March. */
static u64 days_since_1970(u32 year, u32 month, u32 day)
{
    u32 y = month <= 2 ? year - 1 : year;
    u32 m = month <= 2 ? month + 9 : month - 3;

    return (u64)365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool same(const struct rtc_time *a, const struct rtc_time *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
           a->day == b->day && a->month == b->month && a->year == b->year;
}

u64 rtc_read_seconds(void)
{
    struct rtc_time now = rtc_sample();
    struct rtc_time again = rtc_sample();
    u8 format = rtc_register(STATUS_B);
    u32 month, day;

    for (u32 tries = 0; tries < 8 && !same(&now, &again); tries++) {
        now = again;
        again = rtc_sample();
    }
    month = binary(now.month, format);
    day = binary(now.day, format);
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return 0;
    return days_since_1970(2000 + binary(now.year, format), month, day) * 86400 +
           (u64)hour_of(now.hour, format) * 3600 + binary(now.minute, format) * 60 +
           binary(now.second, format);
}
