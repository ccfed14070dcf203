/*
 * What the machine and its guests do, as text for people, as JSON and as Prometheus's text
 * format. Pure: numbers come in, text goes out. docs/operating.md names every field and its
 * unit.
 */
#ifndef GUEST_DRIVERS_STEWARD_REPORT_H
#define GUEST_DRIVERS_STEWARD_REPORT_H

#include "guest-drivers/steward/out.h"
#include "hypercall/abi/native.h"

#define REPORT_SHIM_CALLS 64u

/* Counted since the partition was made. */
struct report_counts {
    u64 cpu_ns;
    u64 block_requests, block_read_bytes, block_written_bytes;
    u64 network_received_bytes, network_sent_bytes; /* as the guest sees it */
    struct native_stats stats;
    u64 shim_calls[REPORT_SHIM_CALLS]; /* by hypercall number: served inside a PV guest, or
                                          passed on by its shim */
};

struct report_guest {
    const char *name;
    const char *type;
    const char *state;
    u32 id;               /* of its partition, 0: it has none */
    u32 vcpus, vcpus_max; /* told to use, and has */
    u64 vcpus_up;         /* uses */
    u32 weight, cap_percent;
    u64 memory_kib, target_kib, max_kib;
    /* By its own word, of its balloon's driver; committed 0: it has not said. */
    u64 available_kib, committed_kib;
    u64 overhead_kib; /* tables and other state that the hypervisor keeps for it */
    u64 age_ns;
    const struct report_counts *now;    /* NULL: it has no partition */
    const struct report_counts *before; /* NULL: no rates */
    u64 interval_ns;                    /* between the two */
};

/* The parts of bytes_total add up: free, hypervisor, root and what all guests have. */
struct report_machine {
    const char *build;
    u32 cpus;
    u64 uptime_ns;
    u64 idle_ns; /* of all CPUs together */
    u64 root_ns; /* CPU time of the root, its exits included */
    u64 total_kib, free_kib, hypervisor_kib, root_kib, guests_kib;
};

/* For people: a heading, a line for each guest, and for top() its busiest exits and calls. */
void report_list_begin(struct out *out);
void report_list_guest(struct out *out, const struct report_guest *guest);
void report_top_begin(struct out *out);
void report_top_guest(struct out *out, const struct report_guest *guest);
void report_machine(struct out *out, const struct report_machine *machine);

/* What a guest with the Hyper-V interface uses of it, feature by feature. */
void report_enlightenments(struct out *out, const struct report_guest *guest);

/* One object on one line; the guests come between begin and end. */
enum report_detail { REPORT_LIST, REPORT_COUNTERS };
void report_json_begin(struct out *out, const struct report_machine *machine);
void report_json_guest(struct out *out, const struct report_guest *guest,
                       enum report_detail detail, bool is_first);
void report_json_end(struct out *out);

/* Prometheus wants the samples of a metric together: for each metric its head, then every
 * guest. [Prometheus exposition formats, text 0.0.4] */
u32 report_metric_count(void);
void report_metric_head(struct out *out, u32 metric);
void report_metric_guest(struct out *out, u32 metric, const struct report_guest *guest);
void report_metric_machine(struct out *out, const struct report_machine *machine);

/* The reason of an exit. */
const char *report_exit_name(u32 exit);
/* "mmu_update" of a hypercall's number; NULL for one that has no name. */
const char *report_shim_call_name(u32 number);
/* "memory_op.populate_physmap" of a counter; NULL for one without a row. */
const char *report_call_name(u32 counter);

#endif
