/*
 * Spin locks of the shim, between the vCPUs of one guest. Order: M before E; neither is held
 * when the guest runs. A waiter answers flush requests, so that the holder may wait for it
 * (shootdown.h), and gives its time to L0 when the holder has lost the CPU.
 * With one vCPU nothing is taken.
 */
#ifndef XEN_ADAPTER_PV_LOCK_H
#define XEN_ADAPTER_PV_LOCK_H

#include "hv/lib/types.h"

struct shim_lock {
    u32 taken;
    char letter;
};

/* M: frames, page tables, the M2P, grants, reservations, and static buffers of such calls. */
extern struct shim_lock memory_lock;
/* E: the queues of the FIFO ABI and which vCPU a port belongs to. */
extern struct shim_lock event_lock;

void lock_take_shared(struct shim_lock *lock);

/* Set once, before a second vCPU can run. */
extern u8 lock_is_needed;

static inline void lock_take(struct shim_lock *lock)
{
    if (__builtin_expect(lock_is_needed, 0))
        lock_take_shared(lock);
}

static inline void lock_drop(struct shim_lock *lock)
{
    if (__builtin_expect(lock_is_needed, 0))
        __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#endif
