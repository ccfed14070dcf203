// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
// libs: -pthread
/* The xenstore server through its wire, as guest 5 and guest 6 see it. */
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

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

/* A full ring holds answers back until the guest takes some; nothing is lost. */
static void test_back_pressure(void **state)
{
    struct wire_header header = {WIRE_READ, 1, 0, 4};
    u32 i, count = 0;
    char big[900];

    (void)state;
    memset(big, 'x', sizeof(big));
    assert_int_equal(store_write(store, "/local/domain/5/big", big, sizeof(big)), ST_OK);
    assert_int_equal(store_permissions_set(store, "/local/domain/5/big", "r0"), ST_OK);
    for (i = 0; i < 30; i++) {
        header.request = i;
        put(&ring5, &header, sizeof(header));
        put(&ring5, "big", 4);
    }
    for (i = 0; i < 100 && count < 30; i++) {
        store_serve(store, 5);
        if (ring5.rsp_prod - ring5.rsp_cons < sizeof(got))
            continue;
        take(&ring5, &got, sizeof(got));
        assert_int_equal(got.request, count);
        while (ring5.rsp_prod - ring5.rsp_cons < got.bytes)
            store_serve(store, 5);
        take(&ring5, data, got.bytes);
        count++;
    }
    assert_int_equal(count, 30);
}

#define PAIRS 20000u

static sem_t told; /* the guest's signal to the server */

/* As Linux does: a signal only if the server had taken all that was there before. */
static void guest_asks(struct xen_store_ring *ring)
{
    static const struct wire_header header = {WIRE_GET_DOMAIN_PATH, 1, 0, 2};
    u32 before = ring->req_prod;
    u32 at = before;

    for (u32 i = 0; i < sizeof(header) + 2; i++)
        ring->req[at++ % XEN_STORE_RING_SIZE] =
            i < sizeof(header) ? ((const char *)&header)[i] : "5"[i - sizeof(header)];
    __atomic_store_n(&ring->req_prod, at, __ATOMIC_SEQ_CST);
    if (before == __atomic_load_n(&ring->req_cons, __ATOMIC_SEQ_CST))
        sem_post(&told);
}

static void *guest_asks_by_twos(void *argument)
{
    struct xen_store_ring *ring = argument;

    for (u32 i = 0; i < PAIRS; i++) {
        guest_asks(ring);
        guest_asks(ring);
        while (__atomic_load_n(&ring->req_cons, __ATOMIC_SEQ_CST) != ring->req_prod)
            ;
        __atomic_store_n(&ring->rsp_cons, __atomic_load_n(&ring->rsp_prod, __ATOMIC_SEQ_CST),
                         __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void test_no_request_is_forgotten(void **state)
{
    const u32 all = 2 * PAIRS * (u32)(sizeof(struct wire_header) + 2);
    struct timespec deadline;
    pthread_t guest;

    (void)state;
    sem_init(&told, 0, 0);
    assert_int_equal(pthread_create(&guest, NULL, guest_asks_by_twos, &ring5), 0);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 20;
    while (__atomic_load_n(&ring5.req_cons, __ATOMIC_RELAXED) != all) {
        assert_int_equal(sem_timedwait(&told, &deadline), 0);
        store_serve(store, 5);
        while (store_continue(store))
            ;
    }
    pthread_join(guest, NULL);
}

static void test_broken_rings(void **state)
{
    struct wire_header header = {WIRE_READ, 1, 0, 5000};

    (void)state;
    put(&ring5, &header, sizeof(header));
    assert_true(store_serve(store, 5));
    assert_int_equal(ring5.error, WIRE_ERROR_PROTO);
    ring6.req_prod = ring6.req_cons + 2000;
    assert_true(store_serve(store, 6));
    assert_int_equal(ring6.error, WIRE_ERROR_RINGIDX);
    ring6.connection = WIRE_RECONNECT;
    assert_true(store_serve(store, 6));
    assert_int_equal(ring6.connection, WIRE_CONNECTED);
    ask(6, WIRE_GET_DOMAIN_PATH, 0, "6\0");
    assert_string_equal(data, "/local/domain/6");
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
        cmocka_unit_test_setup_teardown(test_quotas, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_bytes_of_a_guest, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_no_half_nodes, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_back_pressure, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_no_request_is_forgotten, store_setup,
                                        store_teardown),
        cmocka_unit_test_setup_teardown(test_broken_rings, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_release, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_directory_part, store_setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
