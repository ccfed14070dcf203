// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/* The xenstore server's clients over a byte stream, and what a toolstack asks among them. */
#include "abi-tests/unit/store_caller.h"

/* A program behind a socket: its bytes come as they like. */
static void test_client(void **state)
{
    static const char wire[] = "\x02\0\0\0\x07\0\0\0\0\0\0\0\x15\0\0\0/local/domain/5/name";
    struct connection *client;
    char answer[64];
    size_t taken;

    (void)state;
    assert_int_equal(store_client_make(store, &client), ST_OK);
    for (size_t i = 0; i < sizeof(wire); i++) {
        assert_int_equal(store_client_take(store, client, answer, sizeof(answer)), 0);
        assert_int_equal(store_client_put(store, client, wire + i, 1, &taken), ST_OK);
        assert_int_equal(taken, 1);
    }
    assert_int_equal(store_client_take(store, client, answer, 17), 17);
    assert_int_equal(store_client_take(store, client, answer + 17, 40), 3);
    assert_memory_equal(answer + 16, "five", 4);
    memcpy(answer, "\x02\0\0\0\x07\0\0\0\0\0\0\0\x01\x10\0\0", 16);
    assert_int_equal(store_client_put(store, client, answer, 16, &taken), ST_INVALID);
    store_client_end(store, client);
}

static size_t client_asks(struct connection *client, u32 type, const char *text, u32 bytes)
{
    struct wire_header header = {type, 1, 0, bytes};
    size_t taken;

    assert_int_equal(store_client_put(store, client, &header, sizeof(header), &taken), ST_OK);
    assert_int_equal(store_client_put(store, client, text, bytes, &taken), ST_OK);
    return store_client_take(store, client, data, sizeof(data));
}

/* What the owner of the server does for a client; until then it is not heard. */
static void test_orders(void **state)
{
    static struct xen_store_ring ring;
    static const char seven[] = "7\0"
                                "42\0"
                                "3";
    struct connection *client, *other;
    struct store_order order;
    size_t taken;

    (void)state;
    memset(&ring, 0, sizeof(ring));
    assert_int_equal(store_client_make(store, &client), ST_OK);
    assert_int_equal(client_asks(client, WIRE_INTRODUCE, seven, sizeof(seven)), 0);
    assert_int_equal(store_client_put(store, client, seven, 1, &taken), ST_OK);
    assert_int_equal(taken, 0);
    assert_true(store_take_order(store, &order, &other));
    assert_ptr_equal(other, client);
    assert_false(store_take_order(store, &order, &other));
    assert_int_equal(order.kind, STORE_ORDER_INTRODUCE);
    assert_int_equal(order.domid, 7);
    assert_int_equal(order.gfn, 42);
    assert_int_equal(order.port, 3);
    assert_int_equal(store_introduce(store, 7, &ring), ST_OK);
    store_order_done(store, client, ST_OK);
    assert_int_equal(store_client_take(store, client, data, sizeof(data)), 19);
    assert_string_equal(data + 16, "OK");
    /* A client that goes away with its order is not answered. */
    assert_int_equal(client_asks(client, WIRE_RELEASE, "7", 2), 0);
    store_client_end(store, client);
    assert_false(store_take_order(store, &order, &other));
    assert_int_equal(store_introduce(store, 7, &ring), ST_EXISTS);
}

/* What goes wrong with an order, in the words of the wire; then the client goes on. */
static void test_failed_orders(void **state)
{
    static const struct {
        enum status status;
        const char *name;
    } ways[] = {{ST_NO_ENTRY, "ENOENT"}, {ST_NO_MEMORY, "ENOMEM"}, {ST_EXISTS, "EINVAL"}};
    struct connection *client;
    struct store_order order;

    (void)state;
    assert_int_equal(store_client_make(store, &client), ST_OK);
    for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
        assert_int_equal(client_asks(client, WIRE_INTRODUCE, "7\0001\0001", 6), 0);
        assert_true(store_take_order(store, &order, &client));
        store_order_done(store, client, ways[i].status);
        assert_int_equal(store_client_take(store, client, data, sizeof(data)), 16 + 7);
        assert_string_equal(data + 16, ways[i].name);
    }
    store_client_end(store, client);
}

/* A domain that is introduced again begins anew, and only that one. */
static void test_introduced_again(void **state)
{
    struct connection *client;

    (void)state;
    assert_int_equal(store_make_directory(store, "/local/domain/6"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/local/domain/6", "n6"), ST_OK);
    ask(5, WIRE_WATCH, 0, "x\0t\0");
    expect_event(&ring5, "x", "t");
    ask(6, WIRE_WATCH, 0, "x\0t\0");
    expect_event(&ring6, "x", "t");
    assert_int_equal(store_client_make(store, &client), ST_OK);
    (void)client_asks(client, WIRE_INTRODUCE, "5\0006\0006", 6);
    assert_string_equal(data + 16, "OK");
    assert_int_equal(store_write_text(store, "/local/domain/5/x", ""), ST_OK);
    assert_int_equal(store_write_text(store, "/local/domain/6/x", ""), ST_OK);
    assert_false(next(&ring5));
    expect_event(&ring6, "x", "t");
    store_client_end(store, client);
}

/* More clients than there is memory for: the last is refused, and all can go. */
static void test_too_many_clients(void **state)
{
    struct connection *client[1000];
    size_t before = store_used(store);
    u32 count = 0;

    (void)state;
    while (count < ARRAY_SIZE(client) && store_client_make(store, &client[count]) == ST_OK)
        count++;
    assert_in_range(count, 50, ARRAY_SIZE(client) - 1);
    while (count)
        store_client_end(store, client[--count]);
    assert_int_equal(store_used(store), before);
}

/* Requests of a toolstack, which name domains by number. */
static void test_domains(void **state)
{
    struct connection *client;
    struct store_order order;

    (void)state;
    assert_int_equal(store_client_make(store, &client), ST_OK);
    (void)client_asks(client, WIRE_IS_DOMAIN_INTRODUCED, "5", 2);
    assert_string_equal(data + 16, "T");
    (void)client_asks(client, WIRE_IS_DOMAIN_INTRODUCED, "7", 2);
    assert_string_equal(data + 16, "F");
    (void)client_asks(client, WIRE_IS_DOMAIN_INTRODUCED, "x", 2);
    assert_string_equal(data + 16, "EINVAL");
    (void)client_asks(client, WIRE_IS_DOMAIN_INTRODUCED, "5", 1);
    assert_string_equal(data + 16, "EINVAL");
    ask(5, WIRE_IS_DOMAIN_INTRODUCED, 0, "5\0");
    expect_error("EACCES");
    (void)client_asks(client, WIRE_INTRODUCE, "256\0001\0001", 8);
    assert_string_equal(data + 16, "ENOENT");
    assert_int_equal(client_asks(client, WIRE_INTRODUCE, "255\0001\0001", 8), 0);
    assert_true(store_take_order(store, &order, &client));
    assert_int_equal(order.domid, 255);
    store_order_done(store, client, ST_NO_ENTRY);
    assert_int_equal(store_client_take(store, client, data, sizeof(data)), 16 + 7);
    assert_string_equal(data + 16, "ENOENT");
    store_client_end(store, client);
}

/* A device model's domain has the rights of the one it serves. */
static void test_target(void **state)
{
    struct connection *client;

    (void)state;
    assert_int_equal(store_client_make(store, &client), ST_OK);
    ask(6, WIRE_READ, 0, "/local/domain/5/name\0");
    expect_error("EACCES");
    (void)client_asks(client, WIRE_SET_TARGET, "0\0005", 4);
    assert_string_equal(data + 16, "OK");
    (void)client_asks(client, WIRE_SET_TARGET, "6\0007", 4);
    assert_string_equal(data + 16, "ENOENT");
    (void)client_asks(client, WIRE_SET_TARGET, "6\0005", 4);
    assert_string_equal(data + 16, "OK");
    ask(6, WIRE_READ, 0, "/local/domain/5/name\0");
    assert_string_equal(data, "five");
    ask(6, WIRE_WRITE, 0, "/local/domain/5/new\0x");
    expect_ok();
    ask(6, WIRE_GET_PERMS, 0, "/local/domain/5/new\0");
    assert_string_equal(data, "n6");
    store_client_end(store, client);
}

/* Several clients, each with answers of its own, which go in any order. */
static void test_clients(void **state)
{
    struct connection *client[3];
    struct wire_header header = {WIRE_GET_DOMAIN_PATH, 1, 0, 2};
    char wire[36]; /* two requests at once */
    size_t taken;

    (void)state;
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(store_client_make(store, &client[i]), ST_OK);
    memcpy(wire, &header, sizeof(header));
    memcpy(wire + 16, "5", 2);
    memcpy(wire + 18, wire, 18);
    assert_int_equal(store_client_put(store, client[1], wire, sizeof(wire), &taken), ST_OK);
    assert_int_equal(taken, sizeof(wire));
    store_client_end(store, client[2]);
    store_client_end(store, client[0]);
    memset(data, '!', sizeof(data));
    assert_int_equal(store_client_take(store, client[1], data, 40), 40);
    assert_int_equal(data[40], '!');
    assert_int_equal(store_client_take(store, client[1], data, sizeof(data)), 24);
    assert_string_equal(data + 8, "/local/domain/5");
    store_client_end(store, client[1]);
    ask(5, WIRE_READ, 0, "name\0");
    assert_string_equal(data, "five");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_client, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_orders, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_failed_orders, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_introduced_again, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_too_many_clients, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_domains, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_target, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_clients, store_setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
