#include "hypercall/trace.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"

#define TRACE_RECORDS 2048u

bool trace_is_on;

static struct lock trace_lock = LOCK_INIT(R);
static struct native_trace_record ring[TRACE_RECORDS]; /* R */
static u64 put_count;                                  /* R */
static u64 taken_count;                                /* R */
static u32 lost_count;                                 /* R */

void trace_record(const struct vcpu *vcpu, enum trace_abi abi, u32 call, u32 argument,
                  s64 result)
{
    lock_take(&trace_lock);
    ring[put_count++ % TRACE_RECORDS] = (struct native_trace_record){
        .tsc = tsc_read(),
        .partition = vcpu->partition->id,
        .vcpu = (u16)vcpu->id,
        .abi = (u8)abi,
        .call = call,
        .argument = argument,
        .result = result,
    };
    if (put_count - taken_count > TRACE_RECORDS) {
        taken_count++;
        lost_count++;
    }
    lock_drop(&trace_lock);
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
