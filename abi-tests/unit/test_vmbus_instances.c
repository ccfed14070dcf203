/* What a guest knows each of its VMBus devices by. Linux names them after it and looks for it
 * when it wakes up from hibernation: no version of ours may change it, no two have the same. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/dynmem.c guest-drivers/service/dynmem_ask.c
// sources: guest-drivers/service/guest_frames.c guest-drivers/service/keyboard.c
// sources: guest-drivers/service/ic.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c abi-tests/unit/fake_balloon.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/dynmem.h"
#include "guest-drivers/service/ic.h"
#include "guest-drivers/service/keyboard.h"
#include "guest-drivers/service/storvsc.h"

/* Made in memory of a guest that has ended: nothing of it is left. */
static void expect(const struct vmbus_channel *channel, const void *own, const char *instance)
{
    assert_memory_equal(&channel->instance, instance, 16);
    assert_ptr_equal(channel->own, own);
    assert_non_null(channel->service);
    assert_null(channel->bus);
    assert_null(channel->primary);
    assert_int_equal(channel->relid, 0);
    assert_int_equal(channel->state, 0);
    assert_false(channel->is_broken || channel->is_busy || channel->is_full);
}

static void test_keyboard(void **state)
{
    static struct keyboard keyboard;

    (void)state;
    memset(&keyboard, 0xa5, sizeof(keyboard));
    keyboard_make(&keyboard);
    expect(&keyboard.channel, &keyboard, "\x73\x74\x6e\x65\0\0\x42\x4b\x80\0\0\0\0\0\0\0");
    assert_false(keyboard.is_agreed);
}

static void test_components(void **state)
{
    static struct ic ic;

    (void)state;
    for (u8 kind = 0; kind < IC_KINDS; kind++) {
        char instance[16] = "\x73\x74\x6e\x65\0\0\x43\x49\x80\0\0\0\0\0\0";

        instance[15] = (char)kind;
        memset(&ic, 0xa5, sizeof(ic));
        ic_make(&ic, (enum ic_kind)kind);
        expect(&ic.channel, &ic, instance);
        assert_int_equal(ic.state, IC_CLOSED);
    }
}

static void test_dynamic_memory(void **state)
{
    static const struct guest_frames frames = {.low = 100, .high = 20};
    static struct dynmem dynmem;

    (void)state;
    memset(&dynmem, 0xa5, sizeof(dynmem));
    dynmem_make(&dynmem, &frames);
    expect(&dynmem.channel, &dynmem, "\x73\x74\x6e\x65\0\0\x4d\x44\x80\0\0\0\0\0\0\0");
    assert_int_equal(dynmem.target_pages, 120);
}

static void test_controllers(void **state)
{
    static struct storvsc storvsc;
    static struct vmbus_channel channel;

    (void)state;
    for (u8 i = 0; i < 3; i++) {
        char instance[16] = "\x73\x74\x6e\x65\0\0\x53\x43\x80\0\0\0\0\0\0";

        instance[15] = (char)i;
        memset(&storvsc, 0xa5, sizeof(storvsc));
        memset(&channel, 0xa5, sizeof(channel));
        storvsc_make(&storvsc, &channel, i, 2);
        expect(&channel, &storvsc, instance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyboard),
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_dynamic_memory),
        cmocka_unit_test(test_controllers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
