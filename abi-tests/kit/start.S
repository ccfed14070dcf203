/* Entry points of the micro-guest; notes.S or legacy.S tells the loader about them. */
    .section .entry, "ax"
    .code64
    .globl start_pv
start_pv:
    cld
    movq $kit_stack_end, %rsp
    movq %rsi, %rdi
    movl $1, %esi
    xorl %ebp, %ebp
    call kit_start
1:  jmp 1b

    .code32
    .globl start_pvh
start_pvh:
    cld
    movl $kit_stack_end, %esp
    movl %ebx, %edi
    /* identity map of 4 GiB with 2 MiB pages */
    movl $kit_directories, %ecx
    movl $0x83, %eax
1:  movl %eax, (%ecx)
    movl $0, 4(%ecx)
    addl $8, %ecx
    addl $0x200000, %eax
    jnc 1b
    movl $kit_directories + 0x0003, kit_pointers
    movl $kit_directories + 0x1003, kit_pointers + 8
    movl $kit_directories + 0x2003, kit_pointers + 16
    movl $kit_directories + 0x3003, kit_pointers + 24
    movl $kit_pointers + 3, kit_top
    movl %cr4, %eax
    orl $0x6a0, %eax        /* PAE, PGE, OSFXSR, OSXMMEXCPT */
    movl %eax, %cr4
    movl $kit_top, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax
    wrmsr
    movl $0x80000033, %eax
    movl %eax, %cr0
    lgdt kit_gdt_pointer
    ljmp $0x8, $1f
    .code64
1:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %edi, %edi
    xorl %esi, %esi
    xorl %ebp, %ebp
    call kit_start
1:  jmp 1b

/* PV event callback: counts, takes the pending word, returns by the iret hypercall with the frame's
 * own flags. */
    .globl kit_event_pv
kit_event_pv:
    popq %rcx
    popq %r11
    incq kit_events(%rip)
    andl $~0x200, 16(%rsp)      /* stay masked */
    pushq $0
    jmp hypercall_page + 23 * 32

/* Trap entries of the micro-guest for #UD: PV handlers find rcx and r11 on the stack first. */
    .globl kit_ud_pv, kit_ud_pvh
kit_ud_pv:
    popq %rcx
    popq %r11
    addq $2, (%rsp)
    pushq $0 /* flags: full restore; the slot itself pushes rcx, r11 and rax */
    jmp hypercall_page + 23 * 32
kit_ud_pvh:
    addq $2, (%rsp)
    iretq

    .balign 8
kit_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
kit_gdt_pointer:
    .short kit_gdt_pointer - kit_gdt - 1
    .long kit_gdt

    .bss
    .balign 4096
    .globl kit_top, kit_directories
kit_top:
    .skip 4096
    .globl kit_pointers
kit_pointers:
    .skip 4096
kit_directories:
    .skip 4 * 4096
    .globl kit_stack
kit_stack:
    .skip 8 * 4096
kit_stack_end:

    .globl kit_events
    .balign 8
kit_events:
    .skip 8

    .section .note.GNU-stack, "", @progbits
