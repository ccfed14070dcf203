/* The hypervisor below the shim and what its forwarded calls need of the rest of the shim. */
#ifndef ABI_TESTS_UNIT_FAKE_PV_FORWARD_H
#define ABI_TESTS_UNIT_FAKE_PV_FORWARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/hypercall.h"

#define SHIM_ADDRESS        (SHIM_VIRT_START + 0x5000)
#define TABLE_FRAME         40u /* the guest's, a page table */
#define FORWARD_GUEST_BYTES 8192u

extern u8 forward_guest[FORWARD_GUEST_BYTES]; /* all that is the guest's */
extern struct pv_vcpu forward_vcpu;

/* No call below carries a pointer into the guest's memory or the shim. */
extern u32 forward_calls;  /* below */
extern s64 forward_answer; /* of each */

extern u32 forward_fifo_ends, forward_ports_closed;
extern u32 forward_released, forward_accepted; /* frames */
extern u32 forward_held;                       /* frames, as writable memory */
extern u64 forward_walk_entry;                 /* what every address is mapped by, 0: nothing */

/* Frames 16 to 63 are the guest's, nothing was called; what is held and closed stays. */
void forward_reset(void);

#endif
