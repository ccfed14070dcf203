/* The switch: who gets a frame, what is learned, and what a guest cannot spoil. */
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/switch.h"

#define PORTS      4u
#define SHARE      8u
#define SECOND     ((u64)1000 * 1000 * 1000)
#define ALL        (~(u64)0 >> 16)
#define GROUP      0x01005e000001ull
#define NEIGHBOURS 0x0180c2000002ull

/* A port that counts what it gets. */
struct sink {
    struct net_port port;
    struct net_address share[SHARE];
    u32 got;
    u32 last_bytes;
};

static struct sink sinks[PORTS];
static struct net_switch net;

static void sink_send(struct net_port *port, const struct net_frame *frame)
{
    struct sink *sink = (struct sink *)(void *)port;

    sink->got++;
    sink->last_bytes = frame->bytes;
}

static int setup(void **state)
{
    (void)state;
    memset(&net, 0, sizeof(net));
    memset(sinks, 0, sizeof(sinks));
    for (u32 i = 0; i < PORTS; i++) {
        sinks[i].port = (struct net_port){
            .send = sink_send, .largest = 1518, .address = sinks[i].share, .addresses = SHARE};
        switch_attach(&net, &sinks[i].port);
    }
    return 0;
}

static void put_address(u8 *at, u64 address)
{
    for (u32 i = 0; i < 6; i++)
        at[i] = (u8)(address >> (40 - 8 * i));
}

static void send_at(u32 from, u64 target, u64 source, u64 now)
{
    u8 bytes[60] = {0};
    struct net_frame frame = {.at = bytes, .bytes = sizeof(bytes)};

    put_address(bytes, target);
    put_address(bytes + 6, source);
    for (u32 i = 0; i < PORTS; i++)
        sinks[i].got = 0;
    switch_input(&sinks[from].port, &frame, now);
}

/* Which sinks got a frame, as bits. */
static u32 got(void)
{
    u32 bits = 0;

    for (u32 i = 0; i < PORTS; i++) {
        assert_true(sinks[i].got <= 1);
        bits |= sinks[i].got << i;
    }
    return bits;
}

static void test_learns_and_forwards(void **state)
{
    (void)state;
    send_at(0, 0x22, 0x20, SECOND);
    assert_int_equal(got(), 0xe); /* not known: to all others */
    send_at(1, 0x20, 0x22, SECOND);
    assert_int_equal(got(), 0x1);
    send_at(0, 0x22, 0x20, SECOND);
    assert_int_equal(got(), 0x2);
    send_at(1, 0x22, 0x24, SECOND);
    assert_int_equal(got(), 0); /* lives behind the same port */
    assert_int_equal(sinks[0].port.in.frames, 2);
    assert_int_equal(sinks[0].port.in.bytes, 120);
    assert_int_equal(sinks[1].port.out.frames, 2);
    assert_int_equal(sinks[1].port.out.bytes, 120);
}

static void test_groups_flood(void **state)
{
    (void)state;
    send_at(2, ALL, 0x20, 0);
    assert_int_equal(got(), 0xb);
    send_at(2, GROUP, 0x20, 0);
    assert_int_equal(got(), 0xb);
    send_at(2, NEIGHBOURS, 0x20, 0);
    assert_int_equal(got(), 0);
    /* A group is nobody's address. */
    send_at(2, ALL, GROUP, 0);
    assert_int_equal(got(), 0);
    assert_int_equal(sinks[2].port.in.dropped, 1);
}

static void test_ages(void **state)
{
    (void)state;
    send_at(0, ALL, 0x20, 0);
    send_at(1, 0x20, 0x22, SWITCH_AGE_NS);
    assert_int_equal(got(), 0x1);
    send_at(1, 0x20, 0x22, SWITCH_AGE_NS + 1);
    assert_int_equal(got(), 0xd);
    send_at(0, ALL, 0x20, SWITCH_AGE_NS + 2); /* and is learned again */
    send_at(1, 0x20, 0x22, SWITCH_AGE_NS + 3);
    assert_int_equal(got(), 0x1);
}

static void test_moves(void **state)
{
    (void)state;
    send_at(0, ALL, 0x20, 0);
    send_at(3, ALL, 0x20, 1);
    send_at(1, 0x20, 0x22, 2);
    assert_int_equal(got(), 0x8);
}

/* Where an address was before is not remembered: it is nowhere when its new port has gone. */
static void test_moved_and_gone(void **state)
{
    (void)state;
    send_at(0, ALL, 0x20, 0);
    send_at(3, ALL, 0x20, 1);
    switch_detach(&sinks[3].port);
    send_at(1, 0x20, 0x22, 2);
    assert_int_equal(got(), 0x5);
    switch_attach(&net, &sinks[3].port); /* an owner that comes and goes */
    send_at(0, ALL, 0x24, 3);
    switch_detach(&sinks[3].port);
    sinks[3].port.own = 0x24;
    switch_attach(&net, &sinks[3].port);
    switch_detach(&sinks[3].port);
    send_at(1, 0x24, 0x22, 4);
    assert_int_equal(got(), 0x5);
}

static void test_detach_forgets(void **state)
{
    (void)state;
    send_at(0, ALL, 0x20, 0);
    switch_detach(&sinks[0].port);
    send_at(1, 0x20, 0x22, 1);
    assert_int_equal(got(), 0xc);
    send_at(0, 0x22, 0x20, 1); /* no longer attached */
    assert_int_equal(got(), 0);
    switch_detach(&sinks[0].port);
    for (u32 i = 0; i < SWITCH_CHAINS; i++)
        for (struct net_address *at = net.chain[i]; at; at = at->next)
            assert_ptr_equal(at->port, &sinks[1].port);
}

/* Addresses of one chain: one of them goes, the others stay. */
static void test_one_chain(void **state)
{
    (void)state;
    send_at(1, ALL, 0x1000, 0);
    for (u64 i = 1; i <= 3; i++)
        send_at(0, ALL, 0x1000 + i * SWITCH_CHAINS, 0);
    send_at(2, ALL, 0x1000 + 4 * SWITCH_CHAINS, 0);
    switch_detach(&sinks[0].port);
    send_at(3, 0x1000, 0x30, 1);
    assert_int_equal(got(), 0x2);
    send_at(3, 0x1000 + 4 * SWITCH_CHAINS, 0x30, 1);
    assert_int_equal(got(), 0x4);
    for (u64 i = 1; i <= 3; i++) {
        send_at(3, 0x1000 + i * SWITCH_CHAINS, 0x30, 1);
        assert_int_equal(got(), 0x6);
    }
}

/* A port that makes addresses up pushes out only its own. */
static void test_share_is_bounded(void **state)
{
    (void)state;
    send_at(1, ALL, 0x22, 0);
    for (u64 i = 0; i < 1000; i++)
        send_at(0, ALL, 0x4000 + 2 * i, 1 + i);
    send_at(2, 0x22, 0x24, 2000);
    assert_int_equal(got(), 0x2);
    send_at(2, 0x4000 + 2 * 999, 0x24, 2000);
    assert_int_equal(got(), 0x1);
    send_at(2, 0x4000 + 2 * (1000 - SHARE), 0x24, 2000);
    assert_int_equal(got(), 0x1);
    send_at(2, 0x4000 + 2 * (999 - SHARE), 0x24, 2000);
    assert_int_equal(got(), 0xb); /* pushed out */
}

/* An address that was given to a port is never another's, and needs no frame to be known. */
static void test_own_address(void **state)
{
    (void)state;
    switch_detach(&sinks[1].port);
    send_at(3, ALL, 0x22, 0); /* takes it while nobody has it */
    sinks[1].port.own = 0x22;
    switch_attach(&net, &sinks[1].port);
    send_at(0, 0x22, 0x20, 2 * SWITCH_AGE_NS);
    assert_int_equal(got(), 0x2);
    send_at(3, 0x20, 0x22, 2 * SWITCH_AGE_NS);
    assert_int_equal(got(), 0);
    assert_int_equal(sinks[3].port.in.dropped, 1);
    for (u64 i = 0; i < 100; i++)
        send_at(1, ALL, 0x4000 + 2 * i, i);
    send_at(0, 0x22, 0x20, 3 * SWITCH_AGE_NS);
    assert_int_equal(got(), 0x2);
}

/* No guest takes the address of a gateway behind the machine's port, until it is old. */
static void test_machine_is_trusted(void **state)
{
    (void)state;
    sinks[3].port.trust = NET_MACHINE;
    send_at(3, ALL, 0x30, 0);
    send_at(0, ALL, 0x30, 1);
    assert_int_equal(got(), 0);
    send_at(1, 0x30, 0x22, 2);
    assert_int_equal(got(), 0x8);
    send_at(0, ALL, 0x30, SWITCH_AGE_NS + 1);
    assert_int_equal(got(), 0xe);
    send_at(3, ALL, 0x30, SWITCH_AGE_NS + 2); /* and the machine gets it back */
    send_at(1, 0x30, 0x22, SWITCH_AGE_NS + 3);
    assert_int_equal(got(), 0x8);
}

static void test_sizes(void **state)
{
    static u8 bytes[NET_FRAME_MAX + 1];
    struct net_frame frame = {.at = bytes, .bytes = ETHERNET_HEAD - 1};

    (void)state;
    put_address(bytes, ALL);
    put_address(bytes + 6, 0x20);
    switch_input(&sinks[0].port, &frame, 0);
    frame.bytes = NET_FRAME_MAX + 1;
    switch_input(&sinks[0].port, &frame, 0);
    assert_int_equal(sinks[0].port.in.dropped, 2);
    frame.bytes = 1519;
    switch_input(&sinks[0].port, &frame, 0);
    assert_int_equal(got(), 0);
    assert_int_equal(sinks[1].port.out.dropped, 1);
    frame.bytes = 1518;
    switch_input(&sinks[0].port, &frame, 0);
    assert_int_equal(got(), 0xe);
    assert_int_equal(sinks[1].last_bytes, 1518);
}

/* The owner of an address need not be there: nobody speaks in its name before or after. */
static void test_claimed_address(void **state)
{
    static struct net_claim claim = {.address = 0x22}, other = {.address = 0x24};

    (void)state;
    switch_detach(&sinks[1].port);
    switch_claim(&net, &claim);
    switch_claim(&net, &other);
    send_at(0, ALL, 0x24, 0);
    assert_int_equal(got(), 0);
    sinks[0].port.in.dropped = 0;
    send_at(0, ALL, 0x22, 0);
    assert_int_equal(got(), 0);
    assert_int_equal(sinks[0].port.in.dropped, 1);
    sinks[1].port.own = 0x22;
    switch_attach(&net, &sinks[1].port);
    send_at(1, ALL, 0x22, 0);
    assert_int_equal(got(), 0xd);
    switch_detach(&sinks[1].port);
    send_at(0, ALL, 0x22, 0);
    assert_int_equal(got(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_learns_and_forwards, setup),
        cmocka_unit_test_setup(test_groups_flood, setup),
        cmocka_unit_test_setup(test_ages, setup),
        cmocka_unit_test_setup(test_moves, setup),
        cmocka_unit_test_setup(test_moved_and_gone, setup),
        cmocka_unit_test_setup(test_detach_forgets, setup),
        cmocka_unit_test_setup(test_one_chain, setup),
        cmocka_unit_test_setup(test_share_is_bounded, setup),
        cmocka_unit_test_setup(test_own_address, setup),
        cmocka_unit_test_setup(test_claimed_address, setup),
        cmocka_unit_test_setup(test_machine_is_trusted, setup),
        cmocka_unit_test_setup(test_sizes, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
