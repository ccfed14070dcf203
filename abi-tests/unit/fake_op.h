/*
 * The native operations for host tests of an adapter: one partition with two vCPUs, a small
 * memory in which virtual addresses are physical ones, ports, timers and a clock that stands.
 * Link fake_op.c, fake_op_memory.c and fake_op_port.c with the adapter's sources in place of
 * hypercall/ and hv/core.
 */
#ifndef ABI_TESTS_UNIT_FAKE_OP_H
#define ABI_TESTS_UNIT_FAKE_OP_H

#include "hypercall/op.h"

#define FAKE_PAGES 256u
#define FAKE_VCPUS 2u
#define FAKE_DOMID 3u

struct vcpu {
    u32 id;
    struct regs regs;
    void *abi;
    u32 raised[64];
    u32 raised_count;
    u8 external, lapic;
    u32 lapic_raises, nmis;
    bool is_up, is_initialised, is_parked;
    u64 park_deadline;
    u64 single_ns, period_ns;
    struct op_vcpu_context context;
};

struct partition {
    void *abi;
    bool is_ended;
    bool shows_tlfs;
    enum native_end reason;
    u64 pages;
    u64 watchdog[OP_WATCHDOGS]; /* 0: not set */
};

extern struct vcpu fake_vcpu[FAKE_VCPUS];
extern struct partition fake_partition;
extern u8 *fake_page[FAKE_PAGES]; /* what lies at a frame, NULL: a hole */
extern enum op_mode fake_mode;
extern u32 fake_cpl;
extern u64 fake_now_ns;
extern char fake_log[256];
extern u64 fake_yields;
extern u32 fake_ranges;        /* of the memory map, at most 2 */
extern bool fake_is_read_only; /* what calls point to */
extern s64 fake_holds;         /* pages that the adapter holds */
extern bool fake_is_full;      /* no page is given out any more */

/* Everything anew: frames 0 to FAKE_PAGES / 2 - 1 are memory. */
void fake_op_reset(void);
/* Its parts, which it calls. */
void fake_memory_reset(void);
void fake_ports_reset(void);
/* A guest address as the host's pointer; NULL in a hole. */
void *fake_guest(u64 at);

/* How often each row was called, and the last record of a call. */
extern u64 fake_call_count[NATIVE_COUNTERS];
extern struct native_trace_record fake_call_last;

#endif
