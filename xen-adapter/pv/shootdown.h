/*
 * Remote TLB flushes and wake-ups between the vCPUs of the guest.
 *
 * Each vCPU has two counters: flush_asked, raised by who wants a flush, and flush_done, which
 * the vCPU itself sets to the value it read before it flushed. Signed so that they may wrap.
 *  - A vCPU in its idle loop reads flush_asked when it leaves it: asking is enough.
 *  - Any other is signalled through its own L0 port; all of them in one call to L0. L0 shows a
 *    signal before the first guest instruction, so a vCPU that L0 does not run at that moment
 *    (its runstate says so) cannot use the old translations either, and is not waited for.
 *  - The rest is waited for. Who waits answers requests itself (shootdown_relax).
 */
#ifndef XEN_ADAPTER_PV_SHOOTDOWN_H
#define XEN_ADAPTER_PV_SHOOTDOWN_H

#include "xen-adapter/pv/shim.h"

/* Signal ports of all vCPUs, from L0; with one vCPU there are none. After event_init(). */
void shootdown_start(void);

/* Flushes on those of the vCPUs (bit n: vCPU n) that are up, without the caller's own; returns
 * when none of them can use an old translation any more. */
void shootdown_run(u32 vcpus);

/* Answers requests to this vCPU. */
void shootdown_answer(struct pv_vcpu *vcpu);
static inline void shootdown_serve(struct pv_vcpu *vcpu)
{
    if (__builtin_expect(
            __atomic_load_n(&vcpu->flush_asked, __ATOMIC_ACQUIRE) != vcpu->flush_done, 0))
        shootdown_answer(vcpu);
}

/* One turn of a loop that waits for another vCPU; *tries starts at 0. */
void shootdown_relax(u32 *tries);

/* Makes L0 interrupt that vCPU: it looks at its flushes, work and upcalls. */
void vcpu_kick(struct pv_vcpu *vcpu);

/* Around the idle instruction of this vCPU. */
void shootdown_idle_begin(struct pv_vcpu *vcpu);
void shootdown_idle_end(struct pv_vcpu *vcpu);

#endif
