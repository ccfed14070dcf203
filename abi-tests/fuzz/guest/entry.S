/* What C cannot say: raw hypercalls, ways to user mode and back, random instructions. */
    .macro save
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm
    .macro restore
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    .endm
    .macro load_call from
    movq 0(\from), %rax
    movq 16(\from), %rsi
    movq 24(\from), %rdx
    movq 32(\from), %r10
    movq 40(\from), %r8
    movq 48(\from), %r9
    movq 8(\from), %rdi
    .endm

    .text
    .globl fuzz_raw_pv, fuzz_raw_pvh
fuzz_raw_pv:
    load_call %rdi
    syscall
    ret
fuzz_raw_pvh:
    load_call %rdi
    vmmcall
    ret

/* Leaves through an iret frame; whoever comes back does so at fuzz_landing, from any mode. */
    .globl fuzz_iret
fuzz_iret:
    save
    movq %rsp, fuzz_sp(%rip)
    pushq 40(%rdi)
    pushq 32(%rdi)
    pushq 24(%rdi)
    pushq 16(%rdi)
    pushq 8(%rdi)
    pushq 0(%rdi)
    jmp hypercall_page + 23 * 32

    .globl fuzz_user_call
fuzz_user_call:
    save
    movq %rsp, fuzz_sp(%rip)
    pushq 40(%rdi)
    pushq 32(%rdi)
    pushq 24(%rdi)
    pushq 16(%rdi)
    pushq 8(%rdi)
    pushq 0(%rdi)
    load_call %rsi
    movq %rax, %rbx
    jmp hypercall_page + 23 * 32

/* User mode: a hypercall from there, which arrives at the syscall callback. */
    .globl fuzz_user_entry
fuzz_user_entry:
    movq %rbx, %rax
    syscall
    ud2

    .globl fuzz_landing, fuzz_failsafe, fuzz_syscall
fuzz_failsafe:
    movl $0xe02b, %eax
    movl %eax, %ds
    movl %eax, %es
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
fuzz_syscall:
fuzz_landing:
    movq fuzz_sp(%rip), %rsp
    cld
    restore
    ret

/* Runs code that ends with a trap, with registers as given. */
    .globl fuzz_code
fuzz_code:
    save
    movq %rsp, fuzz_sp(%rip)
    movq %rdi, %r15
    movq 0(%rsi), %rax
    movq 8(%rsi), %rbx
    movq 16(%rsi), %rcx
    movq 24(%rsi), %rdx
    movq 32(%rsi), %rdi
    movq 40(%rsi), %rbp
    movq 48(%rsi), %r8
    movq 56(%rsi), %r9
    movq 64(%rsi), %r10
    movq 72(%rsi), %r11
    movq 80(%rsi), %r12
    movq 88(%rsi), %r13
    movq 96(%rsi), %r14
    movq 104(%rsi), %rsi
    jmp *%r15

/* fuzz_segment_load(which, selector) */
    .globl fuzz_segment_load
fuzz_segment_load:
    cmpl $1, %edi
    jb 1f
    je 2f
    cmpl $3, %edi
    jb 3f
    movl %esi, %gs
    xorl %eax, %eax
    movl %eax, %gs
    ret
1:  movl %esi, %ds
    movl $0xe02b, %eax
    movl %eax, %ds
    ret
2:  movl %esi, %es
    movl $0xe02b, %eax
    movl %eax, %es
    ret
3:  movl %esi, %fs
    xorl %eax, %eax
    movl %eax, %fs
    ret

    .bss
    .balign 16
fuzz_sp:
    .skip 16
    .skip 4096
    .globl fuzz_user_stack_end
fuzz_user_stack_end:

    .section .note.GNU-stack, "", @progbits
