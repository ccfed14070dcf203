/*
 * The two personalities: what happens once main.c knows memory and modules.
 */
#ifndef XEN_ADAPTER_PV_LOADER_H
#define XEN_ADAPTER_PV_LOADER_H

#include "xen-adapter/pv/kernel.h"

/* PVH: places the kernel, leaves it the start info and is gone. */
void loader_run(void) __attribute__((noreturn));

/* PV: builds the domain's start of day, stays below it. */
void build_run(void) __attribute__((noreturn));

/* Ends the domain with "pvshim: kernel: <what> (at byte N); <fix>". */
void kernel_refuse(const struct complaint *complaint) __attribute__((noreturn));

/* MiB that a guest with this kernel and these modules should have, for messages. */
u64 memory_wanted(const struct payload *payload);

/* The kernel module's payload; ends the domain when it is none. */
struct payload kernel_payload(void);

/*
 * Reads the ELF and program headers of the payload into a buffer that lives until the next call
 * of arena_set() or change of free_ram. Ends the domain when they are broken.
 */
struct elf_image kernel_head(const struct payload *payload);

#endif
