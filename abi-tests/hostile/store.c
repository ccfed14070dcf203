/* role=store: requests without number or sense, up to every limit, and a ring that lies. */
#include "abi-tests/kit/store.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/kit/front.h"

#define FILL_BYTES 1900u
#define FILL_NODES 2000u

static char payload[2 * G_XENSTORE_PAYLOAD_MAX];
static char reply[G_XENSTORE_PAYLOAD_MAX];

static uint32_t text_put(uint32_t used, const char *text)
{
    while (*text != '\0')
        payload[used++] = *text++;
    payload[used++] = '\0';
    return used;
}

/* Paths of its own, of others, and what is none; then a name below. */
static uint32_t path_put(uint32_t used)
{
    static const char *const paths[] = {
        "data",
        "data/flood",
        "device",
        "device/vbd/51712/state",
        "error",
        "/",
        "//",
        "/local/domain",
        "/local/domain/1/data",
        "/local/domain/0/backend",
        "",
        "../data",
        "data/",
        "/tool",
        "@releaseDomain",
        "@",
        "domid",
        "a b",
        "control/shutdown",
        "@introduceDomain",
        "memory",
        "console",
        "/vm",
        "drivers",
    };

    used =
        text_put(used, paths[one_in(2) ? below(2) : below(sizeof(paths) / sizeof(paths[0]))]);
    if (one_in(2)) {
        payload[used - 1] = '/';
        for (uint32_t count = 1 + below(one_in(16) ? 3100 : 3); count > 0; count--)
            payload[used++] = (char)('a' + below(26));
        payload[used++] = '\0';
    }
    return used;
}

static uint32_t payload_make(uint32_t type)
{
    static const char *const words[] = {"T",  "F", "n0",    "r1", "w99999",
                                        "b0", "x", "token", "0"};
    uint32_t used = path_put(0);

    if (type == G_XS_WRITE)
        for (uint32_t count = below(one_in(8) ? 2100 : 40); count > 0; count--)
            payload[used++] = (char)kit_random(&hostile_chance);
    else if (type == G_XS_TRANSACTION_END || type == G_XS_CONTROL || one_in(8))
        used = text_put(0, words[below(sizeof(words) / sizeof(words[0]))]);
    else if (type == G_XS_WATCH || type == G_XS_UNWATCH || type == G_XS_SET_PERMS || one_in(4))
        for (uint32_t count = 1 + below(one_in(8) ? 12 : 2); count > 0; count--)
            used = text_put(used, words[below(sizeof(words) / sizeof(words[0]))]);
    if (one_in(16)) /* no zero at the end */
        used--;
    if (one_in(16))
        hostile_scribble(payload, used + 1);
    return used;
}

/* Only domain 0 may do these, and nobody may write what is others'. */
static void refusal_check(uint32_t type, uint32_t transaction, uint32_t bytes, long result)
{
    static const char others[] = "/local/domain/1/data";
    bool is_others = type == G_XS_WRITE && transaction == 0 && bytes >= sizeof(others);

    for (unsigned i = 0; is_others && i < sizeof(others) - 1; i++)
        is_others = payload[i] == others[i];
    if (result >= 0 && (is_others || type == G_XS_INTRODUCE || type == G_XS_RELEASE ||
                        type == G_XS_SET_TARGET || type == G_XS_RESUME))
        kit_print("hostile: WAS ALLOWED request %u\n", type);
}

/* Sends and does not listen: answers and events pile up. */
static void shout(void)
{
    volatile struct g_xenstore_ring *ring = kit_store_ring();

    for (uint32_t count = below(400); count > 0; count--) {
        uint32_t type = one_in(2) ? G_XS_WRITE : below(G_XS_TYPE_COUNT);
        struct g_xsd_sockmsg head = {type, count, 0, payload_make(type)};
        const uint8_t *bytes = (const uint8_t *)&head;
        for (uint32_t i = 0; i < sizeof(head) + head.len; i++)
            ring->req[(ring->req_prod + i) % G_XENSTORE_RING_SIZE] =
                i < sizeof(head) ? bytes[i] : (uint8_t)payload[i - sizeof(head)];
        __sync_synchronize();
        ring->req_prod += (uint32_t)sizeof(head) + head.len;
        kit_port_send(kit_store_port());
    }
}

static void ring_spoil(void)
{
    volatile struct g_xenstore_ring *ring = kit_store_ring();

    switch (below(5)) {
    case 0:
        ring->req_prod = (uint32_t)hostile_value();
        break;
    case 1:
        ring->rsp_cons = (uint32_t)hostile_value();
        break;
    case 2:
        ring->req_cons = ring->rsp_prod = (uint32_t)hostile_value();
        break;
    case 3:
        hostile_scribble(&ring->req_cons, 7 * sizeof(uint32_t));
        break;
    default:
        hostile_scribble(ring, KIT_PAGE);
        break;
    }
    kit_port_send(kit_store_port());
}

static bool request_make(void)
{
    static const uint8_t common[] = {G_XS_WRITE, G_XS_WRITE,    G_XS_MKDIR,
                                     G_XS_WATCH, G_XS_RM,       G_XS_TRANSACTION_START,
                                     G_XS_READ,  G_XS_DIRECTORY};
    uint32_t type = one_in(2) ? common[below(sizeof(common))] : below(G_XS_TYPE_COUNT + 2);
    struct kit_store_request request = {.type = type, .payload = payload};
    long result;

    request.bytes = payload_make(type);
    if (one_in(4))
        request.transaction = one_in(8) ? (uint32_t)hostile_value() : below(32);
    result = kit_store_call(&request, reply, sizeof(reply));
    refusal_check(type, request.transaction, request.bytes, result);
    return result != KIT_STORE_DEAD;
}

/* As much as the server takes: nodes as large as they may be, until it refuses one. They are in
 * a folder that request_make() leaves alone. */
static void fill(void)
{
    struct kit_store_request request = {.type = G_XS_WRITE, .payload = payload};
    char path[] = "attr/fill/0000";
    uint32_t written = 0;

    do {
        for (unsigned i = 0, rest = written; i < 4; i++, rest /= 10)
            path[13 - i] = (char)('0' + rest % 10);
        request.bytes = text_put(0, path) + FILL_BYTES;
        memset(payload + sizeof(path), 'x', FILL_BYTES);
        if (written++ % 16 == 0)
            hostile_step();
    } while (kit_store_call(&request, reply, sizeof(reply)) >= 0 && written < FILL_NODES);
    kit_print("hostile: %u nodes of %u bytes\n", written - 1, FILL_BYTES);
    request = (struct kit_store_request){G_XS_RM, 0, "attr/fill", sizeof("attr/fill")};
    if (one_in(2))
        kit_store_call(&request, reply, sizeof(reply));
}

void hostile_store(void)
{
    if (one_in(4))
        fill();
    for (uint32_t count = 1 + below(300); count > 0; count--) {
        hostile_step();
        if (!request_make())
            break;
    }
    if (one_in(2))
        shout();
    else
        ring_spoil();
    hostile_step();
    if (!kit_store_reconnect())
        kit_print("hostile: NO STORE ANY MORE\n");
}
