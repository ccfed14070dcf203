/* The run-time of our own guests: where memory is, how they begin, speak and end. */
#ifndef GUEST_DRIVERS_LIB_GUEST_H
#define GUEST_DRIVERS_LIB_GUEST_H

#include "hv/lib/types.h"

/*
 * Guest-physical addresses below GUEST_MAPPED are mapped one to one by start.S. The hypervisor
 * puts boot modules from 4 GiB upward; from GUEST_WINDOW upward a guest may map what it
 * borrows.
 */
#define GUEST_WINDOW ((u64)8 << 30)
#define GUEST_MAPPED ((u64)16 << 30)

static inline void *guest_pointer(u64 physical)
{
    return (void *)(uintptr_t)physical;
}

/* Written by each guest; start_info is a physical address [xen-pvh-hvm.md 1]. */
void guest_main(u64 start_info) __attribute__((noreturn));

/* Called by start.S. */
void guest_begin(u64 start_info) __attribute__((noreturn));
void guest_trap(u64 vector, u64 error, u64 rip, u64 cr2) __attribute__((noreturn));

/* Bytes to the serial line as they are. */
void console_write(const char *bytes, size_t count);

/* End of the image in memory: what follows is free. */
extern u8 guest_image_end[];

#endif
