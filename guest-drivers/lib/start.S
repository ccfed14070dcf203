/*
 * First instructions of a guest of ours: PVH start state (32-bit flat, ebx = start info) to 64-bit
 * mode with the first 16 GiB mapped one to one in 2 MiB pages. [xen-pvh-hvm.md 1]
 */
#define DIRECTORIES 16
#define STACK_BYTES 0x10000

    .section .note.Xen, "a"
    .balign 4
    .long 4, 4, 18          /* owner "Xen", PHYS32_ENTRY */
    .asciz "Xen"
    .long guest_start

    .section .text.start, "ax"
    .code32
    .globl guest_start
guest_start:
    cld
    movl $stack_end, %esp
    movl %ebx, %ebp

    /* Each directory entry maps 2 MiB: present, writable, large, accessed, dirty. */
    movl $directories, %edi
    movl $0xe3, %eax
    xorl %edx, %edx
    movl $DIRECTORIES * 512, %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    adcl $0, %edx
    addl $8, %edi
    loop 1b

    movl $pointers, %edi
    movl $directories + 3, %eax
    movl $DIRECTORIES, %ecx
2:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 2b
    movl $pointers + 3, top

    movl %cr4, %eax
    orl $0x20, %eax         /* PAE */
    movl %eax, %cr4
    movl $top, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx  /* EFER: LME */
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80010000, %eax   /* PG, WP */
    movl %eax, %cr0
    lgdt descriptor_pointer
    ljmp $8, $start64

    .code64
start64:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $stack_end, %rsp
    movl %ebp, %edi
    xorl %ebp, %ebp
    call guest_begin
3:  hlt
    jmp 3b

/* One entry point for each exception, all with an error code on the stack. */
    .altmacro
    .macro trap number
trap_\number:
    .if (\number == 8) || (\number >= 10 && \number <= 14) || (\number == 17) || (\number == 21)
    .else
    pushq $0
    .endif
    pushq $\number
    jmp trap_common
    .endm
    .set i, 0
    .rept 32
    trap %i
    .set i, i + 1
    .endr

trap_common:
    popq %rdi               /* vector */
    popq %rsi               /* error code */
    popq %rdx               /* rip */
    movq %cr2, %rcx
    andq $-16, %rsp
    call guest_trap

    .section .rodata
    .globl guest_trap_entries
    .balign 8
guest_trap_entries:
    .macro trap_address number
    .quad trap_\number
    .endm
    .set i, 0
    .rept 32
    trap_address %i
    .set i, i + 1
    .endr

    .balign 8
descriptors:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
descriptor_pointer:
    .word . - descriptors - 1
    .long descriptors

    .bss
    .balign 4096
top:
    .skip 4096
pointers:
    .skip 4096
directories:
    .skip DIRECTORIES * 4096
    .skip STACK_BYTES
stack_end:

    .section .note.GNU-stack, "", @progbits
