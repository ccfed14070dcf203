#include "enlight/rtc.h"

enum {
    SECONDS = 0,
    MINUTES = 2,
    HOURS = 4,
    WEEKDAY = 6,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    STATUS_A = 10,
    STATUS_B = 11,
    STATUS_D = 13,
    CENTURY = 0x32,
};

#define STATUS_A_RUNNING 0x26u /* oscillator on, 1024 Hz; no update under way */
#define STATUS_B_24H     0x02u
#define STATUS_D_VALID   0x80u
#define SECONDS_A_DAY    86400u

struct date {
    u32 year, month, day;
};

/* Days since 1970 as a date. [Richards 1998: eras of 400 years from March] */
static struct date date_of(u64 days)
{
    u64 shifted = days + 719468;
    u32 of_era = (u32)(shifted % 146097);
    u32 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    u32 of_year = of_era - (365 * year + year / 4 - year / 100);
    u32 march_month = (5 * of_year + 2) / 153;
    struct date date;

    date.day = of_year - (153 * march_month + 2) / 5 + 1;
    date.month = march_month < 10 ? march_month + 3 : march_month - 9;
    date.year = year + (u32)(shifted / 146097) * 400 + (date.month <= 2);
    return date;
}

static u8 bcd(u32 value)
{
    return (u8)(value / 10 % 10 << 4 | value % 10);
}

u8 rtc_register(u8 index, u64 seconds)
{
    u64 days = seconds / SECONDS_A_DAY;
    u32 of_day = (u32)(seconds % SECONDS_A_DAY);
    struct date date = date_of(days);

    switch (index) {
    case SECONDS:
        return bcd(of_day % 60);
    case MINUTES:
        return bcd(of_day / 60 % 60);
    case HOURS:
        return bcd(of_day / 3600);
    case WEEKDAY:
        return (u8)((days + 4) % 7 + 1); /* 1 January 1970 was a Thursday; Sunday is 1 */
    case DAY:
        return bcd(date.day);
    case MONTH:
        return bcd(date.month);
    case YEAR:
        return bcd(date.year % 100);
    case CENTURY:
        return bcd(date.year / 100);
    case STATUS_A:
        return STATUS_A_RUNNING;
    case STATUS_B:
        return STATUS_B_24H;
    case STATUS_D:
        return STATUS_D_VALID;
    default:
        return 0;
    }
}
