/* Text that is being made: what does not fit is cut, and that is remembered. Pure. */
#ifndef GUEST_DRIVERS_STEWARD_OUT_H
#define GUEST_DRIVERS_STEWARD_OUT_H

#include "hv/lib/types.h"

struct out {
    char *bytes;
    u32 room;
    u32 used;
    bool is_cut;
};

void out_put(struct out *out, const char *bytes, u64 count);
/* At most 300 characters at once. */
void out_print(struct out *out, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* A word and blanks up to the width, at least one. */
void out_column(struct out *out, const char *word, u32 width);
/* A JSON string with its quotes; also good for a label of Prometheus. [RFC 8259 7] */
void out_quoted(struct out *out, const char *text);
/* A number of tenths as "12.3". */
void out_tenths(struct out *out, u64 tenths);

#endif
