// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/* Guests that come, go and come again to the xenstore server, and what is left of them. */
#include "abi-tests/unit/store_caller.h"
#include "xen-adapter/store/internal.h"

static void test_memory_of_the_store(void **state)
{
    static u8 small[STORE_ARENA_MIN];
    struct store *other;

    (void)state;
    assert_int_equal(store_make(small, sizeof(small) - 1, &other), ST_NO_MEMORY);
    assert_int_equal(store_make(small, sizeof(small), &other), ST_OK);
}

/* The first nodes are closed to all but the first domain. */
static void test_first_nodes(void **state)
{
    static const char *const paths[] = {"/",   "/tool",  "/local",           "/local/domain",
                                        "/vm", "/libxl", "@introduceDomain", "@releaseDomain"};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(paths); i++) {
        const struct node *node = node_lookup(store, NULL, paths[i], (u32)strlen(paths[i]));

        assert_non_null(node);
        assert_int_equal(node->is.permission_count, 1);
        assert_int_equal(node->is.permissions[0].domid, 0);
        assert_int_equal(node->is.permissions[0].access, ACCESS_NONE);
    }
}

static void test_introduce(void **state)
{
    static struct xen_store_ring rings[40];
    size_t used = store_bytes(store);
    u32 domid = 20;

    (void)state;
    assert_int_equal(store_introduce(store, 0, &rings[0]), ST_INVALID);
    assert_int_equal(store_introduce(store, STORE_DOMAINS_MAX, &rings[0]), ST_INVALID);
    assert_int_equal(store_introduce(store, STORE_DOMAINS_MAX - 1, &rings[0]), ST_OK);
    assert_int_equal(rings[0].server_features, WIRE_FEATURE_RECONNECTION | WIRE_FEATURE_ERROR);
    store_release(store, STORE_DOMAINS_MAX - 1, STORE_KEEP_NODES);
    assert_int_equal(store_bytes(store), used);
    while (arena_alloc(&store->arena, 16384) != NULL)
        ;
    while (store_introduce(store, domid, &rings[domid - 20]) == ST_OK)
        assert_true(++domid < 20 + ARRAY_SIZE(rings));
    assert_int_equal(store_introduce(store, domid, &rings[0]), ST_NO_MEMORY);
    store_release(store, 4711, STORE_DROP_NODES); /* nobody */
}

/* What guests ask for is at their expense, what others do is not. */
static void test_who_pays(void **state)
{
    size_t held = store->arena.held[5];

    (void)state;
    ask(5, WIRE_WRITE, 0, "mine\0value");
    assert_int_equal(store->arena.payer, 0);
    assert_true(store->arena.held[5] > held);
    held = store->arena.held[5];
    store_write_text(store, "/tool/yours", "value");
    assert_int_equal(store->arena.held[5], held);
}

/* A guest whose kernel was replaced asks for empty rings; nothing of the old one is left. */
static void test_reconnect(void **state)
{
    struct connection *c = connection_find(store, 5);
    struct wire_header header = {WIRE_READ, 1, 0, 5};

    (void)state;
    ask(5, WIRE_WATCH, 0, "name\0tok\0");
    expect_event(&ring5, "name", "tok");
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    put(&ring5, &header, 8); /* half a header */
    assert_true(store_serve(store, 5));
    ring5.rsp_cons = ring5.rsp_prod + 1;
    store_write_text(store, "/local/domain/5/name", "other");
    assert_true(c->is_broken);
    ring5.connection = WIRE_RECONNECT;
    assert_true(store_serve(store, 5));
    assert_int_equal(ring5.connection, WIRE_CONNECTED);
    assert_int_equal(ring5.error, WIRE_ERROR_NONE);
    assert_int_equal(ring5.req_prod | ring5.req_cons | ring5.rsp_prod | ring5.rsp_cons, 0);
    assert_int_equal(c->watch_count + c->transaction_count + c->in_bytes, 0);
    ask(5, WIRE_READ, 0, "name\0");
    assert_string_equal(data, "other");
}

/* Room made in the ring is told, even when there is nothing to answer yet. */
static void test_half_a_request(void **state)
{
    struct wire_header header = {WIRE_READ, 9, 0, 5};

    (void)state;
    assert_false(store_serve(store, 5));
    put(&ring5, &header, sizeof(header));
    assert_true(store_serve(store, 5));
    assert_false(next(&ring5));
    put(&ring5, "nam", 3);
    assert_true(store_serve(store, 5));
    assert_false(store_serve(store, 5));
    put(&ring5, "e\0", 2);
    assert_true(store_serve(store, 5));
    assert_true(next(&ring5));
    assert_int_equal(got.request, 9);
    assert_string_equal(data, "five");
    assert_false(store_serve(store, 7)); /* nobody */
}

/* Requests and answers that go around the ring's end are whole. */
static void test_around_the_end(void **state)
{
    char request[70], value[70];

    (void)state;
    for (u32 i = 0; i < 200; i++) {
        memset(request, 'a' + (int)(i % 26), sizeof(request));
        memcpy(request, "w\0", 2);
        send_raw(5, WIRE_WRITE, 0, request, sizeof(request));
        expect_ok();
        ask(5, WIRE_READ, 0, "w\0");
        assert_int_equal(got.bytes, sizeof(request) - 2);
        memset(value, 'a' + (int)(i % 26), sizeof(value));
        assert_memory_equal(data, value, got.bytes);
    }
}

/* A length that no message can have. */
static void test_impossible_length(void **state)
{
    struct wire_header header = {WIRE_READ, 1, 0, PAYLOAD_MAX + 1};
    u32 domid;

    (void)state;
    while (store_take_notify(store, &domid))
        ;
    put(&ring5, &header, sizeof(header));
    assert_true(store_serve(store, 5));
    assert_int_equal(ring5.error, WIRE_ERROR_PROTO);
    put(&ring5, &header, sizeof(header));
    assert_false(store_serve(store, 5));
    ask(6, WIRE_READ, 0, "/local/domain/5/name\0"); /* others are served */
    expect_error("EACCES");
    ring6.req_prod = ring6.req_cons + XEN_STORE_RING_SIZE + 1;
    assert_true(store_serve(store, 6));
    assert_int_equal(ring6.error, WIRE_ERROR_RINGIDX);
    assert_false(next(&ring6));
}

#define BOTH(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_memory_of_the_store), BOTH(test_first_nodes),
        BOTH(test_introduce),           BOTH(test_who_pays),
        BOTH(test_reconnect),           BOTH(test_half_a_request),
        BOTH(test_around_the_end),      BOTH(test_impossible_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
