/* Part of the fake native operations (fake_op.h): grant tables. */
#ifndef ABI_TESTS_UNIT_FAKE_GRANT_H
#define ABI_TESTS_UNIT_FAKE_GRANT_H

#include "hypercall/op_grant.h"

struct fake_grant {
    enum status answer; /* of map, unmap and copy */
    u32 version, frames;
    bool is_full; /* no more frames */
    gpa_t at;     /* what they were asked for last */
    u32 ref, rights, bytes;
    struct op_grant_side from, to;
};
extern struct fake_grant fake_grant;

void fake_grant_reset(void);

#endif
