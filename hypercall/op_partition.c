#include "hypercall/op_partition.h"
#include "hv/core/frame.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/vcpu.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

_Static_assert((int)NATIVE_ENDS == (int)END_REASONS &&
                   (int)NATIVE_END_SOFT_RESET == (int)END_SOFT_RESET &&
                   (int)NATIVE_END_CRASH == (int)END_CRASH,
               "same reasons");
_Static_assert((u32)NATIVE_PROPERTIES == PROPERTY_MAX, "same properties");

u32 op_partition_id(const struct partition *p)
{
    return p->id;
}

const char *op_partition_name(const struct partition *p)
{
    return p->name;
}

const u8 *op_partition_uuid(const struct partition *p)
{
    return (const u8 *)&p->property[NATIVE_UUID_LOW];
}

struct partition *op_partition_find(u32 id)
{
    return partition_find(id);
}

bool op_partition_is_privileged(const struct partition *p)
{
    return p->flags & PARTITION_PRIVILEGED;
}

bool op_partition_shows(const struct partition *p, enum op_abi abi)
{
    return p->flags & (abi == OP_ABI_XEN ? PARTITION_XEN : PARTITION_TLFS);
}

u32 op_partition_vcpu_count(const struct partition *p)
{
    return p->vcpu_count;
}

u64 op_partition_property(const struct partition *p, enum native_property which)
{
    return (u32)which < PROPERTY_MAX ? p->property[which] : 0;
}

void op_partition_property_set(struct partition *p, enum native_property which, u64 value)
{
    if ((u32)which < PROPERTY_MAX)
        p->property[which] = value;
}

void *op_partition_abi(const struct partition *p, enum op_abi abi)
{
    return p->abi_state[abi];
}

void op_partition_abi_set(struct partition *p, enum op_abi abi, void *state)
{
    p->abi_state[abi] = state;
}

void op_partition_shutdown(struct partition *p, enum native_end reason)
{
    partition_shutdown(p, (enum end_reason)reason);
}

static struct timer *watchdog_at(const struct partition *p, u32 which)
{
    return &partition_vcpu(p, 0)->timer[VCPU_TIMER_WATCHDOG0 + which];
}

void op_partition_watchdog(struct partition *p, u32 which, u64 deadline_ns)
{
    if (deadline_ns == TIME_NEVER)
        timer_cancel(watchdog_at(p, which));
    else
        timer_arm(watchdog_at(p, which), deadline_ns);
}

bool op_partition_watchdog_is_set(const struct partition *p, u32 which)
{
    return timer_is_armed(watchdog_at(p, which));
}

#define LOG_BYTES_A_SECOND 16384u

/* Takes `bytes` from the allowance of this second. */
static u32 log_allow(struct partition *p, u32 bytes)
{
    u64 now_ns = clock_now_ns();

    if (now_ns - p->log_since_ns >= 1000000000u) {
        p->log_since_ns = now_ns;
        p->log_bytes = 0;
    }
    bytes = MIN(bytes, LOG_BYTES_A_SECOND - p->log_bytes);
    p->log_bytes += bytes;
    return bytes;
}

static void log_line_end(struct partition *p)
{
    if (p->log_used != 0)
        print("(d%u) %.*s\n", p->id, (int)p->log_used, p->log_line);
    p->log_used = 0;
}

void op_partition_log(struct partition *p, const char *text, u32 bytes)
{
    bytes = log_allow(p, bytes);
    for (u32 i = 0; i < bytes; i++) {
        if (text[i] >= ' ' && text[i] < 127)
            p->log_line[p->log_used++] = text[i];
        if (text[i] == '\n' || p->log_used == sizeof(p->log_line))
            log_line_end(p);
    }
}

u64 op_system_bytes_total(void)
{
    return frame_count_total() * PAGE_SIZE;
}

u64 op_system_bytes_free(void)
{
    return frame_count_free() * PAGE_SIZE;
}
