/* A PV guest with two vCPUs and what its event channels need of the rest of the shim. */
#ifndef ABI_TESTS_UNIT_FAKE_PV_EVENT_H
#define ABI_TESTS_UNIT_FAKE_PV_EVENT_H

#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/pv/event.h"

#define EVENT_FRAMES 8u /* frames 0-3 are the guest's, the others are not */
#define EVENT_VCPUS  2u

extern u8 event_memory[EVENT_FRAMES * PAGE_SIZE];
extern struct xen_shared_info event_below; /* L0's shared_info */
extern struct xen_shared_info event_shown; /* the guest's */
extern struct pv_vcpu event_vcpus[EVENT_VCPUS];
extern u32 event_current; /* the vCPU that runs */
extern u32 event_time_updates;
extern int event_frame_holds[EVENT_FRAMES]; /* as writable memory */

/* Both vCPUs fresh, vCPU 0 runs, nothing pending; what FIFO has learnt stays. */
void event_reset(void);

/* L0 shows an event to a vCPU. */
void event_below_raise(u32 port, u32 vcpu);

#endif
