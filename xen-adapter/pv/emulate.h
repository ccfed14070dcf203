/*
 * Privileged instructions of a kernel that runs in ring 3. They arrive as #GP, or as #UD with
 * the forced-emulation prefix (ud2; "xen"). What is not on the list of PV stays a #GP of the
 * guest. [xen-pv-boot 12]
 */
#ifndef XEN_ADAPTER_PV_EMULATE_H
#define XEN_ADAPTER_PV_EMULATE_H

#include "xen-adapter/pv/shim.h"

enum privileged_op {
    PRIVILEGED_NONE, /* not an instruction that we know */
    PRIVILEGED_INT,  /* vector in `value` */
    PRIVILEGED_RDMSR,
    PRIVILEGED_WRMSR,
    PRIVILEGED_READ_CR, /* control register in `value`, general register in `reg` */
    PRIVILEGED_WRITE_CR,
    PRIVILEGED_READ_DR,
    PRIVILEGED_WRITE_DR,
    PRIVILEGED_CLTS,
    PRIVILEGED_XSETBV,
    PRIVILEGED_WBINVD,
    PRIVILEGED_CPUID,
    PRIVILEGED_RDTSC,
    PRIVILEGED_RDTSCP,
    PRIVILEGED_CLI_STI,
    PRIVILEGED_IN, /* port in `value` or dx (`reg` = 1), `bytes` wide */
    PRIVILEGED_OUT,
    PRIVILEGED_INS, /* string forms: refused */
};

struct privileged {
    enum privileged_op op;
    u8 length;
    u8 reg;
    u8 bytes;
    u8 value;
};

#define INSN_BYTES_MAX 15u

/* Decodes what lies in `bytes`, of which `count` could be read. */
struct privileged privileged_decode(const u8 *bytes, u32 count);

/* The general register with the number that an instruction uses. */
u64 *pv_register(struct pv_regs *regs, u32 number);

/* CR4 as the guest reads it. */
u64 cr4_guest(const struct pv_vcpu *vcpu);

/* True when the instruction at rip was carried out, or its fault was bounced. */
bool emulate_privileged(struct pv_vcpu *vcpu);
bool emulate_forced(struct pv_vcpu *vcpu);

#endif
