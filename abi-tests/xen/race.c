/*
 * Two vCPUs at once: what one does while the other uses the same port, timer, vCPU or page. The
 * answers may be either; what must not happen is a third one, a lost event, or both having won.
 * They need a guest of two vCPUs, so they run only when named.
 */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define RACE        (TEST_ALL | TEST_ALONE)
#define ROUNDS      300u
#define MILLISECOND 1000000ull

/* What vCPU 1 is told, and what it has seen. */
static volatile bool is_over;
static volatile uint32_t port;
static volatile unsigned long done, refused, wrong;

static long event(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, sub, (uintptr_t)argument, 0, 0);
}

static long vcpu_op(uint64_t sub, uint64_t vcpu, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_vcpu_op, sub, vcpu, (uintptr_t)argument, 0);
}

static long close(uint32_t number)
{
    return event(G_EVTCHNOP_close, &number);
}

static bool is_pending(uint32_t number)
{
    return (__atomic_load_n(&kit_shared()->pending[number / 64], __ATOMIC_SEQ_CST) >>
                (number % 64) &
            1) != 0;
}

static void pending_clear(uint32_t number)
{
    __atomic_fetch_and(&kit_shared()->pending[number / 64], ~(1ull << (number % 64)),
                       __ATOMIC_SEQ_CST);
}

static bool wait_for(uint32_t number)
{
    uint64_t end = kit_now() + 2000 * MILLISECOND;

    while (!is_pending(number) && kit_now() < end)
        kit_yield();
    return is_pending(number);
}

static void count(long result, long allowed)
{
    if (result == 0)
        done++;
    else if (result == allowed)
        refused++;
    else
        wrong++;
}

/* False: there is nobody to race with. */
static bool race_begin(void (*body)(void))
{
    is_over = false;
    done = refused = wrong = 0;
    if (!kit_second_exists()) {
        test_skip("a guest of one vCPU");
        return false;
    }
    if (kit_second_start(body) != 0) {
        test_error("vCPU 1 does not start");
        return false;
    }
    return true;
}

static bool race_end(void)
{
    is_over = true;
    if (kit_second_join())
        return true;
    test_error("vCPU 1 does not end");
    return false;
}

static uint32_t ipi_bind(void)
{
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    return event(G_EVTCHNOP_bind_ipi, &ipi) == 0 ? ipi.port : 0;
}

/* ---- Ports ------------------------------------------------------------------ */

static void send_all_the_time(void)
{
    while (!is_over) {
        uint32_t number = port;

        count(event(G_EVTCHNOP_send, &number), -G_EINVAL);
        if (done % 16 == 0)
            kit_yield();
    }
}

/* A port is sent to while it is closed and made again. */
TEST(race_send, "race-send", RACE)
{
    unsigned failed = 0;

    port = ipi_bind();
    if (!race_begin(send_all_the_time))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        failed += close(port) != 0;
        if (i % 4 == 0)
            kit_yield();
        port = ipi_bind();
        failed += port == 0;
        kit_yield();
    }
    if (!race_end())
        return;
    expect_true("event_channel_op.send", "while it is closed: done or EINVAL", wrong == 0);
    expect_true("event_channel_op.send", "some arrive", done > 0);
    expect_true("event_channel_op.close", "while it is sent to", failed == 0);
    close(port);
    port = ipi_bind();
    expect_true("event_channel_op.bind_ipi", "not pending when nobody sends any more",
                !is_pending(port));
    close(port);
}

static void poll_all_the_time(void)
{
    while (!is_over) {
        uint32_t list[2] = {port, port};
        struct g_sched_poll poll = {(uintptr_t)list, 2, 0, kit_now() + MILLISECOND};

        count(kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&poll, 0, 0),
              -G_EINVAL);
    }
}

/* One waits for a port that the other closes and makes again. */
TEST(race_poll, "race-poll", RACE)
{
    port = ipi_bind();
    if (!race_begin(poll_all_the_time))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        close(port);
        kit_yield();
        port = ipi_bind();
        if (i % 2 == 0)
            event(G_EVTCHNOP_send, &(uint32_t){port});
        kit_yield();
    }
    if (!race_end())
        return;
    expect_true("sched_op.poll", "while the port is closed: done or EINVAL", wrong == 0);
    expect_true("sched_op.poll", "some end well", done > 0);
    close(port);
}

static void move_all_the_time(void)
{
    struct g_evtchn_bind_vcpu to = {.port = port};

    while (!is_over) {
        to.vcpu ^= 1;
        count(event(G_EVTCHNOP_bind_vcpu, &to), 0);
        kit_yield();
    }
}

/* No event is lost while its port moves from vCPU to vCPU. */
TEST(race_move, "race-move", RACE)
{
    struct g_evtchn_alloc_unbound here = {.dom = G_DOMID_SELF, .remote_dom = G_DOMID_SELF};
    struct g_evtchn_bind_interdomain there = {.remote_dom = G_DOMID_SELF};
    unsigned lost = 0;

    if (event(G_EVTCHNOP_alloc_unbound, &here) != 0)
        return test_error("no port");
    there.remote_port = port = here.port;
    if (event(G_EVTCHNOP_bind_interdomain, &there) != 0)
        return test_error("no other end");
    if (!race_begin(move_all_the_time))
        return;
    for (unsigned i = 0; i < ROUNDS && lost == 0; i++) {
        pending_clear(port);
        event(G_EVTCHNOP_send, &there.local_port);
        kit_yield();
        lost += !wait_for(port);
    }
    if (!race_end())
        return;
    expect_true("event_channel_op.bind_vcpu", "while it is sent to", wrong == 0 && done > 0);
    expect_true("event_channel_op.send", "none is lost while its port moves", lost == 0);
    close(there.local_port);
    close(port);
}

/* ---- Timers ------------------------------------------------------------------ */

static void set_periods(void)
{
    const uint64_t period = MILLISECOND;

    while (!is_over) {
        count(vcpu_op(G_VCPUOP_set_periodic_timer, 0, &period), 0);
        kit_yield();
        count(vcpu_op(G_VCPUOP_stop_periodic_timer, 0, NULL), 0);
        kit_yield();
    }
}

/* One vCPU's single timer, while the other starts and stops its periodic one. */
TEST(race_timer, "race-timer", RACE)
{
    struct g_evtchn_bind_virq virq = {.virq = G_VIRQ_TIMER};
    unsigned lost = 0;

    if (event(G_EVTCHNOP_bind_virq, &virq) != 0)
        return test_error("no port for the timer");
    if (!race_begin(set_periods))
        return;
    for (unsigned i = 0; i < ROUNDS && lost == 0; i++) {
        struct g_set_singleshot_timer shot = {.timeout_abs_ns = kit_now() + MILLISECOND / 10};

        pending_clear(virq.port);
        vcpu_op(G_VCPUOP_set_singleshot_timer, 0, &shot);
        lost += !wait_for(virq.port);
    }
    if (!race_end())
        return;
    expect_true("vcpu_op.set_periodic_timer", "another vCPU's", wrong == 0 && done > 0);
    expect_true("vcpu_op.set_singleshot_timer", "beside it: each one fires", lost == 0);
    vcpu_op(G_VCPUOP_stop_periodic_timer, 0, NULL);
    close(virq.port);
}

/* ---- vCPUs ------------------------------------------------------------------- */

static void count_all_the_time(void)
{
    while (!is_over) {
        done++;
        if (done % 1000 == 0)
            kit_yield();
    }
}

/* The times of a vCPU that runs: none goes back, the state is one of the four. */
TEST(race_runstate, "race-runstate", RACE)
{
    struct g_runstate_info last = {0}, now = {0};
    bool is_back = false, is_known = true;

    if (!race_begin(count_all_the_time))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (vcpu_op(G_VCPUOP_get_runstate_info, 1, &now) != 0)
            is_known = false;
        is_known &= now.state <= 3;
        for (unsigned n = 0; n < 4; n++)
            is_back |= now.time[n] < last.time[n];
        last = now;
        if (i % 8 == 0)
            kit_yield();
    }
    if (!race_end())
        return;
    expect_true("vcpu_op.get_runstate_info", "of a vCPU that runs", is_known);
    expect_true("vcpu_op.get_runstate_info", "of a vCPU that runs: no time goes back",
                !is_back);
}

static void sleep_until(uint64_t end)
{
    struct g_sched_poll poll = {0, 0, 0, end};

    while (kit_now() < end)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&poll, 0, 0);
}

/* The same count, seen twice with time between. */
static bool stands_still(void)
{
    unsigned long before;

    sleep_until(kit_now() + 2 * MILLISECOND);
    before = done;
    sleep_until(kit_now() + 5 * MILLISECOND);
    return before == done;
}

/* Down by the other while it works, and up again, at once or later: it goes on where it was. */
TEST(race_down, "race-down", RACE)
{
    bool has_stopped = true, has_gone_on = true, is_told = true;

    if (!race_begin(count_all_the_time))
        return;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t end = kit_now() + 2000 * MILLISECOND;
        unsigned long before;

        is_told &= vcpu_op(G_VCPUOP_down, 1, NULL) == 0;
        is_told &= vcpu_op(G_VCPUOP_is_up, 1, NULL) == 0;
        if (i % 10 == 0)
            has_stopped &= stands_still();
        else if (i % 2 == 0)
            kit_yield();
        before = done;
        is_told &= vcpu_op(G_VCPUOP_up, 1, NULL) == 0;
        while (done == before && kit_now() < end)
            kit_yield();
        has_gone_on &= done != before;
    }
    if (!race_end())
        return;
    expect_true("vcpu_op.down", "a vCPU at work: told, and down", is_told);
    expect_true("vcpu_op.down", "a vCPU at work: it stops", has_stopped);
    expect_true("vcpu_op.up", "it goes on where it was", has_gone_on);
}

/* ---- Memory ------------------------------------------------------------------ */

static uint8_t page[KIT_PAGE] __attribute__((aligned(4096)));

static void write_all_the_time(void)
{
    while (!is_over) {
        long result = kit_hypercall(G_HYPERVISOR_xen_version, G_XENVER_extraversion,
                                    (uintptr_t)page + 64, 0, 0);

        count(result, -G_EFAULT);
        if ((done + refused) % 16 == 0)
            kit_yield();
    }
}

static long page_take(uint64_t frame)
{
    struct g_memory_reservation in = {
        .extent_start = (uintptr_t)&frame, .nr_extents = 1, .domid = G_DOMID_SELF};

    if (kit_kind == KIT_PV)
        return kit_map(page, 0);
    return kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_decrease_reservation, (uintptr_t)&in,
                         0, 0) == 1
               ? 0
               : -1;
}

static long page_give(uint64_t frame, uint64_t pte)
{
    struct g_memory_reservation in = {
        .extent_start = (uintptr_t)&frame, .nr_extents = 1, .domid = G_DOMID_SELF};

    if (kit_kind == KIT_PV)
        return kit_map(page, pte);
    return kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_populate_physmap, (uintptr_t)&in, 0,
                         0) == 1
               ? 0
               : -1;
}

/* The hypervisor writes to a page for one vCPU while the other takes it away and gives it back.
 */
TEST(race_memory, "race-memory", RACE)
{
    uint64_t frame = kit_frame(page), pte = kit_kind == KIT_PV ? kit_pte_of(page) : 0;
    unsigned failed = 0;

    if (!race_begin(write_all_the_time))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        failed += page_take(frame) != 0;
        kit_yield();
        failed += page_give(frame, pte) != 0;
        kit_yield();
    }
    if (!race_end())
        return;
    expect_true("xen_version.extraversion", "while its page goes: done or EFAULT", wrong == 0);
    expect_true("xen_version.extraversion", "some are done", done > 0);
    expect_true(kit_kind == KIT_PV ? "update_va_mapping" : "memory_op.decrease_reservation",
                "while it is written to", failed == 0);
    page[64] = 7;
    expect_true("xen_version.extraversion", "the page is whole again", page[64] == 7);
}

static volatile unsigned epoch; /* odd while vCPU 1 has the page mapped writable */
static uint64_t page_pte;

static void map_writable_all_the_time(void)
{
    while (!is_over) {
        if (kit_map(page, page_pte | 2) != 0) {
            refused++;
            kit_yield();
            continue;
        }
        epoch++;
        kit_yield();
        epoch++;
        done += kit_map(page, page_pte & ~2ull) == 0;
    }
}

/* A page becomes a page table of one vCPU while the other maps it writable: one of them loses.
 */
TEST(race_pin, "race-pin", TEST_PV | TEST_ALONE)
{
    struct g_mmuext_op op = {.cmd = G_MMUEXT_PIN_L1_TABLE, .arg1 = kit_frame(page)};
    unsigned both = 0, pins = 0;

    memset(page, 0, sizeof(page));
    page_pte = kit_pte_of(page);
    if (kit_map(page, page_pte & ~2ull) != 0)
        return test_error("the page stays writable");
    if (!race_begin(map_writable_all_the_time))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned before = epoch;

        op.cmd = G_MMUEXT_PIN_L1_TABLE;
        if (kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF) == 0) {
            both += before == epoch && (before & 1) != 0;
            pins++;
            kit_yield();
            op.cmd = G_MMUEXT_UNPIN_TABLE;
            kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
        }
        kit_yield();
    }
    if (!race_end())
        return;
    expect_true("mmuext_op.PIN_L1_TABLE", "never while it is mapped writable", both == 0);
    expect_true("mmuext_op.PIN_L1_TABLE", "some are done", pins > 0);
    expect_true("update_va_mapping", "a page that is pinned now and then: some are done",
                done > 0);
    kit_map(page, page_pte);
}
