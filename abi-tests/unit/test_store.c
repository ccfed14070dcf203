// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/* The xenstore server through its wire, as guest 5 and guest 6 see it. */
#include "abi-tests/unit/store_caller.h"

static void test_read_write(void **state)
{
    char value[16];
    size_t length;

    (void)state;
    ask(5, WIRE_READ, 0, "name\0");
    assert_string_equal(data, "five");
    assert_int_equal(got.type, WIRE_READ);
    ask(5, WIRE_WRITE, 0, "name\0x");
    expect_error("EACCES");
    ask(5, WIRE_WRITE, 0, "data/a/b\0value");
    expect_ok();
    assert_int_equal(store_read(store, "/local/domain/5/data/a/b", value, 16, &length), ST_OK);
    assert_int_equal(length, 5);
    assert_memory_equal(value, "value", 5);
    assert_int_equal(store_read(store, "/local/domain/5/data/a/b", value, 2, &length),
                     ST_NO_BUFFER);
    ask(5, WIRE_DIRECTORY, 0, "data\0");
    assert_string_equal(data, "a");
    ask(6, WIRE_READ, 0, "/local/domain/5/data/a/b\0");
    expect_error("EACCES");
    ask(5, WIRE_READ, 0, "nothing\0");
    expect_error("ENOENT");
    ask(6, WIRE_READ, 0, "/local/domain/5/nothing\0");
    expect_error("EACCES");
    ask(5, WIRE_WRITE, 0, "empty\0");
    expect_ok();
    ask(5, WIRE_READ, 0, "empty\0");
    assert_int_equal(got.bytes, 0);
}

static void test_bad_paths(void **state)
{
    (void)state;
    ask(5, WIRE_READ, 0, "a//b\0");
    expect_error("EINVAL");
    ask(5, WIRE_READ, 0, "a/\0");
    expect_error("EINVAL");
    ask(5, WIRE_READ, 0, "a b\0");
    expect_error("EINVAL");
    ask(5, WIRE_READ, 0, "name");
    expect_error("EINVAL");
    ask(5, WIRE_READ, 0, "");
    expect_error("EINVAL");
    ask(5, WIRE_READ, 0, "@releaseDomain\0");
    expect_error("EINVAL");
    ask(5, WIRE_RM, 0, "/\0");
    expect_error("EACCES");
    ask(5, 99, 0, "x\0");
    expect_error("ENOSYS");
    ask(5, WIRE_INTRODUCE, 0,
        "7\0"
        "1\0"
        "1\0");
    expect_error("EACCES");
    ask(5, WIRE_READ, 4711, "name\0");
    expect_error("ENOENT");
}

static void test_remove(void **state)
{
    (void)state;
    ask(5, WIRE_WRITE, 0, "d/x/1\0a");
    ask(5, WIRE_WRITE, 0, "d/x/2\0b");
    ask(5, WIRE_WRITE, 0, "d/y\0c");
    ask(5, WIRE_RM, 0, "d/x\0");
    expect_ok();
    ask(5, WIRE_DIRECTORY, 0, "d\0");
    assert_int_equal(got.bytes, 2);
    assert_string_equal(data, "y");
    ask(5, WIRE_READ, 0, "d/x/1\0");
    expect_error("ENOENT");
    ask(5, WIRE_RM, 0, "d/x\0");
    expect_ok();
    ask(5, WIRE_RM, 0, "e/x/z\0");
    expect_error("ENOENT");
    ask(5, WIRE_MKDIR, 0, "d\0");
    expect_ok();
    ask(5, WIRE_MKDIR, 0, "fresh\0");
    expect_ok();
    ask(5, WIRE_GET_PERMS, 0, "fresh\0");
    assert_string_equal(data, "n5");
}

static void test_permissions(void **state)
{
    (void)state;
    ask(5, WIRE_WRITE, 0, "open\0hello");
    ask(5, WIRE_SET_PERMS, 0, "open\0n5\0r6\0");
    expect_ok();
    ask(6, WIRE_READ, 0, "/local/domain/5/open\0");
    assert_string_equal(data, "hello");
    ask(6, WIRE_WRITE, 0, "/local/domain/5/open\0x");
    expect_error("EACCES");
    ask(5, WIRE_SET_PERMS, 0, "open\0n6\0");
    expect_error("EPERM");
    ask(5, WIRE_SET_PERMS, 0, "open\0q6\0");
    expect_error("EINVAL");
    ask(5, WIRE_SET_PERMS, 0, "name\0n5\0");
    expect_error("EACCES");
    ask(5, WIRE_GET_PERMS, 0, "open\0");
    assert_int_equal(got.bytes, 6);
    assert_memory_equal(data, "n5\0r6", 6);
}

static void test_watches(void **state)
{
    u32 domid;

    (void)state;
    ask(5, WIRE_WATCH, 0, "device\0tok\0");
    expect_ok();
    expect_event(&ring5, "device", "tok");
    ask(5, WIRE_WATCH, 0, "device\0tok\0");
    expect_error("EEXIST");
    assert_int_equal(store_write_text(store, "/local/domain/5/device/vbd/0/state", "1"), ST_OK);
    assert_true(store_take_notify(store, &domid));
    assert_int_equal(domid, 5);
    assert_false(store_take_notify(store, &domid));
    expect_event(&ring5, "device/vbd/0/state", "tok");
    ask(5, WIRE_WATCH, 0, "device/vbd/0/state\0deep\0");
    expect_event(&ring5, "device/vbd/0/state", "deep");
    assert_int_equal(store_remove(store, "/local/domain/5/device"), ST_OK);
    expect_event(&ring5, "device/vbd/0/state", "deep");
    expect_event(&ring5, "device", "tok");
    assert_false(next(&ring5));
    ask(5, WIRE_UNWATCH, 0, "device\0tok\0");
    expect_ok();
    ask(5, WIRE_UNWATCH, 0, "device\0tok\0");
    expect_error("ENOENT");
    ask(5, WIRE_RESET_WATCHES, 0, "\0");
    expect_ok();
    store_write_text(store, "/local/domain/5/device/vbd/0/state", "1");
    assert_false(next(&ring5));
}

/* A guest hears nothing about what it may not read. */
static void test_watch_of_others(void **state)
{
    struct store_event event;

    (void)state;
    ask(6, WIRE_WATCH, 0, "/local/domain/5\0spy\0");
    expect_ok();
    expect_event(&ring6, "/local/domain/5", "spy");
    ask(5, WIRE_WRITE, 0, "secret\0x");
    assert_false(next(&ring6));
    assert_int_equal(store_watch(store, "/local/domain/5", "me"), ST_OK);
    assert_true(store_take_event(store, &event));
    ask(5, WIRE_WRITE, 0, "secret\0y");
    assert_true(store_take_event(store, &event));
    assert_string_equal(event.path, "/local/domain/5/secret");
    assert_string_equal(event.token, "me");
    assert_int_equal(store_unwatch(store, "/local/domain/5", "me"), ST_OK);
}

static void test_transaction(void **state)
{
    u32 t, u;

    (void)state;
    ask(5, WIRE_WATCH, 0, "t\0tok\0");
    assert_true(next(&ring5));
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    t = (u32)atoi(data);
    ask(5, WIRE_WRITE, t,
        "t/a\0"
        "1");
    expect_ok();
    ask(5, WIRE_READ, 0, "t/a\0");
    expect_error("ENOENT");
    ask(5, WIRE_READ, t, "t/a\0");
    assert_string_equal(data, "1");
    ask(5, WIRE_TRANSACTION_START, t, "\0");
    expect_error("EBUSY");
    ask(5, WIRE_TRANSACTION_END, t, "T\0");
    expect_ok();
    assert_int_equal(heard, 1);
    assert_string_equal(first_event, "t/a");
    ask(5, WIRE_READ, 0, "t/a\0");
    assert_string_equal(data, "1");

    /* A change of what it read makes it fail; nothing of it stays. */
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    u = (u32)atoi(data);
    ask(5, WIRE_READ, u, "t/a\0");
    ask(5, WIRE_RM, u, "t\0");
    expect_ok();
    ask(5, WIRE_READ, u, "t/a\0");
    expect_error("ENOENT");
    ask(5, WIRE_WRITE, 0,
        "t/a\0"
        "2");
    ask(5, WIRE_TRANSACTION_END, u, "T\0");
    expect_error("EAGAIN");
    ask(5, WIRE_READ, 0, "t/a\0");
    assert_string_equal(data, "2");

    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    u = (u32)atoi(data);
    ask(5, WIRE_RM, u, "t\0");
    ask(5, WIRE_TRANSACTION_END, u, "T\0");
    expect_ok();
    assert_int_equal(heard, 1);
    assert_string_equal(first_event, "t");
    ask(5, WIRE_DIRECTORY, 0, "t\0");
    expect_error("ENOENT");
    ask(5, WIRE_TRANSACTION_END, 99, "T\0");
    expect_error("ENOENT");
}

static void test_directory_part(void **state)
{
    (void)state;
    ask(5, WIRE_WRITE, 0, "p/a\0x");
    ask(5, WIRE_WRITE, 0, "p/bb\0x");
    ask(5, WIRE_DIRECTORY_PART, 0,
        "p\0"
        "0\0");
    assert_int_not_equal(got.type, WIRE_ERROR);
    assert_memory_equal(data + strlen(data) + 1, "a\0bb\0\0", 6);
    ask(5, WIRE_DIRECTORY_PART, 0,
        "p\0"
        "2\0");
    assert_memory_equal(data + strlen(data) + 1, "bb\0\0", 4);
}

static void test_release(void **state)
{
    size_t used = store_used(store), length;
    char value[8];

    (void)state;
    ask(5, WIRE_WRITE, 0, "a/b/c\0x");
    ask(5, WIRE_WATCH, 0, "a\0t\0");
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    store_release(store, 5, STORE_DROP_NODES);
    assert_int_equal(store_read(store, "/local/domain/5/a/b/c", value, 8, &length),
                     ST_NO_ENTRY);
    assert_true(store_used(store) < used);
    assert_false(store_serve(store, 5));
    assert_int_equal(store_introduce(store, 5, &ring5), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_write, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_bad_paths, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_remove, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_permissions, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_watches, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_watch_of_others, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_transaction, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_release, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_directory_part, store_setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
