/*
 * The native interface: what the root partition says to the hypervisor.
 *
 * A call is one vmmcall or vmcall at CPL 0 in 64-bit mode: rax = row number (native.def), rdi =
 * pointer to the row's in-structure, rsi = pointer to its out-structure (guest-virtual; a row
 * without one ignores the register), rdx = cursor, 0 at first. It returns rax = 0 or -status
 * (hv/lib/status.h). A long call advances rdx and executes again by itself. rdx is
 * lost, all other registers keep their values.
 */
#ifndef HYPERCALL_ABI_NATIVE_H
#define HYPERCALL_ABI_NATIVE_H

#include "hv/lib/types.h"

#define NATIVE_VERSION    1u
#define NATIVE_NAME_BYTES 64

/* CPUID leaf 0x40000000 of a native partition: this signature in ebx, ecx, edx. */
#define NATIVE_SIGNATURE "EntenteNativ"

enum native_call {
#define CALL(number, name, in, out, allow, state, text) NATIVE_##name = number,
#include "hypercall/abi/native.def"
#undef CALL
};

/* Why a partition ended. */
enum native_end {
    NATIVE_END_POWEROFF,
    NATIVE_END_REBOOT,
    NATIVE_END_SUSPEND,
    NATIVE_END_CRASH,
    NATIVE_END_WATCHDOG,
    NATIVE_END_SOFT_RESET,
    NATIVE_END_TRIPLE_FAULT,
    NATIVE_ENDS
};

enum native_partition_state { NATIVE_PAUSED, NATIVE_RUNNING, NATIVE_ENDED };

enum native_partition_flag {
    NATIVE_PARTITION_XEN = 1,  /* its CPUID shows the Xen interface */
    NATIVE_PARTITION_TLFS = 2, /* its CPUID shows the Hyper-V interface */
};

/* Neutral values that the root sets and an adapter shows its guest in its own form. */
enum native_property {
    NATIVE_CONSOLE_GFN,
    NATIVE_CONSOLE_PORT,
    NATIVE_STORE_GFN,
    NATIVE_STORE_PORT,
    NATIVE_IOREQ_GFN,
    NATIVE_UUID_LOW, /* bytes 0-7 of the UUID in memory order */
    NATIVE_UUID_HIGH,
    NATIVE_START_FLAGS,   /* start_info flags a PV guest of this partition may see */
    NATIVE_SPECIAL_GFN,   /* first of the special pages */
    NATIVE_HALT_IS_CRASH, /* not 0: what runs in it never halts with interrupts off */
    NATIVE_TSC_INVARIANT, /* not 0: it may be told that its TSC never changes its pace */
    NATIVE_FIRMWARE_GFN,  /* page of struct native_firmware; 0: it starts without firmware */
    NATIVE_FIRMWARE_PORT, /* raised when the guest has written to a disk of that page */
    /* Set by its adapter: reference time is (TSC * scale >> 64) - base, in 100 ns. */
    NATIVE_REFERENCE_SCALE,
    NATIVE_REFERENCE_BASE,
    NATIVE_PROPERTIES = 32
};

#define NATIVE_CONSOLE_INPUT   2u /* event: bytes wait for console_read */
#define NATIVE_PARTITION_ENDED 3u /* event: some partition is in state NATIVE_ENDED */
#define NATIVE_DEVICE          4u /* event: a device wrote the message of device_interrupt */

enum native_memory_flag {
    NATIVE_READ = 1,
    NATIVE_WRITE = 2,
    NATIVE_EXEC = 4,
    NATIVE_HOLES = 16, /* of memory_map: pages that are not there are left out */
};
#define NATIVE_HOLES_PAGES_MAX 512u

/* Types as in the firmware's map: 1 RAM, 2 reserved, 3 ACPI, 5 unusable. */
struct native_memory_range {
    u64 at;
    u64 bytes;
    u32 type;
    u32 reserved;
};
#define NATIVE_MEMORY_RANGES_MAX 128

#define NATIVE_POWER_SUCCESS      0x10u
#define NATIVE_POWER_GUEST_FAILED 0x11u

typedef struct {
    u8 nothing;
} native_void_t;

struct native_system_info {
    u32 version;
    u32 cpu_count;
    u64 tsc_khz;
    u64 bytes_total; /* RAM the hypervisor manages */
    u64 bytes_free;
    u64 bytes_hypervisor; /* of bytes_total, used for itself */
    char build[32];
    u64 idle_ns; /* that its CPUs have slept, all together */
};

struct native_console_write {
    u64 text; /* guest-virtual */
    u64 bytes;
};
struct native_console_read {
    u32 bytes;
    u8 data[60];
};

/* The control line takes and gives what it can at once. */
struct native_control_exchange {
    u64 text; /* guest-virtual */
    u64 bytes;
};
struct native_control_exchange_out {
    u64 written; /* of the text */
    u32 bytes;
    u8 data[52];
};

/* The log: bytes are counted from the hypervisor's start, old ones get lost. */
struct native_log_read {
    u64 from; /* the first byte wanted; the answer begins at the nearest one that is there */
    u64 text; /* guest-virtual */
    u64 room;
};
struct native_log_read_out {
    u64 next; /* the byte to go on with */
    u64 bytes;
};

struct native_power_off {
    u32 code; /* NATIVE_POWER_* */
    u32 reserved;
};

struct native_clock {
    u64 now_ns;  /* since the hypervisor's start */
    u64 wall_ns; /* since 1970, UTC */
    u64 tsc;     /* the caller's TSC at now_ns */
    u64 tsc_khz;
};

struct native_partition_clock {
    u64 now_ns; /* as in native_clock */
    u64 wall_ns;
    u64 tsc;       /* its own; while it is paused this goes on */
    u64 reference; /* its reference time in 100 ns; 0: it has none */
};

struct native_partition_create {
    char name[NATIVE_NAME_BYTES]; /* ends with a zero byte */
    u64 max_pages;                /* most memory of its own, in 4 KiB pages */
    u32 flags;                    /* enum native_partition_flag */
    u32 vcpus;
};
struct native_partition {
    u32 partition;
    u32 reserved;
};
struct native_partition_info {
    u32 state;       /* enum native_partition_state */
    u32 reason;      /* enum native_end, when ended */
    u64 pages;       /* mapped memory of its own */
    u64 pages_owned; /* everything charged to it, tables and vCPU state included */
    u64 run_ns;
    u64 exits;  /* of all its vCPUs */
    u32 ports;  /* in use */
    u32 shares; /* borrowed and lent, each of one page or more */
    char name[NATIVE_NAME_BYTES];
};
/* Why a vCPU left its guest. */
#define NATIVE_EXIT_NAMES(X)                                                                   \
    X(none)                                                                                    \
    X(interrupt)                                                                               \
    X(hypercall)                                                                               \
    X(cpuid)                                                                                   \
    X(msr_read)                                                                                \
    X(msr_write)                                                                               \
    X(io)                                                                                      \
    X(memory)                                                                                  \
    X(halt)                                                                                    \
    X(window)                                                                                  \
    X(xsetbv)                                                                                  \
    X(shutdown)                                                                                \
    X(skip)                                                                                    \
    X(undefined)                                                                               \
    X(protected)                                                                               \
    X(priority)                                                                                \
    X(task_switch)                                                                             \
    X(pause)                                                                                   \
    X(broken)
enum native_exit {
#define NATIVE_EXIT(name) NATIVE_EXIT_##name,
    NATIVE_EXIT_NAMES(NATIVE_EXIT)
#undef NATIVE_EXIT
        NATIVE_EXITS
};
#define NATIVE_EXITS_ROOM 32

/* Calls are counted by their row: of the ABI, from its first counter on. */
#define NATIVE_COUNTER_XEN  0u
#define NATIVE_COUNTER_TLFS 256u
#define NATIVE_COUNTERS     512u

/* Counted since the partition was made. */
struct native_stats {
    u64 exits[NATIVE_EXITS_ROOM]; /* by enum native_exit, of all its vCPUs */
    u64 events_sent;
    u64 events_received;
    u64 vcpus_up; /* now: neither waiting for their start nor taken down */
    u64 calls[NATIVE_COUNTERS];
};
struct native_partition_stats {
    u32 partition;
    u32 reserved;
    u64 stats; /* guest-virtual: struct native_stats */
};
struct native_partition_shutdown {
    u32 partition;
    u32 reason; /* enum native_end */
};

struct native_partition_schedule {
    u32 partition;
    u32 weight; /* 1 to 65535, 256 at first: shares of partitions are as their weights */
    u32 cap;    /* most CPU time in percent of one CPU, 0 = no limit */
    u32 reserved;
};

struct native_property_set {
    u32 partition;
    u32 property; /* enum native_property */
    u64 value;
};
struct native_memory_layout {
    u32 partition;
    u32 count;  /* at most NATIVE_MEMORY_RANGES_MAX */
    u64 ranges; /* guest-virtual: struct native_memory_range[count] */
};

struct native_memory_populate {
    u32 partition;
    u32 flags; /* enum native_memory_flag */
    u64 at;
    u64 bytes;
};
struct native_memory_map {
    u32 partition; /* whose memory */
    u32 flags;
    u64 remote_at;
    u64 local_at;
    u64 pages;
};
struct native_memory_unmap {
    u64 local_at; /* as given to memory_map */
};

struct native_memory_remove {
    u32 partition; /* another than the root */
    u32 reserved;
    u64 at;
    u64 bytes;
};

struct native_vcpu_start {
    u32 partition;
    u32 vcpu;
    u64 entry;      /* guest-physical, below 4 GiB */
    u64 start_info; /* guest-physical, below 4 GiB */
};

struct native_port_connect_out {
    u32 local_port;
    u32 remote_port;
};
struct native_port {
    u32 port;
    u32 reserved;
};
struct native_port_event {
    u32 event; /* NATIVE_CONSOLE_INPUT, NATIVE_PARTITION_ENDED, NATIVE_DEVICE */
    u32 reserved;
};
struct native_port_wait {
    u64 deadline_ns; /* of the clock of NATIVE_clock; 0 polls, all ones waits for ever */
};

struct native_port_bind {
    u32 partition; /* whose port */
    u32 port;      /* there; it was made for the root and waits */
};

/* A page that an entry of a partition's grant table lends to the root. */
struct native_grant_map {
    u32 partition;
    u32 ref;
    u32 flags; /* NATIVE_READ | NATIVE_WRITE */
    u32 reserved;
    u64 local_at;
};
struct native_grant_map_out {
    u32 handle;
    u32 reserved;
    u64 machine; /* the page's address for a device */
};
struct native_grant_unmap {
    u32 handle;
    u32 reserved;
    u64 local_at; /* as given to grant_map */
};

/* Copies between a granted page and memory of the root, neither across the end of a page. */
struct native_grant_copy_part {
    u32 ref;
    u16 offset;
    u16 bytes;
    u64 local_at;
};
#define NATIVE_GRANT_PARTS_MAX 64u
enum native_grant_direction { NATIVE_GRANT_FETCH, NATIVE_GRANT_STORE };
struct native_grant_copy {
    u32 partition;
    u32 direction; /* enum native_grant_direction */
    u64 parts;     /* guest-virtual: struct native_grant_copy_part[count] */
    u32 count;
    u32 reserved;
};
struct native_grant_copy_out {
    u32 done; /* parts copied before one was refused */
    u32 reserved;
};

/* address: bus << 8 | device << 3 | function; offset below 256, aligned to bytes: 1, 2 or 4. */
struct native_pci {
    u16 address;
    u8 offset;
    u8 bytes;
    u32 value; /* to write */
};
struct native_pci_value {
    u32 value;
    u32 reserved;
};
/* Machine addresses that are no memory; whole pages. */
struct native_device_map {
    u64 machine;
    u64 local_at;
    u64 bytes;
};
/* What a device writes where, to interrupt; the same for all. [PCI 3.0, 6.8.2] */
struct native_device_interrupt {
    u64 address;
    u32 data;
    u32 reserved;
};
struct native_memory_machine {
    u64 local_at;
};
struct native_memory_machine_out {
    u64 machine; /* of the byte; its page lies in one piece */
};

/*
 * Messages and event flags between the root and a guest with the Hyper-V interface. The ports
 * below are local ports of port_connect() with that partition. ST_INVALID: they are not.
 */
#define NATIVE_MESSAGE_BYTES        240u /* longest payload [TLFS 11.8.3] */
#define NATIVE_MESSAGES_MAX         64u  /* from a guest that the root has not taken yet */
#define NATIVE_POSTS_MAX            15u  /* to a vCPU that it has not taken yet */
#define NATIVE_EVENTS_MAX           128u /* connections of a partition */
#define NATIVE_SINTS                16u
#define NATIVE_EVENT_FLAGS          2048u /* of each source */
/* The connections a guest posts messages to: VMBus up to version 4, and from 5.0 on. */
#define NATIVE_MESSAGE_CONNECTION   1u
#define NATIVE_MESSAGE_CONNECTION_5 4u

struct native_message_bind {
    u32 partition;
    u32 port; /* raised when the queue stops being empty */
};
/* ST_NO_DATA: there is none. */
struct native_message_take {
    u32 partition;
    u32 reserved;
    u64 payload; /* guest-virtual, room for NATIVE_MESSAGE_BYTES */
};
struct native_message_take_out {
    u32 connection;
    u32 type;
    u32 bytes;
    u32 reserved;
};
/* ST_BUSY: too many wait already, try when the guest has run. ST_NO_ENTRY: no such vCPU. */
struct native_message_post {
    u32 partition;
    u32 vcpu;
    u32 sint;
    u32 type;    /* not 0 */
    u64 payload; /* guest-virtual */
    u32 bytes;
    u32 reserved;
};
/* ST_EXISTS: connected already; ST_NO_SPACE: too many. Where the root has closed its end of the
 * port before event_disconnect, the guest's end goes with that. */
struct native_event_connect {
    u32 partition;
    u32 connection; /* as the guest names it */
    u32 port;       /* event_disconnect ignores it; ST_NO_ENTRY there: not connected */
    u32 reserved;
};
struct native_event_flag_set {
    u32 partition;
    u32 vcpu;
    u32 sint;
    u32 flag;
};

/*
 * The platform of a guest with the Hyper-V interface: a serial port whose bytes go through the
 * ring in the page of NATIVE_CONSOLE_GFN, and registers of ACPI's reduced hardware.
 */
#define NATIVE_PORT_SERIAL       0x3f8u
#define NATIVE_PORT_SERIAL_COUNT 8u
#define NATIVE_PIN_SERIAL        4u
#define NATIVE_IOAPIC_BASE       0xfec00000ul
#define NATIVE_PORT_SLEEP        0x600u /* sleep control [ACPI 6.4 4.8.3.7] */
#define NATIVE_PORT_SLEEP_STATUS 0x601u
#define NATIVE_PORT_RESET        0x602u
#define NATIVE_RESET_VALUE       1u
#define NATIVE_SLEEP_TYPE_OFF    5u

/*
 * What a guest's UEFI firmware has besides: a timer, and the guest's disks as legacy virtio
 * block devices on a PCI bus that no ACPI table names. The page of NATIVE_FIRMWARE_GFN holds
 * their registers; the adapter shows them as I/O ports, the root serves the queues.
 * [ACPI 6.4 4.8.3.3; virtio 1.2 4.1.4.10, 5.2.4.1]
 */
#define NATIVE_PORT_TIMER     0x608u /* 3.579545 MHz, 32 bits */
#define NATIVE_FIRMWARE_DISKS 8u
#define NATIVE_QUEUE_ENTRIES  64u /* of a disk's only queue */
struct native_firmware_disk {
    u64 sectors;         /* by the root, in 512 bytes; 0: there is no such device */
    u32 features;        /* by the root: VIRTIO_BLK_F_RO, VIRTIO_BLK_F_FLUSH */
    u32 driver_features; /* by the guest */
    u32 queue;           /* by the guest: frame of the queue; 0: none */
    u32 resets;          /* how often the guest has reset the device; its queue is new then */
    u8 status;           /* by the guest, as virtio's device status */
    u8 isr;              /* bit 0 by the root: the used ring has changed; cleared by reading */
    u8 reserved[6];
};
struct native_firmware {
    struct native_firmware_disk disk[NATIVE_FIRMWARE_DISKS];
};

#define NATIVE_RING_IN_BYTES  1024u
#define NATIVE_RING_OUT_BYTES 2048u
struct native_console_ring {
    char in[NATIVE_RING_IN_BYTES]; /* to the guest */
    char out[NATIVE_RING_OUT_BYTES];
    u32 in_consumer, in_producer;
    u32 out_consumer, out_producer;
};

#define NATIVE_TRACE_ARGUMENTS 4u
#define NATIVE_TRACE_DATA      32u
struct native_trace_record {
    u64 tsc;
    u32 partition;
    u16 vcpu;
    u8 abi;        /* 0 native, 1 Xen, 2 TLFS */
    u8 data_bytes; /* of data */
    u32 call;      /* the row of its ABI */
    u32 number;    /* as the guest gave it: tells calls without a row apart */
    s64 result;
    u64 argument[NATIVE_TRACE_ARGUMENTS];
    u8 data[NATIVE_TRACE_DATA]; /* begin of the call's structure, as it was afterwards */
};
#define NATIVE_TRACE_ALL 0xffffffffu
struct native_trace_read {
    u64 records;   /* guest-virtual */
    u32 room;      /* in records */
    u32 is_on;     /* keep tracing (1) or stop (0) */
    u32 partition; /* whose calls from now on, or NATIVE_TRACE_ALL */
    u32 reserved;
};
struct native_trace_read_out {
    u32 count;
    u32 lost;
};

#endif
