/* The host's own interrupt descriptor table. A fault of the hypervisor is a panic. */
#ifndef HV_CPU_TRAP_H
#define HV_CPU_TRAP_H

#include "hv/lib/types.h"

enum {
    TRAP_IST_COUNT = 3, /* #DF, NMI, #MC */
    VECTOR_TIMER = 0xe0,
    VECTOR_SERIAL = 0xe1,
    VECTOR_IPI = 0xe2,
    VECTOR_DEVICE = 0xe3, /* every device that the root drives */
    VECTOR_SPURIOUS = 0xff
};

/* What trap.S leaves on the stack. */
struct trap_frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8;
    u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector;
    u64 error;
    u64 rip, cs, rflags, rsp, ss;
};

/* Builds the table, once. */
void trap_init(void);
/* Loads it on the calling CPU. */
void trap_load(void);

/* From trap.S. */
void trap_handle(struct trap_frame *frame);

/* Prints the return addresses of the frame chain that begins at a frame pointer. */
void trap_print_trace(u64 frame_pointer);

#endif
