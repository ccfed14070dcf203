/* Little-endian numbers in files and firmware tables, at any alignment. */
#ifndef HV_LIB_BYTES_H
#define HV_LIB_BYTES_H

#include "hv/lib/string.h"
#include "hv/lib/types.h"

static inline u16 bytes_get16(const u8 *at)
{
    u16 value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline u32 bytes_get32(const u8 *at)
{
    u32 value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline u64 bytes_get64(const u8 *at)
{
    u64 value;

    memcpy(&value, at, sizeof(value));
    return value;
}

#endif
