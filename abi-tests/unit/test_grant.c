/* Grant tables: who may use a page, the bits that say so, and every way in which a use ends. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/frame.h"
#include "hv/core/share.h"
#include "hv/cpu/ptab.h"

#define MIB   ((u64)1 << 20)
#define RW    (GRANT_READ | GRANT_WRITE)
#define PAGE  0x40u /* the lender's page that is lent */
#define PLACE gpa(16 * MIB)
#define REF   20u

static struct partition *root, *lender, *borrower;
static u64 free_before;

static int setup(void **state)
{
    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    free_before = frame_count_free();
    lender = fake_partition("lender", PARTITION_XEN, 4096);
    borrower = fake_partition("borrower", PARTITION_XEN, 4096);
    return space_populate(&lender->space, gpa(0), 2 * MIB, SPACE_RAM) != ST_OK ||
           grant_table_grow(lender, 1) != ST_OK;
}

static int teardown(void **state)
{
    (void)state;
    if (partition_find(lender->id) == lender)
        partition_destroy(lender);
    if (partition_find(borrower->id) == borrower)
        partition_destroy(borrower);
    return frame_count_free() != free_before;
}

static struct grant_entry_v1 *entry(u32 ref)
{
    return (struct grant_entry_v1 *)grant_frame(lender, ref / 512) + ref % 512;
}

static void lend(u32 ref, u16 flags, u64 page)
{
    *entry(ref) = (struct grant_entry_v1){flags, (u16)borrower->id, (u32)page};
}

static enum status map(u32 ref, u32 rights, u32 *handle)
{
    return share_map_grant(lender, ref, borrower, PLACE, rights, handle);
}

static void test_map_and_unmap(void **state)
{
    u32 handle;

    (void)state;
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(map(REF, RW, &handle), ST_OK);
    *(u8 *)space_pointer(&borrower->space, PLACE, SPACE_WRITE) = 7;
    assert_int_equal(*(u8 *)space_pointer(&lender->space, gpa(PAGE * PAGE_SIZE), SPACE_READ),
                     7);
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS | GRANT_READING | GRANT_WRITING);
    assert_int_equal(share_space_remove(lender, gpa(PAGE * PAGE_SIZE), PAGE_SIZE), ST_BUSY);
    assert_int_equal(share_space_move(lender, gpa(PAGE * PAGE_SIZE), gpa(4 * MIB)), ST_BUSY);
    assert_int_equal(map(REF, RW, &handle), ST_EXISTS); /* the place is taken */
    assert_int_equal(share_unmap_grant(borrower, handle + 1, PLACE), ST_NO_ENTRY);
    assert_int_equal(share_unmap_grant(borrower, handle, gpa(0)), ST_INVALID);
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_OK);
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_NO_ENTRY);
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS);
    assert_null(space_pointer(&borrower->space, PLACE, SPACE_READ));
    assert_int_equal(share_space_remove(lender, gpa(PAGE * PAGE_SIZE), PAGE_SIZE), ST_OK);
    assert_int_equal(map(REF, RW, &handle), ST_FAULT);
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS);
}

static void test_refusals(void **state)
{
    u32 handle;

    (void)state;
    assert_int_equal(map(512, RW, &handle), ST_NO_ENTRY);
    assert_int_equal(map(~0u, RW, &handle), ST_NO_ENTRY);
    assert_int_equal(map(REF, RW, &handle), ST_DENIED);
    lend(REF, GRANT_TYPE_ACCESS | GRANT_READONLY, PAGE);
    assert_int_equal(map(REF, RW, &handle), ST_DENIED);
    assert_int_equal(map(REF, GRANT_READ, &handle), ST_OK);
    assert_null(space_pointer(&borrower->space, PLACE, SPACE_WRITE));
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS | GRANT_READONLY | GRANT_READING);
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_OK);
    lend(REF, GRANT_TYPE_ACCESS, 0xffffffff);
    assert_int_equal(map(REF, RW, &handle), ST_FAULT);
    lend(REF, 2, PAGE); /* accept transfer */
    assert_int_equal(map(REF, RW, &handle), ST_DENIED);
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    entry(REF)->borrower = (u16)root->id;
    assert_int_equal(map(REF, RW, &handle), ST_DENIED);
    assert_int_equal(share_map_grant(borrower, REF, lender, gpa(8 * MIB), RW, &handle),
                     ST_NO_ENTRY);
}

/* What was claimed first counts, whatever the guest writes meanwhile. */
static void test_entry_rewritten(void **state)
{
    u32 first, second;

    (void)state;
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(map(REF, GRANT_READ, &first), ST_OK);
    entry(REF)->page = PAGE + 1;
    assert_int_equal(share_map_grant(lender, REF, borrower, gpa(32 * MIB), GRANT_READ, &second),
                     ST_OK);
    assert_ptr_equal(space_pointer(&borrower->space, gpa(32 * MIB), SPACE_READ),
                     space_pointer(&lender->space, gpa(PAGE * PAGE_SIZE), SPACE_READ));
    entry(REF)->flags = 0;
    assert_int_equal(share_unmap_grant(borrower, first, PLACE), ST_OK);
    assert_int_equal(map(REF, RW, &first), ST_DENIED);
    assert_int_equal(share_unmap_grant(borrower, second, gpa(32 * MIB)), ST_OK);
    assert_int_equal(entry(REF)->flags, 0);
    lend(REF, GRANT_TYPE_ACCESS, PAGE + 1);
    assert_int_equal(map(REF, RW, &first), ST_OK);
    assert_ptr_equal(space_pointer(&borrower->space, PLACE, SPACE_READ),
                     space_pointer(&lender->space, gpa((PAGE + 1) * PAGE_SIZE), SPACE_READ));
}

static void test_no_borrowed_page_is_lent_on(void **state)
{
    struct partition *third = fake_partition("third", PARTITION_XEN, 64);
    struct grant_entry_v1 *own;
    u32 handle, other;

    (void)state;
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(map(REF, RW, &handle), ST_OK);
    assert_int_equal(grant_table_grow(borrower, 1), ST_OK);
    own = grant_frame(borrower, 0);
    own[9] = (struct grant_entry_v1){GRANT_TYPE_ACCESS, (u16)third->id,
                                     (u32)(PLACE.raw >> PAGE_SHIFT)};
    assert_int_equal(share_map_grant(borrower, 9, third, gpa(64 * MIB), GRANT_READ, &other),
                     ST_FAULT);
    assert_int_equal(share_map(borrower, PLACE, third, gpa(64 * MIB), 1, SPACE_READ), ST_FAULT);
    assert_int_equal(partition_destroy(third), ST_OK);
}

static void test_lender_ends(void **state)
{
    u32 handle;

    (void)state;
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(map(REF, RW, &handle), ST_OK);
    assert_int_equal(share_map(lender, gpa(0), borrower, gpa(64 * MIB), 4, SPACE_READ), ST_OK);
    assert_int_equal(partition_destroy(lender), ST_OK);
    assert_null(space_pointer(&borrower->space, PLACE, SPACE_READ));
    assert_null(space_pointer(&borrower->space, gpa(64 * MIB), SPACE_READ));
    /* The handle is the borrower's until it gives it back. */
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_OK);
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_NO_ENTRY);
}

static void test_borrower_ends(void **state)
{
    u32 handle;

    (void)state;
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(map(REF, RW, &handle), ST_OK);
    assert_int_equal(partition_destroy(borrower), ST_OK);
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS);
    assert_int_equal(share_space_remove(lender, gpa(PAGE * PAGE_SIZE), PAGE_SIZE), ST_OK);
}

static void test_own_grant(void **state)
{
    u32 handle;

    (void)state;
    *entry(REF) = (struct grant_entry_v1){GRANT_TYPE_ACCESS, (u16)lender->id, PAGE};
    assert_int_equal(share_map_grant(lender, REF, lender, gpa(64 * MIB), RW, &handle), ST_OK);
    assert_int_equal(share_unmap_grant(lender, handle, gpa(64 * MIB)), ST_OK);
    assert_int_equal(share_map_grant(lender, REF, lender, gpa(64 * MIB), RW, &handle), ST_OK);
}

static void test_many(void **state)
{
    u32 handle[600];

    (void)state;
    assert_int_equal(grant_table_grow(lender, 2), ST_OK);
    for (u32 i = 0; i < ARRAY_SIZE(handle); i++) {
        lend(i + 8, GRANT_TYPE_ACCESS, i % 512);
        assert_int_equal(share_map_grant(lender, i + 8, borrower,
                                         gpa(PLACE.raw + i * PAGE_SIZE), RW, &handle[i]),
                         ST_OK);
    }
    assert_int_equal(grant_table_grow(lender, GRANT_FRAMES_MAX + 1), ST_INVALID);
    for (u32 i = 0; i < ARRAY_SIZE(handle); i += 2)
        assert_int_equal(share_unmap_grant(borrower, handle[i], gpa(PLACE.raw + i * PAGE_SIZE)),
                         ST_OK);
    assert_false(share_is_lent(lender, gpa(200 * PAGE_SIZE), PAGE_SIZE));
    assert_true(share_is_lent(lender, gpa(201 * PAGE_SIZE), PAGE_SIZE));
    assert_true(share_is_lent(lender, gpa(0), 2 * MIB));
}

static void test_no_handle_left(void **state)
{
    u32 handle = 0;
    u32 i = 0;
    enum status status = ST_OK;

    (void)state;
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    while (status == ST_OK && i <= SHARES_MAX)
        status = share_map_grant(lender, REF, borrower, gpa(PLACE.raw + i++ * PAGE_SIZE),
                                 GRANT_READ, &handle);
    assert_true(status == ST_NO_SPACE || status == ST_NO_MEMORY);
    assert_true(i > 8192);
    assert_int_equal(share_unmap_grant(borrower, handle, gpa(PLACE.raw + (i - 2) * PAGE_SIZE)),
                     ST_OK);
}

static enum status copy(u32 ref, u32 offset, u32 to_offset, u32 bytes)
{
    struct share_side from = {lender, ref, offset, gpa(0)};
    struct share_side to = {borrower, SHARE_NO_REF, to_offset, gpa(0)};

    return share_copy(borrower, &from, &to, bytes);
}

static void test_copy(void **state)
{
    struct share_side near = {borrower, SHARE_NO_REF, 0, gpa(0)};
    struct share_side far = {lender, REF, 8, gpa(0)};
    u8 *page;

    (void)state;
    assert_int_equal(space_populate(&borrower->space, gpa(0), PAGE_SIZE, SPACE_RAM), ST_OK);
    lend(REF, GRANT_TYPE_ACCESS | GRANT_READONLY, PAGE);
    page = space_pointer(&lender->space, gpa(PAGE * PAGE_SIZE), SPACE_WRITE);
    memcpy(page + 100, "Entente", 8);
    assert_int_equal(copy(REF, 100, 200, 8), ST_OK);
    assert_string_equal((char *)space_pointer(&borrower->space, gpa(200), SPACE_READ),
                        "Entente");
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS | GRANT_READONLY);
    assert_int_equal(copy(REF, 4090, 0, 8), ST_RANGE);
    assert_int_equal(copy(REF, 0, 4090, 8), ST_RANGE);
    assert_int_equal(copy(REF, 0, 0, 4097), ST_RANGE);
    assert_int_equal(copy(REF, ~0u, 0, 2), ST_RANGE);
    assert_int_equal(copy(REF + 1, 0, 0, 8), ST_DENIED);
    assert_int_equal(share_copy(borrower, &near, &far, 8), ST_DENIED);
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(share_copy(borrower, &near, &far, 8), ST_OK);
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS);
    /* What the lender itself only borrows, it cannot lend. */
    assert_int_equal(share_map(borrower, gpa(0), lender, PLACE, 1, SPACE_RAM), ST_OK);
    lend(REF + 1, GRANT_TYPE_ACCESS, (u32)(PLACE.raw / PAGE_SIZE));
    assert_int_equal(copy(REF + 1, 0, 0, 8), ST_FAULT);
    assert_int_equal(entry(REF + 1)->flags, GRANT_TYPE_ACCESS);
    near.at = gpa(8 * MIB);
    assert_int_equal(share_copy(borrower, &near, &far, 8), ST_FAULT);
    assert_int_equal(entry(REF)->flags, GRANT_TYPE_ACCESS);
}

static void test_version_2(void **state)
{
    struct grant_entry_v2 *two;
    u16 *status;
    u32 handle;

    (void)state;
    lend(1, GRANT_TYPE_ACCESS, PAGE);
    lend(REF, GRANT_TYPE_ACCESS, PAGE);
    assert_int_equal(map(REF, RW, &handle), ST_OK);
    assert_int_equal(grant_version_set(lender, 2), ST_BUSY);
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_OK);
    assert_int_equal(grant_version_set(lender, 3), ST_INVALID);
    assert_int_equal(grant_version_set(lender, 2), ST_OK);
    assert_int_equal(grant_status_frame_count(lender), 1);
    two = grant_frame(lender, 0);
    status = grant_status_frame(lender, 0);
    assert_int_equal(two[1].page, PAGE);
    assert_int_equal(two[REF].flags, 0);
    assert_int_equal(map(256, RW, &handle), ST_NO_ENTRY);
    assert_int_equal(map(1, RW, &handle), ST_OK);
    assert_int_equal(status[1], GRANT_READING | GRANT_WRITING);
    assert_int_equal(two[1].flags, GRANT_TYPE_ACCESS);
    assert_int_equal(grant_swap(lender, 1, 2), ST_BUSY);
    assert_int_equal(share_unmap_grant(borrower, handle, PLACE), ST_OK);
    assert_int_equal(status[1], 0);
    assert_int_equal(grant_swap(lender, 1, 2), ST_OK);
    assert_int_equal(two[2].page, PAGE);
    /* Part of a page can be copied, not mapped. */
    two[REF] = (struct grant_entry_v2){GRANT_TYPE_ACCESS | GRANT_SUB_PAGE, (u16)borrower->id,
                                       256, 64, PAGE};
    assert_int_equal(map(REF, GRANT_READ, &handle), ST_DENIED);
    assert_int_equal(space_populate(&borrower->space, gpa(0), PAGE_SIZE, SPACE_RAM), ST_OK);
    assert_int_equal(copy(REF, 256, 0, 64), ST_OK);
    assert_int_equal(copy(REF, 255, 0, 8), ST_RANGE);
    assert_int_equal(copy(REF, 300, 0, 64), ST_RANGE);
    two[REF].page = ~(u64)0;
    assert_int_equal(copy(REF, 256, 0, 64), ST_DENIED);
    two[REF].flags = 3; /* transitive */
    assert_int_equal(copy(REF, 256, 0, 64), ST_DENIED);
    assert_int_equal(status[REF], 0);
    assert_int_equal(grant_version_set(lender, 1), ST_OK);
    assert_int_equal(entry(2)->page, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_map_and_unmap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_entry_rewritten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_borrowed_page_is_lent_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lender_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_borrower_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_grant, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_handle_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version_2, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
