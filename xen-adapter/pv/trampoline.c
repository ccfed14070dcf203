#include "xen-adapter/pv/trampoline.h"
#include "hv/lib/string.h"
#include "xen-adapter/pv/memory.h"

#define TRAMPOLINE_JOB 1024u /* the job lies behind the code in its page */

extern const u8 trampoline_code[], trampoline_code_end[];

_Static_assert(TRAMPOLINE_JOB + sizeof(struct trampoline_job) <= 3072, "the stack wants room");

void trampoline_move_add(struct trampoline_job *job, u64 to, u64 from, u64 bytes)
{
    if (bytes == 0 || to == from)
        return;
    if (job->count == TRAMPOLINE_MOVES_MAX)
        shim_fail("kernel: it has more than %u segments", TRAMPOLINE_MOVES_MAX / 2);
    job->move[job->count++] = (struct trampoline_move){(u32)to, (u32)from, (u32)bytes};
}

void trampoline_moves_do(struct trampoline_job *job, const struct span *target)
{
    if (spans_overlap(target->base, target->end, IMAGE_PHYS, shim.image_end))
        return;
    for (u32 i = 0; i < job->count; i++) {
        const struct trampoline_move *move = &job->move[i];

        if (move->from == TRAMPOLINE_ZERO)
            memset(phys_to_direct(move->to), 0, move->bytes);
        else
            memmove(phys_to_direct(move->to), phys_to_direct(move->from), move->bytes);
    }
    job->count = 0;
}

void trampoline_run(u64 page, const struct trampoline_job *job)
{
    u8 *at = phys_to_direct(page);

    memcpy(at, trampoline_code, (size_t)(trampoline_code_end - trampoline_code));
    memcpy(at + TRAMPOLINE_JOB, job, sizeof(*job));
    memory_identity_exec(page);
    shim_time_print("kernel entered");
    ((void (*)(u64, u64))page)(page, page + TRAMPOLINE_JOB);
    __builtin_unreachable();
}
