/* Prometheus's text format: one metric after the other, a sample for each guest that lives. */
#include "guest-drivers/steward/report.h"

typedef unsigned long ulong;

enum metric {
    METRIC_UP,
    METRIC_CPU,
    METRIC_VCPUS,
    METRIC_MEMORY,
    METRIC_TARGET,
    METRIC_AVAILABLE,
    METRIC_COMMITTED,
    METRIC_OVERHEAD,
    METRIC_EXITS,
    METRIC_CALLS,
    METRIC_SHIM_CALLS,
    METRIC_EVENTS_SENT,
    METRIC_EVENTS_RECEIVED,
    METRIC_BLOCK_REQUESTS,
    METRIC_BLOCK_READ,
    METRIC_BLOCK_WRITTEN,
    METRIC_NETWORK_RECEIVED,
    METRIC_NETWORK_SENT,
    METRICS
};

static const struct {
    const char *name;
    const char *type;
    const char *help;
} metrics[METRICS] = {
    [METRIC_UP] = {"guest_up", "gauge", "1 while the guest has a partition"},
    [METRIC_CPU] = {"guest_cpu_seconds_total", "counter", "time its vCPUs had a CPU"},
    [METRIC_VCPUS] = {"guest_vcpus", "gauge", "virtual CPUs it is told to use"},
    [METRIC_MEMORY] = {"guest_memory_bytes", "gauge", "memory of its own"},
    [METRIC_TARGET] = {"guest_memory_target_bytes", "gauge", "what its balloon aims at"},
    [METRIC_AVAILABLE] = {"guest_memory_available_bytes", "gauge",
                          "what it could give, by its own word"},
    [METRIC_COMMITTED] = {"guest_memory_committed_bytes", "gauge",
                          "what its programs asked for, by its own word"},
    [METRIC_OVERHEAD] = {"guest_overhead_bytes", "gauge", "kept for it beside its memory"},
    [METRIC_EXITS] = {"guest_exits_total", "counter", "exits by reason"},
    [METRIC_CALLS] = {"guest_hypercalls_total", "counter", "hypercalls by name"},
    [METRIC_SHIM_CALLS] = {"guest_shim_hypercalls_total", "counter",
                           "hypercalls of a PV kernel to its shim, by name"},
    [METRIC_EVENTS_SENT] = {"guest_events_sent_total", "counter", "events it sent"},
    [METRIC_EVENTS_RECEIVED] = {"guest_events_received_total", "counter", "events for it"},
    [METRIC_BLOCK_REQUESTS] = {"guest_block_requests_total", "counter", "requests to disks"},
    [METRIC_BLOCK_READ] = {"guest_block_read_bytes_total", "counter", "read from disks"},
    [METRIC_BLOCK_WRITTEN] = {"guest_block_written_bytes_total", "counter", "written to disks"},
    [METRIC_NETWORK_RECEIVED] = {"guest_network_received_bytes_total", "counter", "received"},
    [METRIC_NETWORK_SENT] = {"guest_network_sent_bytes_total", "counter", "sent"},
};

u32 report_metric_count(void)
{
    return METRICS;
}

static void head(struct out *out, const char *name, const char *type, const char *help)
{
    out_print(out, "# HELP entente_%s %s\n# TYPE entente_%s %s\n", name, help, name, type);
}

void report_metric_head(struct out *out, u32 metric)
{
    head(out, metrics[metric].name, metrics[metric].type, metrics[metric].help);
}

/* Its name and the guest's; a further label, and the brace, are the caller's. */
static void sample_begin(struct out *out, u32 metric, const struct report_guest *guest)
{
    out_print(out, "entente_%s{guest=", metrics[metric].name);
    out_quoted(out, guest->name);
}

static void sample(struct out *out, u32 metric, const struct report_guest *guest, u64 value)
{
    sample_begin(out, metric, guest);
    out_print(out, "} %lu\n", (ulong)value);
}

static void labelled(struct out *out, u32 metric, const struct report_guest *guest,
                     const char *label, const char *word, u64 value)
{
    if (value == 0 || !word)
        return;
    sample_begin(out, metric, guest);
    out_print(out, ",%s=\"%s\"} %lu\n", label, word, (ulong)value);
}

/* What follows the name of a sample. */
static void seconds(struct out *out, u64 ns)
{
    u64 ms = ns / 1000000;

    out_print(out, " %lu.%03lu\n", (ulong)(ms / 1000), (ulong)(ms % 1000));
}

static void cpu_sample(struct out *out, const struct report_guest *guest)
{
    sample_begin(out, METRIC_CPU, guest);
    out_print(out, "}");
    seconds(out, guest->now->cpu_ns);
}

/* The metrics that are one number, taken from here. */
static u64 value_of(enum metric metric, const struct report_guest *guest)
{
    const struct report_counts *now = guest->now;
    const u64 values[METRICS] = {
        [METRIC_UP] = 1,
        [METRIC_VCPUS] = guest->vcpus,
        [METRIC_MEMORY] = guest->memory_kib << 10,
        [METRIC_TARGET] = guest->target_kib << 10,
        [METRIC_AVAILABLE] = guest->available_kib << 10,
        [METRIC_COMMITTED] = guest->committed_kib << 10,
        [METRIC_OVERHEAD] = guest->overhead_kib << 10,
        [METRIC_EVENTS_SENT] = now->stats.events_sent,
        [METRIC_EVENTS_RECEIVED] = now->stats.events_received,
        [METRIC_BLOCK_REQUESTS] = now->block_requests,
        [METRIC_BLOCK_READ] = now->block_read_bytes,
        [METRIC_BLOCK_WRITTEN] = now->block_written_bytes,
        [METRIC_NETWORK_RECEIVED] = now->network_received_bytes,
        [METRIC_NETWORK_SENT] = now->network_sent_bytes,
    };

    return values[metric];
}

static bool is_unsaid(u32 metric, const struct report_guest *guest)
{
    return (metric == METRIC_AVAILABLE || metric == METRIC_COMMITTED) &&
           guest->committed_kib == 0;
}

void report_metric_guest(struct out *out, u32 metric, const struct report_guest *guest)
{
    if (!guest->now && metric == METRIC_UP) {
        sample(out, metric, guest, 0);
    } else if (!guest->now || is_unsaid(metric, guest)) {
        return;
    } else if (metric == METRIC_CPU) {
        cpu_sample(out, guest);
    } else if (metric == METRIC_EXITS) {
        for (u32 i = 0; i < NATIVE_EXITS; i++)
            labelled(out, metric, guest, "reason", report_exit_name(i),
                     guest->now->stats.exits[i]);
    } else if (metric == METRIC_CALLS) {
        for (u32 i = 0; i < NATIVE_COUNTERS; i++)
            labelled(out, metric, guest, "call", report_call_name(i),
                     guest->now->stats.calls[i]);
    } else if (metric == METRIC_SHIM_CALLS) {
        for (u32 i = 0; i < REPORT_SHIM_CALLS; i++)
            labelled(out, metric, guest, "call", report_shim_call_name(i),
                     guest->now->shim_calls[i]);
    } else {
        sample(out, metric, guest, value_of((enum metric)metric, guest));
    }
}

void report_metric_machine(struct out *out, const struct report_machine *machine)
{
    head(out, "memory_bytes", "gauge", "memory of the machine by owner; the sum is all of it");
    out_print(out, "entente_memory_bytes{owner=\"free\"} %lu\n",
              (ulong)(machine->free_kib << 10));
    out_print(out, "entente_memory_bytes{owner=\"hypervisor\"} %lu\n",
              (ulong)(machine->hypervisor_kib << 10));
    out_print(out, "entente_memory_bytes{owner=\"root\"} %lu\n",
              (ulong)(machine->root_kib << 10));
    out_print(out, "entente_memory_bytes{owner=\"guests\"} %lu\n",
              (ulong)(machine->guests_kib << 10));
    head(out, "uptime_seconds", "gauge", "since the hypervisor's start");
    out_print(out, "entente_uptime_seconds");
    seconds(out, machine->uptime_ns);
    head(out, "idle_seconds_total", "counter", "that CPUs of the machine slept, all together");
    out_print(out, "entente_idle_seconds_total");
    seconds(out, machine->idle_ns);
    head(out, "root_cpu_seconds_total", "counter", "CPU time of the root and its exits");
    out_print(out, "entente_root_cpu_seconds_total");
    seconds(out, machine->root_ns);
}
