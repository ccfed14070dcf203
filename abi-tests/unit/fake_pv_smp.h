/* What the PV shim's vCPUs do to each other, written down instead of done. */
#ifndef ABI_TESTS_UNIT_FAKE_PV_SMP_H
#define ABI_TESTS_UNIT_FAKE_PV_SMP_H

#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/shootdown.h"
#include "xen-adapter/pv/vcpu.h"

struct fake_smp {
    u32 shootdowns;
    u32 shootdown_vcpus; /* of the last one */
    u32 kicks;
    u32 kicked; /* id of the last one */
    u32 idles;
    u32 idles_ended;
    void (*while_idle)(void); /* the world goes on while a vCPU sleeps */
};

extern struct fake_smp fake_smp;

#endif
