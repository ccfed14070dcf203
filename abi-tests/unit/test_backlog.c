/* The queue of waiting frames against a plain list. */
// sources: guest-drivers/service/backlog.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/backlog.h"

#define ROOM 2048u

static void test_like_a_list(void **state)
{
    u32 sizes[256];
    u32 first = 0, last = 0, refused = 0;
    u8 bytes[700];
    struct backlog backlog;
    struct net_frame frame;
    u8 *memory = malloc(ROOM);

    (void)state;
    backlog_open(&backlog, memory, ROOM);
    srand(5);
    for (u32 round = 0; round < 200000; round++) {
        u32 size = (u32)rand() % sizeof(bytes);

        if (rand() % 2) {
            memset(bytes, (int)(last & 0xff), size);
            frame = (struct net_frame){.at = bytes, .bytes = size, .gso_bytes = last};
            if (backlog_append(&backlog, &frame))
                sizes[last++ % 256] = size;
            else
                refused++;
        } else if (backlog_first(&backlog, &frame)) {
            assert_int_equal(frame.gso_bytes, first);
            assert_int_equal(frame.bytes, sizes[first % 256]);
            for (u32 i = 0; i < frame.bytes; i++)
                assert_int_equal(frame.at[i], first & 0xff);
            backlog_drop(&backlog);
            first++;
        }
        assert_int_equal(backlog.count, last - first);
    }
    assert_true(refused > 100 && last > 1000);
    free(memory);
}

/* What does not fit behind the last frame goes to the beginning, if that is free. */
static void test_wraps(void **state)
{
    static u8 bytes[ROOM];
    _Alignas(8) static u8 memory[ROOM];
    struct backlog backlog;
    struct net_frame frame = {.at = bytes, .bytes = 1000};

    (void)state;
    backlog_open(&backlog, memory, ROOM);
    assert_true(backlog_append(&backlog, &frame));
    frame.bytes = 500;
    assert_true(backlog_append(&backlog, &frame));
    frame.bytes = 600;
    assert_false(backlog_append(&backlog, &frame));
    backlog_drop(&backlog);
    assert_true(backlog_append(&backlog, &frame));
    assert_false(backlog_append(&backlog, &frame));
    backlog_drop(&backlog);
    assert_true(backlog_first(&backlog, &frame));
    assert_int_equal(frame.bytes, 600);
    assert_ptr_equal(frame.at, memory + sizeof(struct net_frame));
}

static void test_bounds(void **state)
{
    static u8 bytes[ROOM];
    _Alignas(8) static u8 memory[ROOM];
    struct backlog backlog;
    struct net_frame frame = {.at = bytes, .bytes = ROOM};

    (void)state;
    backlog_open(&backlog, memory, ROOM);
    assert_false(backlog_first(&backlog, &frame));
    assert_false(backlog_append(&backlog, &frame));
    frame.bytes = ROOM - sizeof(struct net_frame);
    assert_true(backlog_append(&backlog, &frame));
    frame.bytes = 0;
    assert_false(backlog_append(&backlog, &frame));
    backlog_drop(&backlog);
    assert_true(backlog_append(&backlog, &frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_a_list),
        cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
