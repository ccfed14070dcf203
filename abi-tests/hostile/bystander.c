/*
 * role=bystander own=N peer=N ms=N: for so long it reads and writes its disk at random, and
 * exchanges frames with the other bystander, and writes into the store. Every byte must be what
 * it was when it was written or sent. Only frames can get lost where others flood the switch;
 * they are sent again.
 */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/hostile/block.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/hostile/net.h"
#include "abi-tests/kit/store.h"

#define SECTORS_MAX 4096u
#define PAGES       8u /* of a request */
#define DEPTH       4u /* requests at once */
#define DISK_WAIT   30000000000ull
#define ANSWER_WAIT 20000000ull
#define LOOK_AGAIN  1000000ull
#define ETHERTYPE   0xb588 /* 88b5, for experiments, as it lies in memory */
#define MAC_HEAD                                                                               \
    {                                                                                          \
        0x00, 0x16, 0x3e, 0x68, 0x6f                                                           \
    }

struct frame {
    uint8_t to[6], from[6];
    uint16_t type;
    uint16_t is_answer;
    uint32_t number, bytes;
    uint8_t payload[1480];
} __attribute__((packed));

static uint8_t data[DEPTH][PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint32_t data_ref[DEPTH][PAGES];
static uint8_t out[2][KIT_PAGE] __attribute__((aligned(4096))); /* an ask, an answer */
static uint32_t out_ref[2];
static uint32_t generation[SECTORS_MAX];
static uint64_t errors, rounds, resent, ends_ns;
static struct block disk;
static struct net net;
static uint8_t own, peer;

static void complain(const char *what, uint64_t at)
{
    if (errors++ < 8)
        kit_print("bystander: NOT EXACT %s %lu\n", what, at);
}

static uint64_t word_of(uint64_t key, uint64_t index)
{
    uint64_t mixed = (key * 0x9e3779b97f4a7c15ull + index) * 0xbf58476d1ce4e5b9ull;

    return mixed ^ mixed >> 29;
}

/* ---- the network ------------------------------------------------------------------------- */

static uint8_t payload_of(uint32_t number, uint32_t index)
{
    return (uint8_t)word_of(number, index);
}

/* What was sent before has left its page. */
static bool is_sent(void)
{
    net_tx_reap(&net);
    return net.tx_produced == net.tx_taken;
}

static void frame_send(unsigned which, uint32_t bytes)
{
    union g_netif_tx *slot;

    net_tx_reap(&net);
    slot = net_tx_slot(&net);
    if (slot == NULL)
        return;
    slot->request = (struct g_netif_tx_request){
        .gref = out_ref[which], .id = (uint16_t)which, .size = (uint16_t)bytes};
    net_push(&net);
}

static uint32_t ask(uint32_t number)
{
    struct frame *frame = (struct frame *)(void *)out[0];
    uint32_t head = (uint32_t)offsetof(struct frame, payload);

    while (!is_sent() && kit_now() < ends_ns)
        kit_port_await(net.port, LOOK_AGAIN);
    frame->to[5] = peer;
    frame->from[5] = own;
    frame->is_answer = 0;
    frame->number = number;
    frame->bytes = 46 + below(sizeof(frame->payload) - 46);
    for (uint32_t i = 0; i < frame->bytes; i++)
        frame->payload[i] = payload_of(number, i);
    return head + frame->bytes;
}

/* Sent by the other bystander: nobody else can use its address. */
static bool is_peers(const struct frame *frame)
{
    const uint8_t head[] = MAC_HEAD;

    for (unsigned i = 0; i < sizeof(head); i++)
        if (frame->from[i] != head[i])
            return false;
    return frame->from[5] == peer;
}

static bool frame_check(const struct frame *frame, uint32_t bytes)
{
    bool is_good = frame->type == ETHERTYPE && frame->bytes <= sizeof(frame->payload) &&
                   bytes == offsetof(struct frame, payload) + frame->bytes;

    for (uint32_t i = 0; is_good && i < frame->bytes; i++)
        is_good = frame->payload[i] == payload_of(frame->number, i);
    if (!is_good)
        complain("frame", frame->number);
    return is_good;
}

/* One that cannot be given now is asked for again. */
static void answer(const struct frame *frame, uint32_t bytes)
{
    struct frame *back = (struct frame *)(void *)out[1];

    if (!is_sent())
        return;
    memcpy(back, frame, bytes);
    memcpy(back->to, frame->from, sizeof(back->to));
    back->from[5] = own;
    memcpy(back->from, frame->from, sizeof(back->from) - 1);
    back->is_answer = 1;
    frame_send(1, bytes);
}

/* Serves the other; true: the answer to this number came. */
static bool frames_take(uint32_t number)
{
    const uint8_t *bytes;
    uint32_t count;
    bool is_answered = false;

    while ((count = net_receive(&net, &bytes)) != 0) {
        const struct frame *frame = (const struct frame *)(const void *)bytes;
        if (count < offsetof(struct frame, payload) || !is_peers(frame) ||
            !frame_check(frame, count))
            continue;
        if (frame->is_answer)
            is_answered |= frame->number == number;
        else
            answer(frame, count);
    }
    net_push(&net);
    return is_answered;
}

/* ---- the disk ---------------------------------------------------------------------------- */

/* A sector that was never written is not looked at. */
static void sector_fill(uint64_t *words, uint64_t sector)
{
    for (unsigned i = 0; i < BLOCK_SECTOR / 8; i++)
        words[i] = word_of(sector << 32 | generation[sector], i);
}

static void sector_check(const uint64_t *words, uint64_t sector)
{
    if (generation[sector] == 0)
        return;
    for (unsigned i = 0; i < BLOCK_SECTOR / 8; i++)
        if (words[i] != word_of(sector << 32 | generation[sector], i)) {
            complain("sector", sector);
            return;
        }
}

static void request_put(unsigned which, uint8_t operation, uint64_t sector, uint32_t pages)
{
    struct g_blkif_request *request = block_slot(&disk);

    request->operation = operation;
    request->nr_segments = (uint8_t)pages;
    request->id = which;
    request->sector_number = sector;
    for (uint32_t i = 0; i < pages; i++)
        request->seg[i] = (struct g_blkif_segment){.gref = data_ref[which][i],
                                                   .last_sect = BLOCK_PAGE_SECTOR - 1};
}

static void responses_await(uint32_t count)
{
    struct g_blkif_response response;
    uint64_t end = kit_now() + DISK_WAIT;

    while (count > 0) {
        if (block_take(&disk, &response)) {
            count--;
            if (response.status != G_BLKIF_RSP_OKAY || response.id >= DEPTH)
                complain("response", response.id);
        } else if (kit_now() > end) {
            complain("the disk does not answer", count);
            return;
        } else {
            kit_port_await(disk.port, LOOK_AGAIN);
            frames_take(0);
        }
    }
}

/* DEPTH requests of one kind at once, in parts of the disk that do not meet. */
static void disk_round(uint8_t operation)
{
    uint64_t part = (disk.sectors < SECTORS_MAX ? disk.sectors : SECTORS_MAX) / DEPTH;
    uint64_t first[DEPTH];
    uint32_t pages[DEPTH];

    for (unsigned i = 0; i < DEPTH; i++) {
        pages[i] = 1 + below(PAGES);
        first[i] = i * part + below((uint32_t)part - PAGES * BLOCK_PAGE_SECTOR);
        for (uint32_t k = 0; k < pages[i] * BLOCK_PAGE_SECTOR && operation == G_BLKIF_OP_WRITE;
             k++) {
            generation[first[i] + k]++;
            sector_fill((uint64_t *)(void *)(data[i][0] + k * BLOCK_SECTOR), first[i] + k);
        }
        if (operation == G_BLKIF_OP_READ)
            memset(data[i], 0x5a, sizeof(data[i]));
        request_put(i, operation, first[i], pages[i]);
    }
    block_push(&disk);
    responses_await(DEPTH);
    for (unsigned i = 0; i < DEPTH && operation == G_BLKIF_OP_READ; i++)
        for (uint32_t k = 0; k < pages[i] * BLOCK_PAGE_SECTOR; k++)
            sector_check((const uint64_t *)(const void *)(data[i][0] + k * BLOCK_SECTOR),
                         first[i] + k);
}

static void net_round(uint32_t number)
{
    uint32_t bytes = ask(number);
    uint64_t again = 0;

    do {
        if (kit_now() > again) {
            resent += again != 0;
            again = kit_now() + ANSWER_WAIT;
            frame_send(0, bytes);
        }
        kit_port_await(net.port, LOOK_AGAIN);
    } while (!frames_take(number) && kit_now() < ends_ns);
}

/* ---- the store --------------------------------------------------------------------------- */

static void store_round(uint64_t number)
{
    static const char key[] = "data/bystander";
    char value[24] = "round ";

    for (unsigned i = 6; i < 22; i++)
        value[i] = (char)('a' + (word_of(number, i) & 15));
    if (!kit_store_write(key, value))
        complain("store: not written", number);
    memset(value, 0, sizeof(value));
    if (kit_store_read(key, value, sizeof(value)) != 22)
        complain("store: not read", number);
    for (unsigned i = 6; i < 22; i++)
        if (value[i] != (char)('a' + (word_of(number, i) & 15))) {
            complain("store", number);
            break;
        }
}

/* ---- all of it --------------------------------------------------------------------------- */

static bool begin(void)
{
    const struct frame head = {.to = MAC_HEAD, .from = MAC_HEAD, .type = ETHERTYPE};

    own = (uint8_t)kit_option("own", 1);
    peer = (uint8_t)kit_option("peer", 2);
    for (unsigned i = 0; i < DEPTH; i++)
        for (unsigned k = 0; k < PAGES; k++)
            data_ref[i][k] = kit_lend(data[i][k], 0);
    for (unsigned i = 0; i < 2; i++) {
        out_ref[i] = kit_lend(out[i], 0);
        memcpy(out[i], &head, offsetof(struct frame, is_answer));
    }
    return net_prepare(&net) && net_connect(&net) && block_prepare(&disk, 0) &&
           kit_front_put(&disk.bus, "feature-persistent", "1") && block_connect(&disk);
}

void bystander_main(void)
{
    uint64_t report = 0;

    ends_ns = kit_now() + kit_option("ms", 3000) * 1000000;
    if (!begin())
        complain("no disk or network", 0);
    while (errors == 0 && kit_now() < ends_ns) {
        disk_round(G_BLKIF_OP_WRITE);
        disk_round(G_BLKIF_OP_READ);
        store_round(rounds);
        net_round((uint32_t)++rounds);
        if (kit_now() > report) {
            report = kit_now() + 1000000000;
            kit_print("bystander: %lu rounds, %lu errors, %lu resent\n", rounds, errors,
                      resent);
        }
    }
    kit_print("bystander: end %lu rounds, %lu errors, %lu resent\n", rounds, errors, resent);
}
