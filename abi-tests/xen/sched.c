/* sched_op and set_timer_op. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define MILLISECOND 1000000ull

static long sched(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_sched_op, sub, (uintptr_t)argument, 0, 0);
}

static long event(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, sub, (uintptr_t)argument, 0, 0);
}

static bool take_pending(uint32_t port)
{
    uint64_t *word = &kit_shared()->pending[port / 64];
    bool was = (*word >> (port % 64) & 1) != 0;

    __atomic_fetch_and(word, ~(1ull << (port % 64)), __ATOMIC_SEQ_CST);
    return was;
}

TEST(yield, "yield", TEST_ALL)
{
    expect("sched_op.yield", "null", sched(G_SCHEDOP_yield, NULL), 0);
    expect("sched_op.yield", "argument is ignored",
           sched(G_SCHEDOP_yield, (void *)KIT_UNMAPPED), 0);
    expect("sched_op", "unknown sub-operation", sched(99, NULL), -G_ENOSYS);
}

static long poll_ports(uint64_t ports, uint32_t count, uint64_t timeout)
{
    struct g_sched_poll poll = {.ports = ports, .nr_ports = count, .timeout = timeout};

    return sched(G_SCHEDOP_poll, &poll);
}

/* A poll may end early, at any event: waits until the port is pending or the time has come. */
static void wait_for(uint32_t port, uint64_t deadline)
{
    const uint64_t *word = &kit_shared()->pending[port / 64];

    while ((__atomic_load_n(word, __ATOMIC_SEQ_CST) >> (port % 64) & 1) == 0 &&
           kit_now() < deadline)
        poll_ports((uintptr_t)&port, 1, deadline);
}

static uint32_t bind_timer(void)
{
    static struct g_evtchn_bind_virq virq;

    kit_hypercall(G_HYPERVISOR_vcpu_op, G_VCPUOP_stop_periodic_timer, 0, 0, 0);
    if (virq.port == 0)
        (void)event(G_EVTCHNOP_bind_virq, &virq);
    return virq.port;
}

TEST(poll, "poll", TEST_ALL)
{
    const char *row = "sched_op.poll";
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};
    struct g_sched_poll *cross = (void *)KIT_CROSS(sizeof(*cross));
    uint32_t none = 4000;
    uint64_t start = kit_now();

    if (event(G_EVTCHNOP_bind_ipi, &ipi) != 0)
        return test_error("no IPI port");
    event(G_EVTCHNOP_send, &ipi.port);
    expect(row, "pending port", poll_ports((uintptr_t)&ipi.port, 1, 0), 0);
    expect(row, "past timeout", poll_ports((uintptr_t)&ipi.port, 1, 1), 0);
    take_pending(ipi.port);
    expect(row, "timeout of 2 ms", poll_ports((uintptr_t)&ipi.port, 1, start + 2 * MILLISECOND),
           0);
    expect(row, "no ports, past timeout", poll_ports(0, 0, 1), 0);
    memset(cross, 0, sizeof(*cross));
    cross->timeout = 1;
    expect(row, "straddling", sched(G_SCHEDOP_poll, cross), 0);
    expect(row, "129 ports", poll_ports((uintptr_t)&ipi.port, 129, 1), -G_EINVAL);
    expect(row, "2^32-1 ports", poll_ports((uintptr_t)&ipi.port, 0xffffffff, 1), -G_EINVAL);
    expect(row, "unmapped list", poll_ports(KIT_UNMAPPED, 1, 1), -G_EFAULT);
    memcpy(KIT_TORN(8), &ipi.port, sizeof(ipi.port));
    expect(row, "torn list", poll_ports((uintptr_t)KIT_TORN(8), 2, 1), -G_EFAULT);
    expect(row, "torn", sched(G_SCHEDOP_poll, KIT_TORN(24)), -G_EFAULT);
    expect(row, "unmapped", sched(G_SCHEDOP_poll, (void *)KIT_UNMAPPED), -G_EFAULT);
    observe(row, "free port", poll_ports((uintptr_t)&none, 1, 1));
    none = 0xffffffff;
    expect(row, "port 2^32-1", poll_ports((uintptr_t)&none, 1, 1), -G_EINVAL);
    none = 0;
    observe(row, "port 0", poll_ports((uintptr_t)&none, 1, 1));
    event(G_EVTCHNOP_close, &ipi.port);
}

TEST(timer, "timer", TEST_ALL)
{
    const char *row = "set_timer_op";
    uint32_t port = bind_timer();
    uint64_t start = kit_now();

    if (port == 0)
        return test_error("no port for the timer");
    take_pending(port);
    expect(row, "in 2 ms",
           kit_hypercall(G_HYPERVISOR_set_timer_op, start + 2 * MILLISECOND, 0, 0, 0), 0);
    wait_for(port, start + 1000 * MILLISECOND);
    expect_true(row, "fired", take_pending(port));
    expect_true(row, "not early", kit_now() >= start + 2 * MILLISECOND);
    expect(row, "in the past", kit_hypercall(G_HYPERVISOR_set_timer_op, 1, 0, 0, 0), 0);
    wait_for(port, kit_now() + 1000 * MILLISECOND);
    expect_true(row, "in the past fires at once", take_pending(port));
    start = kit_now();
    kit_hypercall(G_HYPERVISOR_set_timer_op, start + 200 * MILLISECOND, 0, 0, 0);
    expect(row, "zero", kit_hypercall(G_HYPERVISOR_set_timer_op, 0, 0, 0, 0), 0);
    wait_for(port, start + 220 * MILLISECOND);
    expect_true(row, "zero cancels", !take_pending(port));
    expect(row, "far future", kit_hypercall(G_HYPERVISOR_set_timer_op, ~0ull, 0, 0, 0), 0);
    observe(row, "far future does not fire now", take_pending(port));
    kit_hypercall(G_HYPERVISOR_set_timer_op, 0, 0, 0, 0);
    take_pending(port);
}

/*
 * block: an event that is pending ends it at once; else the timer does. It unmasks upcalls. The
 * timer is far enough off that it does not fire before the guest blocks: the handler masks
 * upcalls.
 */
TEST(block, "block", TEST_ALL)
{
    const char *row = "sched_op.block";
    uint32_t port = bind_timer();
    uint64_t start;

    if (port == 0)
        return test_error("no port for the timer");
    kit_upcall_init();
    kit_events = 0;
    take_pending(port);
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    kit_shared()->mask[port / 64] &= ~(1ull << (port % 64));
    kit_vcpu_info()->upcall_mask = 1;
    start = kit_now();
    kit_hypercall(G_HYPERVISOR_set_timer_op, start + 100 * MILLISECOND, 0, 0, 0);
    if (kit_kind == KIT_PVH)
        __asm__ volatile("sti");
    expect(row, "until the timer", sched(G_SCHEDOP_block, NULL), 0);
    while (kit_events == 0 && kit_now() < start + 1000 * MILLISECOND) /* it may end early */
        poll_ports(0, 0, kit_now() + MILLISECOND);
    kit_hypercall(G_HYPERVISOR_xen_version, 0, 0, 0, 0);
    if (kit_kind == KIT_PVH)
        __asm__ volatile("cli");
    expect_true(row, "an upcall came", kit_events >= 1);
    expect_true(row, "not early", kit_now() >= start + 100 * MILLISECOND);
    expect_true(row, "the timer's port is pending", take_pending(port));
    kit_shared()->mask[port / 64] |= 1ull << (port % 64);
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
}

static long watchdog(uint32_t id, uint32_t seconds)
{
    struct g_sched_watchdog in = {id, seconds};

    return sched(G_SCHEDOP_watchdog, &in);
}

/* Two of them; each is stopped before its time. */
TEST(watchdog, "watchdog", TEST_ALL)
{
    const char *row = "sched_op.watchdog";
    struct g_sched_watchdog *cross = (void *)KIT_CROSS(sizeof(*cross));

    expect(row, "set", watchdog(0, 1000), 1);
    *cross = (struct g_sched_watchdog){0, 2000};
    expect(row, "set another, straddling", sched(G_SCHEDOP_watchdog, cross), 2);
    expect(row, "set a third", watchdog(0, 1000), (uint32_t)-G_ENOSPC);
    expect(row, "set anew", watchdog(2, 500), 0);
    expect(row, "number 3", watchdog(3, 500), -G_EINVAL);
    expect(row, "number 2^32-1", watchdog(0xffffffff, 500), -G_EINVAL);
    expect(row, "stop", watchdog(1, 0), 0);
    expect(row, "stop again", watchdog(1, 0), -G_EINVAL);
    expect(row, "set anew after the stop", watchdog(1, 500), -G_EINVAL);
    expect(row, "stop the other", watchdog(2, 0), 0);
    expect(row, "torn", sched(G_SCHEDOP_watchdog, KIT_TORN(sizeof(*cross))), -G_EFAULT);
    expect(row, "unmapped", sched(G_SCHEDOP_watchdog, (void *)KIT_UNMAPPED), -G_EFAULT);
}

TEST(shutdown_bad, "shutdown-bad", TEST_ALL)
{
    expect("sched_op.shutdown", "unmapped", sched(G_SCHEDOP_shutdown, (void *)KIT_UNMAPPED),
           -G_EFAULT);
    expect("sched_op.shutdown", "torn", sched(G_SCHEDOP_shutdown, KIT_TORN(4)), -G_EFAULT);
    expect("sched_op.shutdown", "hypervisor pointer",
           sched(G_SCHEDOP_shutdown, (void *)KIT_HYPERVISOR), -G_EFAULT);
}
