/* A network device's keys: what each side is told, and what is opened of what a front-end asks
 * for. */
// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
// sources: guest-drivers/service/bus.c hv/lib/format.c guest-drivers/steward/vif_front.c
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/fake_platform.h"
#include "abi-tests/unit/store_caller.h"
#include "guest-drivers/steward/vif_front.h"

#define FRONT "/local/domain/5/device/vif/1/"
#define BACK  "/local/domain/0/backend/vif/5/1/"

static struct bus_device bus;
static struct net_back back;
static struct net_switch net;
static u8 backlog[NET_BACKLOG_BYTES] __attribute__((aligned(8)));

static int setup(void **state)
{
    if (store_setup(state) != 0)
        return 1;
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    bus_init(store);
    bus = (struct bus_device){.kind = "vif", .partition = 5, .id = 1};
    net_back_make(&back, 5, 0xa0, backlog);
    return bus_device_add(&bus) != ST_OK;
}

static int teardown(void **state)
{
    net_back_close(&back);
    bus_device_remove(&bus);
    return store_teardown(state) != 0 || fake_rings != 0 || fake_ports != 0;
}

static void expect_key(const char *path, const char *value)
{
    char text[100];
    size_t bytes;

    assert_int_equal(store_read(store, path, text, sizeof(text) - 1, &bytes), ST_OK);
    text[bytes] = 0;
    assert_string_equal(text, value);
}

/* What Linux waits for before it begins, and what it makes use of. */
static void test_what_is_offered(void **state)
{
    static const char bridge[] = "lan and what follows";
    const struct vif_config config = {
        .address = 0x00163e0a0bfc, .bridge = {bridge, 3}, .id = 1, .mtu = 1400};
    static const char *const keys[][2] = {
        {BACK "mac", "00:16:3e:0a:0b:fc"},
        {FRONT "mac", "00:16:3e:0a:0b:fc"},
        {BACK "bridge", "lan"},
        {BACK "type", "vif"},
        {BACK "handle", "1"},
        {BACK "mtu", "1400"},
        {FRONT "mtu", "1400"},
        {BACK "feature-rx-copy", "1"},
        {BACK "feature-rx-flip", "0"},
        {BACK "feature-sg", "1"},
        {BACK "feature-gso-tcpv4", "1"},
        {BACK "feature-gso-tcpv6", "1"},
        {BACK "feature-ipv6-csum-offload", "1"},
        {BACK "feature-split-event-channels", "1"},
        {BACK "feature-ctrl-ring", "1"},
        {BACK "multi-queue-max-queues", "4"},
    };

    (void)state;
    assert_int_equal(vif_keys_put(&bus, &config), ST_OK);
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        expect_key(keys[i][0], keys[i][1]);
}

/* ---- what a front-end asks for ---- */

static void says(const char *key, const char *value)
{
    assert_int_equal(bus_front_put(&bus, key, value), ST_OK);
}

static enum status opens(void)
{
    return vif_rings_open(&bus, &back, &net);
}

static void begin(void)
{
    says("request-rx-copy", "1");
    says("tx-ring-ref", "10");
    says("rx-ring-ref", "11");
    says("event-channel", "7");
}

/* A front-end of the oldest kind: one queue, one event channel, nothing more. */
static void test_plain(void **state)
{
    (void)state;
    begin();
    assert_int_equal(opens(), ST_OK);
    assert_int_equal(back.queues, 1);
    assert_int_equal(fake_rings, 1);
    assert_int_equal(fake_ports, 1);
    assert_int_equal(back.queue[0].place, 10);
    assert_int_equal(back.queue[0].tx_port, 107);
    assert_int_equal(back.queue[0].rx_port, 107);
    assert_int_equal(back.port.abilities, NET_TAKES_BLANK4);
    assert_int_equal(back.port.largest, 4096);
    assert_ptr_equal(back.port.home, &net);
    assert_false(back.control.is_open);
}

static void test_two_event_channels(void **state)
{
    (void)state;
    says("request-rx-copy", "1");
    says("tx-ring-ref", "10");
    says("rx-ring-ref", "11");
    says("event-channel-tx", "7");
    assert_int_equal(opens(), ST_NO_ENTRY);
    says("event-channel-rx", "8");
    assert_int_equal(opens(), ST_OK);
    assert_int_equal(back.queue[0].tx_port, 107);
    assert_int_equal(back.queue[0].rx_port, 108);
}

static void test_queues(void **state)
{
    char key[40], value[8];

    (void)state;
    says("request-rx-copy", "1");
    says("multi-queue-num-queues", "4");
    for (u32 i = 0; i < 4; i++) {
        static const char *const names[] = {"tx-ring-ref", "rx-ring-ref", "event-channel"};

        for (u32 k = 0; k < 3; k++) {
            snprintf(key, sizeof(key), "queue-%u/%s", i, names[k]);
            snprintf(value, sizeof(value), "%u", 10 * i + k + 1);
            says(key, value);
        }
    }
    assert_int_equal(opens(), ST_OK);
    assert_int_equal(back.queues, 4);
    for (u32 i = 0; i < 4; i++) {
        assert_int_equal(back.queue[i].place, 10 * i + 1);
        assert_int_equal(back.queue[i].tx_port, 10 * i + 103);
    }
}

/* What it takes whole needs what it is carried by: no long segment of a protocol whose
 * checksums it wants, none at all in a single page. */
static void test_abilities(void **state)
{
    static const struct {
        const char *keys[4];
        u32 abilities, largest;
    } cases[] = {
        {{"feature-sg"}, NET_TAKES_BLANK4, 65535},
        {{"feature-no-csum-offload"}, 0, 4096},
        {{"feature-ipv6-csum-offload"}, NET_TAKES_BLANK4 | NET_TAKES_BLANK6, 4096},
        {{"feature-gso-tcpv4"}, NET_TAKES_BLANK4, 4096},
        {{"feature-sg", "feature-gso-tcpv4"}, NET_TAKES_BLANK4 | NET_TAKES_GSO4, 65535},
        {{"feature-sg", "feature-gso-tcpv6"}, NET_TAKES_BLANK4, 65535},
        {{"feature-sg", "feature-gso-tcpv4", "feature-no-csum-offload"}, 0, 65535},
        {{"feature-sg", "feature-gso-tcpv6", "feature-ipv6-csum-offload"},
         NET_TAKES_BLANK4 | NET_TAKES_BLANK6 | NET_TAKES_GSO6,
         65535},
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        begin();
        for (u32 k = 0; k < 4 && cases[i].keys[k]; k++)
            says(cases[i].keys[k], "1");
        says("feature-none", "1");
        assert_int_equal(opens(), ST_OK);
        assert_int_equal(back.port.abilities, cases[i].abilities);
        assert_int_equal(back.port.largest, cases[i].largest);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
    begin();
    says("feature-sg", "0"); /* as good as not said */
    assert_int_equal(opens(), ST_OK);
    assert_int_equal(back.port.largest, 4096);
}

static void test_control_ring(void **state)
{
    (void)state;
    begin();
    says("ctrl-ring-ref", "20");
    assert_int_equal(opens(), ST_NO_ENTRY); /* without its event channel */
    net_back_close(&back);
    says("event-channel-ctrl", "9");
    assert_int_equal(opens(), ST_OK);
    assert_true(back.control.is_open);
    assert_int_equal(back.control.port, 109);
    assert_int_equal(back.control.place, 20);
}

/* Nothing of it is opened that a close does not give back; it is at no switch. */
static void refused_expect(enum status status)
{
    assert_int_equal(opens(), status);
    assert_null(back.port.home);
    net_back_close(&back);
    assert_int_equal(fake_rings + fake_ports, 0);
}

static void test_offers_that_make_no_sense(void **state)
{
    static const char *const counts[] = {"0", "5", "4294967297", "-1", "x", ""};

    (void)state;
    refused_expect(ST_UNSUPPORTED);
    begin();
    says("request-rx-copy", "0");
    refused_expect(ST_UNSUPPORTED);
    says("request-rx-copy", "1");
    for (u32 i = 0; i < ARRAY_SIZE(counts); i++) {
        says("multi-queue-num-queues", counts[i]);
        refused_expect(ST_INVALID);
    }
    says("multi-queue-num-queues", "2"); /* which it does not tell of */
    refused_expect(ST_NO_ENTRY);
    says("multi-queue-num-queues", "1");
    says("tx-ring-ref", "4000000000"); /* not lent */
    refused_expect(ST_NO_ENTRY);
    says("tx-ring-ref", "10");
    says("event-channel", "0");
    refused_expect(ST_INVALID);
    says("event-channel", "7");
    says("ctrl-ring-ref", "x");
    refused_expect(ST_INVALID);
    assert_int_equal(store_remove(store, FRONT "ctrl-ring-ref"), ST_OK);
    assert_int_equal(opens(), ST_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_offered),
        TEST(test_plain),
        TEST(test_two_event_channels),
        TEST(test_queues),
        TEST(test_abilities),
        TEST(test_control_ring),
        TEST(test_offers_that_make_no_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
