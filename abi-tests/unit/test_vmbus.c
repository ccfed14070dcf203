/* The host's half of VMBus against a guest that follows Linux's order, and one that does not.
 */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: abi-tests/unit/fake_vmbus.c
#include "abi-tests/unit/vmbus_guest.h"

#define NEW VMBUS_CONNECTION_5_0
#define OLD VMBUS_CONNECTION_OLD

/* The message that came last, which must be of this type. */
static const void *answer(u32 type)
{
    const struct fake_post *post = &fake_posts[(fake_post_count - 1) % FAKE_POSTS];

    assert_int_not_equal(fake_post_count, 0);
    assert_int_equal(((const struct vmbus_head *)(const void *)post->payload)->type, type);
    return post->payload;
}

static void say(const void *message, size_t bytes)
{
    vmbus_message(&bus, bus.connection ? bus.connection : NEW, message, (u32)bytes);
    vmbus_flush(&bus);
}

static bool contact(u32 version, u32 connection, u8 sint, u8 vtl)
{
    struct vmbus_initiate_contact message = {.head = {VMBUS_INITIATE_CONTACT, 0},
                                             .version = version,
                                             .target_vp = 3,
                                             .sint = sint,
                                             .vtl = vtl};
    const struct vmbus_version_response *response;

    vmbus_message(&bus, connection, &message, sizeof(message));
    vmbus_flush(&bus);
    response = answer(VMBUS_VERSION_RESPONSE);
    assert_int_equal(response->state, 0);
    if (response->is_supported)
        assert_int_equal(response->connection, connection);
    return response->is_supported;
}

/* Version as an encoded number, typed from <linux/hyperv.h>. */
static void test_versions(void **state)
{
    static const u32 old[] = {0x20004, 0x30000, 0x40000, 0x40001};
    static const u32 new[] = {0x50000, 0x50001, 0x50002, 0x50003};
    static const u32 refused[] = {0xd, 0x10001, 0x20003, 0x50004, 0x60000, 0};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(old); i++) {
        assert_true(contact(old[i], OLD, 0, 0));
        assert_int_equal(fake_posts[fake_post_count - 1].vp, 3);
        assert_int_equal(fake_posts[fake_post_count - 1].sint, 2);
        assert_false(contact(old[i], NEW, 0, 0));
    }
    for (u32 i = 0; i < ARRAY_SIZE(new); i++) {
        assert_true(contact(new[i], NEW, 5, 0));
        assert_int_equal(fake_posts[fake_post_count - 1].sint, 5);
        assert_false(contact(new[i], OLD, 2, 0));
        assert_false(contact(new[i], NEW, 0, 0));
        assert_false(contact(new[i], NEW, 16, 0));
        assert_false(contact(new[i], NEW, 2, 1));
    }
    for (u32 i = 0; i < ARRAY_SIZE(refused); i++) {
        assert_false(contact(refused[i], OLD, 2, 0));
        assert_false(contact(refused[i], NEW, 2, 0));
        assert_int_equal(bus.version, 0);
    }
}

static void test_offers(void **state)
{
    struct vmbus_head ask = {VMBUS_REQUEST_OFFERS, 0};
    const struct vmbus_offer_channel *offer;
    static const u8 guid[16] = {0xd9, 0x63, 0x61, 0xba, 0xa1, 0x04, 0x29, 0x4d,
                                0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f};

    (void)state;
    say(&ask, sizeof(ask)); /* too early */
    assert_int_equal(fake_post_count, 0);
    assert_int_equal(bus.refused, 1);
    assert_true(contact(0x50003, NEW, 2, 0));
    vmbus_message(&bus, OLD, &ask, sizeof(ask)); /* at the wrong door */
    assert_int_equal(bus.refused, 2);
    say(&ask, sizeof(ask));
    assert_int_equal(fake_post_count, 4);
    answer(VMBUS_ALL_OFFERS_DELIVERED);
    offer = (const void *)fake_posts[2].payload;
    assert_int_equal(fake_posts[2].bytes, 196);
    assert_int_equal(offer->head.type, 1);
    assert_memory_equal(&offer->interface, guid, 16);
    assert_int_equal(offer->instance.data1, 0x101);
    assert_int_equal(offer->flags, 0x11);
    assert_memory_equal(offer->user, ((const u8[]){4, 0, 0, 0}), 4);
    assert_int_equal(offer->relid, 2);
    assert_int_equal(offer->has_monitor, 0);
    assert_int_equal(offer->is_dedicated, 1);
    assert_int_equal(offer->connection, 0x2002);
}

static struct vmbus_open_result open_with(u32 relid, u32 gpadl, u32 down)
{
    struct vmbus_open_channel open = {.head = {VMBUS_OPEN_CHANNEL, 0},
                                      .relid = relid,
                                      .open_id = 77,
                                      .ring_gpadl = gpadl,
                                      .downstream_page = down};
    struct vmbus_open_result result;

    say(&open, sizeof(open));
    memcpy(&result, answer(VMBUS_OPEN_RESULT), sizeof(result));
    assert_int_equal(result.relid, relid);
    assert_int_equal(result.open_id, 77);
    return result;
}

static void close_channel(u32 relid)
{
    struct vmbus_relid message = {{VMBUS_CLOSE_CHANNEL, 0}, relid};

    say(&message, sizeof(message));
}

static void teardown_gpadl(u32 relid, u32 gpadl)
{
    struct vmbus_gpadl_teardown message = {{VMBUS_GPADL_TEARDOWN, 0}, relid, gpadl};
    const struct vmbus_gpadl_torndown *torndown;

    say(&message, sizeof(message));
    torndown = answer(VMBUS_GPADL_TORNDOWN);
    assert_int_equal(torndown->gpadl, gpadl);
}

static void test_open_and_close(void **state)
{
    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(opened, 1);
    assert_int_equal(fake_pins, 8);
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER); /* is open */
    assert_int_equal(open_with(2, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER); /* another's */
    close_channel(1);
    close_channel(1);
    close_channel(99);
    close_channel(0);
    assert_int_equal(closed, 1);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(fake_events, 0);
    for (u32 down = 0; down <= 9; down++) {
        bool is_good = down >= 2 && down <= 6;

        assert_int_equal(open_with(1, 0xe1e11, down).status == 0, is_good);
        close_channel(1);
    }
    assert_int_equal(open_with(1, 5, 4).status, VMBUS_INVALID_PARAMETER);
    assert_int_equal(open_with(3, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER);
    open_answer = ST_NO_SPACE;
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_NO_RESOURCES);
    fake_pins_max = 5;
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_NO_RESOURCES);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(fake_events, 0);
}

static void test_teardown_closes(void **state)
{
    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 2, 10, 4), 0);
    teardown_gpadl(2, 0xe1e12);
    assert_int_equal(closed, 1);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(bus.gpadls.used, 0);
    teardown_gpadl(2, 0xe1e12); /* the answer is due all the same */
}

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

static void test_short_and_unknown_messages(void **state)
{
    u8 bytes[VMBUS_MESSAGE_MAX + 1] = {0};

    (void)state;
    fake_vmbus_contact(&bus);
    fake_post_count = 0;
    for (u32 type = 0; type < 40; type++) {
        bytes[0] = (u8)type;
        for (u32 count = 0; count < 8; count++)
            vmbus_message(&bus, NEW, bytes, count);
        if (type != VMBUS_REQUEST_OFFERS && type != VMBUS_UNLOAD)
            vmbus_message(&bus, NEW, bytes, 8);
        vmbus_message(&bus, NEW, bytes, sizeof(bytes));
    }
    bytes[0] = VMBUS_INITIATE_CONTACT;
    vmbus_message(&bus, NEW, bytes, 39);
    assert_int_equal(fake_post_count, 0);
    assert_int_equal(bus.posts, 0);
    assert_int_equal(bus.version, 0x50003);
}

static void test_modify(void **state)
{
    struct vmbus_modify_channel modify = {{VMBUS_MODIFY_CHANNEL, 0}, 1, 2};
    u32 before;

    (void)state;
    fake_vmbus_contact(&bus);
    say(&modify, sizeof(modify)); /* not open */
    assert_int_equal(
        ((const struct vmbus_modify_response *)answer(VMBUS_MODIFY_RESPONSE))->status,
        VMBUS_INVALID_PARAMETER);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(channels[0].vp, 1);
    say(&modify, sizeof(modify));
    assert_int_equal(
        ((const struct vmbus_modify_response *)answer(VMBUS_MODIFY_RESPONSE))->status, 0);
    assert_int_equal(channels[0].vp, 2);
    assert_true(contact(0x50002, NEW, 2, 0));
    before = fake_post_count;
    say(&modify, sizeof(modify)); /* before 5.3 nobody waits for an answer */
    assert_int_equal(fake_post_count, before);
}

static void test_unload_and_again(void **state)
{
    struct vmbus_head message = {VMBUS_UNLOAD, 0};

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        fake_vmbus_contact(&bus);
        assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
        if (i == 1)
            continue; /* a guest that begins again without a word */
        say(&message, sizeof(message));
        answer(VMBUS_UNLOAD_RESPONSE);
        assert_int_equal(fake_pins, 0);
        assert_int_equal(bus.version, 0);
        assert_int_equal(bus.gpadls.used, 0);
    }
    assert_int_equal(closed, 3);
}

static void test_rescind(void **state)
{
    struct vmbus_relid released = {{VMBUS_RELID_RELEASED, 0}, 1};
    const struct vmbus_relid *rescind;

    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    say(&released, sizeof(released)); /* nobody asked for it */
    assert_ptr_equal(bus.channel[0], &channels[0]);
    vmbus_channel_rescind(&channels[0]);
    vmbus_flush(&bus);
    rescind = answer(VMBUS_RESCIND_OFFER);
    assert_int_equal(rescind->relid, 1);
    assert_int_equal(closed, 1);
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER);
    say(&released, sizeof(released));
    assert_null(bus.channel[0]);
    assert_int_equal(vmbus_channel_offer(&bus, &channels[0]), ST_OK);
    vmbus_flush(&bus);
    answer(VMBUS_OFFER_CHANNEL);
}

/* The message that came `back` before the last. */
static const void *earlier(u32 back)
{
    return fake_posts[(fake_post_count - 1 - back) % FAKE_POSTS].payload;
}

static void expect_offer(const struct vmbus_offer_channel *offer, u32 relid, u32 index)
{
    assert_int_equal(offer->head.type, 1);
    assert_int_equal(offer->instance.data1, 0x100);
    assert_memory_equal(&offer->interface, &service.interface, 16);
    assert_int_equal(offer->relid, relid);
    assert_int_equal(offer->sub_channel, index);
    assert_int_equal(offer->connection, 0x2000 + relid);
    assert_int_equal(offer->is_dedicated, 1);
}

/* The first channel is open, and has been asked for two more. */
static void sub_channels_begin(void)
{
    fake_vmbus_contact(&bus);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 2), ST_INVALID); /* not open */
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 2), ST_OK);
    vmbus_flush(&bus);
    expect_offer(earlier(1), 3, 1);
    expect_offer(earlier(0), 4, 2);
}

static void test_sub_channels(void **state)
{
    struct fake_ring first, second;
    struct vmbus_packet_head head;
    u8 back[16];

    (void)state;
    sub_channels_begin();
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 1), ST_EXISTS);
    assert_int_equal(fake_channel_open(&bus, 4, 20, 4), 0);
    assert_int_equal(vmbus_sub_channels_offer(bus.channel[3], 1), ST_INVALID);  /* of a sub */
    assert_int_equal(open_with(4, 0xe1e14, 4).status, VMBUS_INVALID_PARAMETER); /* twice */
    assert_int_equal(open_with(3, 0xe1e14, 4).status, VMBUS_INVALID_PARAMETER); /* another's */
    assert_int_equal(open_with(5, 0xe1e14, 4).status, VMBUS_INVALID_PARAMETER); /* no offer */
    assert_int_equal(opened, 2);
    assert_int_equal(bus.channel[3]->index, 2);
    assert_ptr_equal(bus.channel[3]->primary, &channels[0]);
    /* Each answers in its own ring, by its own flag. */
    first = fake_ring_at(10, 4);
    second = fake_ring_at(20, 4);
    fake_ring_put(&second, VMBUS_PACKET_INBAND, 7, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 4));
    assert_int_equal(fake_flag, 4);
    second = fake_ring_at(24, 4);
    assert_int_equal(fake_ring_take(&second, &head, back, sizeof(back)), 8);
    assert_int_equal(head.transaction, 7);
    assert_int_equal(first.head->read, first.head->write);
}

/* The guest closes them in this order, and waits for the offers to be taken back. */
static void test_sub_channels_end(void **state)
{
    struct vmbus_relid released = {{VMBUS_RELID_RELEASED, 0}, 3};
    u32 before;

    (void)state;
    sub_channels_begin();
    assert_int_equal(fake_channel_open(&bus, 3, 20, 4), 0);
    assert_int_equal(fake_channel_open(&bus, 4, 30, 4), 0);
    close_channel(3);
    assert_int_equal(closed, 1);
    before = fake_post_count;
    close_channel(1);
    assert_int_equal(closed, 3);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(fake_events, 0);
    assert_int_equal(fake_post_count, before + 2);
    assert_int_equal(((const struct vmbus_relid *)earlier(1))->relid, 3);
    assert_int_equal(((const struct vmbus_relid *)answer(VMBUS_RESCIND_OFFER))->relid, 4);
    assert_int_equal(open_with(3, 0xe1e13, 4).status, VMBUS_INVALID_PARAMETER);
    /* Before they are released the device is opened again: others are offered. */
    assert_int_equal(open_with(1, 0xe1e11, 4).status, 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 1), ST_OK);
    vmbus_flush(&bus);
    expect_offer(answer(VMBUS_OFFER_CHANNEL), 5, 1);
    assert_non_null(vmbus_gpadl_find(&bus.gpadls, 0xe1e13));
    say(&released, sizeof(released)); /* a guest says nothing of its GPADLs then */
    assert_null(bus.channel[2]);
    assert_null(vmbus_gpadl_find(&bus.gpadls, 0xe1e13));
    assert_non_null(vmbus_gpadl_find(&bus.gpadls, 0xe1e14));
}

/* Nothing is told of channels that the guest itself has ended all of. */
static void test_sub_channels_of_an_ended_connection(void **state)
{
    struct vmbus_head message = {VMBUS_UNLOAD, 0};
    u32 before;

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        sub_channels_begin();
        assert_int_equal(fake_channel_open(&bus, 4, 20, 4), 0);
        before = fake_post_count;
        if (i == 1) {
            vmbus_channel_rescind(&channels[0]);
            vmbus_flush(&bus);
            assert_int_equal(fake_post_count, before + 3);
            assert_int_equal(((const struct vmbus_relid *)answer(2))->relid, 1);
            before = fake_post_count;
        }
        say(&message, sizeof(message));
        answer(VMBUS_UNLOAD_RESPONSE);
        assert_int_equal(fake_post_count, before + 1);
        for (u32 slot = 2; slot < VMBUS_CHANNELS_MAX; slot++)
            assert_null(bus.channel[slot]);
        if (i == 1)
            assert_int_equal(vmbus_channel_offer(&bus, &channels[0]), ST_OK);
    }
    assert_int_equal(closed, 6);
}

/* All or none. */
static void test_sub_channels_room(void **state)
{
    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    fake_post_count = 0;
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], VMBUS_CHANNELS_MAX - 1),
                     ST_NO_SPACE);
    bus.posts = VMBUS_POSTS_MAX - 3;
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 4), ST_NO_SPACE);
    bus.posts = 0;
    vmbus_flush(&bus);
    assert_int_equal(fake_post_count, 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], VMBUS_CHANNELS_MAX - 2), ST_OK);
    vmbus_flush(&bus);
    assert_int_equal(fake_post_count, VMBUS_CHANNELS_MAX - 2);
    assert_int_equal(vmbus_channel_offer(&bus, &(struct vmbus_channel){.service = &service}),
                     ST_NO_SPACE);
}

/* A relid that was released serves a sub-channel too, even the first. */
static void test_sub_channel_of_a_released_relid(void **state)
{
    struct vmbus_relid released = {{VMBUS_RELID_RELEASED, 0}, 1};

    (void)state;
    fake_vmbus_contact(&bus);
    vmbus_channel_rescind(&channels[0]);
    say(&released, sizeof(released));
    assert_int_equal(channels[0].state, VMBUS_FREE);
    assert_int_equal(fake_channel_open(&bus, 2, 10, 4), 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[1], 1), ST_OK);
    assert_ptr_equal(bus.channel[0], &bus.sub[0]);
    assert_int_equal(fake_channel_open(&bus, 1, 20, 4), 0);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    close_channel(2);
    assert_int_equal(closed, 2);
    assert_int_equal(bus.channel[0]->state, VMBUS_RESCINDED);
}

/* A SynIC whose queue is full: messages wait, and the guest's own wait behind them. */
static void test_back_pressure(void **state)
{
    struct vmbus_head ask = {VMBUS_REQUEST_OFFERS, 0};

    (void)state;
    fake_post_room = 1;
    fake_vmbus_contact(&bus);
    assert_true(vmbus_flush(&bus));
    while (vmbus_is_ready(&bus))
        vmbus_message(&bus, NEW, &ask, sizeof(ask));
    assert_in_range(bus.posts, 1, VMBUS_POSTS_MAX);
    fake_post_room = 1000;
    assert_false(vmbus_flush(&bus));
    assert_int_equal(fake_post_count % 3, 1);
    assert_true(vmbus_is_ready(&bus));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_versions),
        TEST(test_offers),
        TEST(test_open_and_close),
        TEST(test_teardown_closes),
        TEST(test_gpadl_in_parts),
        TEST(test_gpadl_refusals),
        TEST(test_short_and_unknown_messages),
        TEST(test_modify),
        TEST(test_unload_and_again),
        TEST(test_rescind),
        TEST(test_sub_channels),
        TEST(test_sub_channels_end),
        TEST(test_sub_channels_of_an_ended_connection),
        TEST(test_sub_channels_room),
        TEST(test_sub_channel_of_a_released_relid),
        TEST(test_back_pressure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
