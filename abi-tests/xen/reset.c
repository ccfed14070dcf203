/*
 * EVTCHNOP_reset while ports of every kind are bound. It closes the console's port as well, so
 * what was seen is kept until kit_console_mend() has bound that one again; and it spoils the
 * guest's port numbers, so these tests run only when named, in a guest of two vCPUs.
 */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define RESET (TEST_ALL | TEST_ALONE | TEST_GUEST)

#define MILLISECOND 1000000ull

static const char *const row = "event_channel_op.reset";

static long event(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, sub, (uintptr_t)argument, 0, 0);
}

static long reset(uint16_t domain)
{
    struct {
        uint16_t domain;
    } in = {domain};

    return event(G_EVTCHNOP_reset, &in);
}

static uint32_t status_of(uint32_t port)
{
    struct g_evtchn_status status = {.dom = G_DOMID_SELF, .port = port, .status = 99};

    return event(G_EVTCHNOP_status, &status) == 0 ? status.status : 99;
}

static bool is_pending(uint32_t port)
{
    return (__atomic_load_n(&kit_shared()->pending[port / 64], __ATOMIC_SEQ_CST) >>
                (port % 64) &
            1) != 0;
}

static uint32_t ipi_bind(void)
{
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    return event(G_EVTCHNOP_bind_ipi, &ipi) == 0 ? ipi.port : 0;
}

static uint32_t virq_bind(uint32_t number)
{
    struct g_evtchn_bind_virq virq = {.virq = number};

    return event(G_EVTCHNOP_bind_virq, &virq) == 0 ? virq.port : 0;
}

/* ---- Ports of every kind ---------------------------------------------------------- */

enum kind { UNBOUND, NEAR_END, FAR_END, IPI, VIRQ, TIMER, KINDS };
static const char *const names[KINDS] = {"an unbound port",     "an interdomain port",
                                         "the other end of it", "an IPI's port",
                                         "a VIRQ's port",       "the timer's port"};

/* What is seen while nobody could be told of it. */
static struct {
    long result, again;
    long status[KINDS], send[KINDS], close[KINDS];
    bool is_pending[KINDS];
} seen;

static bool ports_bind(uint32_t port[KINDS])
{
    struct g_evtchn_alloc_unbound free = {.dom = G_DOMID_SELF, .remote_dom = G_DOMID_SELF};
    struct g_evtchn_alloc_unbound near = free;
    struct g_evtchn_bind_interdomain far = {.remote_dom = G_DOMID_SELF};

    if (event(G_EVTCHNOP_alloc_unbound, &free) != 0 ||
        event(G_EVTCHNOP_alloc_unbound, &near) != 0)
        return false;
    far.remote_port = near.port;
    if (event(G_EVTCHNOP_bind_interdomain, &far) != 0)
        return false;
    port[UNBOUND] = free.port;
    port[NEAR_END] = near.port;
    port[FAR_END] = far.local_port;
    port[IPI] = ipi_bind();
    port[VIRQ] = virq_bind(G_VIRQ_DEBUG);
    port[TIMER] = virq_bind(G_VIRQ_TIMER);
    return port[IPI] != 0 && port[VIRQ] != 0 && port[TIMER] != 0;
}

static void ports_reset(const uint32_t port[KINDS])
{
    event(G_EVTCHNOP_send, &port[FAR_END]); /* its other end and the IPI are pending then */
    event(G_EVTCHNOP_send, &port[IPI]);
    seen.result = reset(G_DOMID_SELF);
    for (unsigned i = 0; i < KINDS; i++) {
        seen.status[i] = (long)status_of(port[i]);
        seen.is_pending[i] = is_pending(port[i]);
        seen.send[i] = event(G_EVTCHNOP_send, &port[i]);
        seen.close[i] = event(G_EVTCHNOP_close, &port[i]);
    }
    seen.again = reset(G_DOMID_SELF);
}

/* All are closed by one call, none is pending any more, and all can be bound again. */
TEST(reset_bound, "reset-bound", RESET)
{
    uint32_t port[KINDS];

    kit_shared();
    kit_console_mend();
    if (!ports_bind(port))
        return test_error("no ports");
    ports_reset(port);
    kit_console_mend();
    expect(row, "ports of every kind are bound", seen.result, 0);
    for (unsigned i = 0; i < KINDS; i++) {
        expect_number(row, names[i], seen.status[i], G_EVTCHNSTAT_closed);
        expect("event_channel_op.send", names[i], seen.send[i], -G_EINVAL);
        expect("event_channel_op.close", names[i], seen.close[i], -G_EINVAL);
        expect_true(row, "not pending any more", !seen.is_pending[i]);
    }
    expect(row, "no port is bound", seen.again, 0);
    expect_true(row, "the console's other end can be bound again", kit_console_is_read());
    expect_true(row, "all can be bound again", ports_bind(port));
    expect(row, "the control domain's", reset(0), -G_EPERM);
    expect(row, "no such domain", reset(G_DOMID_INVALID), -G_ESRCH);
}

/* The timer is heard by the VIRQ bound after the call. */
TEST(reset_timer, "reset-timer", RESET)
{
    struct g_set_singleshot_timer shot = {0};
    uint64_t end = kit_now() + 2000 * MILLISECOND;
    uint32_t port;

    kit_console_mend();
    reset(G_DOMID_SELF);
    port = virq_bind(G_VIRQ_TIMER);
    kit_console_mend();
    shot.timeout_abs_ns = kit_now() + MILLISECOND;
    expect("vcpu_op.set_singleshot_timer", "after a reset of the ports",
           kit_hypercall(G_HYPERVISOR_vcpu_op, G_VCPUOP_set_singleshot_timer, 0,
                         (uintptr_t)&shot, 0),
           0);
    while (!is_pending(port) && kit_now() < end)
        kit_yield();
    expect_true(row, "a new port of the timer is heard", is_pending(port));
    event(G_EVTCHNOP_close, &port);
}

/* ---- Back from FIFO ------------------------------------------------------------------ */

static uint8_t control_page[KIT_PAGE] __attribute__((aligned(4096)));
static volatile uint32_t words[KIT_PAGE / 4] __attribute__((aligned(4096)));

static long fifo_begin(void)
{
    struct g_evtchn_init_control init = {.control_gfn = kit_frame(control_page)};
    struct g_evtchn_expand_array array = {kit_frame((const void *)words)};
    long error = event(G_EVTCHNOP_init_control, &init);

    return error != 0 ? error : event(G_EVTCHNOP_expand_array, &array);
}

/* Sends an IPI; whether its FIFO word tells. */
static bool word_tells(void)
{
    uint32_t port = ipi_bind();
    bool tells;

    words[port] = 0;
    event(G_EVTCHNOP_send, &port);
    tells = words[port] >> G_EVTCHN_FIFO_PENDING == 1;
    event(G_EVTCHNOP_close, &port);
    return tells;
}

/* The same on two levels: the bit in shared_info. */
static bool bit_tells(void)
{
    uint32_t port = ipi_bind();
    bool tells;

    event(G_EVTCHNOP_send, &port);
    tells = is_pending(port);
    event(G_EVTCHNOP_close, &port);
    return tells;
}

/* A guest on FIFO is back on two levels, and can go over again. */
TEST(reset_fifo, "reset-fifo", RESET)
{
    struct g_evtchn_set_priority priority = {.priority = 3};
    bool word_before, word_between, bit_between;
    long first, result, set, second;

    kit_console_mend();
    kit_shared();
    first = fifo_begin();
    word_before = word_tells();
    result = reset(G_DOMID_SELF);
    bit_between = bit_tells();
    word_between = word_tells();
    set = event(G_EVTCHNOP_set_priority, &priority);
    second = fifo_begin();
    kit_console_mend();
    expect("event_channel_op.expand_array", "before the reset", first, 0);
    expect_true(row, "FIFO: words before", word_before);
    expect(row, "FIFO", result, 0);
    expect_true(row, "FIFO: bits of shared_info after", bit_between);
    expect_true(row, "FIFO: no words after", !word_between);
    observe("event_channel_op.set_priority", "after the reset", set);
    expect("event_channel_op.expand_array", "FIFO again", second, 0);
    expect_true(row, "FIFO again: words", word_tells());
    reset(G_DOMID_SELF);
    kit_console_mend();
    expect_true(row, "and back: bits", bit_tells());
}

/* ---- While the other vCPU uses them -------------------------------------------------- */

static volatile bool is_over;
static volatile uint32_t shared_port;
static volatile unsigned long rounds, wrong;
static uint8_t page[KIT_PAGE] __attribute__((aligned(4096)));

/* Binds, sends, closes: each may find its port gone. PV: its page tables change besides, for
 * which the vCPUs must reach each other.
 */
static void use_ports(void)
{
    uint64_t pte = kit_kind == KIT_PV ? kit_pte_of(page) : 0;

    while (!is_over) {
        uint32_t other = shared_port, own = ipi_bind();
        long sent = event(G_EVTCHNOP_send, &other);
        long closed = own != 0 ? event(G_EVTCHNOP_close, &own) : 0;

        wrong += sent != 0 && sent != -G_EINVAL;
        wrong += closed != 0 && closed != -G_EINVAL;
        if (kit_kind == KIT_PV)
            wrong += kit_map(page, pte & ~2ull) != 0 || kit_map(page, pte) != 0;
        rounds++;
        kit_yield();
    }
}

TEST(race_reset, "race-reset", RESET)
{
    unsigned failed = 0;
    bool has_ended;

    if (!kit_second_exists())
        return test_skip("a guest of one vCPU");
    kit_console_mend();
    is_over = false;
    shared_port = ipi_bind();
    if (kit_second_start(use_ports) != 0)
        return test_error("vCPU 1 does not start");
    for (unsigned i = 0; i < 100; i++) {
        unsigned long before = rounds;
        uint64_t end = kit_now() + 2000 * MILLISECOND;

        failed += reset(G_DOMID_SELF) != 0;
        shared_port = ipi_bind();
        failed += shared_port == 0;
        while (rounds < before + 2 && kit_now() < end)
            kit_yield();
        failed += rounds < before + 2;
    }
    is_over = true;
    has_ended = kit_second_join();
    reset(G_DOMID_SELF);
    kit_console_mend();
    expect_true(row, "while another vCPU binds, sends and closes", failed == 0 && has_ended);
    expect_true("event_channel_op.send", "while all ports are reset: done or EINVAL",
                wrong == 0 && rounds > 0);
}
