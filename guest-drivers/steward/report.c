#include "guest-drivers/steward/report.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define NAME_COLUMN 20u
#define SHOWN_MOST  4u /* busiest exits and calls in a line of top */
#define SECOND_NS   ((u64)1000 * 1000 * 1000)

typedef unsigned long ulong; /* as format() takes 64 bits */

static u64 sum(const u64 *values, u32 count)
{
    u64 total = 0;

    for (u32 i = 0; i < count; i++)
        total += values[i];
    return total;
}

static u64 exits_of(const struct report_counts *counts)
{
    return sum(counts->stats.exits, NATIVE_EXITS);
}

static u64 calls_of(const struct report_counts *counts)
{
    return sum(counts->stats.calls, NATIVE_COUNTERS);
}

static u64 events_of(const struct report_counts *counts)
{
    return counts->stats.events_sent + counts->stats.events_received;
}

/* Of a difference in the interval; a guest that began anew counts from nothing. */
static u64 a_second(const struct report_guest *guest, u64 now, u64 before)
{
    u64 ms = MAX(guest->interval_ns / 1000000, 1ul);

    return now < before ? 0 : (now - before) * 1000 / ms;
}

static u64 cpu_tenths(const struct report_guest *guest)
{
    return a_second(guest, guest->now->cpu_ns, guest->before->cpu_ns) / (SECOND_NS / 1000);
}

/* --- for people --- */

void report_list_begin(struct out *out)
{
    out_column(out, "NAME", NAME_COLUMN);
    out_print(out, "  ID TYPE STATE     VCPUS   MEMORY/KIB   MAXMEM/KIB    CPU/S\n");
}

void report_list_guest(struct out *out, const struct report_guest *guest)
{
    out_column(out, guest->name, NAME_COLUMN);
    if (guest->now)
        out_print(out, "%4u ", guest->id);
    else
        out_print(out, "   - ");
    out_column(out, guest->type, 5);
    out_column(out, guest->state, 10);
    out_print(out, "%2u/%2u %12lu %12lu ", guest->vcpus, guest->vcpus_max,
              (ulong)guest->memory_kib, (ulong)guest->max_kib);
    out_print(out, "%6lu.%lu\n", (ulong)(guest->now ? guest->now->cpu_ns / SECOND_NS : 0),
              (ulong)(guest->now ? guest->now->cpu_ns / (SECOND_NS / 10) % 10 : 0));
}

void report_machine(struct out *out, const struct report_machine *machine)
{
    out_print(out, "machine: %u CPU(s), memory/KiB: total %lu = free %lu", machine->cpus,
              (ulong)machine->total_kib, (ulong)machine->free_kib);
    out_print(out, " + hypervisor %lu + root %lu + guests %lu\n",
              (ulong)machine->hypervisor_kib, (ulong)machine->root_kib,
              (ulong)machine->guests_kib);
}

void report_top_begin(struct out *out)
{
    out_column(out, "NAME", NAME_COLUMN);
    out_print(out, "  CPU/%%   MEMORY/KIB  EXITS/S  CALLS/S EVENTS/S  BLK-RD/KIBS  "
                   "BLK-WR/KIBS  NET-RX/KIBS  NET-TX/KIBS\n");
}

/* The counters that moved most, "name 123" a second each. */
static void most_print(struct out *out, const struct report_guest *guest, const char *title,
                       const u64 *now, const u64 *before, u32 count,
                       const char *(*name_of)(u32 index))
{
    u64 below = ~(u64)0;
    u32 last = count;

    out_print(out, "    %s/s:", title);
    for (u32 shown = 0; shown < SHOWN_MOST; shown++) {
        u64 best = 0;
        u32 which = count;

        for (u32 i = 0; i < count; i++) {
            u64 rate = a_second(guest, now[i], before[i]);

            /* Each once, in falling order; equals by their place. */
            if (rate > best && (rate < below || (rate == below && i > last))) {
                best = rate;
                which = i;
            }
        }
        if (which == count)
            break;
        out_print(out, " %s %lu", name_of(which) ? name_of(which) : "unknown", (ulong)best);
        below = best;
        last = which;
    }
    out_print(out, "\n");
}

void report_top_guest(struct out *out, const struct report_guest *guest)
{
    const struct report_counts *now = guest->now;
    const struct report_counts *before = guest->before;
    char cpu[16];

    if (!now || !before)
        return;
    format(cpu, sizeof(cpu), "%lu.%lu", (ulong)(cpu_tenths(guest) / 10),
           (ulong)(cpu_tenths(guest) % 10));
    out_column(out, guest->name, NAME_COLUMN);
    out_print(out, "%7s %12lu %8lu", cpu, (ulong)guest->memory_kib,
              (ulong)a_second(guest, exits_of(now), exits_of(before)));
    out_print(out, " %8lu %8lu", (ulong)a_second(guest, calls_of(now), calls_of(before)),
              (ulong)a_second(guest, events_of(now), events_of(before)));
    out_print(out, " %12lu %12lu",
              (ulong)a_second(guest, now->block_read_bytes, before->block_read_bytes) >> 10,
              (ulong)a_second(guest, now->block_written_bytes, before->block_written_bytes) >>
                  10);
    out_print(
        out, " %12lu %12lu\n",
        (ulong)a_second(guest, now->network_received_bytes, before->network_received_bytes) >>
            10,
        (ulong)a_second(guest, now->network_sent_bytes, before->network_sent_bytes) >> 10);
    most_print(out, guest, "exits", now->stats.exits, before->stats.exits, NATIVE_EXITS,
               report_exit_name);
    most_print(out, guest, "calls", now->stats.calls, before->stats.calls, NATIVE_COUNTERS,
               report_call_name);
    if (sum(now->shim_calls, REPORT_SHIM_CALLS) != 0)
        most_print(out, guest, "shim", now->shim_calls, before->shim_calls, REPORT_SHIM_CALLS,
                   report_shim_call_name);
}

/* --- JSON --- */

static void member(struct out *out, const char *name, u64 value)
{
    out_print(out, ",\"%s\":%lu", name, (ulong)value);
}

void report_json_begin(struct out *out, const struct report_machine *machine)
{
    out_print(out, "{\"machine\":{\"build\":");
    out_quoted(out, machine->build);
    member(out, "cpus", machine->cpus);
    member(out, "uptime_ns", machine->uptime_ns);
    member(out, "idle_ns", machine->idle_ns);
    member(out, "root_ns", machine->root_ns);
    out_print(out, ",\"memory_kib\":{\"total\":%lu", (ulong)machine->total_kib);
    member(out, "free", machine->free_kib);
    member(out, "hypervisor", machine->hypervisor_kib);
    member(out, "root", machine->root_kib);
    member(out, "guests", machine->guests_kib);
    out_print(out, "}},\"guests\":[");
}

/* {"name":value,...} of the counters that are not 0. */
static void json_counters(struct out *out, const char *title, const u64 *values, u32 count,
                          const char *(*name_of)(u32 index))
{
    bool is_first = true;

    out_print(out, ",\"%s\":{", title);
    for (u32 i = 0; i < count; i++) {
        if (values[i] == 0 || !name_of(i))
            continue;
        out_print(out, "%s\"%s\":%lu", is_first ? "" : ",", name_of(i), (ulong)values[i]);
        is_first = false;
    }
    out_print(out, "}");
}

static void json_counts(struct out *out, const struct report_counts *counts)
{
    json_counters(out, "exits", counts->stats.exits, NATIVE_EXITS, report_exit_name);
    json_counters(out, "hypercalls", counts->stats.calls, NATIVE_COUNTERS, report_call_name);
    json_counters(out, "shim_hypercalls", counts->shim_calls, REPORT_SHIM_CALLS,
                  report_shim_call_name);
    out_print(out, ",\"events\":{\"sent\":%lu,\"received\":%lu}",
              (ulong)counts->stats.events_sent, (ulong)counts->stats.events_received);
    out_print(out, ",\"block\":{\"requests\":%lu", (ulong)counts->block_requests);
    member(out, "read_bytes", counts->block_read_bytes);
    member(out, "written_bytes", counts->block_written_bytes);
    out_print(out, "},\"network\":{\"received_bytes\":%lu",
              (ulong)counts->network_received_bytes);
    member(out, "sent_bytes", counts->network_sent_bytes);
    out_print(out, "}");
}

static void json_rates(struct out *out, const struct report_guest *guest)
{
    member(out, "interval_ns", guest->interval_ns);
    out_print(out, ",\"cpu_percent\":");
    out_tenths(out, cpu_tenths(guest));
    member(out, "exits_per_second",
           a_second(guest, exits_of(guest->now), exits_of(guest->before)));
    member(out, "hypercalls_per_second",
           a_second(guest, calls_of(guest->now), calls_of(guest->before)));
    member(out, "events_per_second",
           a_second(guest, events_of(guest->now), events_of(guest->before)));
}

void report_json_guest(struct out *out, const struct report_guest *guest,
                       enum report_detail detail, bool is_first)
{
    out_print(out, "%s{\"name\":", is_first ? "" : ",");
    out_quoted(out, guest->name);
    if (guest->now)
        member(out, "id", guest->id);
    else
        out_print(out, ",\"id\":null");
    out_print(out, ",\"type\":\"%s\",\"state\":\"%s\"", guest->type, guest->state);
    member(out, "vcpus", guest->vcpus);
    member(out, "vcpus_max", guest->vcpus_max);
    member(out, "vcpus_up", guest->vcpus_up);
    member(out, "weight", guest->weight);
    member(out, "cap_percent", guest->cap_percent);
    member(out, "memory_kib", guest->memory_kib);
    member(out, "memory_target_kib", guest->target_kib);
    member(out, "memory_max_kib", guest->max_kib);
    if (guest->committed_kib != 0) {
        member(out, "memory_available_kib", guest->available_kib);
        member(out, "memory_committed_kib", guest->committed_kib);
    }
    member(out, "overhead_kib", guest->overhead_kib);
    if (guest->now) {
        member(out, "age_ns", guest->age_ns);
        member(out, "cpu_ns", guest->now->cpu_ns);
        if (detail == REPORT_COUNTERS)
            json_counts(out, guest->now);
        if (guest->before)
            json_rates(out, guest);
    }
    out_print(out, "}");
}

void report_json_end(struct out *out)
{
    out_print(out, "]}\n");
}
