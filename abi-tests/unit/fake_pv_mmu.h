/* A machine for the shim's MMU: an array as memory, a TLB that only counts, host addresses as
 * guest addresses. */
#ifndef ABI_TESTS_UNIT_FAKE_PV_MMU_H
#define ABI_TESTS_UNIT_FAKE_PV_MMU_H

#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/mmu.h"

#define FAKE_FRAMES     128u
#define FAKE_ZERO       2u /* zero page; below FAKE_GUEST everything is the shim's */
#define FAKE_GUEST      8u /* first frame of the guest */
#define FAKE_GUEST_END  112u
#define FAKE_SPECIAL    112u /* four special frames */
#define FAKE_FOREIGN    116u /* four foreign ones; the rest are holes */
#define FAKE_HOLE       120u
#define FAKE_SLOT_ENTRY 0x3003ull /* what the shim's L4 slots hold, plus n << 12 */

struct fake_machine {
    u64 page_flushes;
    u64 flushed_va; /* of the last page flush */
    u64 cache_flushes;
    u64 full_flushes;
    u64 cr3_loads;
    u64 smap_disabled;
    mfn_t cr3;
    u64 ldt_base;
    u32 ldt_entries;
    bool was_locked;     /* M, at the last copy from the guest */
    bool guest_fault;    /* every copy from or to the guest fails */
    u64 guest_end;       /* nothing of the guest is readable from here on; 0: no limit */
    u64 guest_write_end; /* nor writable from here on */
    bool stale_writable[FAKE_FRAMES];
};

extern struct fake_machine fake;
extern struct pv_vcpu fake_vcpu;

/* A fresh machine: no frame typed, one vCPU without tables. */
void fake_reset(void);

u64 *fake_table(u64 number);
u64 fake_word(u64 number);

/*
 * Four tables that map the frames [first, first + count) at FAKE_VA, read-only those in
 * [l4, l4 + 4): l4, l3, l2, l1 in that order. Plain memory writes; nothing typed.
 */
#define FAKE_VA 0xffffffff80000000ull
void fake_build(u64 l4, u64 first, u64 count);
u64 fake_va_of(u64 first, u64 number);

/* fake_build and mmu_boot, l4 and the rest at FAKE_GUEST, all guest frames mapped. */
void fake_boot(void);

/* Recomputes every count from the tables, pins and registers; fails the test on a difference.
 */
void fake_check(void);

/* One call each with a single element. */
enum status fake_update(u64 pointer, u64 value);
enum status fake_ext(u32 command, u64 arg1, u64 arg2);

#endif
