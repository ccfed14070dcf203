/* Native calls: partitions: made, looked at, paused, ended; their vCPUs and properties. */
#include "hypercall/native_rows.h"
#include "hv/core/frame.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/share.h"
#include "hv/lib/string.h"
#include "hypercall/guest_mem.h"
#include "hypercall/op_clock.h"

_Static_assert(NATIVE_NAME_BYTES == PARTITION_NAME_MAX, "names fit");
_Static_assert((u32)NATIVE_PARTITION_XEN == (u32)PARTITION_XEN &&
                   (u32)NATIVE_PARTITION_TLFS == (u32)PARTITION_TLFS,
               "same flags");

enum status native_partition_create(struct call *call)
{
    const struct native_partition_create *in = IN(call, struct native_partition_create);
    struct partition *p;
    struct vcpu *vcpu;
    enum status status = ST_OK;

    if (memchr(in->name, 0, sizeof(in->name)) == NULL || in->name[0] == 0)
        return ST_INVALID;
    if (in->vcpus == 0 || in->vcpus > VCPU_MAX || in->max_pages == 0 ||
        (in->flags & ~(u32)(NATIVE_PARTITION_XEN | NATIVE_PARTITION_TLFS)))
        return ST_INVALID;
    TRY(partition_make(in->name, in->flags, in->max_pages, &p));
    for (u32 id = 0; id < in->vcpus && status == ST_OK; id++)
        status = vcpu_make(p, id, &vcpu);
    if (status != ST_OK) {
        partition_destroy(p);
        return status;
    }
    *OUT(call, struct native_partition) = (struct native_partition){.partition = p->id};
    return ST_OK;
}

enum status native_partition_destroy(struct call *call)
{
    struct partition *p;

    TRY(native_find(IN(call, struct native_partition)->partition, &p));
    if (p == call->vcpu->partition)
        return ST_DENIED;
    return partition_destroy(p);
}

enum status native_partition_clock(struct call *call)
{
    struct native_partition_clock *out = OUT(call, struct native_partition_clock);
    struct op_clock now;
    struct partition *p;

    TRY(native_find(IN(call, struct native_partition)->partition, &p));
    op_clock_read(p, &now);
    out->now_ns = now.now_ns;
    out->wall_ns = op_clock_wall_base_ns() + now.now_ns;
    out->tsc = now.tsc;
    out->reference =
        (u64)((unsigned __int128)now.tsc * p->property[NATIVE_REFERENCE_SCALE] >> 64) -
        p->property[NATIVE_REFERENCE_BASE];
    return ST_OK;
}

enum status native_partition_info(struct call *call)
{
    struct native_partition_info *out = OUT(call, struct native_partition_info);
    struct partition *p;
    u64 ns[RUN_CLASSES];

    TRY(native_find(IN(call, struct native_partition)->partition, &p));
    memset(out, 0, sizeof(*out));
    out->state = (u32)p->state;
    out->reason = (u32)p->end_reason;
    out->pages = p->space.pages;
    out->pages_owned = frame_count_owned(p->id);
    out->ports = port_count(p);
    out->shares = share_count(p);
    for (u32 i = 0; i < VCPU_MAX; i++) {
        if (!p->vcpu[i])
            continue;
        vcpu_runtime(p->vcpu[i], clock_now_ns(), ns);
        out->run_ns += ns[RUN_RUNNING];
        for (u32 kind = 0; kind < EXIT_KINDS; kind++)
            out->exits += p->vcpu[i]->exits[kind];
    }
    string_copy(out->name, p->name, sizeof(out->name));
    return ST_OK;
}

#define NATIVE_EXIT(name) +1
_Static_assert(EXIT_KINDS == NATIVE_EXIT_NAMES(NATIVE_EXIT) && EXIT_KINDS < NATIVE_EXITS_ROOM &&
                   (int)EXIT_HYPERCALL == (int)NATIVE_EXIT_hypercall &&
                   (int)EXIT_HALT == (int)NATIVE_EXIT_halt,
               "same exits");
#undef NATIVE_EXIT

/* Exits of all its vCPUs by kind; out of line, for the stack of native_call(). */
static enum status __attribute__((noinline))
exits_write(struct vcpu *vcpu, const struct partition *p, u64 at)
{
    u64 exits[NATIVE_EXITS_ROOM] = {0};

    for (u32 i = 0; i < VCPU_MAX; i++)
        for (u32 kind = 0; p->vcpu[i] && kind < EXIT_KINDS; kind++)
            exits[kind] += p->vcpu[i]->exits[kind];
    return mem_write(vcpu, gva(at), exits, sizeof(exits));
}

enum status native_partition_stats(struct call *call)
{
    const struct native_partition_stats *in = IN(call, struct native_partition_stats);
    struct partition *p;
    u64 numbers[3] = {0}; /* from events_sent on */
    u64 at = in->stats;

    TRY(native_find(in->partition, &p));
    numbers[0] = p->events_sent;
    numbers[1] = p->events_received;
    for (u32 i = 0; i < VCPU_MAX; i++)
        numbers[2] += p->vcpu[i] && vcpu_is_up(p->vcpu[i]);
    TRY(exits_write(call->vcpu, p, at + offsetof(struct native_stats, exits)));
    TRY(mem_write(call->vcpu, gva(at + offsetof(struct native_stats, events_sent)), numbers,
                  sizeof(numbers)));
    return mem_write(call->vcpu, gva(at + offsetof(struct native_stats, calls)), p->calls,
                     sizeof(((struct native_stats *)0)->calls));
}

enum status native_partition_pause(struct call *call)
{
    struct partition *p;

    TRY(native_find(IN(call, struct native_partition)->partition, &p));
    return p == call->vcpu->partition ? ST_DENIED : partition_pause(p);
}

enum status native_partition_resume(struct call *call)
{
    struct partition *p;

    TRY(native_find(IN(call, struct native_partition)->partition, &p));
    return partition_resume(p);
}

enum status native_partition_shutdown(struct call *call)
{
    const struct native_partition_shutdown *in = IN(call, struct native_partition_shutdown);
    struct partition *p;

    TRY(native_find(in->partition, &p));
    if (p == call->vcpu->partition || in->reason >= NATIVE_ENDS)
        return ST_INVALID;
    partition_shutdown(p, (enum end_reason)in->reason);
    return ST_OK;
}

enum status native_partition_schedule(struct call *call)
{
    const struct native_partition_schedule *in = IN(call, struct native_partition_schedule);
    struct partition *p;

    TRY(native_find(in->partition, &p));
    return sched_share_set(p, in->weight, in->cap);
}

enum status native_property_set(struct call *call)
{
    const struct native_property_set *in = IN(call, struct native_property_set);
    struct partition *p;

    TRY(native_find(in->partition, &p));
    if (in->property >= NATIVE_PROPERTIES)
        return ST_INVALID;
    p->property[in->property] = in->value;
    return ST_OK;
}

enum status native_vcpu_start(struct call *call)
{
    const struct native_vcpu_start *in = IN(call, struct native_vcpu_start);
    struct partition *p;
    struct vcpu *vcpu;

    TRY(native_find(in->partition, &p));
    vcpu = partition_vcpu(p, in->vcpu);
    if (!vcpu)
        return ST_NO_ENTRY;
    return vcpu_start_pvh(vcpu, in->entry, in->start_info);
}
