/* The disks of a Hyper-V guest, from its manifest to VMBus and to its firmware. */
// sources: guest-drivers/steward/hyperv_storage.c guest-drivers/steward/disk_config.c
// sources: guest-drivers/steward/text.c guest-drivers/steward/config.c
// sources: guest-drivers/steward/config_value.c guest-drivers/steward/manifest.c
// sources: guest-drivers/steward/keys.c guest-drivers/steward/lexer.c hv/lib/format.c
// sources: guest-drivers/service/firmware_disk.c guest-drivers/service/virtq_chain.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c guest-drivers/service/scsi_pages.c
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c guest-drivers/service/vmbus_ring.c
// sources: guest-drivers/service/vmbus_gpadl.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "abi-tests/unit/said.h"
#include "guest-drivers/steward/hyperv_storage.h"
#include "guest-drivers/steward/life.h"

#define SECTORS 64u
#define QUEUE   10u /* frame */

struct steward steward;
static u32 warnings_left;
static u8 medium[SECTORS * SECTOR_BYTES];
static struct disk disk;
static struct config config;
static struct guest guest;
static struct native_firmware page;
static struct guest_memory memory;
static struct vmbus bus;
static struct hyperv_storage storage;

bool life_may_warn(struct guest *about)
{
    assert_ptr_equal(about, &guest);
    return warnings_left != 0 && warnings_left-- != 0;
}

struct disk *disks_find(struct text target)
{
    return text_is(target, "/gone") ? NULL : &disk;
}

static int setup(void **state)
{
    (void)state;
    fake_vmbus_reset();
    memset(&steward, 0, sizeof(steward));
    memset(&config, 0, sizeof(config));
    memset(&page, 0xff, sizeof(page));
    memset(&storage, 0, sizeof(storage));
    memory_disk_make(&disk, medium, sizeof(medium), 0);
    vmbus_make(&bus, &memory);
    config.vcpus = 1;
    guest = (struct guest){.config = &config, .name = "g", .firmware = &page};
    said[0] = 0;
    warnings_left = UINT32_MAX;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0;
}

static void entry_add(const char *entry)
{
    config.list[0].item[config.list[0].count++] = (struct text){entry, strlen(entry)};
}

static enum status offer(void)
{
    return hyperv_storage_offer(&storage, &guest, &bus);
}

static void test_no_disks(void **state)
{
    (void)state;
    assert_int_equal(offer(), ST_OK);
    assert_null(bus.channel[0]);
    assert_false(hyperv_storage_continue(&storage));
    steward.is_verbose = true;
    hyperv_storage_end(&storage);
    assert_string_equal(said, "");
}

static void test_no_firmware(void **state)
{
    (void)state;
    guest.firmware = NULL;
    entry_add("/a.img,raw,xvda,r");
    assert_int_equal(offer(), ST_OK);
    assert_ptr_equal(bus.channel[0], &storage.channel);
    assert_ptr_equal(storage.controller.target.unit[0].disk, &disk);
    assert_int_equal(storage.controller.target.unit[0].access, SCSI_READ_ONLY);
    assert_null(storage.firmware.disk[0].disk);
    assert_false(hyperv_storage_continue(&storage));
    steward.is_verbose = true;
    hyperv_storage_end(&storage);
    assert_null(strstr(said, "firmware"));
    assert_non_null(strstr(said, "guest g: storage: 0 requests, 0 errors"));
}

/* More than firmware is shown. */
static void test_both(void **state)
{
    static const u8 id[20] = "xvdb";

    (void)state;
    entry_add("/a.img,raw,xvda,w");
    entry_add("/b.img,raw,xvdb,r");
    for (u32 i = 2; i < 10; i++)
        entry_add("/c.img,raw,xvdc,w");
    assert_int_equal(offer(), ST_OK);
    assert_int_equal(page.disk[0].features, VIRTIO_BLK_FLUSH);
    assert_int_equal(page.disk[1].features, VIRTIO_BLK_FLUSH | VIRTIO_BLK_RO);
    assert_memory_equal(storage.firmware.disk[1].id, id, 20);
    assert_memory_equal(storage.controller.target.unit[1].serial, "xvdb", 5);
    assert_int_equal(page.disk[7].sectors, SECTORS);
    assert_ptr_equal(storage.controller.target.unit[9].disk, &disk);
}

static void test_refusals(void **state)
{
    (void)state;
    entry_add("/gone,raw,xvda,w");
    assert_int_equal(offer(), ST_NO_ENTRY);
    config.list[0].count = 0;
    entry_add("/a.img,raw,nowhere,w");
    assert_int_equal(offer(), ST_INVALID);
    assert_null(bus.channel[0]);
}

static void test_counts(void **state)
{
    struct disks_counts counts = {1, 2, 3};

    (void)state;
    entry_add("/a.img,raw,xvda,w");
    assert_int_equal(offer(), ST_OK);
    storage.controller.requests = 10;
    storage.controller.sectors_read = 20;
    storage.controller.sectors_written = 30;
    storage.firmware.requests = 100;
    storage.firmware.errors = 5;
    storage.firmware.sectors_read = 200;
    storage.firmware.sectors_written = 300;
    hyperv_storage_count(&storage, &counts);
    assert_int_equal(counts.requests, 111);
    assert_int_equal(counts.read_bytes, 220 * 512 + 2);
    assert_int_equal(counts.written_bytes, 330 * 512 + 3);
    hyperv_storage_end(&storage);
    assert_string_equal(said, ""); /* to those who want it only */
    steward.is_verbose = true;
    hyperv_storage_end(&storage);
    assert_string_equal(
        said,
        "entente: guest g: firmware: 100 requests, 5 errors, read 100 KiB, written 150 KiB\n"
        "entente: guest g: storage: 10 requests, 0 errors, read 10 KiB, written 15 KiB\n");
}

/* Once for each time, as long as we may. */
static void test_stops_are_told(void **state)
{
    struct virtq_legacy *queue = (struct virtq_legacy *)(void *)fake_ram[QUEUE];

    (void)state;
    entry_add("/a.img,raw,xvda,w");
    assert_int_equal(offer(), ST_OK);
    page.disk[0].queue = QUEUE;
    assert_false(hyperv_storage_continue(&storage));
    assert_string_equal(said, "");
    queue->avail.index = 65;
    warnings_left = 1;
    assert_false(hyperv_storage_continue(&storage));
    assert_non_null(strstr(said, "warning: guest g: the queue of a disk of its firmware"));
    said[0] = 0;
    assert_false(hyperv_storage_continue(&storage));
    page.disk[0].resets++;
    assert_false(hyperv_storage_continue(&storage));
    assert_int_equal(storage.firmware.stops, 2);
    assert_string_equal(said, "");
    warnings_left = 1; /* what was not told is not told later */
    assert_false(hyperv_storage_continue(&storage));
    assert_string_equal(said, "");
}

/* More of a request than is done at once. */
static void long_request_put(void)
{
    struct virtq_legacy *queue = (struct virtq_legacy *)(void *)fake_ram[QUEUE];

    page.disk[0].queue = QUEUE;
    queue->desc[0] = (struct virtq_desc){20 * 4096, 16, VIRTQ_NEXT, 1};
    for (u16 i = 1; i < 9; i++)
        queue->desc[i] =
            (struct virtq_desc){30 * 4096, 512, VIRTQ_NEXT | VIRTQ_WRITE, (u16)(i + 1)};
    queue->desc[9] = (struct virtq_desc){21 * 4096, 1, VIRTQ_WRITE, 0};
    queue->avail.index = 1;
}

static void test_continue(void **state)
{
    (void)state;
    entry_add("/a.img,raw,xvda,w");
    assert_int_equal(offer(), ST_OK);
    long_request_put();
    assert_true(hyperv_storage_continue(&storage));
    while (hyperv_storage_continue(&storage))
        ;
    assert_int_equal(storage.firmware.sectors_read, 8);
}

static void test_end(void **state)
{
    (void)state;
    entry_add("/a.img,raw,xvda,w");
    assert_int_equal(offer(), ST_OK);
    long_request_put();
    assert_true(hyperv_storage_continue(&storage));
    assert_int_not_equal(fake_pins, 0);
    hyperv_storage_end(&storage);
    assert_int_equal(fake_pins, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_no_disks), TEST(test_no_firmware), TEST(test_both),
        TEST(test_refusals), TEST(test_counts),      TEST(test_stops_are_told),
        TEST(test_continue), TEST(test_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
