/* role=ports: every port there is, opened, bound to whom it may concern, signalled and closed.
 */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/kit/front.h"
#include "abi-tests/kit/store.h"

#define PORTS_MAX   4096u /* of two levels */
#define KEPT        4u    /* console and store are among the first ones */
#define REMOTE_PORT 512u

static uint16_t opened[PORTS_MAX];
static uint32_t count;

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
            opened[count++] = (uint16_t)port;
        if (count % 64 == 0)
            hostile_step();
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
    struct g_evtchn_bind_vcpu vcpu = {below(PORTS_MAX), (uint32_t)hostile_value()};
    struct g_evtchn_status status = {.dom = domain_any(), .port = below(PORTS_MAX)};
    struct g_evtchn_set_priority priority = {below(PORTS_MAX), (uint32_t)hostile_value()};
    uint32_t port = KEPT + (uint32_t)hostile_value() % PORTS_MAX;

    port_call(G_EVTCHNOP_bind_vcpu, &vcpu);
    port_call(G_EVTCHNOP_status, &status);
    port_call(G_EVTCHNOP_set_priority, &priority);
    port_call(G_EVTCHNOP_unmask, &port);
    kit_shared()->pending[below(64)] = hostile_value();
}

void hostile_ports(void)
{
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
