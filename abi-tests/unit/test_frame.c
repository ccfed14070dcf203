/* Frames: whatever is taken comes back, blocks never overlap, owners are exact. */
// sources: hv/core/frame.c hv/core/locks.c
#include <asm/prctl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>
#include "hv/core/frame.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/print.h"

enum { FRAMES = 4096, HOLE_BEGIN = 1000, HOLE_END = 1100 };

static struct frame_meta meta[FRAMES];
static struct cpu the_cpu = {.self = &the_cpu};

void panic(const char *text, ...)
{
    mock_assert(0, text, __FILE__, __LINE__);
    abort();
}

static int map_memory(void **state)
{
    (void)state;
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, &the_cpu) != 0)
        return 1;
    return mmap(phys_to_virt(hpa(0)), FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED;
}

static int fill(void **state)
{
    (void)state;
    the_cpu.lock_held = 0; /* a panic in the test before left it */
    frame_setup(meta, FRAMES);
    frame_range_add(hpa(0), hpa(HOLE_BEGIN * PAGE_SIZE));
    frame_range_add(hpa(HOLE_END * PAGE_SIZE), hpa(FRAMES * PAGE_SIZE));
    return 0;
}

static void test_totals(void **state)
{
    (void)state;
    assert_int_equal(frame_count_total(), FRAMES - 1 - (HOLE_END - HOLE_BEGIN));
    assert_int_equal(frame_count_free(), frame_count_total());
}

static void test_alignment_zero_and_owner(void **state)
{
    hpa_t block;

    (void)state;
    memset(phys_to_virt(hpa(PAGE_SIZE)), 0xaa, PAGE_SIZE * 900);
    for (u32 order = 0; order <= FRAME_ORDER_LARGE; order++) {
        assert_int_equal(frame_alloc(order, 7, &block), ST_OK);
        assert_int_equal(block.raw & ((PAGE_SIZE << order) - 1), 0);
        for (u64 i = 0; i < PAGE_SIZE << order; i++)
            assert_int_equal(((u8 *)phys_to_virt(block))[i], 0);
        assert_int_equal(frame_owner(hpa(block.raw + (PAGE_SIZE << order) - 1)), 7);
    }
    assert_int_equal(frame_count_owned(7), 1023);
    assert_int_equal(frame_free_owner_all(7), 1023);
    assert_int_equal(frame_count_free(), frame_count_total());
}

static void test_bad_arguments(void **state)
{
    hpa_t block = hpa(42);

    (void)state;
    assert_int_equal(frame_alloc(FRAME_ORDER_MAX + 1, 1, &block), ST_INVALID);
    assert_int_equal(frame_alloc(0, FRAME_OWNER_LIMIT, &block), ST_INVALID);
    assert_int_equal(frame_alloc(FRAME_ORDER_MAX, 1, &block), ST_NO_MEMORY);
    assert_int_equal(block.raw, 42);
    assert_int_equal(frame_owner(hpa(HOLE_BEGIN * PAGE_SIZE)), FRAME_OWNER_LIMIT);
    assert_int_equal(frame_owner(hpa(FRAMES * PAGE_SIZE)), FRAME_OWNER_LIMIT);
}

static void test_wrong_free_is_caught(void **state)
{
    hpa_t block;

    (void)state;
    assert_int_equal(frame_alloc(1, 3, &block), ST_OK);
    expect_assert_failure(frame_free(block, 0));
    expect_assert_failure(frame_free(hpa(block.raw + PAGE_SIZE), 0));
    frame_free(block, 1);
    expect_assert_failure(frame_free(block, 1));
}

/* Takes and gives back at random; a byte map says that no two blocks share a frame. */
static void test_random_against_map(void **state)
{
    static u8 used[FRAMES];
    static struct {
        hpa_t block;
        u32 order;
    } held[512];
    u32 count = 0;
    u64 taken = 0;

    (void)state;
    srand(1);
    for (u32 round = 0; round < 40000; round++) {
        u32 order = (u32)rand() % 6;
        hpa_t block;
        if (count < ARRAY_SIZE(held) && rand() % 5 < 3 &&
            frame_alloc(order, (u32)rand() % 50, &block) == ST_OK) {
            for (u64 i = 0; i < (u64)1 << order; i++)
                assert_int_equal(used[(block.raw >> PAGE_SHIFT) + i]++, 0);
            held[count].block = block;
            held[count++].order = order;
            taken += (u64)1 << order;
        } else if (count > 0) {
            u32 which = (u32)rand() % count;
            for (u64 i = 0; i < (u64)1 << held[which].order; i++)
                used[(held[which].block.raw >> PAGE_SHIFT) + i]--;
            taken -= (u64)1 << held[which].order;
            frame_free(held[which].block, held[which].order);
            held[which] = held[--count];
        }
        assert_int_equal(frame_count_free() + taken, frame_count_total());
    }
    while (count > 0) {
        count--;
        frame_free(held[count].block, held[count].order);
    }
    /* everything has merged again: the largest aligned block is there */
    hpa_t block;
    assert_int_equal(frame_alloc(11, 1, &block), ST_OK);
    assert_int_equal(block.raw >> PAGE_SHIFT, 2048);
    frame_free(block, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_totals, fill),
        cmocka_unit_test_setup(test_alignment_zero_and_owner, fill),
        cmocka_unit_test_setup(test_bad_arguments, fill),
        cmocka_unit_test_setup(test_wrong_free_is_caught, fill),
        cmocka_unit_test_setup(test_random_against_map, fill),
    };

    return cmocka_run_group_tests(tests, map_memory, NULL);
}
