/* Operations on a vCPU. Times are absolute, on the clock of op_clock_now_ns(). */
#ifndef HYPERCALL_OP_VCPU_H
#define HYPERCALL_OP_VCPU_H

#include "hv/lib/regs.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct vcpu;
struct partition;

#define OP_NEVER (~(u64)0)

enum op_abi { OP_ABI_XEN, OP_ABI_TLFS };

/* How the guest computes now: where a call's arguments are and how wide. */
enum op_mode { OP_MODE_REAL, OP_MODE_VM86, OP_MODE_16, OP_MODE_32, OP_MODE_64 };

u32 op_vcpu_id(const struct vcpu *vcpu);
struct partition *op_vcpu_partition(const struct vcpu *vcpu);
/* NULL when there is none with this number. */
struct vcpu *op_vcpu_find(const struct partition *p, u32 id);

/* The registers of a vCPU that is not running now (the caller's own included): read and write.
 */
struct regs *op_vcpu_regs(struct vcpu *vcpu);
enum op_mode op_vcpu_mode(const struct vcpu *vcpu);
u32 op_vcpu_cpl(const struct vcpu *vcpu);

/* The adapter's state of this vCPU; NULL until set. From op_page_alloc: freed with the
 * partition. */
void *op_vcpu_abi(const struct vcpu *vcpu, enum op_abi abi);
void op_vcpu_abi_set(struct vcpu *vcpu, enum op_abi abi, void *state);

/*
 * Stops the calling vCPU until op_vcpu_wake, a raised port, an interrupt for it, or the
 * deadline. Returns at once; the loop runs someone else before the vCPU is entered again. The
 * caller has checked that nothing it waits for is there already (op_port_has_raised).
 */
void op_vcpu_park(struct vcpu *vcpu, u64 deadline_ns);
/* The adapter's deliver is called before the next entry, as before each. */
void op_vcpu_wake(struct vcpu *vcpu);
void op_vcpu_yield(struct vcpu *vcpu);

/* Up/down of a vCPU. Initialise: ST_EXISTS when it was initialised before. */
struct op_segment {
    u64 base;
    u32 limit;
    u16 selector;
    u16 attributes; /* bits 0-7 type, S, DPL, P; 8 AVL, 9 L, 10 D/B, 11 G */
};
struct op_vcpu_context {
    struct regs regs;
    u64 cr0, cr3, cr4, efer;
    struct op_segment cs, ds, es, ss, tr;
};
enum status op_vcpu_initialise(struct vcpu *vcpu, const struct op_vcpu_context *context);
enum status op_vcpu_up(struct vcpu *vcpu);
enum status op_vcpu_down(struct vcpu *vcpu);
bool op_vcpu_is_initialised(const struct vcpu *vcpu);
bool op_vcpu_is_up(const struct vcpu *vcpu);

/*
 * Interrupts made by an adapter. The external line is given without the local APIC as soon as
 * the guest can take it, and then is clear again: an adapter sets it before each entry as long
 * as it is wanted; 0 takes it back. The LAPIC one is an edge with that vector.
 */
void op_vcpu_external_set(struct vcpu *vcpu, u8 vector);
void op_vcpu_lapic_raise(struct vcpu *vcpu, u8 vector);
void op_vcpu_nmi(struct vcpu *vcpu);

/*
 * Timers that raise the vCPU's port of OP_EVENT_TIMER. SINGLE: deadline_ns absolute. PERIODIC:
 * first at now + period_ns. op_vcpu_timer_stop of an idle timer is no error.
 */
enum op_timer { OP_TIMER_SINGLE, OP_TIMER_PERIODIC };
void op_vcpu_timer_single(struct vcpu *vcpu, u64 deadline_ns);
void op_vcpu_timer_periodic(struct vcpu *vcpu, u64 period_ns);
void op_vcpu_timer_stop(struct vcpu *vcpu, enum op_timer which);

/* Clocks of an adapter: one that goes off is a bit of the word taken, and wakes the vCPU. */
#define OP_CLOCKS 4u
void op_vcpu_clock_arm(struct vcpu *vcpu, u32 clock, u64 deadline_ns);
void op_vcpu_clock_stop(struct vcpu *vcpu, u32 clock);
u32 op_vcpu_clocks_take(struct vcpu *vcpu);

/* Registers of the local APIC, as its page or its MSRs would be used. */
enum op_apic { OP_APIC_TPR, OP_APIC_EOI, OP_APIC_ICR };
#define OP_APIC_HZ 1000000000ull /* of its timer */
u64 op_vcpu_apic_read(struct vcpu *vcpu, enum op_apic which);
void op_vcpu_apic_write(struct vcpu *vcpu, enum op_apic which, u64 value);
/* An interrupt has been raised and not given yet; one could be given by its priority. */
bool op_vcpu_apic_requested(const struct vcpu *vcpu);
bool op_vcpu_apic_waits(const struct vcpu *vcpu);

/* An edge-triggered interrupt message to the local APICs it names. */
enum op_destination { OP_TO_PHYSICAL, OP_TO_LOGICAL };
void op_interrupt_send(struct partition *p, u8 vector, u32 destination,
                       enum op_destination how);

/* Its cached translations go before it runs its next instruction. */
void op_vcpu_flush(struct vcpu *vcpu);

/* xmm0 to xmm5 of the calling vCPU. */
#define OP_XMM_BYTES 96u
void op_vcpu_xmm_read(const struct vcpu *vcpu, u8 *out);

/* Where its time went, in ns; and what it is doing now, since when. */
enum op_run { OP_RUN_RUNNING, OP_RUN_WAITING, OP_RUN_BLOCKED, OP_RUN_OFFLINE, OP_RUNS };
struct op_runtime {
    enum op_run now;
    u64 since_ns;
    u64 ns[OP_RUNS];
};
void op_vcpu_runtime(const struct vcpu *vcpu, struct op_runtime *out);

#endif
