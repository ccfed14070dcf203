/* A guest with the Hyper-V interface on the fake machine: two vCPUs, 1 MiB of memory. */
#ifndef ABI_TESTS_UNIT_FAKE_TLFS_H
#define ABI_TESTS_UNIT_FAKE_TLFS_H

#include "abi-tests/unit/fake_machine.h"
#include "enlight/abi/tlfs.h"
#include "enlight/enlight.h"
#include "hypercall/abi/native.h"

#define TLFS_MEMORY     ((u64)1 << 20)
#define TLFS_INPUT_AT   0x20000u
#define TLFS_OUTPUT_AT  0x21000u
#define TLFS_CONSOLE_AT 0x30000u

extern struct partition *tlfs_root, *tlfs_guest;

/* Fresh; the hypercall page is on, the console ring is there. */
int tlfs_setup(void **state);

u64 tlfs_read(u32 vcpu, u32 msr); /* must not fault */
void tlfs_write(u32 vcpu, u32 msr, u64 value);
bool tlfs_read_faults(u32 vcpu, u32 msr);
bool tlfs_write_faults(u32 vcpu, u32 msr, u64 value);

/* A hypercall from vCPU 0 with registers as given; its result word. */
u64 tlfs_invoke(u64 control, u64 in, u64 out);
/* The same with its input copied to TLFS_INPUT_AT. */
u64 tlfs_invoke_with(u64 control, const void *input, u64 bytes);

/* A byte of guest memory as the host's pointer. */
void *tlfs_memory(u64 at);
/* Is the vector requested in the local APIC? It is not any more. */
bool tlfs_took_vector(u32 vcpu, u8 vector);
/* Time passes, timers run, the vCPU is about to be entered. */
void tlfs_pass(u32 vcpu, u64 ns);

#endif
