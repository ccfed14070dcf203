#include "guest-drivers/steward/gather.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/disk.h"
#include "guest-drivers/steward/hyperv.h"
#include "guest-drivers/steward/network.h"
#include "guest-drivers/steward/setting.h"
#include "hv/lib/string.h"

#define PAGE_KIB 4u

/* The counters of each guest at the beginning of the interval. */
static struct mark {
    u32 partition;
    struct report_counts counts;
} marks[MANIFEST_GUESTS_MAX];
static u64 marked_ns;

static bool info_get(u32 partition, struct native_partition_info *out)
{
    struct native_partition in = {partition, 0};

    memset(out, 0, sizeof(*out));
    return call_partition_info(&in, out) == ST_OK;
}

void gather_machine(struct report_machine *out)
{
    static struct native_system_info machine;
    struct native_partition_info info;

    (void)call_system_info(NULL, &machine);
    *out = (struct report_machine){
        .build = machine.build,
        .cpus = machine.cpu_count,
        .uptime_ns = clock_ns(),
        .idle_ns = machine.idle_ns,
        .total_kib = machine.bytes_total >> 10,
        .free_kib = machine.bytes_free >> 10,
        .hypervisor_kib = machine.bytes_hypervisor >> 10,
    };
    (void)info_get(0, &info);
    out->root_kib = info.pages_owned * PAGE_KIB;
    out->root_ns = info.run_ns;
    for (u32 i = 0; i < steward.guest_count; i++)
        if (steward.guest[i].partition != 0 && info_get(steward.guest[i].partition, &info))
            out->guests_kib += info.pages_owned * PAGE_KIB;
}

static const char *state_word(const struct guest *guest)
{
    switch (guest->state) {
    case GUEST_DEFINED:
        return "defined";
    case GUEST_WAITS:
        return "starting";
    case GUEST_LIVES:
        return guest->is_paused ? "paused" : "running";
    case GUEST_ENDED:
        break;
    }
    return "ended";
}

static bool counts_get(const struct guest *guest, const struct native_partition_info *info,
                       struct report_counts *out)
{
    struct native_partition_stats in = {guest->partition, 0, (u64)(uintptr_t)&out->stats};
    struct networks_counts networks;
    struct disks_counts disks;

    disks_count(guest, &disks);
    networks_count(guest, &networks);
    hyperv_count(guest, &disks, &networks);
    *out = (struct report_counts){
        .cpu_ns = info->run_ns,
        .block_requests = disks.requests,
        .block_read_bytes = disks.read_bytes,
        .block_written_bytes = disks.written_bytes,
        .network_received_bytes = networks.received_bytes,
        .network_sent_bytes = networks.sent_bytes,
    };
    if (guest->shim_calls)
        memcpy(out->shim_calls, guest->shim_calls, sizeof(out->shim_calls));
    return call_partition_stats(&in, NULL) == ST_OK;
}

void gather_guest(const struct guest *guest, struct report_counts *counts,
                  struct report_guest *out)
{
    const struct config *config = guest->config;
    struct native_partition_info info;

    *out = (struct report_guest){
        .name = guest->name,
        .type = config_type_name(config->type),
        .state = state_word(guest),
        .vcpus = config->vcpus,
        .vcpus_max = config->maxvcpus,
        .weight = config->cpu_weight,
        .cap_percent = config->cap_percent,
        .max_kib = setting_memory_max_mib(config) << 10,
    };
    if (guest->partition == 0 || !info_get(guest->partition, &info) ||
        !counts_get(guest, &info, counts))
        return;
    out->id = guest->partition;
    out->vcpus = guest->vcpus;
    out->vcpus_up = counts->stats.vcpus_up;
    out->memory_kib = info.pages * PAGE_KIB;
    out->target_kib = guest->target_kib;
    hyperv_memory_said(guest, &out->available_kib, &out->committed_kib);
    out->overhead_kib = (info.pages_owned - info.pages) * PAGE_KIB;
    out->age_ns = clock_ns() - guest->began_ns;
    out->now = counts;
}

void gather_mark(void)
{
    struct report_guest report;

    marked_ns = clock_ns();
    for (u32 i = 0; i < steward.guest_count; i++) {
        gather_guest(&steward.guest[i], &marks[i].counts, &report);
        marks[i].partition = report.id;
    }
}

u64 gather_marked_ns(void)
{
    return marked_ns;
}

void gather_before(const struct guest *guest, struct report_guest *out)
{
    const struct mark *mark = &marks[guest->index];

    if (!out->now || mark->partition != out->id)
        return;
    out->before = &mark->counts;
    out->interval_ns = clock_ns() - marked_ns;
}
