/* FIFO event channels. Only a reset (reset.c) goes back to two levels: these are the last
 * tests. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define LINK_MASK ((1u << G_EVTCHN_FIFO_LINK_BITS) - 1)

static uint8_t control_page[KIT_PAGE] __attribute__((aligned(4096)));
static volatile uint32_t words[KIT_PAGE / 4] __attribute__((aligned(4096)));
static uint32_t second_page[KIT_PAGE / 4] __attribute__((aligned(4096)));

static long event(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, sub, (uintptr_t)argument, 0, 0);
}

static long control(uint64_t frame, uint32_t offset, uint32_t vcpu)
{
    struct g_evtchn_init_control init = {
        .control_gfn = frame, .offset = offset, .vcpu = vcpu, .link_bits = 0};
    long result = event(G_EVTCHNOP_init_control, &init);

    if (result == 0 && init.link_bits != G_EVTCHN_FIFO_LINK_BITS)
        return -1000;
    return result;
}

static long expand(uint64_t frame)
{
    struct g_evtchn_expand_array array = {frame};

    return event(G_EVTCHNOP_expand_array, &array);
}

static long priority(uint32_t port, uint32_t value)
{
    struct g_evtchn_set_priority set = {port, value};

    return event(G_EVTCHNOP_set_priority, &set);
}

TEST(fifo_before, "fifo-before", TEST_ALL)
{
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    (void)event(G_EVTCHNOP_bind_ipi, &ipi);
    observe("event_channel_op.set_priority", "on two levels", priority(ipi.port, 3));
    observe("event_channel_op.expand_array", "on two levels", expand(kit_frame(second_page)));
    event(G_EVTCHNOP_close, &ipi.port);
}

TEST(fifo_control, "fifo-control", TEST_ALL)
{
    const char *row = "event_channel_op.init_control";
    uint64_t frame = kit_frame(control_page);

    expect(row, "offset not a multiple of 8", control(frame, 4, 0), -G_EINVAL);
    expect(row, "across the page's end", control(frame, KIT_PAGE - 64, 0), -G_EINVAL);
    expect(row, "offset 2^32-8", control(frame, 0xfffffff8, 0), -G_EINVAL);
    expect(row, "no such vCPU", control(frame, 0, 77), -G_ENOENT);
    expect(row, "no such frame", control(~0ull >> 8, 0, 0), -G_EINVAL);
    expect(row, "unmapped", event(G_EVTCHNOP_init_control, (void *)KIT_UNMAPPED), -G_EFAULT);
    expect(row, "torn", event(G_EVTCHNOP_init_control, KIT_TORN(24)), -G_EFAULT);
    expect(row, "plain, 17 link bits", control(frame, 0, 0), 0);
    observe(row, "again", control(frame, 512, 0));
}

TEST(fifo_array, "fifo-array", TEST_ALL)
{
    const char *row = "event_channel_op.expand_array";

    expect(row, "no such frame", expand(~0ull >> 8), -G_EINVAL);
    expect(row, "plain", expand(kit_frame((const void *)words)), 0);
    expect(row, "second page", expand(kit_frame(second_page)), 0);
    expect(row, "unmapped", event(G_EVTCHNOP_expand_array, (void *)KIT_UNMAPPED), -G_EFAULT);
}

static uint32_t port_of(uint32_t level)
{
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    if (event(G_EVTCHNOP_bind_ipi, &ipi) != 0 || priority(ipi.port, level) != 0)
        return 0;
    __atomic_fetch_and((uint32_t *)&words[ipi.port], ~(1u << G_EVTCHN_FIFO_MASKED),
                       __ATOMIC_SEQ_CST);
    return ipi.port;
}

/* Three events of two priorities: the ready word, the heads, the links in the order of sending.
 */
TEST(fifo_order, "fifo-order", TEST_ALL)
{
    const char *row = "event_channel_op.set_priority", *send = "event_channel_op.send";
    volatile struct g_fifo_control_block *block = (void *)control_page;
    uint32_t one = port_of(10), two = port_of(10), high = port_of(2);

    if (one == 0 || two == 0 || high == 0)
        return test_error("no port");
    block->ready = 0;
    kit_vcpu_info()->upcall_pending = 0;
    event(G_EVTCHNOP_send, &one);
    event(G_EVTCHNOP_send, &two);
    event(G_EVTCHNOP_send, &high);
    expect_true(send, "FIFO: pending bits",
                words[one] >> G_EVTCHN_FIFO_PENDING == 1 &&
                    words[two] >> G_EVTCHN_FIFO_PENDING == 1);
    expect_true(send, "FIFO: ready word", (block->ready & 0x404) == 0x404);
    expect_true(send, "FIFO: upcall", kit_vcpu_info()->upcall_pending == 1);
    expect_true(row, "head of the high one", block->head[2] == high);
    expect_true(row, "head of the low ones is the first sent", block->head[10] == one);
    expect_true(row, "it links to the second", (words[one] & LINK_MASK) == two);
    expect_true(row, "the second ends the queue", (words[two] & LINK_MASK) == 0);
    event(G_EVTCHNOP_send, &one);
    expect_true(send, "FIFO: sending again changes nothing",
                block->head[10] == one && (words[one] & LINK_MASK) == two);
    expect(row, "priority 15", priority(one, 15), 0);
    expect(row, "priority 16", priority(one, 16), -G_EINVAL);
    expect(row, "no such port", priority(0x7fffffff, 3), -G_EINVAL);
    observe(row, "free port", priority(900, 3));
    expect(row, "unmapped", event(G_EVTCHNOP_set_priority, (void *)KIT_UNMAPPED), -G_EFAULT);
}

/* A masked event is pending but not linked; unmask links it. */
TEST(fifo_mask, "fifo-mask", TEST_ALL)
{
    const char *row = "event_channel_op.unmask";
    uint32_t port = port_of(9);

    if (port == 0)
        return test_error("no port");
    __atomic_fetch_or((uint32_t *)&words[port], 1u << G_EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    event(G_EVTCHNOP_send, &port);
    expect_true(row, "FIFO: masked is pending", words[port] >> G_EVTCHN_FIFO_PENDING == 1);
    expect_true(row, "FIFO: masked is not linked",
                (words[port] >> G_EVTCHN_FIFO_LINKED & 1) == 0);
    expect(row, "FIFO", event(G_EVTCHNOP_unmask, &port), 0);
    expect_true(row, "FIFO: linked then",
                (words[port] >> G_EVTCHN_FIFO_LINKED & 1) == 1 &&
                    (words[port] >> G_EVTCHN_FIFO_MASKED & 1) == 0);
    kit_vcpu_info()->upcall_pending = 0;
}
