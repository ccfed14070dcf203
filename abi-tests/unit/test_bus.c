/* A device in xenstore as its front-end finds it, and the steps that both go through. */
// sources: xen-adapter/store/arena.c xen-adapter/store/path.c xen-adapter/store/node.c
// sources: xen-adapter/store/tree.c xen-adapter/store/transaction.c xen-adapter/store/watch.c
// sources: xen-adapter/store/message.c xen-adapter/store/request.c xen-adapter/store/store.c
// sources: xen-adapter/store/control.c xen-adapter/store/client.c
// sources: guest-drivers/service/bus.c hv/lib/format.c
#include "abi-tests/unit/store_caller.h"
#include "guest-drivers/service/bus.h"

#define FRONT "/local/domain/5/device/vif/1"
#define BACK  "/local/domain/0/backend/vif/5/1"

static struct bus_device device, tenth;
static u32 opens, closes;
static enum status open_answer;

static enum status device_open(struct bus_device *of)
{
    assert_ptr_equal(of, &device);
    opens++;
    return open_answer;
}

static void device_close(struct bus_device *of)
{
    assert_ptr_equal(of, &device);
    closes++;
}

static struct bus_device device_of(u32 id)
{
    return (struct bus_device){
        .kind = "vif", .partition = 5, .id = id, .open = device_open, .close = device_close};
}

static int setup(void **state)
{
    if (store_setup(state) != 0)
        return 1;
    opens = closes = 0;
    open_answer = ST_OK;
    bus_init(store);
    device = device_of(1);
    return bus_device_add(&device) != ST_OK;
}

static int teardown(void **state)
{
    bus_device_remove(&device);
    return store_teardown(state);
}

static void expect_key(const char *path, const char *value)
{
    char text[100];
    size_t bytes;

    assert_int_equal(store_read(store, path, text, sizeof(text) - 1, &bytes), ST_OK);
    text[bytes] = 0;
    assert_string_equal(text, value);
}

static bool has_key(const char *path)
{
    char text[1];
    size_t bytes;

    return store_read(store, path, text, sizeof(text), &bytes) != ST_NO_ENTRY;
}

/* The guest writes its state; ours is then this one. */
static void steps(const char *theirs, const char *ours)
{
    assert_int_equal(store_write_text(store, FRONT "/state", theirs), ST_OK);
    bus_serve();
    expect_key(BACK "/state", ours);
}

static void invite(void)
{
    bus_state_set(&device, BUS_INIT_WAIT);
    expect_key(BACK "/state", "2");
}

/* ---- its keys ---- */

static void test_keys(void **state)
{
    static const char *const keys[][2] = {
        {BACK "/frontend", FRONT}, {BACK "/frontend-id", "5"},
        {BACK "/online", "1"},     {BACK "/removable", "0"},
        {BACK "/state", "1"},      {BACK "/hotplug-status", "connected"},
        {FRONT "/backend", BACK},  {FRONT "/backend-id", "0"},
        {FRONT "/handle", "1"},    {FRONT "/state", "1"}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        expect_key(keys[i][0], keys[i][1]);
    assert_int_equal(bus_put(&device, "bridge", "lan"), ST_OK);
    assert_int_equal(bus_put_number(&device, "mtu", 18446744073709551615ull), ST_OK);
    assert_int_equal(bus_front_put(&device, "mac", "00:16"), ST_OK);
    assert_int_equal(bus_front_put_number(&device, "handle", 7), ST_OK);
    expect_key(BACK "/bridge", "lan");
    expect_key(BACK "/mtu", "18446744073709551615");
    expect_key(FRONT "/mac", "00:16");
    expect_key(FRONT "/handle", "7");
}

/* Each side writes its own folder; another guest sees neither. */
static void test_rights(void **state)
{
    (void)state;
    assert_int_equal(bus_put(&device, "bridge", "lan"), ST_OK);
    assert_int_equal(bus_front_put(&device, "mac", "00:16"), ST_OK);
    ask(5, WIRE_READ, 0, BACK "/bridge\0");
    assert_string_equal(data, "lan");
    ask(5, WIRE_DIRECTORY, 0, BACK "\0");
    assert_int_not_equal(got.type, WIRE_ERROR);
    ask(5, WIRE_WRITE, 0,
        BACK "/state\0"
             "4");
    expect_error("EACCES");
    ask(5, WIRE_WRITE, 0,
        BACK "/more\0"
             "4");
    expect_error("EACCES");
    ask(5, WIRE_WRITE, 0,
        FRONT "/state\0"
              "3");
    expect_ok();
    ask(5, WIRE_WRITE, 0,
        FRONT "/tx-ring-ref\0"
              "8");
    expect_ok();
    ask(6, WIRE_READ, 0, BACK "/bridge\0");
    expect_error("EACCES");
    ask(6, WIRE_READ, 0, FRONT "/mac\0");
    expect_error("EACCES");
    ask(6, WIRE_WRITE, 0,
        FRONT "/state\0"
              "4");
    expect_error("EACCES");
}

/* What has a folder of another name, as QEMU's disks have. */
static void test_another_folder(void **state)
{
    (void)state;
    bus_device_remove(&device);
    device = device_of(1);
    device.back_kind = "qnic";
    assert_int_equal(bus_device_add(&device), ST_OK);
    expect_key(FRONT "/backend", "/local/domain/0/backend/qnic/5/1");
    expect_key("/local/domain/0/backend/qnic/5/1/frontend", FRONT);
}

/* ---- what the front-end wrote ---- */

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        enum status status;
        u32 value;
    } numbers[] = {{"0", ST_OK, 0},
                   {"65535", ST_OK, 65535},
                   {"65536", ST_INVALID, 0},
                   {"007", ST_OK, 7},
                   {"", ST_INVALID, 0},
                   {"-1", ST_INVALID, 0},
                   {"1 ", ST_INVALID, 0},
                   {"/", ST_INVALID, 0},
                   {":", ST_INVALID, 0},
                   {"4294967296", ST_INVALID, 0},
                   {"000000000000009", ST_OK, 9}};
    u32 value;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
        assert_int_equal(bus_front_put(&device, "n", numbers[i].text), ST_OK);
        value = 0;
        assert_int_equal(bus_get_number(&device, "n", 65535, &value), numbers[i].status);
        assert_int_equal(value, numbers[i].value);
    }
    assert_int_equal(bus_front_put(&device, "n", "0000000000000009"), ST_OK);
    assert_int_not_equal(bus_get_number(&device, "n", 65535, &value), ST_OK);
    assert_int_equal(bus_get_number(&device, "absent", 65535, &value), ST_NO_ENTRY);
    assert_int_equal(bus_front_put(&device, "n", "4294967295"), ST_OK);
    assert_int_equal(bus_get_number(&device, "n", UINT32_MAX, &value), ST_OK);
    assert_int_equal(value, UINT32_MAX);
}

static void test_queues(void **state)
{
    u32 value;

    (void)state;
    assert_int_equal(bus_front_put(&device, "ref", "7"), ST_OK);
    assert_int_equal(bus_front_put(&device, "queue-1/ref", "8"), ST_OK);
    assert_int_equal(bus_get_of_queue(&device, 1, 0, "ref", &value), ST_OK);
    assert_int_equal(value, 7);
    assert_int_equal(bus_get_of_queue(&device, 2, 1, "ref", &value), ST_OK);
    assert_int_equal(value, 8);
    assert_int_equal(bus_get_of_queue(&device, 2, 0, "ref", &value), ST_NO_ENTRY);
}

/* ---- the states ---- */

static void test_connects(void **state)
{
    (void)state;
    steps("4", "1"); /* nobody has invited it */
    assert_int_equal(opens, 0);
    steps("1", "1");
    invite();
    bus_serve();
    assert_int_equal(opens, 0);
    steps("3", "4");
    assert_int_equal(opens, 1);
    assert_true(device.is_open);
    steps("4", "4"); /* it says so too */
    steps("4", "4");
    assert_int_equal(opens, 1);
    assert_int_equal(closes, 0);
}

static void test_closes_and_comes_again(void **state)
{
    (void)state;
    invite();
    for (u32 i = 1; i <= 3; i++) {
        steps("4", "4");
        assert_int_equal(opens, i);
        steps("5", "5");
        assert_int_equal(closes, 2 * i - 1);
        assert_false(device.is_open);
        steps("6", "6");
        steps("1", "2");
        assert_int_equal(closes, 2 * i);
    }
}

/* What it offers cannot be opened: it is told so, and may try again. */
static void test_offer_that_is_refused(void **state)
{
    (void)state;
    invite();
    open_answer = ST_INVALID;
    steps("3", "5");
    assert_int_equal(closes, 1);
    assert_false(device.is_open);
    steps("4", "5");
    assert_int_equal(opens, 1);
    steps("6", "6");
    open_answer = ST_OK;
    steps("1", "2");
    steps("3", "4");
    assert_true(device.is_open);
}

/* States that are none, or that a front-end has no business in. */
static void test_strange_states(void **state)
{
    static const char *const none[] = {"9", "x", "", "-1", "4294967300"};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(none); i++) {
        invite();
        steps("4", "4");
        steps(none[i], "6");
        assert_int_equal(closes, i + 1);
        assert_false(device.is_open);
        steps("1", "2");
    }
    steps("4", "4");
    steps("2", "4");
    steps("7", "4");
    steps("8", "4");
    assert_true(device.is_open);
    steps("0", "6"); /* unknown: it is gone */
    assert_false(device.is_open);
}

static void test_folder_that_goes(void **state)
{
    (void)state;
    invite();
    steps("4", "4");
    ask(5, WIRE_RM, 0, FRONT "\0");
    expect_ok();
    bus_serve();
    expect_key(BACK "/state", "6");
    assert_false(device.is_open);
}

static void test_ends_it_ourselves(void **state)
{
    (void)state;
    invite();
    steps("4", "4");
    bus_device_close(&device);
    assert_int_equal(closes, 1);
    assert_false(device.is_open);
    expect_key(BACK "/state", "5");
}

/* ---- more than one ---- */

static enum status tenth_open(struct bus_device *of)
{
    assert_ptr_equal(of, &tenth);
    return ST_OK;
}

static void tenth_close(struct bus_device *of)
{
    assert_ptr_equal(of, &tenth);
}

/* vif/1 and vif/10: each hears of its own. The folder of all goes with the last. */
static void test_two_devices(void **state)
{
    (void)state;
    tenth = device_of(10);
    tenth.open = tenth_open;
    tenth.close = tenth_close;
    assert_int_equal(bus_device_add(&tenth), ST_OK);
    invite();
    bus_state_set(&tenth, BUS_INIT_WAIT);
    assert_int_equal(store_write_text(store, "/local/domain/5/device/vif/10/state", "4"),
                     ST_OK);
    steps("1", "2");
    expect_key("/local/domain/0/backend/vif/5/10/state", "4");
    steps("4", "4");
    bus_device_remove(&device);
    assert_false(has_key(FRONT));
    assert_false(has_key(BACK));
    assert_true(has_key("/local/domain/0/backend/vif/5"));
    assert_int_equal(store_write_text(store, "/local/domain/5/device/vif/10/state", "5"),
                     ST_OK);
    bus_serve();
    expect_key("/local/domain/0/backend/vif/5/10/state", "5");
    bus_device_remove(&tenth);
    assert_false(has_key("/local/domain/0/backend/vif/5"));
    bus_serve();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_keys),
        TEST(test_rights),
        TEST(test_another_folder),
        TEST(test_numbers),
        TEST(test_queues),
        TEST(test_connects),
        TEST(test_closes_and_comes_again),
        TEST(test_offer_that_is_refused),
        TEST(test_strange_states),
        TEST(test_folder_that_goes),
        TEST(test_ends_it_ourselves),
        TEST(test_two_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
