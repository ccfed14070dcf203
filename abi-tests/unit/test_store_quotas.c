// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/* How much of the xenstore server one guest may take, and that what is refused leaves nothing.
 */
#include "abi-tests/unit/store_caller.h"

static void test_quotas(void **state)
{
    char path[64];
    u32 i, failed = 0;

    (void)state;
    for (i = 0; i < 1100; i++) {
        int length = snprintf(path, sizeof(path), "many/%u/%u", i / 100, i) + 1;

        send_raw(5, WIRE_WRITE, 0, path, (u32)length);
        if (got.type == WIRE_ERROR) {
            assert_string_equal(data, "ENOSPC");
            failed++;
        }
    }
    assert_in_range(failed, 90, 120);
    ask(5, WIRE_RM, 0, "many\0");
    expect_ok();
    ask(5, WIRE_WRITE, 0, "again\0x");
    expect_ok();
    for (i = 0; i < 11; i++)
        ask(5, WIRE_TRANSACTION_START, 0, "\0");
    assert_int_not_equal(got.type, WIRE_ERROR);
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    expect_error("ENOSPC");
}

/* A guest that writes as much as it can leaves the others their part, and hears that it is
 * told. */
static void test_bytes_of_a_guest(void **state)
{
    static char request[1000];
    size_t before = store_bytes(store);
    u32 i, refused = 0;

    (void)state;
    memset(request, 'x', sizeof(request));
    for (i = 0; i < 300; i++) {
        u32 length = (u32)snprintf(request, 64, "much/%u", i) + 1;

        send_raw(5, WIRE_MKDIR, 0, request, length);
        expect_ok();
    }
    for (i = 0; i < 300; i++) {
        u32 length = (u32)snprintf(request, 64, "much/%u/v", i) + 1;

        request[length] = 'x';
        send_raw(5, WIRE_WRITE, 0, request, 900);
        if (got.type == WIRE_ERROR) {
            assert_string_equal(data, "ENOMEM");
            refused++;
        }
    }
    assert_in_range(refused, 50, 200);
    assert_true(store_bytes(store) - before <= STORE_GUEST_BYTES);
    assert_int_equal(store_make_directory(store, "/local/domain/6"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/local/domain/6", "n6"), ST_OK);
    ask(6, WIRE_WRITE, 0, "mine\0x");
    expect_ok();
    ask(6, WIRE_RM, 0, "mine\0");
    expect_ok();
    assert_int_equal(store_remove(store, "/local/domain/6"), ST_OK);
    ask(5, WIRE_RM, 0, "much\0");
    expect_ok();
    assert_int_equal(store_bytes(store), before); /* what was half made has gone as well */
    ask(5, WIRE_WRITE, 0, "again\0x");
    expect_ok();
}

/* A node of this size in all; false: there is no room for it. */
static bool write_sized(const char *path, u32 bytes)
{
    static char request[1000];
    u32 length = (u32)snprintf(request, sizeof(request), "%s", path) + 1;

    memset(request + length, 'x', sizeof(request) - length);
    send_raw(5, WIRE_WRITE, 0, request, length + bytes);
    return got.type != WIRE_ERROR;
}

/* Whatever room is left when a node is made: it is there as a whole or not at all. */
static void test_no_half_nodes(void **state)
{
    size_t before = store_bytes(store);
    char path[64];
    u32 i, most;

    (void)state;
    for (i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "/local/domain/5/own%u", i);
        assert_int_equal(store_make_directory(store, path), ST_OK);
        assert_int_equal(store_permissions_set(store, path, "n5"), ST_OK);
    }
    ask(5, WIRE_MKDIR, 0, "pad\0");
    for (i = 0; snprintf(path, sizeof(path), "much/%u", i) && write_sized(path, 900); i++)
        ;
    for (i = 0; i < 40; i++) {
        for (most = 900; most > 0 && !write_sized("pad/brim", most); most -= 4)
            ;
        ask(5, WIRE_RM, 0, "pad/brim\0");
        (void)write_sized("pad/brim", most > 16 * i ? most - 16 * i : 0);
        snprintf(path, sizeof(path), "own%u/x", i);
        (void)write_sized(path, 0);
        ask(5, WIRE_RM, 0, "pad/brim\0");
    }
    ask(5, WIRE_RM, 0, "pad\0");
    expect_ok();
    ask(5, WIRE_RM, 0, "much\0");
    expect_ok();
    for (i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "/local/domain/5/own%u", i);
        assert_int_equal(store_remove(store, path), ST_OK);
    }
    assert_int_equal(store_bytes(store), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_quotas, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_bytes_of_a_guest, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_no_half_nodes, store_setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
