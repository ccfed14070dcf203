/*
 * The call engine: one shape for the calls of every ABI.
 *
 *   row  = the ABI's table at the call's number (by index, never by search)
 *   call_open   may the caller use it, fetch its in-structure once
 *   (a switch stamped from the table runs the handler)
 *   call_close  store the out-structure, trace, hand the status back for encoding
 *
 * A handler sees values only: call->in and call->out; it returns a status. ST_RESTART means "to
 * be continued": it has stored its progress in call->done. ST_AGAIN from a handler that has
 * parked the vCPU means "execute the call again when it wakes".
 */
#ifndef HYPERCALL_CALL_H
#define HYPERCALL_CALL_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct vcpu;

enum call_state { CALL_DONE_STATE, CALL_PART_STATE, CALL_REFUSED_STATE, CALL_ABSENT_STATE };

/* Who may make a call: bits of the caller, any of which must be in the row. */
#define CALLER_ROOT  1u
#define CALLER_GUEST 2u
#define CALLER_ANY   (CALLER_ROOT | CALLER_GUEST)

#define CALL_DATA_MAX 160

struct call_row {
    const char *name; /* NULL: no such call */
    u16 in_bytes;     /* at most CALL_DATA_MAX */
    u16 out_bytes;
    u8 allow; /* CALLER_* */
    u8 state; /* enum call_state */
};

struct call {
    struct vcpu *vcpu;
    const struct call_row *row;
    u32 number;
    u32 caller; /* CALLER_* bits of the partition */
    gva_t in_at, out_at;
    u64 done; /* the cursor */
    union {
        u64 align;
        u8 bytes[CALL_DATA_MAX];
    } in, out;
};

/* What the run loop does with the vCPU afterwards. */
enum call_end {
    CALL_RETURN,    /* step over the instruction */
    CALL_REPEAT,    /* leave rip where it is: the call executes again */
    CALL_UNDEFINED, /* #UD: no call can be made like this */
};

/* An adapter's answer to a CPUID leaf, an MSR or an I/O port. */
enum verdict {
    VERDICT_NOT_MINE, /* not an address of this interface: the next owner is asked */
    VERDICT_ANSWERED,
    VERDICT_FAULTS, /* #GP(0) for the guest */
    VERDICT_AGAIN,  /* the vCPU has been parked: the instruction executes again */
};

/* ST_NO_CALL for a row without a name, ST_DENIED, ST_FAULT. */
enum status call_open(struct call *call, const struct call_row *row);
/* ST_FAULT when the out-structure cannot be stored; else the handler's status. */
enum status call_close(struct call *call, enum status status);

/* A native call of this vCPU (EXIT_HYPERCALL of a partition with PARTITION_NATIVE). */
enum call_end native_call(struct vcpu *vcpu);

#endif
