#include "xen-adapter/pv/trampoline.h"
#include "hv/lib/string.h"
#include "xen-adapter/pv/shim.h"

#define TRAMPOLINE_JOB 1024u /* the job lies behind the code in its page */

extern const u8 trampoline_code[], trampoline_code_end[];

_Static_assert(TRAMPOLINE_JOB + sizeof(struct trampoline_job) <= 3072, "the stack wants room");

void trampoline_run(u64 page, const struct trampoline_job *job)
{
    u8 *at = phys_to_direct(page);

    memcpy(at, trampoline_code, (size_t)(trampoline_code_end - trampoline_code));
    memcpy(at + TRAMPOLINE_JOB, job, sizeof(*job));
    ((void (*)(u64, u64))page)(page, page + TRAMPOLINE_JOB);
    __builtin_unreachable();
}
