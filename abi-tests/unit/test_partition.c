/* Partitions, spaces and shares: what is taken comes back exactly, whatever order things end
 * in. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/frame.h"
#include "hv/core/quota.h"
#include "hv/core/share.h"
#include "hv/cpu/ptab.h"

#define MIB ((u64)1 << 20)

static struct partition *root;
static u64 free_before;

static int setup(void **state)
{
    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    free_before = frame_count_free();
    return root->id != PARTITION_ROOT;
}

static void expect_nothing_lost(struct partition *p)
{
    assert_int_equal(partition_destroy(p), ST_OK);
    assert_int_equal(frame_count_free(), free_before);
}

static void test_names_and_ids(void **state)
{
    struct partition *a = fake_partition("a", PARTITION_XEN, 16);
    struct partition *other;
    u32 id = a->id;

    (void)state;
    assert_int_equal(partition_make("a", 0, 16, &other), ST_EXISTS);
    assert_int_equal(
        partition_make("0123456789012345678901234567890123456789012345678901234567890123", 0,
                       16, &other),
        ST_TOO_BIG);
    assert_ptr_equal(partition_find(id), a);
    assert_null(partition_find(PARTITION_MAX));
    expect_nothing_lost(a);
    assert_null(partition_find(id));
    a = fake_partition("a", PARTITION_XEN, 16);
    assert_int_not_equal(a->id, id); /* an id is used again as late as possible */
    expect_nothing_lost(a);
    assert_int_equal(partition_destroy(root), ST_DENIED);
}

static void test_populate_pieces(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    struct space *space = &p->space;
    hpa_t frame;
    u32 flags;

    (void)state;
    /* A page, then to the next 2 MiB in small pages, then large ones. */
    assert_int_equal(space_populate(space, gpa(PAGE_SIZE), 6 * MIB, SPACE_RAM), ST_OK);
    assert_int_equal(space->pages, 1536);
    assert_int_equal(space->highest_page, 1537);
    assert_int_equal(space_find(space, gpa(0), &frame, &flags), ST_FAULT);
    assert_int_equal(space_find(space, gpa(6 * MIB), &frame, &flags), ST_OK);
    assert_int_equal(frame_owner(frame), p->id);
    assert_int_equal(flags, SPACE_RAM);
    assert_int_equal(space_populate(space, gpa(4 * MIB), PAGE_SIZE, SPACE_RAM), ST_EXISTS);
    assert_int_equal(space_populate(space, gpa(8 * MIB), 16 * MIB, SPACE_RAM), ST_NO_MEMORY);
    assert_int_equal(space_populate(space, gpa(1), PAGE_SIZE, SPACE_RAM), ST_INVALID);
    assert_int_equal(space_populate(space, gpa(SPACE_LIMIT), PAGE_SIZE, SPACE_RAM), ST_INVALID);
    assert_int_equal(space_populate(space, gpa(~PAGE_MASK), 2 * PAGE_SIZE, SPACE_RAM),
                     ST_INVALID);
    expect_nothing_lost(p);
}

static void test_populate_fails_whole(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, FAKE_FRAMES * 2);
    u64 owned = frame_count_owned(p->id);

    (void)state;
    assert_int_equal(space_populate(&p->space, gpa(0), 128 * MIB, SPACE_RAM), ST_NO_MEMORY);
    assert_int_equal(p->space.pages, 0);
    /* Only page tables may have stayed. */
    assert_in_range(frame_count_owned(p->id) - owned, 0, 64);
    assert_int_equal(space_populate(&p->space, gpa(0), 8 * MIB, SPACE_RAM), ST_OK);
    expect_nothing_lost(p);
}

static void test_remove_splits(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    struct space *space = &p->space;
    u64 free_with;

    (void)state;
    assert_int_equal(space_populate(space, gpa(0), 4 * MIB, SPACE_RAM), ST_OK);
    assert_int_equal(space_remove(space, gpa(PAGE_SIZE), PAGE_SIZE), ST_OK);
    free_with = frame_count_free();
    assert_null(space_pointer(space, gpa(PAGE_SIZE), SPACE_READ));
    assert_non_null(space_pointer(space, gpa(0), SPACE_READ));
    assert_non_null(space_pointer(space, gpa(2 * PAGE_SIZE), SPACE_READ));
    assert_int_equal(space->pages, 1023);
    assert_int_not_equal(fake_flushes, 0);
    /* A range with the hole, over both halves. */
    assert_int_equal(space_remove(space, gpa(0), 4 * MIB), ST_OK);
    assert_int_equal(space->pages, 0);
    /* All but what became spare page tables. */
    assert_in_range(frame_count_free() - free_with, 1023 - NPT_SPARE, 1030);
    expect_nothing_lost(p);
}

/* Regions that lost all their pages one by one keep their tables; a large page that comes there
 * may be mapped by small entries, and loses single pages all the same. */
static void test_large_pages_where_tables_are(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 8192);
    struct space *space = &p->space;
    const u64 bytes = 32 * MIB;

    (void)state;
    assert_int_equal(space_populate(space, gpa(0), bytes, SPACE_RAM), ST_OK);
    for (u64 at = 0; at < bytes; at += PAGE_SIZE)
        assert_int_equal(space_remove(space, gpa(at), PAGE_SIZE), ST_OK);
    assert_int_equal(space->pages, 0);
    assert_int_equal(space_populate(space, gpa(0), bytes, SPACE_RAM), ST_OK);
    for (u64 at = 0; at < bytes; at += 2 * MIB)
        assert_int_equal(space_remove(space, gpa(at + 5 * PAGE_SIZE), PAGE_SIZE), ST_OK);
    for (u64 at = 0; at < bytes; at += 2 * MIB)
        assert_int_equal(space_move(space, gpa(at), gpa(at + 5 * PAGE_SIZE)), ST_OK);
    assert_int_equal(space->pages, bytes / PAGE_SIZE - bytes / (2 * MIB));
    expect_nothing_lost(p);
}

static void test_hold_keeps_the_frame(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    struct space *space = &p->space;
    hpa_t held;
    hpa_t other;

    (void)state;
    assert_int_equal(space_hold(space, gpa(0), &held), ST_FAULT);
    assert_int_equal(space_populate(space, gpa(0), 2 * MIB, SPACE_RAM), ST_OK);
    assert_int_equal(space_hold(space, gpa(5 * PAGE_SIZE), &held), ST_OK);
    assert_int_equal(space_hold(space, gpa(5 * PAGE_SIZE + 8), &other), ST_OK);
    assert_int_equal(held.raw, other.raw);
    memset(phys_to_virt(held), 0x5a, PAGE_SIZE);
    assert_int_equal(space_remove(space, gpa(0), 2 * MIB), ST_OK);
    assert_int_equal(frame_owner(held), p->id);
    space_unhold(space, held);
    assert_int_equal(frame_owner(held), p->id);
    space_unhold(space, hpa(held.raw + 100));
    assert_int_equal(frame_owner(held), FRAME_OWNER_LIMIT);
    expect_nothing_lost(p);
}

static void test_hold_dropped_while_mapped(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    hpa_t held;

    (void)state;
    assert_int_equal(space_populate(&p->space, gpa(0), 2 * PAGE_SIZE, SPACE_RAM), ST_OK);
    for (u32 i = 0; i < 600; i++) { /* records are used again */
        assert_int_equal(space_hold(&p->space, gpa((i & 1) * PAGE_SIZE), &held), ST_OK);
        space_unhold(&p->space, held);
    }
    assert_int_equal(frame_owner(held), p->id);
    assert_int_equal(space_remove(&p->space, gpa(0), 2 * PAGE_SIZE), ST_OK);
    assert_int_equal(frame_owner(held), FRAME_OWNER_LIMIT);
    expect_nothing_lost(p);
}

static void test_move(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    struct space *space = &p->space;
    u8 *byte;

    (void)state;
    assert_int_equal(space_populate(space, gpa(0), 4 * MIB, SPACE_RAM), ST_OK);
    *(u8 *)space_pointer(space, gpa(PAGE_SIZE), SPACE_WRITE) = 0x77;
    assert_int_equal(space_move(space, gpa(PAGE_SIZE), gpa(3 * MIB)), ST_OK);
    assert_null(space_pointer(space, gpa(PAGE_SIZE), SPACE_READ));
    byte = space_pointer(space, gpa(3 * MIB), SPACE_READ);
    assert_int_equal(*byte, 0x77);
    assert_int_equal(space->pages, 1023);
    assert_int_equal(space_move(space, gpa(PAGE_SIZE), gpa(0)), ST_FAULT);
    assert_int_equal(space_move(space, gpa(0), gpa(0)), ST_OK);
    expect_nothing_lost(p);
}

static void test_share_both_ends(void **state)
{
    struct partition *a = fake_partition("a", PARTITION_XEN, 4096);
    struct partition *b = fake_partition("b", PARTITION_XEN, 4096);
    u8 *byte;

    (void)state;
    assert_int_equal(space_populate(&a->space, gpa(0), 4 * MIB, SPACE_RAM), ST_OK);
    assert_int_equal(share_map(a, gpa(MIB), b, gpa(16 * MIB), 4, SPACE_READ | SPACE_WRITE),
                     ST_OK);
    byte = space_pointer(&b->space, gpa(16 * MIB + 5), SPACE_WRITE);
    *byte = 0x42;
    assert_int_equal(*(u8 *)space_pointer(&a->space, gpa(MIB + 5), SPACE_READ), 0x42);
    assert_int_equal(b->space.pages, 0);
    assert_true(share_is_lent(a, gpa(MIB + 3 * PAGE_SIZE), PAGE_SIZE));
    assert_false(share_is_lent(a, gpa(MIB + 4 * PAGE_SIZE), PAGE_SIZE));
    assert_false(share_is_lent(b, gpa(16 * MIB), PAGE_SIZE));
    /* What fails changes nothing. */
    assert_int_equal(share_map(a, gpa(3 * MIB), b, gpa(32 * MIB), 512, SPACE_READ), ST_FAULT);
    assert_null(space_pointer(&b->space, gpa(32 * MIB), SPACE_READ));
    assert_int_equal(share_map(a, gpa(0), b, gpa(16 * MIB), 1, SPACE_READ), ST_EXISTS);
    assert_int_equal(share_map(a, gpa(0), a, gpa(16 * MIB), 1, SPACE_READ), ST_INVALID);
    assert_int_equal(share_map(a, gpa(0), b, gpa(0), ~(u64)0 / PAGE_SIZE + 1, SPACE_READ),
                     ST_INVALID);
    /* The borrower ends it, the lender ends it, either partition ends. */
    assert_int_equal(share_unmap(b, gpa(16 * MIB)), ST_OK);
    assert_int_equal(share_unmap(b, gpa(16 * MIB)), ST_NO_ENTRY);
    assert_null(space_pointer(&b->space, gpa(16 * MIB), SPACE_READ));
    assert_int_equal(share_map(a, gpa(0), b, gpa(16 * MIB), 1024, SPACE_READ), ST_OK);
    assert_null(space_pointer(&b->space, gpa(16 * MIB), SPACE_WRITE));
    assert_int_equal(partition_destroy(a), ST_OK);
    assert_null(space_pointer(&b->space, gpa(16 * MIB), SPACE_READ));
    expect_nothing_lost(b);
}

static void test_share_survives_the_borrower(void **state)
{
    struct partition *a = fake_partition("a", PARTITION_XEN, 4096);
    struct partition *b = fake_partition("b", PARTITION_XEN, 4096);

    (void)state;
    assert_int_equal(space_populate(&a->space, gpa(0), 2 * MIB, SPACE_RAM), ST_OK);
    assert_int_equal(share_map(a, gpa(0), b, gpa(0), 512, SPACE_RAM), ST_OK);
    assert_int_equal(partition_destroy(b), ST_OK);
    assert_false(share_is_lent(a, gpa(0), PAGE_SIZE));
    assert_non_null(space_pointer(&a->space, gpa(0), SPACE_WRITE));
    expect_nothing_lost(a);
}

static void test_adapter_pages_have_a_quota(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    u64 limit = quota_kernel_pages(p);
    void *page = NULL;
    void *last = NULL;

    (void)state;
    for (u64 i = 0; i < limit; i++)
        assert_int_equal(quota_page_alloc(p, &last), ST_OK);
    assert_int_equal(quota_page_alloc(p, &page), ST_NO_MEMORY);
    quota_page_free(p, last);
    assert_int_equal(quota_page_alloc(p, &page), ST_OK);
    expect_nothing_lost(p);
}

static void test_pause_resume_shutdown(void **state)
{
    struct partition *p = fake_partition("p", PARTITION_XEN, 4096);
    u32 port;
    u32 raised;

    (void)state;
    assert_int_equal(port_bind_event(root, EVENT_PARTITION_ENDED, 0, &port), ST_OK);
    free_before--; /* the root's first page of ports */
    assert_int_equal(p->state, PARTITION_RUNNING);
    assert_int_equal(partition_pause(p), ST_OK);
    assert_int_equal(partition_pause(p), ST_OK);
    assert_int_equal(partition_resume(p), ST_OK);
    assert_int_equal(p->state, PARTITION_PAUSED);
    assert_int_equal(partition_resume(p), ST_OK);
    assert_int_equal(p->state, PARTITION_RUNNING);
    partition_shutdown(p, END_REBOOT);
    partition_shutdown(p, END_CRASH);
    assert_int_equal(p->state, PARTITION_ENDED);
    assert_int_equal(p->end_reason, END_REBOOT);
    assert_int_equal(partition_resume(p), ST_INVALID);
    assert_true(port_take_raised(root->vcpu[0], &raised));
    assert_int_equal(raised, port);
    assert_false(port_take_raised(root->vcpu[0], &raised));
    expect_nothing_lost(p);
}

static u64 clock_of(const struct partition *p)
{
    assert_int_equal(p->vcpu[0]->guest->tsc_offset, p->tsc_offset);
    return fake_now_ns + p->tsc_offset;
}

/* [TLFS 12.4]: the time of a partition counts while one of its vCPUs is not suspended. */
static void test_time_stands_in_a_pause(void **state)
{
    struct partition *stops = fake_partition("stops", PARTITION_TLFS, 16);
    struct partition *goes = fake_partition("goes", PARTITION_TLFS | PARTITION_XEN, 16);
    u64 begun = clock_of(stops);

    (void)state;
    assert_int_equal(begun, fake_now_ns); /* what it waited for its start is none of its time */
    partition_pause(stops);
    partition_pause(goes);
    fake_now_ns += 400;
    partition_pause(stops); /* a second one, later, ends later too */
    fake_now_ns += 500;
    partition_resume(stops);
    partition_resume(stops);
    partition_resume(goes);
    assert_int_equal(clock_of(stops), begun);
    assert_int_equal(clock_of(goes), begun + 900);
    fake_now_ns += 7;
    assert_int_equal(clock_of(stops), begun + 7);
    assert_int_equal(partition_destroy(goes), ST_OK);
    expect_nothing_lost(stops);
}

static void test_many_lives(void **state)
{
    (void)state;
    for (u32 i = 0; i < 600; i++) {
        struct partition *p = fake_partition("p", PARTITION_XEN, 2048);
        u32 port;

        assert_int_not_equal(p->id, PARTITION_ROOT);
        assert_int_equal(space_populate(&p->space, gpa(0), 4 * MIB, SPACE_RAM), ST_OK);
        assert_int_equal(port_alloc_unbound(p, 0, &port), ST_OK);
        expect_nothing_lost(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names_and_ids, setup),
        cmocka_unit_test_setup(test_populate_pieces, setup),
        cmocka_unit_test_setup(test_populate_fails_whole, setup),
        cmocka_unit_test_setup(test_remove_splits, setup),
        cmocka_unit_test_setup(test_large_pages_where_tables_are, setup),
        cmocka_unit_test_setup(test_hold_keeps_the_frame, setup),
        cmocka_unit_test_setup(test_hold_dropped_while_mapped, setup),
        cmocka_unit_test_setup(test_move, setup),
        cmocka_unit_test_setup(test_share_both_ends, setup),
        cmocka_unit_test_setup(test_share_survives_the_borrower, setup),
        cmocka_unit_test_setup(test_adapter_pages_have_a_quota, setup),
        cmocka_unit_test_setup(test_pause_resume_shutdown, setup),
        cmocka_unit_test_setup(test_time_stands_in_a_pause, setup),
        cmocka_unit_test_setup(test_many_lives, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
