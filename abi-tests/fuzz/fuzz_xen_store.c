// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/*
 * Any bytes on two guests' xenstore rings and from a privileged client that brings and ends a
 * third. Each round: who, a transaction guess, a request type, and a payload; now and then raw
 * bytes or wild indexes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/store/store.h"
#include "xen-adapter/store/wire.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

size_t string_copy(char *to, const char *from, size_t size)
{
    snprintf(to, size, "%s", from);
    return strlen(from);
}

static struct xen_store_ring rings[3]; /* of guests 5, 6 and 7 */

static void put(struct xen_store_ring *ring, const void *from, u32 bytes)
{
    const u8 *p = from;
    u32 i;

    for (i = 0; i < bytes; i++)
        ring->req[ring->req_prod++ % XEN_STORE_RING_SIZE] = (char)p[i];
}

static void request(struct store *store, u32 which, u8 control, const u8 *payload, u32 bytes)
{
    struct xen_store_ring *ring = &rings[which];
    struct wire_header header = {control & 31, 1, control >> 6, bytes};

    if (control & 32 && bytes >= 16) {
        put(ring, payload, MIN(bytes, 512u)); /* no header of ours */
    } else {
        put(ring, &header, sizeof(header));
        put(ring, payload, MIN(bytes, 900u));
    }
    store_serve(store, 5 + which);
    ring->rsp_cons = ring->rsp_prod;
    if (ring->error) {
        ring->connection = WIRE_RECONNECT;
        store_serve(store, 5 + which);
    }
}

/* What a toolstack orders for guest 7 is done, for others refused. */
static void orders_serve(struct store *store)
{
    struct connection *client;
    struct store_order order;

    while (store_take_order(store, &order, &client)) {
        enum status status = ST_NO_ENTRY;

        if (order.domid == 7 && order.kind == STORE_ORDER_INTRODUCE)
            status = store_introduce(store, 7, &rings[2]);
        else if (order.kind == STORE_ORDER_RELEASE)
            store_release(store, order.domid, STORE_DROP_NODES);
        store_order_done(store, client, status);
    }
}

/* The client's bytes; a new one when it has broken the protocol. */
static void client_request(struct store *store, struct connection **client, u8 control,
                           const u8 *payload, u32 bytes)
{
    struct wire_header header = {control & 31, 1, control >> 6, bytes};
    u8 answer[256];
    size_t taken;

    if (!(control & 32))
        (void)store_client_put(store, *client, &header, sizeof(header), &taken);
    if (store_client_put(store, *client, payload, bytes, &taken) != ST_OK) {
        store_client_end(store, *client);
        if (store_client_make(store, client) != ST_OK)
            abort();
    }
    orders_serve(store);
    while (store_client_take(store, *client, answer, sizeof(answer)))
        ;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static u8 arena[512 * 1024];
    struct connection *client;
    struct store_event event;
    struct store *store;
    u32 domid;

    memset(rings, 0, sizeof(rings));
    if (store_make(arena, sizeof(arena), &store) != ST_OK)
        abort();
    store_introduce(store, 5, &rings[0]);
    store_introduce(store, 6, &rings[1]);
    store_make_directory(store, "/local/domain/5");
    store_permissions_set(store, "/local/domain/5", "n5 r6");
    store_make_directory(store, "/local/domain/6");
    store_permissions_set(store, "/local/domain/6", "n6");
    store_watch(store, "/", "root");
    if (store_client_make(store, &client) != ST_OK)
        abort();
    while (size >= 3) {
        u32 bytes = data[2];

        bytes = bytes > size - 3 ? (u32)(size - 3) : bytes;
        if (data[0] & 8)
            client_request(store, &client, data[1], data + 3, bytes);
        else
            request(store, data[0] % 3, data[1], data + 3, bytes);
        if (data[0] == 0xfe)
            rings[0].req_prod += data[1] * 64u;
        if (data[0] == 0xfc)
            rings[0].rsp_cons += data[1] * 64u;
        while (store_take_event(store, &event))
            ;
        while (store_take_notify(store, &domid))
            ;
        data += 3 + bytes;
        size -= 3 + bytes;
    }
    store_client_end(store, client);
    store_release(store, 7, STORE_DROP_NODES);
    store_release(store, 5, STORE_DROP_NODES);
    store_release(store, 6, STORE_DROP_NODES);
    return 0;
}
