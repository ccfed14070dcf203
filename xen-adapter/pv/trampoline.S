/*
 * trampoline(edi = this page, esi = job): leaves long mode, moves, jumps. Position-independent;
 * runs from its copy in an identity-mapped page.
 */
    .section .rodata.trampoline, "a"
    .balign 16
    .globl trampoline_code, trampoline_code_end
    .code64
trampoline_code:
    cli
    lidt trampoline_no_idt(%rip)
    leaq trampoline_gdt(%rip), %rax
    movq %rax, trampoline_gdt_pointer + 2(%rip)
    lgdt trampoline_gdt_pointer(%rip)
    leal 4096(%edi), %esp
    leaq 1f(%rip), %rax
    pushq $0x10
    pushq %rax
    lretq

    .code32
1:  movl $0x18, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl $0x11, %eax /* PE ET: paging off */
    movl %eax, %cr0
    movl $0xc0000080, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
    wrmsr
    movl %eax, %cr4
    movl %eax, %cr3

    movl %esi, %ebp
    movl 12(%ebp), %edx
    leal 16(%ebp), %ebx
    cld
2:  testl %edx, %edx
    jz 5f
    movl (%ebx), %edi
    movl 4(%ebx), %esi
    movl 8(%ebx), %ecx
    cmpl $-1, %esi
    je 3f
    rep movsb
    jmp 4f
3:  xorl %eax, %eax
    rep stosb
4:  addl $12, %ebx
    decl %edx
    jmp 2b

5:  movl 4(%ebp), %ebx
    movl 8(%ebp), %esi
    movl (%ebp), %eax
    xorl %edi, %edi
    xorl %ebp, %ebp
    pushl $2
    popfl
    jmp *%eax

    .balign 8
trampoline_gdt:
    .quad 0
    .quad 0
    .quad 0x00cf9b000000ffff /* 0x10: Linux's __BOOT_CS */
    .quad 0x00cf93000000ffff /* 0x18: __BOOT_DS */
trampoline_gdt_pointer:
    .word 31
    .quad 0
trampoline_no_idt:
    .word 0
    .quad 0
trampoline_code_end:
