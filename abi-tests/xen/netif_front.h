/* A network front-end with several queues and a control ring. [xen/io/netif.h] */
#ifndef ABI_TESTS_XEN_NETIF_FRONT_H
#define ABI_TESTS_XEN_NETIF_FRONT_H

#include "abi-tests/golden/xen_io.h"
#include "abi-tests/kit/front.h"

#define NETIF_QUEUES  2u
#define NETIF_BUFFERS 16u /* for what comes in, of each queue */
#define NETIF_SILENCE (-1L)

/* Pages of the memory that is lent. */
struct netif_pages {
    uint8_t tx[KIT_PAGE], rx[KIT_PAGE];
    uint8_t sent[KIT_PAGE];
    uint8_t buffer[NETIF_BUFFERS][KIT_PAGE];
} __attribute__((aligned(4096)));

struct netif_queue {
    uint32_t port;
    uint32_t tx_produced, rx_produced, rx_taken;
    uint32_t sent_ref;
    uint32_t buffer_ref[NETIF_BUFFERS];
};

struct netif {
    struct kit_front bus;
    struct netif_pages *pages; /* of each queue */
    unsigned queues;
    uint8_t address[6];
    struct netif_queue queue[NETIF_QUEUES];
    volatile uint8_t *control; /* NULL: without a control ring */
    uint32_t control_port, asked;
    struct g_netif_ctrl_response answer; /* to the last request */
};

/* What came in. */
struct netif_arrival {
    unsigned queue;
    uint32_t bytes;
    const uint8_t *at;
    bool is_hashed;
    struct g_netif_extra_hash hash;
};

/* Device `id` with so many queues and this page, or none, as its control ring. */
bool netif_connect(struct netif *netif, unsigned id, unsigned queues, uint8_t *control);
/* Until the back-end has let go. */
bool netif_close(struct netif *netif);

/* A request: the answer's status, or SILENCE. */
long netif_ask(struct netif *netif, unsigned type, uint32_t a, uint32_t b, uint32_t c);
/* `count` of them at once, of which each has another id; how many were answered as asked, all
 * with this status. */
unsigned netif_ask_many(struct netif *netif, unsigned type, unsigned count, uint32_t status);

/* A frame by queue 0, with a hash of the sender's beside it if there is one. */
void netif_send(struct netif *netif, const uint8_t *frame, uint32_t bytes,
                const struct g_netif_extra_hash *hash);
/* The next frame of any queue; false: none has come. Its buffer is kept until the next. */
bool netif_receive(struct netif *netif, struct netif_arrival *out);

#endif
