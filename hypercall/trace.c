#include "hypercall/trace.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"

#define TRACE_RECORDS 1024u

static struct lock trace_lock = LOCK_INIT(R);
static struct native_trace_record ring[TRACE_RECORDS]; /* R */
static u64 put_count;                                  /* R */
static u64 taken_count;                                /* R */
static u32 lost_count;                                 /* R */
static bool is_on;                                     /* H */
static u32 wanted;                                     /* H: a partition or NATIVE_TRACE_ALL */

_Static_assert(NATIVE_COUNTERS * sizeof(u64) <= PAGE_SIZE, "counters fit a page");

static const u32 first_counter[] = {
    [TRACE_NATIVE] = 0,
    [TRACE_XEN] = NATIVE_COUNTER_XEN,
    [TRACE_TLFS] = NATIVE_COUNTER_TLFS,
};

bool trace_call(const struct vcpu *vcpu, enum trace_abi abi, u32 call)
{
    const struct partition *p = vcpu->partition;
    u32 counter = first_counter[abi] + call;

    if (counter < NATIVE_COUNTERS)
        p->calls[counter]++;
    return is_on && (wanted == p->id || wanted == NATIVE_TRACE_ALL);
}

void trace_record(const struct vcpu *vcpu, enum trace_abi abi, u32 call,
                  struct native_trace_record *record)
{
    record->tsc = tsc_read();
    record->partition = vcpu->partition->id;
    record->vcpu = (u16)vcpu->id;
    record->abi = (u8)abi;
    record->call = call;
    lock_take(&trace_lock);
    ring[put_count++ % TRACE_RECORDS] = *record;
    if (put_count - taken_count > TRACE_RECORDS) {
        taken_count++;
        lost_count++;
    }
    lock_drop(&trace_lock);
}

void trace_all_of(u32 partition)
{
    wanted = partition;
    is_on = true;
}

void trace_stop(void)
{
    is_on = false;
}

bool trace_take(struct native_trace_record *out)
{
    bool has_one;

    lock_take(&trace_lock);
    has_one = taken_count != put_count;
    if (has_one)
        *out = ring[taken_count++ % TRACE_RECORDS];
    lock_drop(&trace_lock);
    return has_one;
}

u32 trace_lost(void)
{
    u32 lost;

    lock_take(&trace_lock);
    lost = lost_count;
    lost_count = 0;
    lock_drop(&trace_lock);
    return lost;
}
