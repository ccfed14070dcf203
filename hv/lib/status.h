/*
 * The one error vocabulary. Every fallible function returns it; each adapter translates it once
 * into its ABI's codes.
 */
#ifndef HV_LIB_STATUS_H
#define HV_LIB_STATUS_H

#include "hv/lib/types.h"

#define STATUS_LIST(S)                                                                         \
    S(ST_OK, "success")                                                                        \
    S(ST_INVALID, "invalid argument")                                                          \
    S(ST_DENIED, "permission denied")                                                          \
    S(ST_REFUSED_ACCESS, "access refused (interface version)")                                 \
    S(ST_NO_ENTRY, "no such object")                                                           \
    S(ST_NO_PARTITION, "no such partition")                                                    \
    S(ST_NO_MEMORY, "out of memory")                                                           \
    S(ST_NO_SPACE, "no space left in a table")                                                 \
    S(ST_NO_CALL, "no such call")                                                              \
    S(ST_NO_DATA, "no data")                                                                   \
    S(ST_NO_DEVICE, "no such device")                                                          \
    S(ST_UNSUPPORTED, "operation not supported")                                               \
    S(ST_FAULT, "bad guest address")                                                           \
    S(ST_EXISTS, "already exists")                                                             \
    S(ST_BUSY, "busy")                                                                         \
    S(ST_AGAIN, "try again")                                                                   \
    S(ST_RESTART, "to be continued")                                                           \
    S(ST_RANGE, "result out of range")                                                         \
    S(ST_TOO_BIG, "too big")                                                                   \
    S(ST_NO_BUFFER, "buffer too small")                                                        \
    S(ST_TIMED_OUT, "time has passed")                                                         \
    S(ST_CORRUPT, "corrupt data")

enum status {
#define STATUS_ENUM(name, text) name,
    STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
};

static inline const char *status_text(enum status status)
{
    static const char *const text[] = {
#define STATUS_TEXT(name, words) words,
        STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    };
    return (u32)status < ARRAY_SIZE(text) ? text[status] : "unknown status";
}

/* Returns early with the status of a call that failed. */
#define TRY(expression)                                                                        \
    do {                                                                                       \
        enum status try_status_ = (expression);                                                \
        if (try_status_ != ST_OK)                                                              \
            return try_status_;                                                                \
    } while (0)

#endif
