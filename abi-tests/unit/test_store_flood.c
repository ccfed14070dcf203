// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
/*
 * Guest 5 asks for all it may have and more, and does not listen. Guest 6 has the next turn
 * each time: it is answered in that turn, with the right answer, and finds its own limits
 * untouched.
 */
#include <time.h>

#include "abi-tests/unit/store_caller.h"

#define TURN_MS 300 /* of this thread's own time; 2 without sanitizers */

static double longest_ms;

/* False: the flooder's ring is full. */
static bool message_put(u32 type, u32 transaction, const char *text, u32 bytes)
{
    struct wire_header header = {type, 1, transaction, bytes};

    if (ring5.req_prod - ring5.req_cons + sizeof(header) + bytes > XEN_STORE_RING_SIZE)
        return false;
    put(&ring5, &header, sizeof(header));
    put(&ring5, text, bytes);
    return true;
}

static double thread_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void flooder_turn(void)
{
    double begin = thread_ms();
    double ms;

    store_serve(store, 5);
    ms = thread_ms() - begin;
    longest_ms = ms > longest_ms ? ms : longest_ms;
}

/* The flooder's turn, then the bystander's, which has its answer at the end of it. */
static void turns(void)
{
    flooder_turn();
    ask(6, WIRE_READ, 0, "/local/domain/6/name\0");
    assert_string_equal(data, "six");
}

static void flooder_listens(void)
{
    ring5.rsp_cons = ring5.rsp_prod;
}

/* A request, given until it is taken. */
static void flood(u32 type, u32 transaction, const char *text, u32 bytes)
{
    while (!message_put(type, transaction, text, bytes)) {
        turns();
        flooder_listens();
    }
}

static void flood_nodes(u32 transaction)
{
    char text[64];

    for (u32 i = 0; i < 1200; i++) {
        int length = snprintf(text, sizeof(text), "d%u/n%u", i / 100, i);

        flood(WIRE_WRITE, transaction, text, (u32)length + 1);
    }
}

static void flood_watches(void)
{
    char text[64];

    for (u32 i = 0; i < 200; i++) {
        int length = snprintf(text, sizeof(text), "d0%ct%u", 0, i);

        flood(WIRE_WATCH, 0, text, (u32)length + 1);
    }
}

/* Watched writes whose events nobody fetches: the ring stays full, the queue fills up. */
static void flood_events(void)
{
    char text[64];

    for (u32 round = 0; round < 300; round++) {
        for (u32 i = 0; i < 60; i++) {
            int length = snprintf(text, sizeof(text), "d0/n%u", (round * 20 + i) % 100);

            (void)message_put(WIRE_WRITE, 0, text, (u32)length + 1);
        }
        turns();
        if (ring5.rsp_prod - ring5.rsp_cons == XEN_STORE_RING_SIZE)
            ring5.rsp_cons += 600;
    }
    for (u32 i = 0; i < 2000; i++) {
        flooder_listens();
        flooder_turn();
    }
}

/* Requests whose answers nobody fetches: they wait in the ring, not in the server. */
static void flood_answers(void)
{
    size_t before = store_used(store);

    for (u32 round = 0; round < 1000; round++) {
        while (message_put(WIRE_GET_DOMAIN_PATH, 0, "5", 2))
            ;
        turns();
    }
    assert_true(store_used(store) - before < 4096);
    for (u32 i = 0; i < 100; i++) {
        flooder_listens();
        flooder_turn();
    }
}

static void flood_removals(void)
{
    char text[64];

    for (u32 i = 0; i < 12; i++) {
        int length = snprintf(text, sizeof(text), "d%u", i);

        flood(WIRE_RM, 0, text, (u32)length + 1);
    }
    turns();
    flooder_listens();
}

static int setup(void **state)
{
    (void)store_setup(state);
    longest_ms = 0;
    assert_int_equal(store_make_directory(store, "/local/domain/6"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/local/domain/6", "n6"), ST_OK);
    assert_int_equal(store_write_text(store, "/local/domain/6/name", "six"), ST_OK);
    return 0;
}

static void test_bystander_is_answered(void **state)
{
    size_t before;

    (void)state;
    before = store_used(store);
    for (u32 round = 0; round < 3; round++) {
        flood_nodes(0);
        flood_watches();
        flood_events();
        flood_answers();
        for (u32 i = 0; i < 30; i++)
            flood(WIRE_TRANSACTION_START, 0, "", 1);
        flood_nodes(1 + round * 11);
        flood(WIRE_TRANSACTION_END, 1 + round * 11, "T", 2);
        flood(WIRE_RESET_WATCHES, 0, "", 1);
        flood_removals();
        flood_events();
    }
    turns();
    print_message("the flooder's longest turn: %.1f ms\n", longest_ms);
    assert_true(longest_ms < TURN_MS);
    store_release(store, 5, STORE_DROP_NODES);
    assert_true(store_used(store) < before);
}

/* With the flooder at all its limits the bystander reaches its own. */
static void test_limits_are_of_each(void **state)
{
    char text[64];

    (void)state;
    flood_nodes(0);
    flood_watches();
    for (u32 i = 0; i < 30; i++)
        flood(WIRE_TRANSACTION_START, 0, "", 1);
    turns();
    for (u32 i = 0; i < 900; i++) {
        int length = snprintf(text, sizeof(text), "m%u/n%u", i / 100, i);

        send_raw(6, WIRE_WRITE, 0, text, (u32)length + 1);
        expect_ok();
    }
    for (u32 i = 0; i < 129; i++) {
        int length = snprintf(text, sizeof(text), "m0%ct%u", 0, i);

        send_raw(6, WIRE_WATCH, 0, text, (u32)length + 1);
        expect_ok();
        expect_event(&ring6, "m0", text + 3);
    }
    for (u32 i = 0; i < 11; i++) {
        ask(6, WIRE_TRANSACTION_START, 0, "\0");
        assert_int_equal(got.type, WIRE_TRANSACTION_START);
    }
    ask(6, WIRE_TRANSACTION_START, 0, "\0");
    expect_error("ENOSPC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bystander_is_answered, setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_limits_are_of_each, setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
