/* The network's control ring: requests that make no sense, and some that are granted. */
#include "abi-tests/hostile/control.h"
#include "abi-tests/golden/xen_io.h"
#include "abi-tests/hostile/hostile.h"

#define ENTRIES    128u
#define TYPES      12u /* and two that there are not */
#define TABLE_MOST 128u
#define ANSWER_NS  10000000u

static struct control_ring {
    volatile struct g_ring_head head;
    union g_netif_ctrl entry[ENTRIES];
} ring __attribute__((aligned(4096)));
static uint32_t table[KIT_PAGE / sizeof(uint32_t)] __attribute__((aligned(4096)));
static uint32_t port, produced, table_ref;

void control_offer(struct kit_front *bus)
{
    memset(&ring, 0, sizeof(ring));
    ring.head.req_event = ring.head.rsp_event = 1;
    produced = 0;
    table_ref = kit_lend(table, KIT_GRANT_READONLY);
    port = kit_port_offer(0);
    kit_front_put_number(bus, "ctrl-ring-ref", kit_lend(&ring, 0));
    kit_front_put_number(bus, "event-channel-ctrl", port);
}

void control_close(void)
{
    kit_port_close(port);
}

static void request_put(uint16_t type, uint32_t a, uint32_t b, uint32_t c)
{
    ring.entry[produced % ENTRIES].request =
        (struct g_netif_ctrl_request){(uint16_t)produced, type, {a, b, c}};
    produced++;
}

static uint32_t page_ref(void)
{
    return one_in(2) ? table_ref : KIT_LEND_FIRST + below(kit_lend_count());
}

/* All to the one queue there is, all to another, or one entry to another. */
static void table_make(void)
{
    uint32_t queue = one_in(2) ? 0 : (uint32_t)hostile_value();

    for (uint32_t i = 0; i < TABLE_MOST; i++)
        table[i] = queue;
    if (one_in(4))
        table[below(TABLE_MOST)] = (uint32_t)hostile_value();
}

/* Mostly hashing is on then, by a key and through a table out of whatever page. */
static void requests_put(void)
{
    request_put(G_NETIF_CTRL_SET_HASH_ALGORITHM, !one_in(8), 0, 0);
    request_put(G_NETIF_CTRL_SET_HASH_FLAGS, below(16), 0, 0);
    request_put(G_NETIF_CTRL_SET_HASH_KEY, page_ref(), below(41), 0);
    request_put(G_NETIF_CTRL_SET_HASH_MAPPING_SIZE, 1 + below(TABLE_MOST), 0, 0);
    request_put(G_NETIF_CTRL_SET_HASH_MAPPING, page_ref(), below(TABLE_MOST + 1), below(8));
    request_put(G_NETIF_CTRL_SET_HASH_MAPPING, page_ref(), below(16), 0);
}

static void requests_spoil(void)
{
    for (uint32_t count = 1 + below(one_in(8) ? ENTRIES : 8); count > 0; count--) {
        union g_netif_ctrl *entry = &ring.entry[produced % ENTRIES];

        request_put((uint16_t)(one_in(8) ? hostile_value() : below(TYPES)),
                    one_in(2) ? page_ref() : (uint32_t)hostile_value(),
                    one_in(2) ? below(TABLE_MOST + 2) : (uint32_t)hostile_value(),
                    (uint32_t)hostile_value());
        if (one_in(16))
            hostile_scribble(entry, sizeof(*entry));
    }
}

void control_burst(bool is_spoilt)
{
    table_make();
    (is_spoilt ? requests_spoil : requests_put)();
    ring.head.rsp_event = produced;
    __sync_synchronize();
    ring.head.req_prod = produced;
    kit_port_send(port);
    /* One that does not wait is over the ring's end before long. */
    if (!is_spoilt || !one_in(4))
        kit_port_await(port, ANSWER_NS);
}

void control_spoil(void)
{
    switch (below(3)) {
    case 0:
        ring.head.req_prod = (uint32_t)hostile_value();
        break;
    case 1:
        ring.head.rsp_prod = ring.head.rsp_event = (uint32_t)hostile_value();
        break;
    default:
        hostile_scribble(&ring, KIT_PAGE);
        break;
    }
    kit_port_send(port);
}
