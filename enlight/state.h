/*
 * What the adapter keeps for a partition and for a vCPU: pages owned by the partition and given
 * back with it; made at first use.
 *
 * Locks: all of it H.
 */
#ifndef ENLIGHT_STATE_H
#define ENLIGHT_STATE_H

#include "enlight/abi/tlfs.h"
#include "enlight/overlay.h"
#include "hypercall/op.h"

/* The serial port (16550A), see uart.c. */
struct tlfs_serial {
    struct native_console_ring *ring; /* NULL: not looked for yet, or there is none */
    u8 interrupt_enable, fifo, line, modem, scratch;
    u8 divisor[2];
    bool has_news; /* bytes the root has not been told of */
};

#define TLFS_IOAPIC_PINS 24u
struct tlfs_ioapic {
    u8 select;
    u32 id;
    u64 entry[TLFS_IOAPIC_PINS];
};

/* The PCI bus of a guest that starts by firmware, see pci.c; functions by number of disk. */
struct tlfs_pci_function {
    u32 region;  /* first I/O port */
    u16 command; /* register */
    u16 queue_select;
};
struct tlfs_pci {
    u32 address; /* register */
    struct tlfs_pci_function function[NATIVE_FIRMWARE_DISKS];
};

struct tlfs_domain {
    u64 guest_os_id;
    u64 hypercall; /* the register; its page is shown while bit 0 is set */
    struct tlfs_overlay hypercall_page;
    u64 reference_tsc;
    struct tlfs_overlay tsc_page;
    u64 tsc_invariant; /* the register: bit 0 shows CPUID's word for it */
    u64 tsc_scale;     /* 100 ns units for a tick, times 2^64 */
    u64 tsc_base;      /* units at guest TSC 0, taken off */
    u64 crash[5];
    struct tlfs_serial serial;
    struct tlfs_ioapic ioapic;
    u8 rtc_index;
    struct native_firmware *firmware; /* NULL: not looked for yet, or there is none */
    struct tlfs_pci pci;
};

struct tlfs_stimer {
    u64 config;
    u64 count;
    u64 due;         /* reference time; 0: not running */
    bool is_pending; /* expired, its message does not fit yet */
    u64 expired_at;
};

struct tlfs_vcpu {
    struct vcpu *vcpu;
    struct tlfs_domain *domain;
    u64 assist;
    struct tlfs_overlay assist_page;
    bool is_eoi_lazy; /* the guest may leave out its EOI by clearing the page's bit */
    u64 scontrol;
    u64 simp, siefp;
    struct tlfs_overlay message_page, event_page;
    u64 sint[TLFS_SINTS];
    bool has_work; /* look at messages, flags and timers again */
    struct tlfs_stimer stimer[TLFS_STIMERS];
};

_Static_assert(sizeof(struct tlfs_domain) <= PAGE_SIZE, "one page");
_Static_assert(sizeof(struct tlfs_vcpu) <= PAGE_SIZE, "one page");

/* The states, made when missing; NULL when there is no memory for them. */
struct tlfs_domain *tlfs_domain_get(struct partition *p);
struct tlfs_vcpu *tlfs_vcpu_get(struct vcpu *vcpu);

/* The page of the guest that it shares with the root, by the property that says where; NULL:
 * there is none. */
void *tlfs_shared_page(struct partition *p, enum native_property which);

/* Has its manifest asked for the control of the invariant TSC? */
static inline bool tlfs_has_tsc_control(const struct partition *p)
{
    return op_partition_property(p, NATIVE_TSC_INVARIANT);
}

/* Is this feature (TLFS_FEATURE_*) in the profile the guest sees? */
#define TLFS_HAS(name) (TLFS_HAS_##name)
enum {
#define TLFS_STATE_DONE                                 1
#define TLFS_STATE_PART                                 1
#define TLFS_STATE_REFUSED                              0
#define TLFS_STATE_ABSENT                               0
#define FEATURE(name, leaf, reg, bit, prio, state, doc) TLFS_HAS_##name = TLFS_STATE_##state,
#include "enlight/abi/tlfs.def"
    TLFS_HAS_none = 1
};

#endif
