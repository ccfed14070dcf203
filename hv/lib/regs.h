/*
 * The general registers of a vCPU while it is not running: what an exit saves and an entry
 * loads. Pure data, shared by the run backend and by everything that decodes a call.
 */
#ifndef HV_LIB_REGS_H
#define HV_LIB_REGS_H

#include "hv/lib/types.h"

struct regs {
    u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rip;
    u64 rflags;
};

#endif
