/* event_channel_op on the two-level ABI. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define FREE_PORT 900u
#define NO_PORT   0x7fffffffu
#define NO_VCPU   77u

static long event(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, sub, (uintptr_t)argument, 0, 0);
}

static long close(uint32_t port)
{
    return event(G_EVTCHNOP_close, &port);
}

static bool take_pending(uint32_t port)
{
    uint64_t *word = &kit_shared()->pending[port / 64];
    bool was = (*word >> (port % 64) & 1) != 0;

    __atomic_fetch_and(word, ~(1ull << (port % 64)), __ATOMIC_SEQ_CST);
    return was;
}

/* What every operation refuses alike. */
static void check_pointers(const char *row, unsigned sub, size_t size)
{
    expect(row, "unmapped", event(sub, (void *)KIT_UNMAPPED), -G_EFAULT);
    expect(row, "torn", event(sub, KIT_TORN(size)), -G_EFAULT);
    expect(row, "hypervisor pointer", event(sub, (void *)KIT_HYPERVISOR), -G_EFAULT);
}

static uint32_t status_of(uint32_t port)
{
    struct g_evtchn_status status = {.dom = G_DOMID_SELF, .port = port, .status = 99};

    (void)event(G_EVTCHNOP_status, &status);
    return status.status;
}

TEST(alloc_unbound, "alloc-unbound", TEST_ALL | TEST_GUEST)
{
    const char *row = "event_channel_op.alloc_unbound";
    struct g_evtchn_alloc_unbound alloc = {.dom = G_DOMID_SELF, .remote_dom = G_DOMID_SELF};
    struct g_evtchn_alloc_unbound *cross = (void *)KIT_CROSS(sizeof(*cross));

    expect(row, "self for self", event(G_EVTCHNOP_alloc_unbound, &alloc), 0);
    expect_true(row, "a port above 0", alloc.port > 0 && alloc.port < 4096);
    expect("event_channel_op.status", "unbound", (long)status_of(alloc.port), 1);
    expect("event_channel_op.close", "unbound", close(alloc.port), 0);
    alloc.remote_dom = 0;
    expect(row, "self for the control domain", event(G_EVTCHNOP_alloc_unbound, &alloc), 0);
    close(alloc.port);
    *cross = alloc;
    expect(row, "straddling", event(G_EVTCHNOP_alloc_unbound, cross), 0);
    close(cross->port);
    alloc.remote_dom = G_DOMID_INVALID;
    observe(row, "for an invalid domain", event(G_EVTCHNOP_alloc_unbound, &alloc));
    alloc.dom = 0;
    alloc.remote_dom = G_DOMID_SELF;
    expect(row, "control domain for self", event(G_EVTCHNOP_alloc_unbound, &alloc), -G_EPERM);
    alloc.dom = G_DOMID_INVALID;
    expect(row, "invalid domain for self", event(G_EVTCHNOP_alloc_unbound, &alloc), -G_ESRCH);
    check_pointers(row, G_EVTCHNOP_alloc_unbound, sizeof(alloc));
    expect("event_channel_op", "unknown sub-operation", event(99, &alloc), -G_ENOSYS);
}

TEST(bind_virq, "bind-virq", TEST_ALL | TEST_GUEST)
{
    const char *row = "event_channel_op.bind_virq";
    struct g_evtchn_bind_virq virq = {.virq = G_VIRQ_DEBUG};

    expect(row, "debug on vCPU 0", event(G_EVTCHNOP_bind_virq, &virq), 0);
    expect("event_channel_op.status", "virq", (long)status_of(virq.port), 4);
    expect(row, "the same again", event(G_EVTCHNOP_bind_virq, &virq), -G_EEXIST);
    expect("event_channel_op.close", "virq", close(virq.port), 0);
    virq.virq = G_NR_VIRQS;
    expect(row, "no such VIRQ", event(G_EVTCHNOP_bind_virq, &virq), -G_EINVAL);
    virq.virq = 0xffffffff;
    expect(row, "VIRQ 2^32-1", event(G_EVTCHNOP_bind_virq, &virq), -G_EINVAL);
    virq.virq = G_VIRQ_DEBUG;
    virq.vcpu = NO_VCPU;
    expect(row, "no such vCPU", event(G_EVTCHNOP_bind_virq, &virq), -G_ENOENT);
    virq.virq = G_VIRQ_CONSOLE;
    expect(row, "global VIRQ on another vCPU", event(G_EVTCHNOP_bind_virq, &virq), -G_EINVAL);
    virq.vcpu = 0;
    observe(row, "control domain's VIRQ", event(G_EVTCHNOP_bind_virq, &virq));
    check_pointers(row, G_EVTCHNOP_bind_virq, sizeof(virq));
}

TEST(bind_ipi, "bind-ipi", TEST_ALL)
{
    const char *row = "event_channel_op.bind_ipi", *send = "event_channel_op.send";
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    expect(row, "vCPU 0", event(G_EVTCHNOP_bind_ipi, &ipi), 0);
    expect("event_channel_op.status", "ipi", (long)status_of(ipi.port), 5);
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    expect(send, "masked IPI", event(G_EVTCHNOP_send, &ipi.port), 0);
    expect_true(send, "masked IPI: no upcall", kit_vcpu_info()->upcall_pending == 0);
    expect_true(send, "masked IPI: pending", take_pending(ipi.port));
    __atomic_fetch_and(&kit_shared()->mask[ipi.port / 64], ~(1ull << ipi.port % 64),
                       __ATOMIC_SEQ_CST);
    expect(send, "IPI", event(G_EVTCHNOP_send, &ipi.port), 0);
    expect_true(send, "IPI: pending", take_pending(ipi.port));
    expect_true(send, "IPI: upcall", kit_vcpu_info()->upcall_pending == 1);
    expect_true(send, "IPI: selector",
                (kit_vcpu_info()->pending_sel >> (ipi.port / 64) & 1) == 1);
    kit_shared()->mask[ipi.port / 64] |= 1ull << ipi.port % 64;
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    expect("event_channel_op.bind_vcpu", "IPI",
           event(G_EVTCHNOP_bind_vcpu, &(struct g_evtchn_bind_vcpu){.port = ipi.port}),
           -G_EINVAL);
    expect("event_channel_op.close", "ipi", close(ipi.port), 0);
    ipi.vcpu = NO_VCPU;
    expect(row, "no such vCPU", event(G_EVTCHNOP_bind_ipi, &ipi), -G_ENOENT);
    check_pointers(row, G_EVTCHNOP_bind_ipi, sizeof(ipi));
}

static void send_bad(void)
{
    const char *row = "event_channel_op.send";
    uint32_t port = FREE_PORT;

    expect(row, "free port", event(G_EVTCHNOP_send, &port), -G_EINVAL);
    port = NO_PORT;
    expect(row, "no such port", event(G_EVTCHNOP_send, &port), -G_EINVAL);
    port = 0;
    expect(row, "port 0", event(G_EVTCHNOP_send, &port), -G_EINVAL);
    check_pointers(row, G_EVTCHNOP_send, 4);
}

TEST(loop, "event-loop", TEST_ALL | TEST_GUEST)
{
    const char *send = "event_channel_op.send", *bind = "event_channel_op.bind_interdomain";
    struct g_evtchn_alloc_unbound one = {.dom = G_DOMID_SELF, .remote_dom = G_DOMID_SELF};
    struct g_evtchn_bind_interdomain two = {.remote_dom = G_DOMID_SELF};
    struct g_evtchn_bind_vcpu to = {.vcpu = 0};
    uint32_t port;

    if (event(G_EVTCHNOP_alloc_unbound, &one) != 0)
        return test_error("no port");
    port = one.port;
    expect(send, "unbound", event(G_EVTCHNOP_send, &port), 0);
    two.remote_port = one.port;
    expect(bind, "self", event(G_EVTCHNOP_bind_interdomain, &two), 0);
    expect("event_channel_op.status", "interdomain", (long)status_of(two.local_port), 2);
    observe(bind, "binding raises the local end", take_pending(two.local_port));
    take_pending(one.port);
    expect(bind, "bound already", event(G_EVTCHNOP_bind_interdomain, &two), -G_EINVAL);
    expect(send, "interdomain", event(G_EVTCHNOP_send, &port), 0);
    expect_true(send, "the other end is pending", take_pending(two.local_port));
    expect_true(send, "the own end is not", !take_pending(port));
    to.port = port;
    expect("event_channel_op.bind_vcpu", "interdomain", event(G_EVTCHNOP_bind_vcpu, &to), 0);
    to.vcpu = NO_VCPU;
    expect("event_channel_op.bind_vcpu", "no such vCPU", event(G_EVTCHNOP_bind_vcpu, &to),
           -G_ENOENT);
    to.vcpu = 0;
    to.port = FREE_PORT;
    expect("event_channel_op.bind_vcpu", "free port", event(G_EVTCHNOP_bind_vcpu, &to),
           -G_EINVAL);
    to.port = NO_PORT;
    expect("event_channel_op.bind_vcpu", "no such port", event(G_EVTCHNOP_bind_vcpu, &to),
           -G_EINVAL);
    check_pointers("event_channel_op.bind_vcpu", G_EVTCHNOP_bind_vcpu, sizeof(to));
    expect("event_channel_op.close", "one end", close(two.local_port), 0);
    expect("event_channel_op.status", "the other end is unbound again", (long)status_of(port),
           1);
    expect("event_channel_op.close", "the other", close(port), 0);
    expect("event_channel_op.close", "again", close(port), -G_EINVAL);
    expect("event_channel_op.close", "no such port", close(NO_PORT), -G_EINVAL);
    expect("event_channel_op.close", "port 0", close(0), -G_EINVAL);
    check_pointers("event_channel_op.close", G_EVTCHNOP_close, 4);
    send_bad();
}

TEST(unmask, "unmask", TEST_ALL)
{
    const char *row = "event_channel_op.unmask";
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};
    uint32_t port;

    if (event(G_EVTCHNOP_bind_ipi, &ipi) != 0)
        return test_error("no port");
    event(G_EVTCHNOP_send, &ipi.port);
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    expect(row, "masked and pending", event(G_EVTCHNOP_unmask, &ipi.port), 0);
    expect_true(row, "it is unmasked",
                (kit_shared()->mask[ipi.port / 64] >> ipi.port % 64 & 1) == 0);
    expect_true(row, "it raises the upcall", kit_vcpu_info()->upcall_pending == 1);
    take_pending(ipi.port);
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    kit_shared()->mask[ipi.port / 64] |= 1ull << ipi.port % 64;
    expect(row, "masked, not pending", event(G_EVTCHNOP_unmask, &ipi.port), 0);
    expect_true(row, "no upcall then", kit_vcpu_info()->upcall_pending == 0);
    kit_shared()->mask[ipi.port / 64] |= 1ull << ipi.port % 64;
    close(ipi.port);
    port = FREE_PORT;
    observe(row, "free port", event(G_EVTCHNOP_unmask, &port));
    port = NO_PORT;
    expect(row, "no such port", event(G_EVTCHNOP_unmask, &port), -G_EINVAL);
    check_pointers(row, G_EVTCHNOP_unmask, 4);
}

/* Until the domain's limit, and back. */
TEST(exhaustion, "exhaustion", TEST_ALL | TEST_GUEST)
{
    const char *row = "event_channel_op.alloc_unbound";
    struct g_evtchn_alloc_unbound alloc = {.dom = G_DOMID_SELF, .remote_dom = G_DOMID_SELF};
    static uint32_t ports[4096];
    unsigned count = 0;
    long result = 0;

    while (count < 4096 && (result = event(G_EVTCHNOP_alloc_unbound, &alloc)) == 0)
        ports[count++] = alloc.port;
    expect(row, "until the limit", result, -G_ENOSPC);
    expect_true(row, "hundreds fit", count > 500);
    while (count > 0)
        result |= close(ports[--count]);
    expect(row, "after closing all", event(G_EVTCHNOP_alloc_unbound, &alloc), 0);
    close(alloc.port);
}

/* One upcall for one event, not before it is unmasked. */
TEST(upcall, "upcall", TEST_ALL)
{
    const char *row = kit_kind == KIT_PV ? "callback_op.register:event" : "hvm_op.set_param";
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    if (event(G_EVTCHNOP_bind_ipi, &ipi) != 0)
        return test_error("no port");
    kit_upcall_init();
    kit_vcpu_info()->upcall_mask = 1;
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    kit_events = 0;
    event(G_EVTCHNOP_send, &ipi.port);
    event(G_EVTCHNOP_unmask, &ipi.port);
    expect_true(row, "none while upcalls are masked", kit_events == 0);
    kit_vcpu_info()->upcall_mask = 0;
    if (kit_kind == KIT_PVH)
        __asm__ volatile("sti; nop");
    kit_hypercall(G_HYPERVISOR_xen_version, 0, 0, 0, 0);
    expect(row, "upcalls for one event", (long)kit_events, 1);
    if (kit_kind == KIT_PV)
        expect_true(row, "the mask is set in the handler", kit_vcpu_info()->upcall_mask == 1);
    kit_shared()->mask[ipi.port / 64] |= 1ull << ipi.port % 64;
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    take_pending(ipi.port);
    close(ipi.port);
}
