/*
 * The xenstore server through its wire, as guests 5 and 6 see it, for one test program. It
 * needs every source of xen-adapter/store.
 */
#ifndef ABI_TESTS_UNIT_STORE_CALLER_H
#define ABI_TESTS_UNIT_STORE_CALLER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/store/store.h"
#include "xen-adapter/store/wire.h"

size_t string_copy(char *to, const char *from, size_t size)
{
    snprintf(to, size, "%s", from);
    return strlen(from);
}

#define ARENA_BYTES (1u << 20)
static void *arena;
static struct store *store;
static struct xen_store_ring ring5, ring6;

/* An answer taken from a ring. */
static struct wire_header got;
static char data[4097];
static char first_event[4097], last_event[4097];
static u32 heard;

static inline void put(struct xen_store_ring *ring, const void *from, u32 bytes)
{
    const char *p = from;
    u32 i;

    for (i = 0; i < bytes; i++)
        ring->req[ring->req_prod++ % XEN_STORE_RING_SIZE] = p[i];
}

static inline bool take(struct xen_store_ring *ring, void *to, u32 bytes)
{
    char *p = to;
    u32 i;

    if (ring->rsp_prod - ring->rsp_cons < bytes)
        return false;
    for (i = 0; i < bytes; i++)
        p[i] = ring->rsp[ring->rsp_cons++ % XEN_STORE_RING_SIZE];
    return true;
}

/* A long answer comes in pieces, as room is made in the ring. */
static inline bool take_long(struct xen_store_ring *ring, char *to, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++) {
        if (ring->rsp_prod == ring->rsp_cons)
            (void)store_serve(store, ring == &ring5 ? 5 : 6);
        if (!take(ring, to + i, 1))
            return false;
    }
    return true;
}

static inline bool next(struct xen_store_ring *ring)
{
    if (!take(ring, &got, sizeof(got)))
        return false;
    assert_true(got.bytes <= 4096);
    assert_true(take_long(ring, data, got.bytes));
    data[got.bytes] = 0;
    return true;
}

static inline void send_raw(u32 domid, u32 type, u32 transaction, const char *text, u32 bytes)
{
    struct xen_store_ring *ring = domid == 5 ? &ring5 : &ring6;
    struct wire_header header = {type, 77, transaction, bytes};

    put(ring, &header, sizeof(header));
    put(ring, text, bytes);
    assert_true(store_serve(store, domid));
    /* Events of the call itself come before its answer. */
    heard = 0;
    for (assert_true(next(ring)); got.type == WIRE_WATCH_EVENT; assert_true(next(ring)))
        memcpy(heard++ ? last_event : first_event, data, got.bytes + 1);
    assert_int_equal(got.request, 77);
    assert_int_equal(got.transaction, transaction);
}

#define ask(domid, type, transaction, text)                                                    \
    send_raw(domid, type, transaction, text, (u32)sizeof(text) - 1)

static inline void expect_ok(void)
{
    assert_string_equal(data, "OK");
    assert_int_not_equal(got.type, WIRE_ERROR);
}

static inline void expect_error(const char *name)
{
    assert_int_equal(got.type, WIRE_ERROR);
    assert_string_equal(data, name);
}

static inline void expect_event(struct xen_store_ring *ring, const char *path,
                                const char *token)
{
    assert_true(next(ring));
    assert_int_equal(got.type, WIRE_WATCH_EVENT);
    assert_string_equal(data, path);
    assert_string_equal(data + strlen(path) + 1, token);
}

static inline int store_setup(void **state)
{
    (void)state;
    arena = malloc(ARENA_BYTES);
    memset(&ring5, 0, sizeof(ring5));
    memset(&ring6, 0, sizeof(ring6));
    assert_int_equal(store_make(arena, ARENA_BYTES, &store), ST_OK);
    assert_int_equal(store_introduce(store, 5, &ring5), ST_OK);
    assert_int_equal(store_introduce(store, 6, &ring6), ST_OK);
    assert_int_equal(store_introduce(store, 6, &ring6), ST_EXISTS);
    assert_int_equal(store_make_directory(store, "/local/domain/5"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/local/domain/5", "n5"), ST_OK);
    assert_int_equal(store_write_text(store, "/local/domain/5/name", "five"), ST_OK);
    assert_int_equal(store_permissions_set(store, "/local/domain/5/name", "n0 r5"), ST_OK);
    return 0;
}

static inline int store_teardown(void **state)
{
    (void)state;
    free(arena);
    return 0;
}

#endif
