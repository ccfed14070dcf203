/*
 * A partition: what other hypervisors call a domain or VM. Its id is its Xen domid; the root is
 * 0.
 *
 * Life: partition_make() -> PAUSED (being built) -> partition_resume() -> RUNNING ->
 * partition_shutdown() (from inside) or partition_destroy() -> ENDED -> partition_destroy()
 * gives everything back and frees the id. All memory used for a partition carries its id as
 * owner.
 */
#ifndef HV_CORE_PARTITION_H
#define HV_CORE_PARTITION_H

#include "hv/core/fair.h"
#include "hv/core/locks.h"
#include "hv/core/port.h"
#include "hv/core/space.h"
#include "hv/core/vcpu.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define PARTITION_MAX      256
#define PARTITION_ROOT     0u
#define PARTITION_NAME_MAX 64
#define VCPU_MAX           64

enum partition_state {
    PARTITION_PAUSED,
    PARTITION_RUNNING,
    PARTITION_ENDED,
};

/* Why it ended; the numbers are those of hypercall/abi/native.h. */
enum end_reason {
    END_POWEROFF,
    END_REBOOT,
    END_SUSPEND,
    END_CRASH,
    END_WATCHDOG,
    END_SOFT_RESET,
    END_TRIPLE_FAULT,
    END_REASONS
};

enum partition_flag {
    PARTITION_XEN = 1,  /* its CPUID advertises the Xen ABI */
    PARTITION_TLFS = 2, /* its CPUID advertises the Hyper-V ABI */
    PARTITION_NATIVE = 4,
    PARTITION_PRIVILEGED = 8, /* may manage others: the root */
};

/* Neutral values set by the root and read by adapters: hypercall/abi/native.h names them. */
#define PROPERTY_MAX 32

struct share_table;
struct grant_table;
struct mailbox;

struct partition {
    u32 id;
    u32 flags; /* enum partition_flag */
    char name[PARTITION_NAME_MAX];
    enum partition_state state; /* P */
    enum end_reason end_reason; /* P */
    u32 pause_count;            /* P */
    struct fair_group fair;     /* Q */
    struct space space;
    u32 vcpu_count;
    struct vcpu *vcpu[VCPU_MAX];        /* set while PAUSED, then constant */
    struct port *port_page[PORT_PAGES]; /* E */
    u32 port_limit;                     /* E: highest number + 1 it may use */
    u32 event_port[EVENT_SOURCES];      /* E: partition-wide sources */
    u64 property[PROPERTY_MAX];
    u64 memory_map_bytes;  /* of memory_map_page */
    void *memory_map_page; /* the PROPERTY_MEMORY_MAP blob, one page, NULL if not set */
    u64 events_sent;       /* E */
    u64 events_received;   /* E */
    u64 *calls;            /* one page: how often it made each call, by NATIVE_COUNTER_* */
    u64 kernel_pages_used; /* quota: frames an ABI took for its state */
    u64 made_ns;
    u64 tsc_offset;
    u64 stopped_tsc;  /* P: the host's, when the vCPUs stopped; 0: they have not run */
    u64 log_since_ns; /* allowance of op_partition_log() */
    u32 log_bytes;
    u32 log_used;
    char log_line[160];         /* unfinished */
    struct share_table *shares; /* S: what it borrows */
    struct grant_table *grants; /* S: what it lends by reference */
    struct mailbox *mailbox;    /* H: hypercall/mailbox.h */
    void *abi_state[ABIS];      /* frames of the partition */
};

void partition_init(void);

/* A new partition in state PAUSED. ST_NO_SPACE, ST_NO_MEMORY, ST_EXISTS (name). */
enum status partition_make(const char *name, u32 flags, u64 max_pages, struct partition **out);
/* The partition with this id, NULL when there is none. */
struct partition *partition_find(u32 id);
/* The first with an id at or above `from`, NULL at the end: to walk over all. */
struct partition *partition_next(u32 from);

enum status partition_pause(struct partition *p);
enum status partition_resume(struct partition *p);
/* The guest's own end, or the hypervisor's verdict on it: stops its vCPUs, tells the root. */
void partition_shutdown(struct partition *p, enum end_reason reason);
/* Breaks its shares and ports, gives every frame back, frees the id. Not for the running one.
 */
enum status partition_destroy(struct partition *p);

static inline struct vcpu *partition_vcpu(const struct partition *p, u32 id)
{
    return id < VCPU_MAX ? p->vcpu[id] : NULL;
}

const char *end_reason_name(enum end_reason reason);

#endif
