/* What a privileged instruction needs of the rest of the shim, and what it did there. */
#ifndef ABI_TESTS_UNIT_FAKE_PV_EMULATE_H
#define ABI_TESTS_UNIT_FAKE_PV_EMULATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/emulate.h"

/* The guest's code: two pages, of which the second may be absent. */
#define CODE            0x10000ull
#define FAKE_CODE_BYTES (2 * PAGE_SIZE)
#define CODE_END        (CODE + FAKE_CODE_BYTES)
#define CR0_SHOWN       0x80050033ull

extern u8 fake_code[FAKE_CODE_BYTES];
extern u64 fake_readable; /* bytes of it from its start */

extern struct pv_vcpu fake_vcpu;
extern struct xen_vcpu_info fake_info; /* of it */

/* What the instruction did to the rest of the shim. */
extern struct fake_did {
    u32 single_steps;
    u32 cr4_loads, ts_sets, settles;
    u64 ts, base, msr_value, dr_value, xcr;
    u32 msr, dr, xcr_index;
    u32 fault, fault_code;
    u64 bounced_to;
    u32 bounce_flags, bounces;
    u32 port, port_bytes;
} fake_did;

/* What the rest of the shim answers. */
extern struct fake_answer {
    bool msr, port, xsave;
    enum status status;
    u64 xsetbv;
} fake_answer;

void fake_reset(void);
/* Instructions at rip. */
void fake_place(const void *bytes, u64 count);
/* True when it was carried out; then rip is behind it, and only then. */
bool fake_execute(const void *bytes, u64 count);
#define EXECUTE(text) fake_execute(text, sizeof(text) - 1)

#endif
