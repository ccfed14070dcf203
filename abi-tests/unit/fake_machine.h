/* A machine for host tests of hv/core and hypercall: memory, a clock that stands, a CPU that
 * runs nothing. Link it with the sources under test in place of hv/cpu. */
#ifndef ABI_TESTS_UNIT_FAKE_MACHINE_H
#define ABI_TESTS_UNIT_FAKE_MACHINE_H

#include <setjmp.h>

#include "hv/core/partition.h"
#include "hv/cpu/run.h"

#define FAKE_FRAMES 16384u /* 64 MiB */

/* Fresh memory, no partitions, time 1 s. */
void fake_machine_reset(void);

extern u64 fake_now_ns;

/* What the guest's registers would say; all vCPUs share it. */
extern struct guest_paging fake_paging;
extern u32 fake_pci_written; /* value of the last one */
extern u32 fake_cpl;
extern enum guest_mode fake_mode;
extern u8 fake_xmm[GUEST_XMM_BYTES];
extern u32 fake_flushes;
extern u32 fake_apic_id;

/* The serial line. */
extern char fake_serial[4096];
extern u32 fake_serial_used;
extern const char *fake_keys;
/* The control line: what it took last, how much it still takes, what comes. */
extern char fake_control[256];
extern size_t fake_control_room;
extern const char *fake_control_keys;

/* Where a machine that is switched off goes to; NULL: it is not expected to be. */
extern jmp_buf *fake_power_gone;
extern u32 fake_power_reason;

/* A partition with one vCPU, running; panics are test failures. */
struct partition *fake_partition(const char *name, u32 flags, u64 pages);

#endif
