/*
 * First instruction of the shim: 32-bit flat, paging off, ebx = hvm_start_info
 * [xen/arch-x86/hvm/start_info.h]. Builds early page tables (image in its own slot, the first
 * 4 GiB direct and identity), enters long mode, calls shim_main(start_info).
 */
#include "xen-adapter/pv/offsets.h"

#define PHYS(symbol) (symbol - 0xffff828000000000 + 0x100000)

#define CR0_EARLY 0x80010033 /* PG WP NE ET MP PE */
#define CR4_EARLY 0x00000620 /* OSXMMEXCPT OSFXSR PAE: the decoders use SSE */
#define EFER_EARLY 0x00000901 /* NXE LME SCE */

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long PHYS(shim_start)
    .long 8, 4, 1 /* XEN_NOTE_SHIM_CALLS */
    .asciz "Entente"
    .long PHYS(hypercall_count)

    .section .text.start, "ax"
    .code32
    .globl shim_start
shim_start:
    cld
    movl %ebx, %ebp

    /* identity and direct map: four L2 tables of 2 MiB pages */
    movl $PHYS(early_l2_direct), %edi
    movl $0xe3, %eax /* P RW A D PS */
    xorl %ecx, %ecx
1:  movl %eax, (%edi, %ecx, 8)
    movl $0, 4(%edi, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jne 1b

    /* image: 4 KiB pages, two L1 tables */
    movl $PHYS(early_l1_image), %edi
    movl $0x100063, %eax /* IMAGE_PHYS, P RW A D */
    xorl %ecx, %ecx
2:  movl %eax, (%edi, %ecx, 8)
    movl $0, 4(%edi, %ecx, 8)
    addl $0x1000, %eax
    incl %ecx
    cmpl $1024, %ecx
    jne 2b

    movl $PHYS(early_l3_direct), %edi
    movl $PHYS(early_l2_direct) + 0x63, %eax
    xorl %ecx, %ecx
3:  movl %eax, (%edi, %ecx, 8)
    addl $0x1000, %eax
    incl %ecx
    cmpl $4, %ecx
    jne 3b

    movl $PHYS(early_l2_image), %edi
    movl $PHYS(early_l1_image) + 0x63, %eax
    movl %eax, (%edi)
    addl $0x1000, %eax
    movl %eax, 8(%edi)
    movl $PHYS(early_l3_image), %edi
    movl $PHYS(early_l2_image) + 0x63, (%edi)

    movl $PHYS(shim_l4), %edi
    movl $PHYS(early_l3_direct) + 0x63, (%edi)
    movl $PHYS(early_l3_direct) + 0x63, 262 * 8(%edi)
    movl $PHYS(early_l3_image) + 0x63, 261 * 8(%edi)

    movl $CR4_EARLY, %eax
    movl %eax, %cr4
    movl %edi, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $EFER_EARLY, %eax
    wrmsr
    movl $CR0_EARLY, %eax
    movl %eax, %cr0
    lgdt PHYS(early_gdt_pointer)
    ljmp $0x08, $PHYS(4f)

    .code64
4:  movabsq $5f, %rax
    jmp *%rax
5:  xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $0x10, %ecx
    movl %ecx, %ss
    lldt %ax
    lgdt early_gdt_pointer_high(%rip)
    leaq vcpu_boot_block + VCPU_BLOCK_VCPU - 8(%rip), %rsp /* this_vcpu() works on it */
    fninit
    ldmxcsr default_mxcsr(%rip)
    movl $0xc0000100, %ecx /* FS base: the libraries' stack guard lies at %fs:0x28 */
    leaq stack_guard(%rip), %rdx
    movl %edx, %eax
    shrq $32, %rdx
    wrmsr
    movl %ebp, %edi
    xorl %ebp, %ebp
    call shim_main
    ud2

/*
 * Early traps: vector and error code to early_trap(vector, error, rip, cr2), which never returns.
 */
    .balign 16
    .globl early_stubs
early_stubs:
    vector = 0
    .rept 32
    .balign 16
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
    .else
    push $0
    .endif
    push $vector
    jmp early_common
    vector = vector + 1
    .endr

early_common:
    popq %rdi
    popq %rsi
    movq (%rsp), %rdx
    movq %cr2, %rcx
    andq $~15, %rsp
    cld
    call early_trap
    ud2

    .section .rodata
    .balign 8
early_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 0x08: 64-bit code */
    .quad 0x00cf93000000ffff /* 0x10: data */
early_gdt_end:
early_gdt_pointer:
    .word early_gdt_end - early_gdt - 1
    .long PHYS(early_gdt)
    .balign 8
early_gdt_pointer_high:
    .word early_gdt_end - early_gdt - 1
    .quad early_gdt
default_mxcsr:
    .long 0x1f80

    .section .text.hypercall_page, "ax"
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .fill 4096, 1, 0xcc

    .section .bss
    .balign 4096
    .globl shim_l4, early_l3_direct, early_l2_direct, early_l3_image, early_l2_image
    .globl early_l1_image
shim_l4:
    .skip 4096
early_l3_direct:
    .skip 4096
early_l3_image:
    .skip 4096
early_l2_image:
    .skip 4096
early_l1_image:
    .skip 2 * 4096
early_l2_direct:
    .skip 4 * 4096
    .balign 16
stack_guard:
    .skip 64
