/* Pages, rings and ports of guests as services have them of the hypervisor: what is mapped is
 * found again, what is kept goes when there is no room, what is refused leaves nothing. */
// sources: guest-drivers/service/platform.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/platform.h"

/* ---- the hypervisor, as far as these calls go ---- */

#define MACHINE 0x700000000000ull /* of the page of a reference: this, and the reference */
#define PLACES  ((GUEST_MAPPED - GUEST_WINDOW) / PAGE_SIZE)

static struct native_grant_map *mapped; /* by place in the window; flags 0: nothing is there */
static u32 map_count;
static u32 denied_ref;   /* is not lent */
static u32 readonly_ref; /* is lent to be read */
static enum status copy_answer, populate_answer, machine_answer;
static u32 copy_done;
static struct native_grant_copy copied;
static struct native_memory_populate populated;
static u32 port_bound, port_closed, port_sent;

static enum status grant_map(const struct native_grant_map *in,
                             struct native_grant_map_out *out)
{
    struct native_grant_map *place = &mapped[(in->local_at - GUEST_WINDOW) / PAGE_SIZE];

    assert_in_range(in->local_at, GUEST_WINDOW, GUEST_MAPPED - 1);
    if (in->ref == denied_ref || (in->ref == readonly_ref && (in->flags & NATIVE_WRITE)))
        return ST_DENIED;
    assert_int_equal(place->flags, 0);
    *place = *in;
    map_count++;
    *out = (struct native_grant_map_out){.handle = in->ref + 7, .machine = MACHINE};
    out->machine += (u64)in->ref * PAGE_SIZE;
    return ST_OK;
}

static enum status grant_unmap(const struct native_grant_unmap *in)
{
    struct native_grant_map *place = &mapped[(in->local_at - GUEST_WINDOW) / PAGE_SIZE];

    assert_int_not_equal(place->flags, 0);
    assert_int_equal(in->handle, place->ref + 7);
    place->flags = 0;
    map_count--;
    return ST_OK;
}

enum status native_invoke(u64 number, const void *in, void *out)
{
    switch (number) {
    case NATIVE_grant_map:
        return grant_map(in, out);
    case NATIVE_grant_unmap:
        return grant_unmap(in);
    case NATIVE_grant_copy:
        copied = *(const struct native_grant_copy *)in;
        ((struct native_grant_copy_out *)out)->done = copy_done;
        return copy_answer;
    case NATIVE_memory_populate:
        populated = *(const struct native_memory_populate *)in;
        return populate_answer;
    case NATIVE_memory_machine:
        ((struct native_memory_machine_out *)out)->machine =
            ((const struct native_memory_machine *)in)->local_at + 1;
        return machine_answer;
    case NATIVE_port_bind:
        port_bound = ((const struct native_port_bind *)in)->port;
        ((struct native_port *)out)->port =
            40 + ((const struct native_port_bind *)in)->partition;
        return port_bound == 99 ? ST_INVALID : ST_OK;
    case NATIVE_port_close:
        port_closed = ((const struct native_port *)in)->port;
        return ST_OK;
    case NATIVE_port_send:
        port_sent = ((const struct native_port *)in)->port;
        return ST_OK;
    default:
        fail_msg("call %lu", (unsigned long)number);
        return ST_NO_CALL;
    }
}

/* ---- pools ---- */

static struct grant_pool pool, other;

static int setup(void **state)
{
    (void)state;
    if (!mapped)
        mapped = calloc(PLACES, sizeof(*mapped));
    denied_ref = readonly_ref = ~0u;
    copy_answer = populate_answer = machine_answer = ST_OK;
    port_closed = port_sent = 0;
    pool = (struct grant_pool){.partition = 3, .limit = 4};
    other = (struct grant_pool){.partition = 4, .limit = 4};
    return mapped == NULL;
}

static int teardown(void **state)
{
    (void)state;
    grant_pool_end(&pool);
    grant_pool_end(&other);
    return map_count != 0 || pool.used != 0 || other.used != 0;
}

static u16 get(struct grant_pool *from, u32 ref, u32 access)
{
    u16 slot = GRANT_SLOT_MAX;

    assert_int_equal(grant_page_get(from, ref, access, &slot), ST_OK);
    return slot;
}

static enum status get_status(struct grant_pool *from, u32 ref, u32 access)
{
    u16 slot;

    return grant_page_get(from, ref, access, &slot);
}

static const struct native_grant_map *map_of(u16 slot)
{
    return &mapped[((u64)(uintptr_t)grant_page_at(slot) - GUEST_WINDOW) / PAGE_SIZE];
}

#define BOTH (GRANT_TO_READ | GRANT_TO_WRITE)

static void test_a_page(void **state)
{
    u16 slot = get(&pool, 5, GRANT_TO_READ), again;

    (void)state;
    assert_int_equal(map_of(slot)->partition, 3);
    assert_int_equal(map_of(slot)->ref, 5);
    assert_int_equal(map_of(slot)->flags, NATIVE_READ);
    again = get(&pool, 5, GRANT_TO_READ);
    assert_int_equal(again, slot);
    assert_int_equal(map_count, 1);
    grant_page_put(&pool, slot);
    assert_int_equal(map_count, 1); /* it is in use once more */
    grant_page_put(&pool, slot);
    assert_int_equal(map_count, 0);
    slot = get(&pool, 6, BOTH);
    assert_int_equal(map_of(slot)->flags, NATIVE_READ | NATIVE_WRITE);
    grant_page_put(&pool, slot);
}

static void test_refused_pages(void **state)
{
    (void)state;
    denied_ref = 5;
    readonly_ref = 6;
    for (u32 i = 0; i < 10; i++) {
        assert_int_equal(get_status(&pool, 5, GRANT_TO_READ), ST_DENIED);
        assert_int_equal(get_status(&pool, 6, BOTH), ST_DENIED);
    }
    assert_int_equal(pool.used, 0);
}

/* A page that is used to be read cannot be written to meanwhile; afterwards it can. */
static void test_more_rights(void **state)
{
    u16 slot = get(&pool, 5, GRANT_TO_READ);

    (void)state;
    assert_int_equal(get_status(&pool, 5, BOTH), ST_DENIED);
    grant_page_put(&pool, slot);
    pool.keeps = true;
    readonly_ref = 5;
    slot = get(&pool, 5, GRANT_TO_READ); /* as much as there is to be had */
    assert_int_equal(map_of(slot)->flags, NATIVE_READ);
    assert_int_equal(get_status(&pool, 5, BOTH), ST_DENIED);
    grant_page_put(&pool, slot);
    assert_int_equal(get_status(&pool, 5, BOTH), ST_DENIED);
    assert_int_equal(pool.used, 0);
    readonly_ref = ~0u; /* the guest lends it anew */
    slot = get(&pool, 5, GRANT_TO_READ);
    assert_int_equal(map_of(slot)->flags, NATIVE_READ | NATIVE_WRITE);
    assert_int_equal(get(&pool, 5, BOTH), slot);
    grant_page_put(&pool, slot);
    grant_page_put(&pool, slot);
}

static void test_two_pools(void **state)
{
    u16 slot, beside;

    (void)state;
    pool.keeps = other.keeps = true;
    slot = get(&pool, 5, GRANT_TO_READ);
    beside = get(&other, 5, GRANT_TO_READ);
    assert_int_not_equal(slot, beside);
    assert_int_equal(map_of(slot)->partition, 3);
    assert_int_equal(map_of(beside)->partition, 4);
    grant_page_put(&pool, slot);
    grant_page_put(&other, beside);
    grant_pool_end(&pool);
    assert_int_equal(map_count, 1);
    assert_int_equal(get(&other, 5, GRANT_TO_READ), beside);
    grant_page_put(&other, beside);
}

static void touch(u32 ref)
{
    grant_page_put(&pool, get(&pool, ref, GRANT_TO_READ));
}

static bool is_kept(u32 ref)
{
    for (u32 i = 0; i < GRANT_SLOTS; i++)
        if (map_of((u16)i)->flags != 0 && map_of((u16)i)->ref == ref)
            return true;
    return false;
}

static void test_kept_pages(void **state)
{
    u16 slot;

    (void)state;
    pool.keeps = true;
    for (u32 ref = 1; ref <= 4; ref++)
        touch(ref);
    assert_int_equal(map_count, 4);
    touch(1);
    touch(5); /* in place of the one used longest ago */
    assert_false(is_kept(2));
    assert_true(is_kept(1));
    assert_int_equal(pool.used, 4);
    slot = get(&pool, 3, GRANT_TO_READ); /* that one is in use */
    touch(6);
    assert_true(is_kept(3));
    assert_false(is_kept(4));
    for (u32 ref = 11; ref <= 13; ref++)
        (void)get(&pool, ref, GRANT_TO_READ);
    assert_int_equal(get_status(&pool, 14, GRANT_TO_READ), ST_NO_SPACE);
    grant_page_put(&pool, slot);
    touch(14);
    assert_false(is_kept(3));
}

/* So many of all pools together, each found again by its reference. */
static void test_all_slots(void **state)
{
    static u16 slots[GRANT_SLOTS];

    (void)state;
    pool.limit = other.limit = 2 * GRANT_SLOTS;
    for (u32 round = 0; round < 2; round++) {
        for (u32 ref = 0; ref < GRANT_SLOTS; ref++)
            slots[ref] = get(ref % 2 ? &pool : &other, ref * 3, GRANT_TO_READ);
        assert_int_equal(map_count, GRANT_SLOTS);
        assert_int_equal(get_status(&pool, 1, GRANT_TO_READ), ST_NO_SPACE);
        for (u32 ref = 0; ref < GRANT_SLOTS; ref++)
            assert_int_equal(get(ref % 2 ? &pool : &other, ref * 3, GRANT_TO_READ), slots[ref]);
        for (u32 ref = 0; ref < 2 * GRANT_SLOTS; ref++)
            grant_page_put(ref % 2 ? &pool : &other, slots[ref % GRANT_SLOTS]);
        assert_int_equal(map_count, 0);
    }
}

/* ---- addresses for devices ---- */

static void test_machine_addresses(void **state)
{
    u16 first = get(&pool, 5, GRANT_TO_READ), second = get(&pool, 9, GRANT_TO_READ);

    (void)state;
    assert_true(machine_address(grant_page_at(first)) == MACHINE + 5 * PAGE_SIZE);
    assert_true(machine_address(grant_page_at(second) + 4095) ==
                MACHINE + 9 * PAGE_SIZE + 4095);
    assert_true(machine_address((void *)0x12345) == 0x12346); /* memory of ours */
    machine_answer = ST_FAULT;
    assert_true(machine_address((void *)0x12345) == 0);
    grant_page_put(&pool, first);
    grant_page_put(&pool, second);
}

/* ---- rings ---- */

static void test_rings(void **state)
{
    static const u32 refs[GRANT_RING_PAGES + 1] = {5, 6, 7};
    u32 place, beside;
    void *at, *behind;

    (void)state;
    assert_int_equal(grant_ring_map(3, refs, 3, &place, &at), ST_OK);
    assert_int_equal(map_count, 3);
    for (u32 i = 0; i < 3; i++) {
        const struct native_grant_map *map =
            &mapped[((u64)(uintptr_t)at - GUEST_WINDOW) / PAGE_SIZE + i];

        assert_int_equal(map->ref, refs[i]);
        assert_int_equal(map->partition, 3);
        assert_int_equal(map->flags, NATIVE_READ | NATIVE_WRITE);
    }
    denied_ref = 7;
    assert_int_equal(grant_ring_map(3, refs, 3, &beside, &behind), ST_DENIED);
    assert_int_equal(map_count, 3);
    assert_int_equal(grant_ring_map(3, refs, 17, &beside, &behind), ST_NO_SPACE);
    assert_int_equal(grant_ring_map(3, refs, 2, &beside, &behind), ST_OK);
    assert_int_not_equal(place, beside);
    grant_ring_unmap(place);
    assert_int_equal(map_count, 2);
    grant_ring_unmap(beside);
}

static void test_all_places_for_rings(void **state)
{
    static const u32 refs[GRANT_RING_PAGES] = {1};
    u32 place[GRANT_RINGS], one;
    void *at;

    (void)state;
    for (u32 i = 0; i < GRANT_RINGS; i++)
        assert_int_equal(grant_ring_map(3, refs, GRANT_RING_PAGES, &place[i], &at), ST_OK);
    assert_int_equal(grant_ring_map(3, refs, 1, &one, &at), ST_NO_SPACE);
    grant_ring_unmap(place[7]);
    assert_int_equal(grant_ring_map(3, refs, 1, &one, &at), ST_OK);
    assert_int_equal(one, place[7]);
    for (u32 i = 0; i < GRANT_RINGS; i++)
        grant_ring_unmap(i);
}

/* ---- copies, memory, ports ---- */

static void test_copies(void **state)
{
    struct grant_part parts[3] = {{0}};

    (void)state;
    copy_done = 3;
    assert_int_equal(grant_copy(3, GRANT_STORE, parts, 3), ST_OK);
    assert_int_equal(copied.partition, 3);
    assert_int_equal(copied.direction, NATIVE_GRANT_STORE);
    assert_int_equal(copied.parts, (u64)(uintptr_t)parts);
    assert_int_equal(copied.count, 3);
    copy_done = 2; /* the last one was refused */
    assert_int_equal(grant_copy(3, GRANT_FETCH, parts, 3), ST_DENIED);
    assert_int_equal(copied.direction, NATIVE_GRANT_FETCH);
    copy_answer = ST_NO_ENTRY;
    assert_int_equal(grant_copy(3, GRANT_FETCH, parts, 3), ST_NO_ENTRY);
}

/* Whole pages, one behind the other, as far as the window goes. */
static void test_memory(void **state)
{
    u8 *first = platform_memory(1), *second = platform_memory(PAGE_SIZE + 1), *third;

    (void)state;
    assert_non_null(first);
    assert_ptr_equal(second, first + PAGE_SIZE);
    assert_int_equal(populated.partition, 0);
    assert_int_equal(populated.flags, NATIVE_READ | NATIVE_WRITE);
    assert_int_equal(populated.bytes, 2 * PAGE_SIZE);
    assert_null(platform_memory((u64)1 << 29));
    populate_answer = ST_NO_MEMORY;
    assert_null(platform_memory(1));
    populate_answer = ST_OK;
    third = platform_memory(((u64)1 << 29) - 3 * PAGE_SIZE);
    assert_ptr_equal(third, second + 2 * PAGE_SIZE);
    assert_null(platform_memory(1));
}

static void test_ports(void **state)
{
    u32 port = 0;

    (void)state;
    assert_int_equal(port_bind(3, 12, &port), ST_OK);
    assert_int_equal(port, 43);
    assert_int_equal(port_bound, 12);
    assert_int_equal(port_bind(3, 99, &port), ST_INVALID);
    port_signal(43);
    assert_int_equal(port_sent, 43);
    port_unbind(43);
    assert_int_equal(port_closed, 43);
    port_closed = 1;
    port_unbind(0); /* there is none */
    assert_int_equal(port_closed, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_page),
        TEST(test_refused_pages),
        TEST(test_more_rights),
        TEST(test_two_pools),
        TEST(test_kept_pages),
        TEST(test_all_slots),
        TEST(test_machine_addresses),
        TEST(test_rings),
        TEST(test_all_places_for_rings),
        TEST(test_copies),
        TEST(test_memory),
        TEST(test_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
