#include "enlight/stimer.h"
#include "enlight/reftsc.h"
#include "enlight/synic.h"

/* 100 us: whoever asks for more beats would do nothing but take them. */
#define PERIOD_MIN 1000u

static u64 period_of(const struct tlfs_stimer *timer)
{
    return MAX(timer->count, PERIOD_MIN);
}

static u64 now_of(const struct tlfs_vcpu *tv)
{
    return reftsc_now(op_vcpu_partition(tv->vcpu), tv->domain);
}

static void stop(struct tlfs_vcpu *tv, u32 index)
{
    tv->stimer[index].due = 0;
    op_vcpu_clock_stop(tv->vcpu, index);
}

static void arm(struct tlfs_vcpu *tv, u32 index, u64 due)
{
    tv->stimer[index].due = MAX(due, 1u);
    op_vcpu_clock_arm(tv->vcpu, index,
                      reftsc_to_ns(op_vcpu_partition(tv->vcpu), tv->domain, due));
}

static u64 add_capped(u64 a, u64 b)
{
    u64 sum;

    return add_overflows(a, b, &sum) ? ~(u64)0 : sum;
}

/* The count of a periodic timer is its period, of another the time when it expires. */
static void start(struct tlfs_vcpu *tv, u32 index)
{
    const struct tlfs_stimer *timer = &tv->stimer[index];

    if (!(timer->config & TLFS_STIMER_ENABLE) || timer->count == 0)
        return;
    if (timer->config & TLFS_STIMER_PERIODIC)
        arm(tv, index, add_capped(now_of(tv), period_of(timer)));
    else
        arm(tv, index, timer->count);
}

void stimer_reset(struct tlfs_vcpu *tv)
{
    for (u32 i = 0; i < TLFS_STIMERS; i++) {
        stop(tv, i);
        tv->stimer[i] = (struct tlfs_stimer){0};
    }
}

static bool is_count(u32 msr)
{
    return (msr - TLFS_MSR_STIMER0_CONFIG) & 1;
}

static u32 index_of(u32 msr)
{
    return (msr - TLFS_MSR_STIMER0_CONFIG) / 2;
}

void stimer_read(const struct tlfs_vcpu *tv, u32 msr, u64 *value)
{
    const struct tlfs_stimer *timer = &tv->stimer[index_of(msr)];

    *value = is_count(msr) ? timer->count : timer->config;
}

/* A timer that would send messages to source 0 cannot be enabled. */
static enum status config_write(struct tlfs_stimer *timer, u64 value)
{
    if (value & TLFS_STIMER_RESERVED)
        return ST_INVALID;
    if (!(value & TLFS_STIMER_DIRECT) && !(value >> TLFS_STIMER_SINT & 15))
        value &= ~TLFS_STIMER_ENABLE;
    timer->config = value;
    return ST_OK;
}

static void count_write(struct tlfs_stimer *timer, u64 value)
{
    timer->count = value;
    if (value == 0)
        timer->config &= ~TLFS_STIMER_ENABLE;
    else if (timer->config & TLFS_STIMER_AUTOENABLE)
        timer->config |= TLFS_STIMER_ENABLE;
}

enum status stimer_write(struct tlfs_vcpu *tv, u32 msr, u64 value)
{
    u32 index = index_of(msr);

    if (is_count(msr))
        count_write(&tv->stimer[index], value);
    else
        TRY(config_write(&tv->stimer[index], value));
    stop(tv, index);
    tv->stimer[index].is_pending = false;
    start(tv, index);
    return ST_OK;
}

static bool message_send(struct tlfs_vcpu *tv, u32 index)
{
    const struct tlfs_stimer *timer = &tv->stimer[index];
    struct tlfs_timer_payload payload = {
        .timer = index, .expiration = timer->expired_at, .delivery = now_of(tv)};

    return synic_post(tv, timer->config >> TLFS_STIMER_SINT & 15, TLFS_MESSAGE_TIMER, &payload,
                      sizeof(payload));
}

static void notify(struct tlfs_vcpu *tv, u32 index)
{
    struct tlfs_stimer *timer = &tv->stimer[index];

    if (timer->config & TLFS_STIMER_DIRECT)
        op_vcpu_lapic_raise(tv->vcpu, (u8)(timer->config >> TLFS_STIMER_VECTOR));
    else
        timer->is_pending = !message_send(tv, index);
}

/* A periodic timer keeps its beat; beats that nobody could take are lost. */
static void again(struct tlfs_vcpu *tv, u32 index, u64 now)
{
    struct tlfs_stimer *timer = &tv->stimer[index];
    u64 missed = (now - timer->due) / period_of(timer);

    arm(tv, index, add_capped(timer->due, (missed + 1) * period_of(timer)));
}

static void expire(struct tlfs_vcpu *tv, u32 index)
{
    struct tlfs_stimer *timer = &tv->stimer[index];
    u64 now = now_of(tv);

    if (timer->due == 0)
        return;
    if (now < timer->due) { /* the two clocks differ by their rounding */
        arm(tv, index, timer->due);
        return;
    }
    timer->expired_at = timer->due;
    if (timer->config & TLFS_STIMER_PERIODIC) {
        again(tv, index, now);
    } else {
        timer->due = 0;
        timer->config &= ~TLFS_STIMER_ENABLE;
    }
    notify(tv, index);
}

void stimer_fire(struct tlfs_vcpu *tv, u32 timers)
{
    for (u32 i = 0; i < TLFS_STIMERS; i++)
        if (timers & 1u << i)
            expire(tv, i);
}

void stimer_deliver(struct tlfs_vcpu *tv)
{
    for (u32 i = 0; i < TLFS_STIMERS; i++)
        if (tv->stimer[i].is_pending)
            tv->stimer[i].is_pending = !message_send(tv, i);
}
