/*
 * void svm_enter(struct regs *regs, u64 vmcb, u64 host_save, u64 stuff_return_stack)
 *
 * Loads the guest's registers, runs it, saves them. GIF is clear from before the guest's segments
 * are loaded until the hypervisor's are back, so that no NMI meets the guest's TR; IF is set while
 * GIF is clear because under V_INTR_MASKING the host's IF decides whether interrupts make the
 * guest exit. [APM2 15.5, 15.17, 15.21.1] Offsets are those of hv/lib/regs.h.
 */
        .text
        .globl svm_enter
        .type svm_enter, @function
svm_enter:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rcx
        push    %rdx
        push    %rdi
        mov     %rsi, %rax
        clgi
        sti
        vmload  %rax
        mov     8(%rdi), %rcx
        mov     16(%rdi), %rdx
        mov     24(%rdi), %rbx
        mov     40(%rdi), %rbp
        mov     48(%rdi), %rsi
        mov     64(%rdi), %r8
        mov     72(%rdi), %r9
        mov     80(%rdi), %r10
        mov     88(%rdi), %r11
        mov     96(%rdi), %r12
        mov     104(%rdi), %r13
        mov     112(%rdi), %r14
        mov     120(%rdi), %r15
        mov     56(%rdi), %rdi
        vmrun   %rax
        vmsave  %rax
        push    %rdi
        mov     8(%rsp), %rdi
        mov     %rcx, 8(%rdi)
        mov     %rdx, 16(%rdi)
        mov     %rbx, 24(%rdi)
        mov     %rbp, 40(%rdi)
        mov     %rsi, 48(%rdi)
        mov     %r8, 64(%rdi)
        mov     %r9, 72(%rdi)
        mov     %r10, 80(%rdi)
        mov     %r11, 88(%rdi)
        mov     %r12, 96(%rdi)
        mov     %r13, 104(%rdi)
        mov     %r14, 112(%rdi)
        mov     %r15, 120(%rdi)
        pop     56(%rdi)
        pop     %rdi
        pop     %rax
        pop     %rcx
        vmload  %rax
        test    %ecx, %ecx
        jnz     2f
1:      cli
        stgi
        cld
        /* Nothing of the guest stays where a mispredicted path could use it. */
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r11d, %r11d
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret

        /* 32 calls without return: the return predictor holds only our addresses. */
2:      mov     $16, %ecx
3:      call    5f
4:      pause
        lfence
        jmp     4b
5:      call    7f
6:      pause
        lfence
        jmp     6b
7:      dec     %ecx
        jnz     3b
        add     $256, %rsp
        jmp     1b
        .size svm_enter, . - svm_enter

        .section .note.GNU-stack, "", @progbits
