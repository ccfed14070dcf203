/*
 * The ways in and out of the shim: SYSCALL of each vCPU, SYSENTER, the interrupt gates, and the
 * two instructions that go back to the guest.
 *
 * Invariant on entry from the guest: once all registers are pushed, rsp is the struct pv_vcpu.
 * The stack is not 16-byte aligned at the calls: no code of the shim uses SSE.
 * Interrupts stay off in the shim. FMASK clears AC for SYSCALL; gates do not, so they say clac.
 */
#include "xen-adapter/pv/offsets.h"

#define SHIM_VCPUS_MAX 32
#define FLAG_VM        0x20000

/* Three-byte places that cpu_tables.c turns into clac or stac where the CPU has SMAP. */
.macro SMAP_SITE kind
771:    nopl (%rax)
    .pushsection .smap_sites, "a"
    .long 771b - ., \kind
    .popsection
.endm
.macro CLAC
    SMAP_SITE 0
.endm
.macro STAC
    SMAP_SITE 1
.endm

/* A fault at 771 goes on at \to instead. */
.macro FIXUP from, to
    .pushsection .exception_table, "a"
    .long \from - ., \to - .
    .popsection
.endm

.macro PUSH_GENERAL
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro POP_GENERAL
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
.endm

/* ---- SYSCALL ----------------------------------------------------------------------------- */

    .bss
    .balign 8
entry_scratch:
    .skip 8 * SHIM_VCPUS_MAX
    .globl entry_frame_top
entry_frame_top: /* end of vcpu->regs for each vCPU; vcpu.c fills it */
    .skip 8 * SHIM_VCPUS_MAX

/* One for each vCPU, 32 bytes apart: its MSR names it. */
.macro STUBS to
    .set n, 0
    .rept SHIM_VCPUS_MAX
    .balign 32
    mov %rsp, entry_scratch + 8 * n(%rip)
    mov entry_frame_top + 8 * n(%rip), %rsp
    push $0xe02b
    push entry_scratch + 8 * n(%rip)
    jmp \to
    .set n, n + 1
    .endr
.endm

    .text
    .globl entry_syscall_stubs, entry_syscall32_stubs
    .balign 32
entry_syscall_stubs:
    STUBS entry_syscall
    .balign 32
entry_syscall32_stubs:
    STUBS entry_syscall32

    .balign 16
entry_syscall:
    cmp $HYPERCALL_IRET, %rax
    je entry_iret_call
entry_syscall_any:
    push %r11
    push $0xe033
    push %rcx
    push $FRAME_SYSCALL
    PUSH_GENERAL
    cmpl $0, VCPU_MODE(%rsp)
    jne entry_syscall_user
    mov %r10, %rcx
    cmp $HYPERCALL_SLOTS, %rax
    jae entry_syscall_unknown
    lea hypercall_table(%rip), %r11
    incq hypercall_count_behind(%r11, %rax, 8)
    call *(%r11, %rax, 8)
entry_syscall_done:
    mov %rax, REGS_RAX(%rsp)

/* rsp = vCPU. The one way back: an event that may be delivered is delivered first. */
    .globl entry_return
entry_return:
    mov VCPU_UPCALL(%rsp), %rcx
    movzwl (%rcx), %ecx
    dec %ecx
    cmp $255, %ecx /* pending != 0 and mask == 0, in one comparison */
    jb entry_deliver
    cmpb $0, VCPU_WORK(%rsp)
    jne entry_deliver
entry_delivered:
    cmpq $FRAME_SYSCALL, REGS_ERROR(%rsp)
    jne entry_iret
    mov REGS_RIP(%rsp), %rcx
    sar $47, %rcx /* sysret to a non-canonical address would fault in the shim */
    inc %ecx
    cmp $1, %ecx
    ja entry_iret
    POP_GENERAL
    add $8, %rsp
    pop %rcx
    add $8, %rsp
    pop %r11
    pop %rsp
    sysretq

entry_iret:
    POP_GENERAL
    add $8, %rsp
    .globl entry_iret_fault
entry_iret_fault:
    iretq

/*
 * The iret hypercall without saving anything: the frame of the guest [xen-pv-boot 11] becomes
 * ours. All but rax, rcx and r11 are live; nothing is changed before the last word is read, and
 * whatever is out of the ordinary starts again in hypercall_iret.
 * rsp is at regs.rsp on entry, at regs.rip further down.
 */
#define AT_RIP(offset) ((offset) - REGS_RIP)(%rsp)
    .balign 16
entry_iret_call:
    incq hypercall_count + HYPERCALL_IRET * 8(%rip)
    sub $(REGS_RSP - REGS_RIP), %rsp
    cmpl $0, AT_RIP(VCPU_MODE)
    jne entry_iret_any
    mov AT_RIP(REGS_RSP), %rcx
    mov %rcx, %rax
    sar $43, %rax /* -16: the shim's slots; -15..15: the guest's; others: not canonical */
    add $15, %eax
    cmp $30, %eax
    ja entry_iret_any
    STAC
1:  mov 0(%rcx), %rax
    mov %rax, AT_RIP(REGS_RAX)
2:  mov 8(%rcx), %rax
    mov %rax, AT_RIP(REGS_R11)
3:  mov 16(%rcx), %rax
    mov %rax, AT_RIP(REGS_RCX)
4:  mov 24(%rcx), %rax
    and $FRAME_SYSCALL, %eax /* VGCF_in_syscall is the same bit */
    mov %rax, AT_RIP(REGS_ERROR)
5:  mov 32(%rcx), %rax
    mov %rax, AT_RIP(REGS_RIP)
6:  movzwl 64(%rcx), %eax
    or $3, %eax
    mov %rax, AT_RIP(REGS_SS)
7:  movzwl 40(%rcx), %eax
    mov %rax, AT_RIP(REGS_CS)
8:  mov 48(%rcx), %r11
9:  mov 56(%rcx), %rcx
    CLAC
    not %eax
    test $3, %al
    jz entry_iret_user
    orl $3, AT_RIP(REGS_CS)
entry_iret_commit:
    mov %rcx, AT_RIP(REGS_RSP)
    mov %r11d, %eax
    and $~(FLAG_VM | 0x3000), %eax /* and IOPL */
    or $0x202, %eax
    mov %rax, AT_RIP(REGS_RFLAGS)
    movl $0, AT_RIP(VCPU_NMI_MASKED)
    mov AT_RIP(VCPU_UPCALL), %rcx
    not %r11d
    shr $9, %r11d
    and $1, %r11d
    mov %r11b, 1(%rcx)
    movzwl (%rcx), %ecx
    or AT_RIP(VCPU_WORK), %ecx
    dec %ecx
    cmp $255, %ecx
    mov AT_RIP(REGS_RAX), %rax
    jb entry_iret_deliver
    cmpl $FRAME_SYSCALL, AT_RIP(REGS_ERROR)
    je entry_iret_sysret
    mov AT_RIP(REGS_R11), %r11
    mov AT_RIP(REGS_RCX), %rcx
    jmp entry_iret_fault

entry_iret_sysret:
    mov AT_RIP(REGS_RIP), %rcx
    sar $47, %rcx
    inc %ecx
    cmp $1, %ecx
    ja entry_iret_fault
    mov AT_RIP(REGS_RIP), %rcx
    mov AT_RIP(REGS_RFLAGS), %r11
    mov AT_RIP(REGS_RSP), %rsp
    sysretq

entry_iret_user:
    mov AT_RIP(VCPU_USER_L4), %rax
    shl $12, %rax
    jz entry_iret_any
    movl $1, AT_RIP(VCPU_MODE)
    swapgs
    mov %rax, %cr3
    jmp entry_iret_commit

/* An event or an NMI is due at the target: with all registers in their places. */
entry_iret_deliver:
    mov AT_RIP(REGS_R11), %r11
    mov AT_RIP(REGS_RCX), %rcx
    sub $8, %rsp
    PUSH_GENERAL
    jmp entry_return

entry_iret_retry:
    CLAC
entry_iret_any:
    add $(REGS_RSP - REGS_RIP), %rsp
    mov $HYPERCALL_IRET, %eax
    jmp entry_syscall_any
    FIXUP 1b, entry_iret_retry
    FIXUP 2b, entry_iret_retry
    FIXUP 3b, entry_iret_retry
    FIXUP 4b, entry_iret_retry
    FIXUP 5b, entry_iret_retry
    FIXUP 6b, entry_iret_retry
    FIXUP 7b, entry_iret_retry
    FIXUP 8b, entry_iret_retry
    FIXUP 9b, entry_iret_retry

entry_deliver:
    mov %rsp, %rdi
    call callback_deliver
    jmp entry_delivered

entry_syscall_unknown:
    mov $-38, %rax
    jmp entry_syscall_done

/* User mode: the guest kernel has a callback for it. */
entry_syscall_user:
    mov %rsp, %rdi
    call callback_syscall
    jmp entry_return

entry_syscall32:
    push %r11
    push $0xe023
    push %rcx
    push $0
    PUSH_GENERAL
    mov %rsp, %rdi
    call callback_syscall32
    jmp entry_return

/* rsp was loaded with the end of vcpu->regs; neither rip nor rsp of the guest are known. */
    .globl entry_sysenter
entry_sysenter:
    push $0xe02b
    push $0
    pushfq
    push $2
    popfq
    orl $0x200, (%rsp)
    push $0xe023
    push $0
    push $0
    CLAC
    PUSH_GENERAL
    mov %rsp, %rdi
    call callback_sysenter
    jmp entry_return

/* void entry_resume(struct pv_vcpu *): goes back to the guest with vcpu->regs, for good. */
    .globl entry_resume
entry_resume:
    mov %rdi, %rsp
    jmp entry_return

/* void entry_idle(void) */
    .globl entry_idle, entry_idle_halt
entry_idle:
    sti
entry_idle_halt:
    hlt
entry_idle_halted:
    cli
    ret
    .if entry_idle_halted - entry_idle_halt != 1
    .error "trap.c steps over hlt by one byte"
    .endif

/* ---- Interrupt gates --------------------------------------------------------------------- */

    .balign 16
    .globl entry_gates
entry_gates:
    .set n, 0
    .rept 256
    .balign 16
    .if (n != 8) && (n != 10) && (n != 11) && (n != 12) && (n != 13) && (n != 14) && (n != 17) && (n != 21) && (n != 29) && (n != 30)
    push $0
    .endif
    movl $n, 4(%rsp)
    jmp entry_gate
    .set n, n + 1
    .endr

    .balign 16
entry_gate:
    testb $3, 16(%rsp)
    jz entry_gate_shim
entry_gate_guest:
    CLAC
    PUSH_GENERAL
    cld
    mov %rsp, %rdi
    call trap_from_guest
    jmp entry_return

/* A fault of the shim itself: at a fix-up address, at the iretq, or a bug. */
entry_gate_shim:
    CLAC
    PUSH_GENERAL
    cld
    mov %rsp, %rdi
    mov %rsp, %rbp
    and $~15, %rsp
    call trap_from_shim
    mov %rbp, %rsp
    POP_GENERAL
    add $8, %rsp
    iretq

/* From an IST stack to the frame of the vCPU, when the guest was interrupted. */
.macro IST_TO_FRAME vector
    push %rax
    mov %rsp, %rax
    and $~(VCPU_BLOCK_SIZE - 1), %rax
    add $(VCPU_BLOCK_VCPU + REGS_SIZE), %rax
    xchg %rsp, %rax
    push 40(%rax)
    push 32(%rax)
    push 24(%rax)
    push 16(%rax)
    push 8(%rax)
    push $0
    movl $\vector, 4(%rsp)
    mov (%rax), %rax
    jmp entry_gate_guest
.endm

    .globl entry_nmi
entry_nmi:
    testb $3, 8(%rsp)
    jz 1f
    IST_TO_FRAME 2
1:  push %rax
    mov %rsp, %rax
    and $~(VCPU_BLOCK_SIZE - 1), %rax
    lock orb $WORK_NMI, VCPU_BLOCK_VCPU + VCPU_WORK(%rax)
    pop %rax
    iretq

/* In the shim only a stepped SYSENTER or a MOV SS before SYSCALL brings us here: forget it. */
    .globl entry_debug
entry_debug:
    testb $3, 8(%rsp)
    jz 1f
    IST_TO_FRAME 1
1:  testl $FLAG_VM, 16(%rsp)
    jnz 2f
    andl $~0x100, 16(%rsp)
    iretq
2:  push $0
    movl $1, 4(%rsp)
    jmp entry_fatal

    .globl entry_machine_check
entry_machine_check:
    testb $3, 8(%rsp)
    jz 1f
    IST_TO_FRAME 18
1:  push $0
    movl $18, 4(%rsp)
    jmp entry_fatal

    .globl entry_double_fault
entry_double_fault:
    movl $8, 4(%rsp)
entry_fatal:
    PUSH_GENERAL
    mov %rsp, %rdi
    and $~15, %rsp
    call trap_fatal
    ud2

/* ---- Guest memory ------------------------------------------------------------------------ */

/*
 * u64 guest_copy_bytes(void *to, const void *from, u64 bytes): 0, or not all was copied. Either
 * side may be the guest's; the caller has checked the range.
 */
    .globl guest_copy_bytes
guest_copy_bytes:
    mov %rdx, %rcx
    shr $3, %rcx
    and $7, %edx
    STAC
1:  rep movsq
    mov %edx, %ecx
2:  rep movsb
3:  CLAC
    mov %rcx, %rax
    ret
    FIXUP 1b, 3b
    FIXUP 2b, 3b

/* u64 guest_clear_bytes(void *to, u64 bytes): 0, or not all was cleared. */
    .globl guest_clear_bytes
guest_clear_bytes:
    mov %rsi, %rcx
    shr $3, %rcx
    and $7, %esi
    xor %eax, %eax
    STAC
1:  rep stosq
    mov %esi, %ecx
2:  rep stosb
3:  CLAC
    mov %rcx, %rax
    ret
    FIXUP 1b, 3b
    FIXUP 2b, 3b

/* u64 msr_read_safe(u32 msr, u64 *value) and msr_write_safe(u32 msr, u64 value): 1 on #GP. */
    .globl msr_read_safe
msr_read_safe:
    mov %edi, %ecx
1:  rdmsr
    shl $32, %rdx
    or %rdx, %rax
    mov %rax, (%rsi)
    xor %eax, %eax
    ret
2:  mov $1, %eax
    ret
    FIXUP 1b, 2b

    .globl msr_write_safe
msr_write_safe:
    mov %edi, %ecx
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
1:  wrmsr
    xor %eax, %eax
    ret
2:  mov $1, %eax
    ret
    FIXUP 1b, 2b

/* u64 xsetbv_safe(u32 index, u64 value): 1 on #GP. */
    .globl xsetbv_safe
xsetbv_safe:
    mov %edi, %ecx
    mov %esi, %eax
    mov %rsi, %rdx
    shr $32, %rdx
1:  xsetbv
    xor %eax, %eax
    ret
2:  mov $1, %eax
    ret
    FIXUP 1b, 2b

/* u64 segment_load_gs_user(u16 selector): loads it into the user's %gs; 1 when it is bad. */
    .globl segment_load_gs_user
segment_load_gs_user:
    swapgs
1:  mov %edi, %gs
    mfence
    swapgs
    xor %eax, %eax
    ret
2:  xor %edi, %edi
    mov %edi, %gs
    swapgs
    mov $1, %eax
    ret
    FIXUP 1b, 2b

    .section .note.GNU-stack, "", @progbits
