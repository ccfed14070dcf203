// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/* The xenstore server's messages and nodes at their limits: the last that fits, the first that
 * does not. */
#include "abi-tests/unit/store_caller.h"
#include "xen-adapter/store/internal.h"

static struct connection *guest(u32 domid)
{
    return connection_find(store, domid);
}

static void begin(u32 domid)
{
    ask(domid, WIRE_TRANSACTION_START, 0, "\0");
    assert_int_not_equal(atoi(data), 0);
}

/* A value of so many bytes, which need not fit the ring at once. */
static enum store_error write_bytes(const char *path, u32 bytes)
{
    static const u8 value[PAYLOAD_MAX];

    assert_int_equal(path_absolute(guest(5), path, PATH_NODE, store->path), STORE_OK);
    return tree_write(store, guest(5), NULL, store->path, value, bytes);
}

/* ---- Messages ------------------------------------------------------------------- */

/* Nothing goes out: the guest has not taken what is there. */
static void ring_fill(struct xen_store_ring *ring)
{
    ring->rsp_prod = ring->rsp_cons + XEN_STORE_RING_SIZE;
}

static void event(const char *text, u32 bytes)
{
    assert_int_equal(message_put(store, guest(5), WIRE_WATCH_EVENT, 0, 0, text, bytes),
                     STORE_OK);
}

static void test_event_once(void **state)
{
    struct connection *c = guest(5);
    size_t used = store_bytes(store);

    (void)state;
    ring_fill(&ring5);
    event("path\0a", 7);
    event("path\0a", 7);
    assert_int_equal(c->event_count, 1);
    event("path\0b", 7);
    event("path\0", 6);
    assert_int_equal(c->event_count, 3);
    for (u32 i = 0; i < 2; i++) /* answers are never the same */
        assert_int_equal(message_put(store, c, WIRE_READ, 0, 0, "answer", 7), STORE_OK);
    assert_int_equal(c->reply_count, 2);
    event("answer", 7);
    assert_int_equal(c->event_count, 4);
    message_drop_all(store, c);
    assert_int_equal(c->event_count + c->reply_count, 0);
    assert_int_equal(store_bytes(store), used);
}

/* One that the guest has begun to read is not the one that waits. */
static void test_event_half_sent(void **state)
{
    (void)state;
    ring_fill(&ring5);
    ring5.rsp_cons += 4;
    event("path\0a", 7);
    message_flush(store, guest(5));
    event("path\0a", 7);
    assert_int_equal(guest(5)->event_count, 2);
}

static void test_event_quota(void **state)
{
    struct connection *c = guest(5);

    (void)state;
    ring_fill(&ring5);
    for (u32 i = 0; i < QUOTA_EVENTS + 5; i++)
        event((const char *)&i, sizeof(i));
    assert_int_equal(c->event_count, QUOTA_EVENTS);
    message_first_drop(store, c);
    assert_int_equal(c->event_count, QUOTA_EVENTS - 1);
    event("new", 4);
    assert_int_equal(c->event_count, QUOTA_EVENTS);
}

static void test_message_size(void **state)
{
    static const u8 payload[PAYLOAD_MAX + 1];

    (void)state;
    assert_int_equal(message_put(store, guest(5), WIRE_READ, 0, 0, payload, PAYLOAD_MAX),
                     STORE_OK);
    assert_int_equal(message_put(store, guest(5), WIRE_READ, 0, 0, payload, PAYLOAD_MAX + 1),
                     STORE_E2BIG);
}

static void test_response_ring_broken(void **state)
{
    u32 domid;

    (void)state;
    while (store_take_notify(store, &domid))
        ;
    ring5.rsp_cons = ring5.rsp_prod + 1;
    event("path\0a", 7);
    message_flush(store, guest(5));
    assert_true(guest(5)->is_broken);
    assert_int_equal(ring5.error, WIRE_ERROR_RINGIDX);
    assert_true(store_take_notify(store, &domid));
    assert_int_equal(domid, 5);
}

/* ---- Nodes ---------------------------------------------------------------------- */

static void test_value_and_names(void **state)
{
    char names[32];
    size_t length;

    (void)state;
    ask(5, WIRE_WRITE, 0, "n/one\0first");
    ask(5, WIRE_WRITE, 0, "n/two\0second");
    ask(5, WIRE_WRITE, 0, "n\0value");
    ask(5, WIRE_READ, 0, "n\0");
    assert_string_equal(data, "value");
    ask(5, WIRE_DIRECTORY, 0, "n\0");
    assert_int_equal(got.bytes, 8);
    assert_memory_equal(data, "one\0two", 8);
    ask(5, WIRE_RM, 0, "n/one\0");
    ask(5, WIRE_DIRECTORY, 0, "n\0");
    assert_int_equal(got.bytes, 4);
    assert_string_equal(data, "two");
    ask(5, WIRE_RM, 0, "n/two\0");
    ask(5, WIRE_DIRECTORY, 0, "n\0");
    assert_int_equal(got.bytes, 0);
    assert_int_equal(store_list(store, "/", names, sizeof(names), &length), ST_OK);
    assert_int_equal(length, 5 + 6 + 3 + 6);
    assert_memory_equal(names, "tool\0local\0vm\0libxl", 20);
}

/* The third name of a list, and who is not on it. */
static void test_rights_of_a_list(void **state)
{
    (void)state;
    ask(5, WIRE_WRITE, 0, "list\0x");
    ask(5, WIRE_SET_PERMS, 0, "list\0n5\0w9\0r6\0");
    expect_ok();
    ask(6, WIRE_READ, 0, "/local/domain/5/list\0");
    assert_string_equal(data, "x");
    ask(6, WIRE_WRITE, 0, "/local/domain/5/list\0y");
    expect_error("EACCES");
    ask(5, WIRE_SET_PERMS, 0, "list\0r5\0n6\0");
    ask(6, WIRE_READ, 0, "/local/domain/5/list\0");
    expect_error("EACCES");
    ask(5, WIRE_SET_PERMS, 0, "list\0b5\0w9\0");
    ask(6, WIRE_READ, 0, "/local/domain/5/list\0");
    assert_string_equal(data, "x");
    ask(6, WIRE_WRITE, 0, "/local/domain/5/list\0y");
    expect_ok();
    ask(5, WIRE_GET_PERMS, 0, "list\0");
    assert_memory_equal(data, "b5\0w9", 6);
}

static void test_permission_words(void **state)
{
    (void)state;
    ask(5, WIRE_WRITE, 0, "p\0x");
    ask(5, WIRE_SET_PERMS, 0, "p\0");
    expect_error("EINVAL");
    ask(5, WIRE_SET_PERMS, 0, "p\0n5");
    expect_error("EINVAL");
    ask(5, WIRE_SET_PERMS, 0, "p\0n5\0r6");
    expect_error("EINVAL");
    ask(5, WIRE_SET_PERMS, 0, "p\0n\0");
    expect_error("EINVAL");
    ask(5, WIRE_SET_PERMS, 0, "p\0n5\0r1\0r2\0r3\0r4\0");
    expect_ok();
    ask(5, WIRE_SET_PERMS, 0, "p\0n5\0r1\0r2\0r3\0r4\0r7\0");
    expect_error("ENOSPC");
    ask(5, WIRE_SET_PERMS, 0, "p\0n32752\0");
    expect_error("ENOENT");
    ask(5, WIRE_SET_PERMS, 0, "p\0n5\0r32751\0r40000\0");
    expect_ok();
    ask(5, WIRE_GET_PERMS, 0, "p\0");
    assert_memory_equal(data, "n5\0r32751\0r32752", 17);
    assert_int_equal(
        store_permissions_set(store, "/local/domain/5/p", "n256 r1 r2 r3 r4 r5 r6 r7"), ST_OK);
    assert_int_equal(
        store_permissions_set(store, "/local/domain/5/p", "n5 r1 r2 r3 r4 r5 r6 r7 r8"),
        ST_INVALID);
    assert_int_equal(store_permissions_set(store, "/local/domain/5/p", ""), ST_INVALID);
    assert_int_equal(store_permissions_set(store, "/local/domain/5/p", "n12345678901234567"),
                     ST_INVALID);
}

/* 16 bytes of a node, 8 of its owner; a name of 5 bytes with its NUL in the parent. */
static void test_node_size(void **state)
{
    u32 most = QUOTA_NODE_BYTES - 16 - 8;

    (void)state;
    assert_int_equal(write_bytes("size", most), STORE_OK);
    assert_int_equal(write_bytes("size", most + 1), STORE_ENOSPC);
    assert_int_equal(write_bytes("fresh", most + 1), STORE_ENOSPC);
    ask(5, WIRE_READ, 0, "fresh\0");
    expect_error("ENOENT");
    assert_int_equal(write_bytes("size", most - 4), STORE_OK);
    assert_int_equal(write_bytes("size/name", 0), STORE_ENOSPC);
    assert_int_equal(write_bytes("size", most - 5), STORE_OK);
    assert_int_equal(write_bytes("size/name", 0), STORE_OK);
    assert_int_equal(write_bytes("size/more", 0), STORE_ENOSPC);
    assert_int_equal(store_write_text(store, "/local/domain/5/size/more", ""), ST_OK);
}

/* The node of the guest itself is its own, too. */
static void test_node_count(void **state)
{
    char path[32];

    (void)state;
    assert_int_equal(write_bytes("c", 0), STORE_OK);
    for (u32 i = store->owned[5]; i < QUOTA_NODES - 3; i = store->owned[5]) {
        snprintf(path, sizeof(path), "c/%u/%u", i / 200, i);
        assert_int_equal(write_bytes(path, 0), STORE_OK);
    }
    assert_int_equal(store->owned[5], QUOTA_NODES - 3);
    assert_int_equal(write_bytes("two/together", 0), STORE_OK);
    assert_int_equal(store->owned[5], QUOTA_NODES - 1);
    assert_int_equal(write_bytes("next/more", 0), STORE_ENOSPC);
    assert_int_equal(write_bytes("one", 0), STORE_OK);
    assert_int_equal(write_bytes("none", 0), STORE_ENOSPC);
    assert_int_equal(write_bytes("one", 5), STORE_OK);
    assert_int_equal(store->owned[5], QUOTA_NODES);
    ask(5, WIRE_RM, 0, "c\0");
    assert_int_equal(store->owned[5], 4);
}

/* Rights count as well. */
static void test_node_size_of_rights(void **state)
{
    u32 most = QUOTA_NODE_BYTES - 16 - 8;

    (void)state;
    assert_int_equal(write_bytes("size", most), STORE_OK);
    ask(5, WIRE_SET_PERMS, 0, "size\0r5\0");
    expect_ok();
    ask(5, WIRE_SET_PERMS, 0, "size\0n5\0r6\0");
    expect_error("ENOSPC");
    ask(5, WIRE_GET_PERMS, 0, "size\0");
    assert_string_equal(data, "r5");
}

/* No bucket is much longer than the others. */
static void test_buckets(void **state)
{
    char path[32];
    u32 longest = 0;

    (void)state;
    for (u32 i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "/tool/node-%u", i);
        assert_int_equal(store_write_text(store, path, ""), ST_OK);
    }
    for (u32 i = 0; i < NODE_BUCKETS; i++) {
        u32 length = 0;

        for (const struct node *node = store->bucket[i]; node; node = node->next)
            length++;
        longest = MAX(longest, length);
    }
    assert_in_range(longest, 1, 9);
}

/* What does not fit spoils its transaction, whether it was looked at or written. */
static void test_no_room_in_a_transaction(void **state)
{
    const struct contents nothing = {0};
    struct transaction *t;
    struct node *node;

    (void)state;
    for (u32 how = 0; how < 2; how++) {
        begin(5);
        t = guest(5)->transactions;
        if (how == 1) /* the first sight of it as well */
            assert_int_equal(node_put(store, t, "/tool/fresh", &nothing, &node), STORE_OK);
        assert_false(t->is_spoiled);
        store->arena.payer = 5;
        store->arena.limit = 0;
        if (how == 0)
            assert_int_equal(node_find(store, t, "/tool", &node), STORE_ENOMEM);
        else
            assert_int_equal(node_put(store, t, "/tool/fresh", &nothing, &node), STORE_ENOMEM);
        assert_true(t->is_spoiled);
        store->arena.payer = 0;
        assert_int_equal(transaction_finish(store, guest(5), t->id, TRANSACTION_COMMIT),
                         STORE_ENOMEM);
    }
}

/* ---- The tree ------------------------------------------------------------------- */

static void test_removed_goes_whole(void **state)
{
    size_t used = store_bytes(store);

    (void)state;
    ask(5, WIRE_WRITE, 0, "a/b/c\0x");
    ask(5, WIRE_WRITE, 0, "a/b/d/e\0x");
    ask(5, WIRE_WRITE, 0, "ab\0x");
    ask(5, WIRE_RM, 0, "a\0");
    ask(5, WIRE_READ, 0, "ab\0");
    assert_string_equal(data, "x");
    ask(5, WIRE_READ, 0, "a/b/d/e\0");
    expect_error("ENOENT");
    ask(5, WIRE_RM, 0, "ab\0");
    assert_int_equal(store_bytes(store), used);
    assert_int_equal(store_write_text(store, "/x", "top"), ST_OK);
    assert_int_equal(store_remove(store, "/x"), ST_OK);
    assert_int_equal(store_bytes(store), used);
    assert_int_equal(store_remove(store, "/x"), ST_OK); /* its parent is there */
    assert_int_equal(store_remove(store, "/x/y"), ST_NO_ENTRY);
}

/* Everything of a guest that is gone, wherever it lies, and nothing else. */
static void test_owned_goes_with_its_owner(void **state)
{
    char names[64];
    size_t length;

    (void)state;
    store_write_text(store, "/tool/five/other", "mine");
    store_permissions_set(store, "/tool/five", "n5");
    store_write_text(store, "/tool/six", "6");
    store_permissions_set(store, "/tool/six", "n6");
    store_write_text(store, "/vm/five", "5");
    store_permissions_set(store, "/vm/five", "n5");
    ask(5, WIRE_TRANSACTION_START, 0, "\0");
    store_release(store, 5, STORE_DROP_NODES);
    assert_int_equal(store->owned[5], 0);
    assert_int_equal(store_list(store, "/tool", names, sizeof(names), &length), ST_OK);
    assert_int_equal(length, 4);
    assert_string_equal(names, "six");
    assert_int_equal(store_list(store, "/vm", names, sizeof(names), &length), ST_OK);
    assert_int_equal(length, 0);
    assert_int_equal(store_list(store, "/local/domain", names, sizeof(names), &length), ST_OK);
    assert_int_equal(length, 0);
}

/* Names of one letter right below the root, and a root that is a guest's. */
static void test_short_paths(void **state)
{
    char value[8] = {0};
    size_t length;

    (void)state;
    assert_int_equal(store_write_text(store, "/a", "1"), ST_OK);
    assert_int_equal(store_write_text(store, "/a/b", "2"), ST_OK);
    assert_int_equal(store_write_text(store, "/a/c/d", "3"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/a/c", "n5"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/", "n5"), ST_OK);
    assert_int_equal(store_read(store, "/a/c/d", value, sizeof(value), &length), ST_OK);
    assert_string_equal(value, "3");
    assert_int_equal(store_list(store, "/a", value, sizeof(value), &length), ST_OK);
    assert_int_equal(length, 4);
    assert_memory_equal(value, "b\0c", 4);
    store_release(store, 5, STORE_DROP_NODES);
    assert_int_equal(store_list(store, "/a", value, sizeof(value), &length), ST_OK);
    assert_int_equal(length, 2);
    assert_int_equal(store_read(store, "/a/b", value, sizeof(value), &length), ST_OK);
    assert_memory_equal(value, "2", 1);
}

/* The longest path there can be is removed like any other. */
static void test_longest_path_goes(void **state)
{
    char path[STORE_PATH_MAX + 1];
    size_t used = store_bytes(store), length;

    (void)state;
    memset(path, 'x', sizeof(path));
    memcpy(path, "/tool/", 6);
    path[STORE_PATH_MAX / 2] = '/';
    path[STORE_PATH_MAX] = 0;
    assert_int_equal(store_write_text(store, path, "end"), ST_OK);
    path[STORE_PATH_MAX / 2] = 0;
    assert_int_equal(store_remove(store, path), ST_OK);
    assert_int_equal(store_bytes(store), used);
    assert_int_equal(store_read(store, path, path, 1, &length), ST_NO_ENTRY);
}

/* Who may not look at what is above a missing node does not learn that it is missing. */
static void test_missing(void **state)
{
    (void)state;
    ask(6, WIRE_READ, 0, "/local/domain/5/nothing/here\0");
    expect_error("EACCES");
    ask(5, WIRE_SET_PERMS, 0, "/local/domain/5\0n5\0r6\0");
    ask(6, WIRE_READ, 0, "/local/domain/5/nothing/here\0");
    expect_error("ENOENT");
    ask(6, WIRE_WRITE, 0, "/local/domain/5/nothing/here\0x");
    expect_error("EACCES");
    ask(6, WIRE_WRITE, 0, "/top\0x");
    expect_error("EACCES");
    ask(5, WIRE_READ, 0, "/elsewhere\0");
    expect_error("EACCES");
}

/* Made and removed nodes are heard of, by whoever looks at what is above them. */
static void test_change_is_heard(void **state)
{
    (void)state;
    ask(5, WIRE_WATCH, 0, "top\0tok\0");
    expect_event(&ring5, "top", "tok");
    assert_int_equal(got.request, 0);
    assert_int_equal(got.transaction, 0);
    ask(5, WIRE_MKDIR, 0, "top/a\0");
    assert_int_equal(heard, 1);
    assert_string_equal(first_event, "top/a");
    ask(5, WIRE_MKDIR, 0, "top/a\0"); /* is there */
    assert_int_equal(heard, 0);
    ask(5, WIRE_RM, 0, "top/a\0");
    assert_int_equal(heard, 1);
    ask(5, WIRE_RM, 0, "top/a\0");
    assert_int_equal(heard, 0);
    ask(5, WIRE_SET_PERMS, 0, "top\0n5\0r6\0");
    assert_int_equal(heard, 1);
    assert_string_equal(first_event, "top");
}

#define BOTH(test) cmocka_unit_test_setup_teardown(test, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_event_once),
        BOTH(test_event_half_sent),
        BOTH(test_event_quota),
        BOTH(test_message_size),
        BOTH(test_response_ring_broken),
        BOTH(test_value_and_names),
        BOTH(test_rights_of_a_list),
        BOTH(test_permission_words),
        BOTH(test_node_size),
        BOTH(test_node_count),
        BOTH(test_node_size_of_rights),
        BOTH(test_buckets),
        BOTH(test_no_room_in_a_transaction),
        BOTH(test_longest_path_goes),
        BOTH(test_short_paths),
        BOTH(test_removed_goes_whole),
        BOTH(test_owned_goes_with_its_owner),
        BOTH(test_missing),
        BOTH(test_change_is_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
