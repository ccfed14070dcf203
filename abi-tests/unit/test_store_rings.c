// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
// libs: -pthread
/* The rings of the xenstore server: full ones, two sides at once, ones that make no sense. */
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "abi-tests/unit/store_caller.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_back_pressure, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(test_no_request_is_forgotten, store_setup,
                                        store_teardown),
        cmocka_unit_test_setup_teardown(test_broken_rings, store_setup, store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
