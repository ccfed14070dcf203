/*
 * Where another CPU begins after its start-up interrupt: real mode, at SMP_PAGE, to which these
 * bytes are copied. It goes to long mode on the boot tables, whose low 4 GiB are mapped at 0, and
 * from there to the image, the final tables and its own stack. [APM2 14.6, 15.27.8; SDM 3 8.4]
 */
#define SMP_PAGE 0x8000
#define HV_BASE 0xffffffff80000000
#define PHYS(symbol) ((symbol) - HV_BASE)
#define COPY(symbol) (SMP_PAGE + (symbol) - smp_trampoline)

    .section .rodata
    .balign 16
    .globl smp_trampoline, smp_trampoline_end
    .code16
smp_trampoline:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl COPY(smp_gdt_pointer)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x08, $COPY(smp_protected)

    .code32
smp_protected:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl $PHYS(boot_top), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmp $0x18, $COPY(smp_long)

    .code64
smp_long:
    movq $smp_image, %rax
    jmp *%rax

    .balign 8
smp_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00af9b000000ffff
smp_gdt_pointer:
    .short smp_gdt_pointer - smp_gdt - 1
    .long COPY(smp_gdt)
smp_trampoline_end:

    .text
smp_image:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq smp_start_tables, %rax
    movq %rax, %cr3
    movq smp_start_stack, %rsp
    xorl %ebp, %ebp
    pushq $0
    jmp smp_main

    .section .note.GNU-stack, "", @progbits
