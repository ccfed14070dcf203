/* The one place where it is decided what is done against speculation, by kind of CPU. */
#ifndef HV_CORE_SPECULATION_H
#define HV_CORE_SPECULATION_H

#include "hv/cpu/run.h"
#include "hv/lib/types.h"

struct speculation_cpu {
    u32 vendor; /* ebx of CPUID leaf 0 */
    u32 family;
    bool is_emulated; /* QEMU's software emulation: nothing is speculated */
    bool has_ibpb;
    bool has_spec_ctrl;
};

struct speculation_row {
    const char *kind;
    u32 vendor; /* 0: any */
    u32 family_first, family_last;
    bool stuff_return_stack, barrier_on_switch, switch_spec_ctrl;
};

const struct speculation_row *speculation_find(const struct speculation_cpu *cpu);

/* Finds out about this CPU, sets the backend's policy, prints it in one line. */
void speculation_init(void);

#endif
