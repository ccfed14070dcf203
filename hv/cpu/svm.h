/* The SVM backend's own view of a guest and of a CPU; only hv/cpu/svm*.c include this. */
#ifndef HV_CPU_SVM_H
#define HV_CPU_SVM_H

#include "hv/cpu/run.h"
#include "hv/cpu/vmcb.h"

/* Sites of exiting instructions whose length has been decoded once. */
#define SVM_SITES 64u
struct svm_site {
    u64 rip, cr3;
    u32 length;
};

struct svm_cpu;

struct svm_guest {
    struct guest common; /* first: struct guest * and struct svm_guest * are one address */
    struct vmcb *vmcb;
    hpa_t vmcb_address;
    void *extended;           /* XSAVE area, two pages */
    struct svm_cpu *last_cpu; /* whose caches may hold this VMCB */
    u64 asid_generation;
    u64 next_rip; /* of the last exit, 0 = not known */
    bool flush;
    bool nmi_active;           /* between the injection of an NMI and its IRET */
    bool iret_pending;         /* that IRET is executing now */
    bool is_shut;              /* triple fault found in software */
    bool interrupt_is_virtual; /* what was injected went in as a virtual interrupt */
    struct svm_site site[SVM_SITES];
};

struct svm_cpu {
    u64 asid_generation;
    u32 asid_next, asid_limit;
    hpa_t host_save; /* VMSAVE area of the hypervisor's own segments */
    u64 xcr0_now;
    u32 last_owner;
    struct svm_guest *current;
};

struct svm_features {
    bool next_rip, decode_assist, flush_by_asid, clean_bits, pause_filter;
    bool rdtscp, xsave, foreign_call; /* foreign_call: guests will execute vmcall */
    bool interrupt_repeats;           /* one that is injected may come twice: docs/qemu.md */
    u64 xcr0_max;
    u32 xsave_bytes;
};
extern struct svm_features svm_features;
extern struct run_speculation svm_speculation;

static inline struct svm_guest *svm_of(struct guest *guest)
{
    return (struct svm_guest *)guest;
}

static inline const struct svm_guest *svm_of_const(const struct guest *guest)
{
    return (const struct svm_guest *)guest;
}

#define MSR_EFER      0xc0000080u
#define MSR_TSC_AUX   0xc0000103u
#define MSR_VM_CR     0xc0010114u
#define MSR_VM_HSAVE  0xc0010117u
#define MSR_SPEC_CTRL 0x48u
#define MSR_PRED_CMD  0x49u
#define EFER_SVME     BIT(12)
#define EFER_LMA      BIT(10)
#define EFER_LME      BIT(8)
#define EFER_NXE      BIT(11)

/* svm_enter.S */
void svm_enter(struct regs *regs, u64 vmcb, u64 host_save, u64 stuff_return_stack);

/* svm_switch.c: the state that VMRUN leaves alone */
void svm_extended_make(struct svm_guest *guest);
void svm_switch(struct svm_cpu *cpu, struct svm_guest *next);

/* svm_exit.c */
void svm_exit_decode(struct svm_guest *guest, struct exit *out);
/* svm_event.c */
void svm_event_enter(struct svm_guest *guest);
void svm_event_exit(struct svm_guest *guest);
void svm_window_close(struct vmcb *vmcb);

#endif
