/*
 * test=bystander ms=N: for so long it writes and reads its disk on VMBus at random; every byte
 * must be what it was when it was written.
 */
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/tlfs/vmbus.h"
#include "abi-tests/kit/test.h"

#define SECTOR       512u
#define PAGE_SECTORS (KIT_PAGE / SECTOR)
#define PAGES        8u
#define SECTORS_MAX  2048u
#define PATIENCE     300000000ull /* 30 s */
#define CDB_READ     0x28
#define CDB_WRITE    0x2a

/* A command with its data in pages of ours; what is said to the storage follows their numbers.
 */
struct command {
    struct b_packet_head head;
    uint32_t reserved, ranges, bytes, offset;
    uint64_t words[PAGES + sizeof(struct b_storage) / 8];
};

static uint8_t ring[VMBUS_RING_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t data[PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint32_t generation[SECTORS_MAX];
static struct vmbus_channel channel = {.gpadl = 0x77, .pages = ring};
static uint64_t errors, rounds;

static void complain(const char *what, uint64_t at)
{
    if (errors++ < 8)
        kit_print("bystander: NOT EXACT %s %lu\n", what, at);
}

static uint64_t word_of(uint64_t sector, uint64_t index)
{
    uint64_t key = sector << 32 | generation[sector];
    uint64_t mixed = (key * 0x9e3779b97f4a7c15ull + index) * 0xbf58476d1ce4e5b9ull;

    return mixed ^ mixed >> 29;
}

/* Sends what is in `packet` and waits for the answer; false: it says no, or nothing. */
static bool exchange(const struct b_packet_head *packet, struct b_storage *answer)
{
    uint64_t end = vmbus_now() + PATIENCE;
    struct b_packet_head head;

    if (!vmbus_put(&channel, packet))
        return false;
    vmbus_signal(&channel);
    while (!vmbus_get(&channel, &head, answer, sizeof(*answer)))
        if (vmbus_now() > end)
            return false;
    return head.type == B_PACKET_COMPLETION && head.transaction == packet->transaction &&
           answer->status == 0;
}

static bool control(uint32_t operation, uint16_t version)
{
    struct {
        struct b_packet_head head;
        struct b_storage storage;
    } packet = {.head = {B_PACKET_INBAND, 2, sizeof(packet) / 8, B_WANTS_COMPLETION, operation},
                .storage = {.operation = operation, .length = version}};
    struct b_storage answer;

    return exchange(&packet.head, &answer);
}

static bool disk_begin(void)
{
    for (uint32_t i = 0; i < vmbus_offer_count; i++)
        if (vmbus_offers[i].interface == B_INTERFACE_STORAGE)
            channel.relid = vmbus_offers[i].relid;
    return channel.relid != 0 && vmbus_open(&channel) && control(B_STORAGE_BEGIN, 0) &&
           control(B_STORAGE_VERSION, B_STORAGE_6_2) && control(B_STORAGE_PROPERTIES, 0) &&
           control(B_STORAGE_END, 0);
}

static bool transfer(uint8_t operation, uint32_t sector, uint32_t pages)
{
    struct command command = {
        .head = {B_PACKET_DIRECT, 0, 0, B_WANTS_COMPLETION, ++rounds},
        .ranges = 1,
        .bytes = pages * KIT_PAGE,
    };
    const struct b_storage storage = {
        .operation = B_STORAGE_EXECUTE,
        .cdb_bytes = 10,
        .direction = operation == CDB_READ,
        .data_bytes = pages * KIT_PAGE,
        .cdb = {operation, 0, 0, 0, (uint8_t)(sector >> 8), (uint8_t)sector, 0, 0,
                (uint8_t)(pages * PAGE_SECTORS)},
    };
    struct b_storage answer;

    for (uint32_t i = 0; i < pages; i++)
        command.words[i] = (uintptr_t)data[i] / KIT_PAGE;
    memcpy(&command.words[pages], &storage, sizeof(storage));
    command.head.head_words = (uint16_t)(4 + pages);
    command.head.words = (uint16_t)(4 + pages + sizeof(storage) / 8);
    return exchange(&command.head, &answer) && (answer.srb_status & 0x3f) == 1;
}

static void round_do(void)
{
    uint32_t pages = 1 + below(PAGES);
    uint32_t sector = below(SECTORS_MAX - PAGES * PAGE_SECTORS);
    bool is_write = below(2);
    uint64_t *word;

    for (uint32_t i = 0; i < pages * PAGE_SECTORS && is_write; i++) {
        word = (uint64_t *)(void *)(data[0] + i * SECTOR);
        generation[sector + i]++;
        for (uint32_t k = 0; k < SECTOR / 8; k++)
            word[k] = word_of(sector + i, k);
    }
    if (!transfer(is_write ? CDB_WRITE : CDB_READ, sector, pages))
        complain("answer", sector);
    for (uint32_t i = 0; i < pages * PAGE_SECTORS && !is_write; i++) {
        word = (uint64_t *)(void *)(data[0] + i * SECTOR);
        for (uint32_t k = 0; k < SECTOR / 8 && generation[sector + i] != 0; k++)
            if (word[k] != word_of(sector + i, k)) {
                complain("sector", sector + i);
                break;
            }
    }
}

TEST(bystander, "bystander", TEST_HYPERV | TEST_ALONE)
{
    uint64_t end;

    hostile_chance = kit_chance_of(1);
    if (!vmbus_connect() || !disk_begin())
        complain("no disk", 0);
    end = vmbus_now() + kit_option("ms", 3000) * 10000;
    while (errors == 0 && vmbus_now() < end)
        round_do();
    kit_print("bystander: end %lu rounds, %lu errors, 0 resent\n", rounds, errors);
    expect_true("bystander", "exact", errors == 0);
}
