/*
 * The first instruction, for three boot protocols: multiboot 1 and 2 and PVH. All arrive in 32-bit
 * flat protected mode without paging. Low 4 GiB are mapped at 0, in the direct map and the first
 * GiB at -2 GiB; ptab.c replaces these tables. edi keeps the protocol, esi the information.
 */
#define HV_BASE 0xffffffff80000000
#define PHYS(symbol) ((symbol) - HV_BASE)
#define BOOT_MULTIBOOT1 1
#define BOOT_MULTIBOOT2 2
#define BOOT_PVH 3

    .section .boot, "ax"
    .code32

/* Multiboot 1: aligned modules, memory information, and addresses in the header, because a loader
 * of this version takes no 64-bit ELF. [Multiboot 0.6.96, 3.1] */
#define MB1_FLAGS 0x00010003
    .balign 8
mb1_header:
    .long 0x1badb002
    .long MB1_FLAGS
    .long -(0x1badb002 + MB1_FLAGS)
    .long PHYS(mb1_header)
    .long PHYS(hv_text_begin)
    .long PHYS(hv_data_end)
    .long PHYS(hv_image_end)
    .long PHYS(start_multiboot)

/* Multiboot 2: the entry is given for ELF64 images, modules aligned. [Multiboot2 2.0, 3.1] */
    .balign 8
mb2_header:
    .long 0xe85250d6
    .long 0
    .long mb2_header_end - mb2_header
    .long -(0xe85250d6 + (mb2_header_end - mb2_header))
    .balign 8
    .short 3, 0
    .long 12
    .long PHYS(start_multiboot)
    .balign 8
    .short 6, 0
    .long 8
    .balign 8
    .short 0, 0
    .long 8
mb2_header_end:

    .globl start_pvh
start_pvh:
    cli
    movl $BOOT_PVH, %edi
    movl %ebx, %esi
    jmp start_common

start_multiboot:
    cli
    movl %ebx, %esi
    movl $BOOT_MULTIBOOT1, %edi
    cmpl $0x2badb002, %eax
    je start_common
    movl $BOOT_MULTIBOOT2, %edi
    cmpl $0x36d76289, %eax
    je start_common
1:  hlt
    jmp 1b

start_common:
    cld
    movl $PHYS(boot_stack_end), %esp
    /* four page directories of 2 MiB pages map 4 GiB */
    movl $PHYS(boot_directories), %ecx
    movl $0x83, %eax
    xorl %edx, %edx
1:  movl %eax, (%ecx)
    movl $0, 4(%ecx)
    addl $8, %ecx
    addl $0x200000, %eax
    jnc 1b
    /* the low table, which is also the direct map's, and the table of the last GiBs */
    movl $PHYS(boot_directories) + 3, %eax
    movl %eax, PHYS(boot_low)
    movl %eax, PHYS(boot_high) + 510 * 8
    addl $0x1000, %eax
    movl %eax, PHYS(boot_low) + 8
    addl $0x1000, %eax
    movl %eax, PHYS(boot_low) + 16
    addl $0x1000, %eax
    movl %eax, PHYS(boot_low) + 24
    movl $PHYS(boot_low) + 3, PHYS(boot_top)
    movl $PHYS(boot_low) + 3, PHYS(boot_top) + 256 * 8
    movl $PHYS(boot_high) + 3, PHYS(boot_top) + 511 * 8

    /* PAE, long mode with NX, paging. [APM2 14.6] */
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
    lgdt PHYS(boot_gdt_pointer)
    ljmp $0x8, $PHYS(start_long)

    .code64
start_long:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $boot_stack_end, %rsp
    xorl %ebp, %ebp
    movl %edi, %edi
    movl %esi, %esi
    movq $boot_main, %rax
    pushq $0
    jmp *%rax

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
boot_gdt_pointer:
    .short boot_gdt_pointer - boot_gdt - 1
    .long PHYS(boot_gdt)

/* PHYS32_ENTRY: where a PVH loader begins. [xen/elfnote.h] */
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad PHYS(start_pvh)

    .bss
    .balign 4096
    .globl boot_top
boot_top:
    .skip 4096
boot_low:
    .skip 4096
boot_high:
    .skip 4096
boot_directories:
    .skip 4 * 4096
    .globl boot_stack, boot_stack_end
boot_stack:
    .skip 4 * 4096
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
