/*
 * What bare QEMU needs up to a PVH kernel's first instruction: prints the TSC there on COM1 as
 * "entry-tsc <hex>" and ends QEMU through isa-debug-exit.
 */
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start

    .text
    .code32
    .globl start
start:
    rdtsc
    movl %eax, %esi
    movl %edx, %edi
    movl $text, %ebx
1:  movb (%ebx), %al
    testb %al, %al
    jz 2f
    call put
    incl %ebx
    jmp 1b
2:  movl %edi, %ebx
    call put_hex
    movl %esi, %ebx
    call put_hex
    movb $'\n', %al
    call put
    movl $0xf4, %edx
    outl %eax, %dx
3:  hlt
    jmp 3b

put_hex:
    movl $8, %ecx
4:  roll $4, %ebx
    movl %ebx, %eax
    andl $15, %eax
    movb digits(%eax), %al
    call put
    decl %ecx
    jnz 4b
    ret

put:
    movl $0x3f8, %edx
    outb %al, %dx
    ret

text:
    .asciz "entry-tsc "
digits:
    .ascii "0123456789abcdef"

    .section .note.GNU-stack, "", @progbits
