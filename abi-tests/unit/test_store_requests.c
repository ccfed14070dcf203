// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/* Transactions, watches and requests of the xenstore server, and that all memory comes back. */
#include "abi-tests/unit/store_caller.h"
#include "xen-adapter/store/internal.h"

static struct connection *guest(u32 domid)
{
    return connection_find(store, domid);
}

static u32 begin(u32 domid)
{
    ask(domid, WIRE_TRANSACTION_START, 0, "\0");
    return (u32)atoi(data);
}

/* ---- Transactions --------------------------------------------------------------- */

static void test_transaction_numbers(void **state)
{
    (void)state;
    assert_int_equal(begin(5), 1);
    assert_int_equal(begin(5), 2);
    assert_int_equal(begin(6), 1);
    ask(5, WIRE_TRANSACTION_END, 1, "F\0");
    expect_ok();
    assert_int_equal(begin(5), 3);
    guest(5)->last_transaction = ~0u; /* 0 is none, 2 and 3 are there, 1 has gone */
    assert_int_equal(begin(5), 1);
    assert_int_equal(begin(5), 4);
    assert_int_equal(guest(5)->transaction_count, 4);
    ask(5, WIRE_RESET_WATCHES, 0, "\0");
    assert_int_equal(guest(5)->transaction_count, 0);
    for (u32 i = 0; i < QUOTA_TRANSACTIONS; i++)
        assert_int_not_equal(begin(5), 0);
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    expect_error("ENOSPC");
}

/* What was only looked at stays the node it was; all memory comes back. */
static void test_transaction_leaves_nothing(void **state)
{
    size_t used;
    u64 generation;
    u32 t;

    (void)state;
    ask(5, WIRE_WRITE, 0, "t\0x");
    used = store_bytes(store);
    for (u32 i = 0; i < 2; i++) {
        generation = store->generation;
        t = begin(5);
        ask(5, WIRE_READ, t, "name\0");
        ask(5, WIRE_READ, t, "nothing\0");
        ask(5, WIRE_WRITE, t, "t\0y");
        ask(5, WIRE_WRITE, t, "u\0y");
        ask(5, WIRE_RM, t, "u\0");
        send_raw(5, WIRE_TRANSACTION_END, t, i == 0 ? "F" : "T", 2);
        expect_ok();
        assert_int_equal(store_bytes(store), used);
        assert_int_equal(guest(5)->transaction_count, 0);
    }
    /* "t", and its parent, whose list was changed and changed back */
    assert_int_equal(store->generation, generation + 2);
    ask(5, WIRE_READ, 0, "t\0");
    assert_string_equal(data, "y");
    ask(5, WIRE_READ, 0, "u\0");
    expect_error("ENOENT");
}

static void test_transaction_end_words(void **state)
{
    u32 t = begin(5);

    (void)state;
    ask(5, WIRE_TRANSACTION_END, t, "X\0");
    expect_error("EINVAL");
    ask(5, WIRE_TRANSACTION_END, t, "T");
    expect_error("EINVAL");
    ask(5, WIRE_TRANSACTION_END, 0, "T\0");
    expect_error("ENOENT");
    ask(5, WIRE_TRANSACTION_END, t, "F\0");
    expect_ok();
    ask(5, WIRE_WATCH, 99, "name\0tok\0"); /* has nothing to do with one */
    expect_ok();
}

/* Each path looked at counts; with one too many it cannot be committed. */
static void test_transaction_accesses(void **state)
{
    u32 t = begin(5);
    char path[32];

    (void)state;
    for (u32 i = 0; i < QUOTA_ACCESSES - 3; i++) {
        u32 length = (u32)snprintf(path, sizeof(path), "m%u", i) + 1;

        send_raw(5, WIRE_READ, t, path, length);
        expect_error("ENOENT");
    }
    /* with those above, which were looked at for the right to know that it is missing */
    assert_true(guest(5)->transactions->access_count <= QUOTA_ACCESSES);
    for (u32 i = guest(5)->transactions->access_count; i < QUOTA_ACCESSES; i++) {
        u32 length = (u32)snprintf(path, sizeof(path), "k%u", i) + 1;

        send_raw(5, WIRE_READ, t, path, length);
        expect_error("ENOENT");
    }
    assert_int_equal(guest(5)->transactions->access_count, QUOTA_ACCESSES);
    ask(5, WIRE_READ, t, "one\0");
    expect_error("ENOSPC");
    ask(5, WIRE_TRANSACTION_END, t, "T\0");
    expect_error("ENOMEM");
}

/* Two of a guest's transactions that do not meet are both kept. */
static void test_transactions_beside_each_other(void **state)
{
    u32 t, u;

    (void)state;
    ask(5, WIRE_WRITE, 0, "a/x\0");
    ask(5, WIRE_WRITE, 0, "b/x\0");
    t = begin(5);
    u = begin(5);
    ask(5, WIRE_WRITE, t, "a/x\0one");
    ask(5, WIRE_WRITE, u, "b/x\0two");
    ask(5, WIRE_TRANSACTION_END, t, "T\0");
    expect_ok();
    ask(5, WIRE_TRANSACTION_END, u, "T\0");
    expect_ok();
    ask(5, WIRE_READ, 0, "a/x\0");
    assert_string_equal(data, "one");
    ask(5, WIRE_READ, 0, "b/x\0");
    assert_string_equal(data, "two");
    assert_int_equal(store->owned[5], 5);
}

/* At its limit a guest may still take one node away and make another, in one step. */
static void test_transaction_at_the_limit(void **state)
{
    char path[48];
    u32 t, length;

    (void)state;
    for (u32 i = store->owned[5]; i < QUOTA_NODES; i = store->owned[5]) {
        length = (u32)snprintf(path, sizeof(path), "%s/%u", i < 500 ? "a" : "b", i) + 1;
        send_raw(5, WIRE_WRITE, 0, path, length);
        expect_ok();
    }
    t = begin(5);
    ask(5, WIRE_WRITE, t, "a/new\0");
    expect_error("ENOSPC");
    ask(5, WIRE_RM, t, "a/100\0");
    ask(5, WIRE_WRITE, t, "a/new\0");
    expect_ok();
    ask(5, WIRE_WRITE, t, "a/newer\0");
    expect_error("ENOSPC");
    ask(5, WIRE_TRANSACTION_END, t, "T\0");
    expect_ok();
    assert_int_equal(store->owned[5], QUOTA_NODES);

    ask(5, WIRE_RM, 0, "a/101\0");
    t = begin(5);
    ask(5, WIRE_WRITE, t, "a/last\0");
    expect_ok();
    ask(5, WIRE_WRITE, 0, "b/last\0"); /* takes the place */
    expect_ok();
    ask(5, WIRE_TRANSACTION_END, t, "T\0");
    expect_error("ENOSPC");
    assert_int_equal(store->owned[5], QUOTA_NODES);
}

/* Changed rights are heard of when they are there for all. */
static void test_transaction_of_rights(void **state)
{
    u32 t;

    (void)state;
    ask(5, WIRE_WRITE, 0, "r\0x");
    ask(5, WIRE_WATCH, 0, "r\0tok\0");
    expect_event(&ring5, "r", "tok");
    t = begin(5);
    ask(5, WIRE_SET_PERMS, t, "r\0n5\0r6\0");
    expect_ok();
    assert_int_equal(heard, 0);
    ask(5, WIRE_TRANSACTION_END, t, "T\0");
    expect_ok();
    assert_int_equal(heard, 1);
    assert_string_equal(first_event, "r");
}

/* ---- Watches -------------------------------------------------------------------- */

static void test_watch_count(void **state)
{
    size_t used = store_bytes(store);
    char text[32];
    u32 i;

    (void)state;
    for (i = 0; i <= QUOTA_WATCHES; i++) {
        u32 length = (u32)snprintf(text, sizeof(text), "w%u%ctok", i, 0) + 1;

        send_raw(5, WIRE_WATCH, 0, text, length);
        if (i == QUOTA_WATCHES)
            expect_error("E2BIG");
        else
            assert_true(next(&ring5));
        snprintf(text, sizeof(text), "/w%u", i);
        assert_int_equal(store_watch(store, text, "mine"), ST_OK);
        message_drop_all(store, &store->local);
    }
    ask(5, WIRE_UNWATCH, 0, "w7\0tok\0");
    expect_ok();
    ask(5, WIRE_WATCH, 0, "w7\0tok\0");
    expect_ok();
    assert_true(next(&ring5));
    ask(5, WIRE_RESET_WATCHES, 0, "\0");
    assert_int_equal(guest(5)->watch_count, 0);
    watch_remove_all(store, &store->local);
    assert_int_equal(store_bytes(store), used);
    ask(5, WIRE_WATCH, 0, "w7\0tok\0");
    assert_true(next(&ring5));
    assert_int_equal(guest(5)->watch_count, 1);
    ask(5, WIRE_UNWATCH, 0, "w7\0tok\0");
    assert_int_equal(store_bytes(store), used);
}

/* A watch is its path and its token. */
static void test_watch_names(void **state)
{
    (void)state;
    ask(5, WIRE_WATCH, 0, "a\0one\0");
    expect_event(&ring5, "a", "one");
    ask(5, WIRE_WATCH, 0, "a\0two\0");
    expect_ok();
    expect_event(&ring5, "a", "two");
    ask(5, WIRE_WATCH, 0, "b\0one\0");
    expect_ok();
    expect_event(&ring5, "b", "one");
    ask(5, WIRE_UNWATCH, 0, "b\0two\0");
    expect_error("ENOENT");
    ask(5, WIRE_UNWATCH, 0, "a\0one\0");
    expect_ok();
    assert_int_equal(guest(5)->watch_count, 2);
    ask(5, WIRE_WATCH, 0, "a\0");
    expect_error("EINVAL");
    ask(5, WIRE_UNWATCH, 0, "a\0");
    expect_error("EINVAL");
    ask(5, WIRE_WATCH, 0, "a//b\0tok\0");
    expect_error("EINVAL");
    assert_int_equal(store_watch(store, "a", "tok"), ST_INVALID);
    assert_int_equal(store_unwatch(store, "a", "tok"), ST_INVALID);
    assert_int_equal(store_unwatch(store, "/a", "tok"), ST_NO_ENTRY);
}

/* An event names the path as the watch did: relative for a relative one. */
static void test_event_paths(void **state)
{
    (void)state;
    ask(5, WIRE_WATCH, 0, "/local/domain/5/r\0absolute\0");
    expect_event(&ring5, "/local/domain/5/r", "absolute");
    ask(5, WIRE_WATCH, 0, "r\0relative\0");
    expect_event(&ring5, "r", "relative");
    assert_int_equal(got.bytes, 2 + 9); /* and nothing behind it */
    ask(5, WIRE_WATCH, 0, "x@y\0at\0");
    expect_event(&ring5, "x@y", "at");
    ask(5, WIRE_WATCH, 0, "@releaseDomain\0special\0");
    expect_event(&ring5, "@releaseDomain", "special");
    store_write_text(store, "/local/domain/5/r/x", "1");
    expect_event(&ring5, "/local/domain/5/r/x", "absolute");
    expect_event(&ring5, "r/x", "relative");
    assert_false(next(&ring5));
    store_tell_shutdown(store); /* nobody but the owner of "@releaseDomain" hears of it */
    assert_false(next(&ring5));
    store_permissions_set(store, "@releaseDomain", "r0");
    ask(5, WIRE_GET_PERMS, 0, "@releaseDomain\0");
    expect_error("EACCES");
}

/* What a guest may not read it hears of when it may read what is above. */
static void test_heard_from_above(void **state)
{
    (void)state;
    ask(5, WIRE_WRITE, 0, "gone\0x");
    ask(5, WIRE_SET_PERMS, 0, "gone\0n5\0");
    ask(6, WIRE_WATCH, 0, "/local/domain/5/gone\0tok\0");
    expect_event(&ring6, "/local/domain/5/gone", "tok");
    ask(5, WIRE_WRITE, 0, "gone\0y");
    assert_false(next(&ring6));
    ask(5, WIRE_SET_PERMS, 0, "/local/domain/5\0n5\0r6\0");
    assert_false(next(&ring6));
    ask(5, WIRE_WRITE, 0, "gone\0z");
    expect_event(&ring6, "/local/domain/5/gone", "tok");
    ask(5, WIRE_RM, 0, "gone\0");
    expect_event(&ring6, "/local/domain/5/gone", "tok");
}

/* Room for the path, none for the token: nothing is left of it. */
static void test_no_room_for_a_token(void **state)
{
    size_t used = store_bytes(store);
    char token[600];

    (void)state;
    memset(token, 't', sizeof(token) - 1);
    token[sizeof(token) - 1] = 0;
    store->arena.payer = 5;
    store->arena.limit = store->arena.held[5] + 300;
    assert_int_equal(watch_add(store, guest(5), "/tool", token), STORE_ENOMEM);
    assert_int_equal(guest(5)->watch_count, 0);
    assert_null(guest(5)->watches);
    assert_int_equal(store_bytes(store), used);
    assert_int_equal(watch_add(store, guest(5), "/tool", "short"), STORE_OK);
    store->arena.payer = 0;
}

/* The watch of a special name is told to those that may read it. */
static void test_special_is_heard(void **state)
{
    struct store_event heard_event;

    (void)state;
    assert_int_equal(store_watch(store, "@releaseDomain", "me"), ST_OK);
    assert_true(store_take_event(store, &heard_event));
    store_tell_shutdown(store);
    assert_true(store_take_event(store, &heard_event));
    assert_string_equal(heard_event.path, "@releaseDomain");
    assert_string_equal(heard_event.token, "me");
    assert_false(store_take_event(store, &heard_event));
}

/* ---- Requests ------------------------------------------------------------------- */

static void test_arguments(void **state)
{
    (void)state;
    ask(5, WIRE_READ, 0, "name\0more\0");
    expect_error("EINVAL");
    ask(5, WIRE_READ, 0, "name\0m");
    expect_error("EINVAL");
    ask(5, WIRE_WRITE, 0, "name");
    expect_error("EINVAL");
    ask(5, WIRE_WRITE, 0, "v\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l");
    expect_ok();
    ask(5, WIRE_READ, 0, "v\0");
    assert_int_equal(got.bytes, 23);
    ask(5, WIRE_GET_DOMAIN_PATH, 0, "12\0");
    assert_string_equal(data, "/local/domain/12");
    assert_int_equal(got.bytes, 17);
    ask(5, WIRE_GET_DOMAIN_PATH, 0, "x\0");
    expect_error("EINVAL");
    ask(5, WIRE_GET_DOMAIN_PATH, 0, "12");
    expect_error("EINVAL");
    ask(5, WIRE_RM, 0, "a b\0");
    expect_error("EINVAL");
    ask(5, WIRE_MKDIR, 0, "a b\0");
    expect_error("EINVAL");
}

/* 4096 bytes of names fit an answer, one more does not; in pieces all of them come. */
static void test_long_directory(void **state)
{
    char path[64];
    u32 whole = 0, offset = 0;

    (void)state;
    for (u32 i = 0; i < 256; i++) { /* 16 bytes each */
        snprintf(path, sizeof(path), "/local/domain/5/l/node-%010u", i);
        assert_int_equal(store_write_text(store, path, ""), ST_OK);
    }
    store_permissions_set(store, "/local/domain/5/l", "n5");
    ask(5, WIRE_DIRECTORY, 0, "l\0");
    assert_int_equal(got.bytes, 4096);
    store_write_text(store, "/local/domain/5/l/x", "");
    ask(5, WIRE_DIRECTORY, 0, "l\0");
    expect_error("E2BIG");
    for (;;) {
        u32 length = (u32)snprintf(path, sizeof(path), "l%c%u", 0, offset) + 1;
        u32 head;

        send_raw(5, WIRE_DIRECTORY_PART, 0, path, length);
        assert_int_equal(got.type, WIRE_DIRECTORY_PART);
        head = (u32)strlen(data) + 1;
        if (data[got.bytes - 2] == 0 && got.bytes - head > 1) {
            whole += got.bytes - head - 1;
            break;
        }
        assert_true(got.bytes > head + 1);
        assert_true(4096 - got.bytes <= 16 + 1);
        whole += got.bytes - head;
        offset += got.bytes - head;
    }
    assert_int_equal(whole, 4096 + 2);
    snprintf(path, sizeof(path), "l%c4098", 0);
    send_raw(5, WIRE_DIRECTORY_PART, 0, path, 7);
    assert_int_equal(got.bytes - strlen(data), 2); /* an empty name and nothing before it */
    ask(5, WIRE_DIRECTORY_PART, 0, "l\0x\0");
    expect_error("EINVAL");
    ask(5, WIRE_DIRECTORY_PART, 0, "l\0");
    expect_error("EINVAL");
}

static void test_long_value(void **state)
{
    static char value[PAYLOAD_MAX + 1];
    char out[4];
    size_t length;

    (void)state;
    assert_int_equal(store_write(store, "/tool/v", value, PAYLOAD_MAX), ST_OK);
    store_permissions_set(store, "/tool/v", "r0");
    ask(5, WIRE_READ, 0, "/tool/v\0");
    assert_int_equal(got.bytes, PAYLOAD_MAX);
    assert_int_equal(store_write(store, "/tool/v", value, PAYLOAD_MAX + 1), ST_TOO_BIG);
    assert_int_equal(store_read(store, "/tool/v", out, sizeof(out), &length), ST_NO_BUFFER);
    assert_int_equal(length, PAYLOAD_MAX);
    assert_int_equal(store_list(store, "/", out, sizeof(out), &length), ST_NO_BUFFER);
    assert_int_equal(length, 20);
    assert_int_equal(store_read(store, "tool", out, sizeof(out), &length), ST_INVALID);
    assert_int_equal(store_write_text(store, "tool", "x"), ST_INVALID);
    assert_int_equal(store_make_directory(store, "tool"), ST_INVALID);
    assert_int_equal(store_remove(store, "tool"), ST_INVALID);
    assert_int_equal(store_permissions_set(store, "tool", "n0"), ST_INVALID);
    assert_int_equal(store_write_text(store, "/to ol", "x"), ST_INVALID);
}

#define BOTH(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_transaction_numbers),
        BOTH(test_transaction_leaves_nothing),
        BOTH(test_transaction_end_words),
        BOTH(test_transaction_accesses),
        BOTH(test_transactions_beside_each_other),
        BOTH(test_transaction_at_the_limit),
        BOTH(test_transaction_of_rights),
        BOTH(test_watch_count),
        BOTH(test_watch_names),
        BOTH(test_event_paths),
        BOTH(test_special_is_heard),
        BOTH(test_heard_from_above),
        BOTH(test_no_room_for_a_token),
        BOTH(test_arguments),
        BOTH(test_long_directory),
        BOTH(test_long_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
