/*
 * The Hyper-V interface: numbers stamped from tlfs.def, layouts and status codes. [TLFS] is
 * Microsoft's Hypervisor Top Level Functional Specification, version 6.0b.
 */
#ifndef ENLIGHT_ABI_TLFS_H
#define ENLIGHT_ABI_TLFS_H

#include "hv/lib/types.h"

/* Feature bits by name: TLFS_FEATURE_post_messages within their register. */
enum tlfs_feature_bit {
#define FEATURE(name, leaf, reg, bit, prio, state, doc)                                        \
    TLFS_FEATURE_##name = (int)(1u << (bit)),
#include "enlight/abi/tlfs.def"
};

enum tlfs_msr {
#define MSR(name, number, feature, prio, state, doc) TLFS_MSR_##name = number,
#include "enlight/abi/tlfs.def"
};

enum tlfs_call_code {
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    TLFS_CALL_##name = code,
#include "enlight/abi/tlfs.def"
};

/* Index of a feature; `none` is that of rows which need no feature. */
enum tlfs_feature_row {
    TLFS_FEATURE_ROW_none,
#define FEATURE(name, leaf, reg, bit, prio, state, doc) TLFS_FEATURE_ROW_##name,
#include "enlight/abi/tlfs.def"
    TLFS_FEATURE_ROWS
};

/* Index of a call or a register, for counters and traces; 0 is "no such call". */
enum tlfs_row_index {
    TLFS_ROW_none,
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    TLFS_ROW_##name,
#include "enlight/abi/tlfs.def"
#define MSR(name, number, feature, prio, state, doc) TLFS_ROW_MSR_##name,
#include "enlight/abi/tlfs.def"
    TLFS_ROWS
};

/* ---- CPUID [TLFS 2.4] ---------------------------------------------------------------------
 */

#define TLFS_CPUID_BASE       0x40000000u
#define TLFS_CPUID_INTERFACE  0x40000001u
#define TLFS_CPUID_VERSION    0x40000002u
#define TLFS_CPUID_FEATURES   0x40000003u
#define TLFS_CPUID_ADVICE     0x40000004u
#define TLFS_CPUID_LIMITS     0x40000005u
#define TLFS_CPUID_HARDWARE   0x40000006u
#define TLFS_CPUID_LAST       TLFS_CPUID_HARDWARE
#define TLFS_CPUID_STACK      0x40000080u
#define TLFS_CPUID_STACK_FACE 0x40000081u
#define TLFS_CPUID_STACK_LAST 0x40000082u
#define TLFS_CPUID_POWER      0x80000007u /* the processor's; its one bit: the TSC is invariant */

#define TLFS_TSC_INVARIANT 1u /* MSR_TSC_INVARIANT_CONTROL */

/* The one set of features there is, and its version: another set is another version. */
#define TLFS_PROFILE           "windows 1"
#define TLFS_VENDOR            "Microsoft Hv"
#define TLFS_INTERFACE         0x31237648u /* "Hv#1" */
#define TLFS_STACK_INTERFACE   0x31235356u /* "VS#1" */
#define TLFS_SPIN_RETRIES      0xfffu      /* before NotifyLongSpinWait */
#define TLFS_VPS_MAX           64u
/* Leaf 0x40000006 eax: MSR bitmaps, second level translation in use. */
#define TLFS_HARDWARE_FEATURES (1u << 1 | 1u << 3)

/* ---- Hypercalls [TLFS 3] ------------------------------------------------------------------
 */

/* Appendix B. */
enum tlfs_status {
    TLFS_SUCCESS = 0,
    TLFS_INVALID_HYPERCALL_CODE = 2,
    TLFS_INVALID_HYPERCALL_INPUT = 3,
    TLFS_INVALID_ALIGNMENT = 4,
    TLFS_INVALID_PARAMETER = 5,
    TLFS_ACCESS_DENIED = 6,
    TLFS_OPERATION_DENIED = 8,
    TLFS_INSUFFICIENT_MEMORY = 11,
    TLFS_INVALID_PARTITION_ID = 13,
    TLFS_INVALID_VP_INDEX = 14,
    TLFS_INVALID_PORT_ID = 17,
    TLFS_INVALID_CONNECTION_ID = 18,
    TLFS_INSUFFICIENT_BUFFERS = 19,
};

/* The control word. */
#define TLFS_CONTROL_FAST       BIT(16)
#define TLFS_CONTROL_VARIABLE   17 /* 10 bits: quadwords */
#define TLFS_CONTROL_COUNT      32 /* 12 bits; in the result: repetitions done */
#define TLFS_CONTROL_START      48 /* 12 bits */
#define TLFS_CONTROL_COUNT_MASK 0xfffu
#define TLFS_CONTROL_RESERVED   0xf000f000f8000000ull
/* With Xen leaves in the same guest: this bit of eax tells whose call it is. */
#define TLFS_CONTROL_OURS       BIT(31)

#define TLFS_FAST_BYTES 112u /* rdx, r8, xmm0 to xmm5 */

struct tlfs_flush {
    u64 address_space;
    u64 flags;
    u64 processors;
};
#define TLFS_FLUSH_ALL_PROCESSORS BIT(0)
#define TLFS_FLUSH_ALL_SPACES     BIT(1)
#define TLFS_FLUSH_NON_GLOBAL     BIT(2)
#define TLFS_FLUSH_FLAGS          0x7ul

/* A sparse set; the banks follow. [TLFS 7.8.7.3] */
struct tlfs_vpset {
    u64 format;
    u64 banks;
};
enum { TLFS_VPSET_SPARSE, TLFS_VPSET_ALL };

struct tlfs_flush_ex {
    u64 address_space;
    u64 flags;
    struct tlfs_vpset set;
};
struct tlfs_ipi {
    u32 vector;
    u8 vtl;
    u8 reserved[3];
    u64 processors;
};
struct tlfs_ipi_ex {
    u32 vector;
    u8 vtl;
    u8 reserved[3];
    struct tlfs_vpset set;
};
#define TLFS_VECTOR_FIRST 16u

#define TLFS_PAYLOAD_BYTES 240u
struct tlfs_post_message {
    u32 connection;
    u32 reserved;
    u32 type;
    u32 bytes;
    u8 payload[TLFS_PAYLOAD_BYTES];
};
/* Types of the hypervisor's own messages have the top bit. */
#define TLFS_MESSAGE_HYPERVISOR 0x80000000u

struct tlfs_signal_event {
    u32 connection;
    u16 flag;
    u16 reserved;
};

/* ---- Registers ----------------------------------------------------------------------------
 */

/* Registers that place a page: bit 0 on, the page number from bit 12. */
#define TLFS_PAGE_ENABLE      BIT(0)
#define TLFS_PAGE_GFN         12
#define TLFS_HYPERCALL_LOCKED BIT(1)

/* The reference TSC page [TLFS 12.7]: time = (tsc * scale >> 64) + offset, in 100 ns. */
struct tlfs_tsc_page {
    u32 sequence; /* 0: not valid, use the register */
    u32 reserved;
    u64 scale;
    s64 offset;
};

#define TLFS_ASSIST_NO_EOI 1u /* first word of the VP assist page [TLFS 10.3.5] */

#define TLFS_CRASH_NOTIFY  BIT(63)
#define TLFS_CRASH_MESSAGE BIT(62)

/* ---- SynIC [TLFS 11] ----------------------------------------------------------------------
 */

#define TLFS_SINTS         16u
#define TLFS_SINT_VECTOR   0xfful
#define TLFS_SINT_MASKED   BIT(16)
#define TLFS_SINT_AUTOEOI  BIT(17)
#define TLFS_SINT_POLLING  BIT(18)
#define TLFS_SINT_RESET    TLFS_SINT_MASKED
#define TLFS_SYNIC_VERSION 1u

#define TLFS_MESSAGE_NONE    0u
#define TLFS_MESSAGE_TIMER   0x80000010u
#define TLFS_MESSAGE_PENDING 1u
struct tlfs_message {
    u32 type;
    u8 bytes;
    u8 flags;
    u16 reserved;
    u64 origin;
    u8 payload[TLFS_PAYLOAD_BYTES];
};
#define TLFS_EVENT_BYTES 256u /* of flags for each SINT */

struct tlfs_timer_payload {
    u32 timer;
    u32 reserved;
    u64 expiration;
    u64 delivery;
};

/* ---- Synthetic timers [TLFS 12.3] ---------------------------------------------------------
 */

#define TLFS_STIMERS           4u
#define TLFS_STIMER_ENABLE     BIT(0)
#define TLFS_STIMER_PERIODIC   BIT(1)
#define TLFS_STIMER_LAZY       BIT(2)
#define TLFS_STIMER_AUTOENABLE BIT(3)
#define TLFS_STIMER_VECTOR     4 /* 8 bits */
#define TLFS_STIMER_DIRECT     BIT(12)
#define TLFS_STIMER_SINT       16 /* 4 bits */
#define TLFS_STIMER_RESERVED   (~0xf1fffull)

_Static_assert(sizeof(struct tlfs_message) == 256, "TLFS layout");
_Static_assert(sizeof(struct tlfs_post_message) == 256, "TLFS layout");
_Static_assert(sizeof(struct tlfs_flush) == 24 && sizeof(struct tlfs_flush_ex) == 32,
               "TLFS layout");
_Static_assert(sizeof(struct tlfs_ipi) == 16 && sizeof(struct tlfs_ipi_ex) == 24,
               "TLFS layout");

#endif
