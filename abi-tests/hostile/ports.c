/*
 * role=ports: every port there is, opened, bound to whom it may concern, signalled and closed;
 * with two levels, and from some point on with queues (FIFO), which have room for more.
 */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/kit/front.h"
#include "abi-tests/kit/store.h"

#define PORTS_MAX   32768u
#define LEVELS_MAX  4096u /* of two levels */
#define FIFO_PAGES  30u   /* of 1024 ports each */
#define KEPT        4u    /* console and store are among the first ones */
#define REMOTE_PORT 512u

static uint32_t opened[PORTS_MAX];
static uint32_t count, most;

static long port_call(unsigned operation, void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, operation, (uintptr_t)argument, 0, 0);
}

static uint16_t domain_any(void)
{
    static const uint16_t domains[] = {0, 1, 2, 3, G_DOMID_SELF, G_DOMID_INVALID, G_DOMID_XEN};

    return domains[below(sizeof(domains) / sizeof(domains[0]))];
}

static uint32_t port_open(void)
{
    struct g_evtchn_alloc_unbound unbound = {.dom = G_DOMID_SELF, .remote_dom = domain_any()};
    struct g_evtchn_bind_ipi ipi = {0};
    struct g_evtchn_bind_virq virq = {.virq = below(G_NR_VIRQS)};

    switch (below(16)) {
    case 0:
        return port_call(G_EVTCHNOP_bind_ipi, &ipi) == 0 ? ipi.port : 0;
    case 1:
        return port_call(G_EVTCHNOP_bind_virq, &virq) == 0 ? virq.port : 0;
    default:
        return port_call(G_EVTCHNOP_alloc_unbound, &unbound) == 0 ? unbound.port : 0;
    }
}

/* Until there are no more, which many failures in a row say. */
static void ports_open(void)
{
    for (uint32_t failures = 0; failures < 64 && count < PORTS_MAX;) {
        uint32_t port = port_open();
        failures = port == 0 ? failures + 1 : 0;
        if (port != 0)
            opened[count++] = port;
        if (count % 64 == 0)
            hostile_step();
    }
    if (count > most)
        kit_print("hostile: %u ports open\n", count);
    most = count > most ? count : most;
}

/* No way back; the pages may lie anywhere, and there may be too many of them. */
static void queues_begin(void)
{
    struct g_evtchn_init_control control = {.control_gfn = kit_frame(hostile_page[0]),
                                            .offset = 8 * below(64)};
    struct g_evtchn_expand_array array = {0};

    port_call(G_EVTCHNOP_init_control, &control);
    for (uint32_t i = 1; i <= FIFO_PAGES; i++) {
        array.array_gfn = one_in(64) ? hostile_frame() : kit_frame(hostile_page[i]);
        port_call(G_EVTCHNOP_expand_array, &array);
    }
}

static void ports_close(uint32_t one_of)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (one_in(one_of))
            kit_port_close(opened[i]);
        else
            opened[left++] = opened[i];
    }
    count = left;
}

/* Nobody but domain 0 offers us a port, and those two are bound already. */
static void ports_of_others(void)
{
    struct g_evtchn_bind_interdomain bind = {.remote_dom = (uint16_t)below(3),
                                             .remote_port = below(REMOTE_PORT)};

    if (port_call(G_EVTCHNOP_bind_interdomain, &bind) == 0)
        kit_print("hostile: WAS BOUND to port %u of domain %u\n", bind.remote_port,
                  bind.remote_dom);
}

static void send_storm(void)
{
    uint32_t store = kit_store_port();

    for (uint32_t i = below(2000); i > 0; i--)
        kit_port_send(one_in(2) ? store : (uint32_t)hostile_value());
}

static void spoil(void)
{
    struct g_evtchn_bind_vcpu vcpu = {below(LEVELS_MAX), (uint32_t)hostile_value()};
    struct g_evtchn_status status = {.dom = domain_any(), .port = below(LEVELS_MAX)};
    struct g_evtchn_set_priority priority = {below(LEVELS_MAX), (uint32_t)hostile_value()};
    uint32_t port = KEPT + (uint32_t)hostile_value() % LEVELS_MAX;

    port_call(G_EVTCHNOP_bind_vcpu, &vcpu);
    port_call(G_EVTCHNOP_status, &status);
    port_call(G_EVTCHNOP_set_priority, &priority);
    port_call(G_EVTCHNOP_unmask, &port);
    kit_shared()->pending[below(64)] = hostile_value();
    /* the queues, if there are any */
    hostile_scribble(hostile_page[below(FIFO_PAGES + 1)], KIT_PAGE);
}

void hostile_ports(void)
{
    if (one_in(2))
        queues_begin();
    ports_open();
    for (uint32_t rest = below(100); rest > 0; rest--) {
        ports_of_others();
        spoil();
        hostile_step();
    }
    send_storm();
    ports_close(one_in(2) ? 1 : 2);
    kit_console_mend();
}
