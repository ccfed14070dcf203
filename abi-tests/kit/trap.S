/*
 * Traps as values: 32 gates for each kind of guest, and the way back into kit_try().
 * A PV guest finds rcx and r11 below the frame, and its kernel code stays at CPL 3.
 */
    .text
    .macro gate vector, kind
    .balign 16
    .ifc \kind, pv
    popq %rcx
    popq %r11
    .endif
    .if \vector != 8 && (\vector < 10 || \vector > 14) && \vector != 17 && \vector != 21
    pushq $0
    .endif
    pushq $\vector
    jmp kit_trap_common
    .endm

    .globl kit_gates_pv, kit_gates_pvh
    .balign 16
kit_gates_pv:
    .set number, 0
    .rept 32
    gate number, pv
    .set number, number + 1
    .endr
    .balign 16
kit_gates_pvh:
    .set number, 0
    .rept 32
    gate number, pvh
    .set number, number + 1
    .endr

    .balign 16
kit_trap_common:
    movq %rsp, %rdi
    andq $-16, %rsp
    cld
    call kit_trap_taken     /* stays here only when nobody waits */
1:  jmp 1b

/* u64 kit_try_run(void (*body)(u64), u64 argument): 0 when the body returned, 1 after a trap. */
    .globl kit_try_run
kit_try_run:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    movq %rsp, kit_recovery(%rip)
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    xorl %eax, %eax
2:  movq $0, kit_recovery(%rip)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .globl kit_try_leave
kit_try_leave:
    movq kit_recovery(%rip), %rsp
    movl $1, %eax
    jmp 2b

/* Event upcall of an HVM guest through its IDT, without a local APIC. */
    .globl kit_event_pvh
kit_event_pvh:
    incq kit_events(%rip)
    andl $~0x200, 16(%rsp)      /* stay masked */
    iretq

/* The same through the local APIC: ends the interrupt there. */
    .globl kit_event_apic
kit_event_apic:
    incq kit_events(%rip)
    andl $~0x200, 16(%rsp)
    pushq %rax
    movl $0xfee000b0, %eax
    movl $0, (%rax)
    popq %rax
    iretq

    .bss
    .balign 8
    .globl kit_recovery
kit_recovery:
    .skip 8

    .section .note.GNU-stack, "", @progbits
