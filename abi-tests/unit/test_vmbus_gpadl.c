/* GPADLs of VMBus: in parts, moved, given back, and refused. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/vmbus_guest.h"

static u32 gpadl_header(u32 id, u32 pages, u32 told, u32 bytes, u16 ranges)
{
    struct {
        struct vmbus_gpadl_header header;
        u64 pfn[26];
    } __attribute__((packed)) message = {.header = {.head = {VMBUS_GPADL_HEADER, 0},
                                                    .relid = 1,
                                                    .gpadl = id,
                                                    .range_bytes = (u16)(8 + pages * 8),
                                                    .ranges = ranges,
                                                    .byte_count = bytes}};
    u32 before = fake_post_count;
    const struct vmbus_gpadl_created *created;

    for (u32 i = 0; i < told; i++)
        message.pfn[i] = 1000 + i;
    say(&message, 28 + told * 8);
    if (fake_post_count == before)
        return 1;
    created = answer(VMBUS_GPADL_CREATED);
    assert_int_equal(created->gpadl, id);
    assert_int_equal(created->relid, 1);
    return created->status;
}

static u32 gpadl_body(u32 id, u32 first, u32 told)
{
    struct {
        struct vmbus_gpadl_body body;
        u64 pfn[28];
    } __attribute__((packed)) message = {.body = {.head = {VMBUS_GPADL_BODY, 0}, .gpadl = id}};
    u32 before = fake_post_count;

    for (u32 i = 0; i < told; i++)
        message.pfn[i] = 1000 + first + i;
    say(&message, 16 + told * 8);
    return fake_post_count == before
               ? 1
               : ((const struct vmbus_gpadl_created *)answer(VMBUS_GPADL_CREATED))->status;
}

static void test_gpadl_in_parts(void **state)
{
    struct vmbus_gpadl *gpadl;

    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(gpadl_header(7, 60, 26, 60 * 4096, 1), 1); /* no answer yet */
    assert_int_equal(gpadl_header(8, 2, 2, 8192, 1), 0);        /* another between */
    assert_int_equal(open_with(1, 7, 4).status, VMBUS_INVALID_PARAMETER);
    assert_int_equal(gpadl_body(7, 26, 28), 1);
    assert_int_equal(gpadl_body(7, 54, 6), 0);
    gpadl = vmbus_gpadl_find(&bus.gpadls, 7);
    assert_non_null(gpadl);
    for (u32 i = 0; i < 60; i++)
        assert_int_equal(vmbus_gpadl_frame(&bus.gpadls, gpadl, i), 1000 + i);
    assert_int_equal(gpadl_body(7, 60, 1), 1); /* it is whole: not for it */
    assert_int_equal(gpadl_body(99, 0, 1), 1);
    assert_int_equal(bus.refused, 2);
    /* What lies behind moves, and stays right. */
    assert_int_equal(gpadl_header(9, 3, 3, 12288, 1), 0);
    teardown_gpadl(1, 7);
    gpadl = vmbus_gpadl_find(&bus.gpadls, 8);
    assert_int_equal(gpadl->first, 0);
    gpadl = vmbus_gpadl_find(&bus.gpadls, 9);
    assert_int_equal(vmbus_gpadl_frame(&bus.gpadls, gpadl, 2), 1002);
    assert_int_equal(bus.gpadls.used, 5);
}

static void test_gpadl_refusals(void **state)
{
    struct {
        struct vmbus_gpadl_header header;
        u64 pfn;
    } __attribute__((packed))
    far = {{{VMBUS_GPADL_HEADER, 0}, 1, 4, 16, 1, 4096, 0}, (u64)1 << 32};
    struct vmbus_gpadl_header alone = {{VMBUS_GPADL_HEADER, 0}, 9, 4, 16, 1, 4096, 0};

    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(gpadl_header(0, 1, 1, 4096, 1), VMBUS_INVALID_PARAMETER);
    assert_int_equal(gpadl_header(5, 2, 2, 4096, 1), VMBUS_INVALID_PARAMETER);
    assert_int_equal(gpadl_header(5, 1, 1, 8192, 1), VMBUS_INVALID_PARAMETER);
    assert_int_equal(gpadl_header(5, 1, 1, 0, 1), VMBUS_INVALID_PARAMETER);
    assert_int_equal(gpadl_header(5, 1, 1, 4096, 2), VMBUS_INVALID_PARAMETER);
    assert_int_equal(gpadl_header(5, 2, 3, 8192, 1), VMBUS_INVALID_PARAMETER); /* too many */
    assert_int_equal(gpadl_header(5, 3, 1, 12288, 1), 1);
    assert_int_equal(gpadl_header(5, 1, 1, 4096, 1), VMBUS_INVALID_PARAMETER); /* twice */
    assert_int_equal(gpadl_body(5, 1, 3), VMBUS_INVALID_PARAMETER);
    assert_int_equal(bus.gpadls.used, 0);
    say(&far, sizeof(far));
    assert_int_equal(((const struct vmbus_gpadl_created *)answer(VMBUS_GPADL_CREATED))->status,
                     VMBUS_INVALID_PARAMETER);
    say(&alone, sizeof(alone)); /* no such channel */
    assert_int_equal(((const struct vmbus_gpadl_created *)answer(VMBUS_GPADL_CREATED))->status,
                     VMBUS_INVALID_PARAMETER);
    for (u32 i = 0; i < 6; i++)
        assert_int_equal(gpadl_header(20 + i, 8000, 26, 8000 * 4096, 1), 1);
    assert_int_equal(gpadl_header(30, 8000, 26, 8000 * 4096, 1), VMBUS_NO_RESOURCES);
    for (u32 i = 6; i < VMBUS_GPADLS_MAX; i++)
        assert_int_equal(gpadl_header(20 + i, 1, 1, 4096, 1), 0);
    assert_int_equal(gpadl_header(1000, 1, 1, 4096, 1), VMBUS_NO_RESOURCES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_gpadl_in_parts),
        TEST(test_gpadl_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
