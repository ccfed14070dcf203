/* GPADLs by themselves: which there may be, and copies that end where they end. */
// sources: guest-drivers/service/vmbus_gpadl.c abi-tests/unit/fake_guest_memory.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_guest_memory.h"
#include "guest-drivers/service/vmbus_gpadl.h"

static struct guest_memory memory;
static struct vmbus_gpadls all;

static int setup(void **state)
{
    (void)state;
    fake_ram_reset();
    vmbus_gpadls_make(&all, &memory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fake_pins != 0;
}

static enum status begin(u32 id, u32 offset, u32 bytes, u32 frames)
{
    const struct vmbus_gpadl want = {
        .id = id, .relid = 1, .bytes = bytes, .offset = offset, .frames = frames, .known = 9};
    struct vmbus_gpadl *out;

    return vmbus_gpadl_begin(&all, &want, &out);
}

/* Of three pages that lie apart, from `offset` of the first one on. */
static struct vmbus_gpadl *three_pages(u32 id, u32 offset, u32 bytes)
{
    static const u64 pfns[] = {5, 9, 7};
    struct vmbus_gpadl *gpadl;

    assert_int_equal(begin(id, offset, bytes, 3), ST_OK);
    gpadl = vmbus_gpadl_find(&all, id);
    assert_non_null(gpadl);
    assert_int_equal(gpadl->known, 0);
    assert_int_equal(vmbus_gpadl_tell(&all, gpadl, (const u8 *)pfns, 3), ST_OK);
    return gpadl;
}

/* As many pages as its bytes touch; a number, at least a byte, an offset within a page. */
static void test_which_there_may_be(void **state)
{
    (void)state;
    assert_int_equal(begin(0, 0, 4096, 1), ST_INVALID);
    assert_null(vmbus_gpadl_find(&all, 0));
    assert_int_equal(begin(2, 0, 0, 0), ST_INVALID);
    assert_int_equal(begin(2, 4096, 4096, 2), ST_INVALID);
    assert_int_equal(begin(2, 1, 4096, 1), ST_INVALID);
    assert_int_equal(begin(2, 0, 4096, 2), ST_INVALID);
    assert_int_equal(begin(2, 1, 0xffffffff, 0), ST_INVALID);
    assert_int_equal(begin(1, 4095, 1, 1), ST_OK);
    assert_non_null(vmbus_gpadl_find(&all, 1));
    assert_int_equal(begin(1, 0, 4096, 1), ST_EXISTS);
    assert_int_equal(begin(3, 4095, 2, 2), ST_OK);
    assert_int_equal(all.used, 3);
}

static void test_copies(void **state)
{
    struct vmbus_gpadl *gpadl = three_pages(3, 100, 8192);
    u8 ours[8192], back[8192] = {0};

    (void)state;
    for (u32 i = 0; i < sizeof(ours); i++)
        ours[i] = (u8)(i * 7 + i / 256);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_STORE, 0, ours, 8192), ST_OK);
    assert_memory_equal(fake_ram[5] + 100, ours, 3996);
    assert_memory_equal(fake_ram[9], ours + 3996, 4096);
    assert_memory_equal(fake_ram[7], ours + 8092, 100);
    assert_int_equal(fake_ram[5][99] | fake_ram[7][100], 0);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_FETCH, 3990, back, 10), ST_OK);
    assert_memory_equal(back, ours + 3990, 10);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_FETCH, 0, back, 8192), ST_OK);
    assert_memory_equal(back, ours, 8192);
}

/* What follows in the list of frames is another's. */
static void test_ends(void **state)
{
    struct vmbus_gpadl *gpadl = three_pages(3, 100, 8192);
    u8 ours[16] = "0123456789abcde";

    (void)state;
    assert_int_equal(begin(4, 0, 4096, 1), ST_OK);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_STORE, 8184, ours, 8), ST_OK);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_STORE, 8185, ours, 8), ST_RANGE);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_STORE, 8192, ours, 0), ST_OK);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_STORE, 8193, ours, 0), ST_RANGE);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_STORE, 0xfffffff8, ours, 16),
                     ST_RANGE);
    assert_int_equal(fake_ram[7][100], 0);
}

/* Its pages are to come yet, or are not to be had. */
static void test_pages_that_are_missing(void **state)
{
    struct vmbus_gpadl *gpadl = three_pages(3, 0, 12288);
    u64 pfn = FAKE_FRAMES;
    u8 ours[4096];

    (void)state;
    fake_pins_max = 0;
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_FETCH, 0, ours, 8), ST_AGAIN);
    fake_pins_max = 1;
    assert_int_equal(begin(4, 0, 8192, 2), ST_OK);
    gpadl = vmbus_gpadl_find(&all, 4);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_FETCH, 0, ours, 8), ST_RANGE);
    assert_int_equal(vmbus_gpadl_tell(&all, gpadl, (const u8 *)&pfn, 1), ST_OK);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_FETCH, 0, ours, 8), ST_RANGE);
    assert_int_equal(vmbus_gpadl_tell(&all, gpadl, (const u8 *)&pfn, 1), ST_OK);
    assert_int_equal(vmbus_gpadl_copy(&all, gpadl, VMBUS_FETCH, 0, ours, 8), ST_RANGE);
    assert_int_equal(vmbus_gpadl_tell(&all, gpadl, (const u8 *)&pfn, 1), ST_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_which_there_may_be),
        TEST(test_copies),
        TEST(test_ends),
        TEST(test_pages_that_are_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
