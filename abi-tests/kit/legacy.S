/*
 * The boot contract of old guests: a __xen_guest section with a string instead of notes, the
 * hypercall page by its number, no PHYS32 entry, a ramdisk that the builder maps.
 */
    .section __xen_guest, "a"
    .ascii "GUEST_OS=entente-legacy"
    .ascii ",XEN_VER=xen-3.0"
    .ascii ",VIRT_BASE=0x0"
    .ascii ",ELF_PADDR_OFFSET=0x0"
    .ascii ",HYPERCALL_PAGE=0x201"
    .ascii ",PAE=yes"
    .ascii ",LOADER=generic"
    .byte 0

    .section .note.GNU-stack, "", @progbits
