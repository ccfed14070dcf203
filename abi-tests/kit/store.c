#include "abi-tests/kit/store.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/kit/front.h"

#define RING       G_XENSTORE_RING_SIZE
#define LOOK_AGAIN 5000000ull

uint64_t kit_store_patience = 20000000000ull;

static volatile struct g_xenstore_ring *ring;
static uint32_t port;
static uint32_t requests;

static uint64_t word_of(unsigned offset)
{
    return *(const uint64_t *)(const void *)(kit_start_info + offset);
}

static uint64_t param_of(uint32_t index)
{
    struct g_hvm_param param = {.domid = G_DOMID_SELF, .index = index};

    kit_hypercall(G_HYPERVISOR_hvm_op, G_HVMOP_get_param, (uintptr_t)&param, 0, 0);
    return param.value;
}

void kit_store_begin(void)
{
    const uint64_t *m2p = (const uint64_t *)G_MACH2PHYS_VIRT_START;
    uint64_t frame = param_of(G_HVM_PARAM_STORE_PFN);

    port = (uint32_t)param_of(G_HVM_PARAM_STORE_EVTCHN);
    if (kit_kind == KIT_PV) {
        frame = m2p[word_of(G_START_INFO_store_mfn)];
        port = (uint32_t)word_of(G_START_INFO_store_evtchn);
    }
    ring = (volatile struct g_xenstore_ring *)(uintptr_t)(frame << 12);
}

volatile struct g_xenstore_ring *kit_store_ring(void)
{
    return ring;
}

uint32_t kit_store_port(void)
{
    return port;
}

bool kit_store_reconnect(void)
{
    uint64_t end = kit_now() + kit_store_patience;

    ring->connection = G_XENSTORE_RECONNECT;
    kit_port_send(port);
    while (ring->connection != 0 && kit_now() < end)
        kit_port_await(port, LOOK_AGAIN);
    return kit_store_number("domid", 0) != 0;
}

static bool is_waiting(const volatile uint32_t *produced, const volatile uint32_t *consumed,
                       uint32_t when)
{
    uint32_t between = *produced - *consumed;

    __sync_synchronize();
    return between == when;
}

/* Waits as long as the ring is full, or empty. */
static bool room_await(const volatile uint32_t *produced, const volatile uint32_t *consumed,
                       uint32_t when)
{
    uint64_t end = kit_now() + kit_store_patience;

    while (is_waiting(produced, consumed, when)) {
        if (kit_now() > end)
            return false;
        kit_port_await(port, LOOK_AGAIN);
    }
    return true;
}

bool kit_store_put(const void *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!room_await(&ring->req_prod, &ring->req_cons, RING))
            return false;
        ring->req[ring->req_prod % RING] = ((const uint8_t *)bytes)[i];
        __sync_synchronize();
        ring->req_prod++;
        if (i + 1 == count || ring->req_prod - ring->req_cons == RING)
            kit_port_send(port);
    }
    return true;
}

/* `room` of them are kept. */
static bool bytes_get(void *bytes, uint32_t count, uint32_t room)
{
    for (uint32_t i = 0; i < count; i++) {
        bool was_full = ring->rsp_prod - ring->rsp_cons == RING;
        if (!room_await(&ring->rsp_prod, &ring->rsp_cons, 0))
            return false;
        if (i < room)
            ((uint8_t *)bytes)[i] = ring->rsp[ring->rsp_cons % RING];
        __sync_synchronize();
        ring->rsp_cons++;
        if (was_full)
            kit_port_send(port);
    }
    return true;
}

bool kit_store_get(struct g_xsd_sockmsg *head, void *payload, uint32_t room)
{
    return bytes_get(head, sizeof(*head), sizeof(*head)) && bytes_get(payload, head->len, room);
}

long kit_store_call(const struct kit_store_request *request, void *reply, uint32_t room)
{
    struct g_xsd_sockmsg head = {request->type, ++requests, request->transaction,
                                 request->bytes};

    if (!kit_store_put(&head, sizeof(head)) || !kit_store_put(request->payload, request->bytes))
        return KIT_STORE_DEAD;
    do {
        if (!kit_store_get(&head, reply, room))
            return KIT_STORE_DEAD;
    } while (head.type == G_XS_WATCH_EVENT || head.req_id != requests);
    return head.type == G_XS_ERROR ? KIT_STORE_ERROR : (long)head.len;
}

static uint32_t length_of(const char *text)
{
    uint32_t length = 0;

    while (text[length] != '\0')
        length++;
    return length;
}

long kit_store_read(const char *path, char *value, uint32_t room)
{
    struct kit_store_request request = {G_XS_READ, 0, path, length_of(path) + 1};
    long length = kit_store_call(&request, value, room - 1);

    value[length < 0 ? 0 : length < room ? length : room - 1] = '\0';
    return length;
}

bool kit_store_write(const char *path, const char *value)
{
    char payload[256];
    uint32_t name = length_of(path) + 1, bytes = length_of(value);
    struct kit_store_request request = {G_XS_WRITE, 0, payload, name + bytes};

    if (request.bytes > sizeof(payload))
        return false;
    memcpy(payload, path, name);
    memcpy(payload + name, value, bytes);
    return kit_store_call(&request, payload, sizeof(payload)) >= 0;
}

uint64_t kit_store_number(const char *path, uint64_t otherwise)
{
    char text[24];
    uint64_t number = 0;

    if (kit_store_read(path, text, sizeof(text)) <= 0)
        return otherwise;
    for (const char *at = text; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}
