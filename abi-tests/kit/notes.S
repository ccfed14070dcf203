/*
 * The boot contract by ELF notes: one image for two starts, as a 64-bit PV guest (ENTRY) and as a
 * PVH guest (PHYS32_ENTRY). Linked where it is loaded, VIRT_BASE 0, so that addresses agree.
 */
    .section .note.Xen, "a", @note
    .macro note_head type
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
    .endm
    .macro note_text type, value
    note_head \type
1:  .asciz "\value"
2:  .balign 4
    .endm
    .macro note_number type, value
    note_head \type
1:  .quad \value
2:  .balign 4
    .endm
    note_text 6, "entente-kit"
    note_text 8, "generic"
    note_text 5, "xen-3.0"
    note_number 3, 0
    note_number 4, 0
    note_number 1, start_pv
    note_number 2, hypercall_page
    note_text 10, "!writable_page_tables|pae_pgdir_above_4gb"
    note_text 9, "yes"
    note_number 18, start_pvh

    .section .note.GNU-stack, "", @progbits
