/* role=disk: requests that make no sense, rings whose indexes do not, keys that lie. */
#include "abi-tests/hostile/block.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/kit/store.h"

#define SEGMENTS_LISTED 512u /* of an indirect request's page */

static uint32_t refs[HOSTILE_PAGES];
static uint32_t list_ref;
static uint8_t list[KIT_PAGE] __attribute__((aligned(4096)));

static struct g_blkif_segment segment_any(bool is_spoilt)
{
    struct g_blkif_segment segment = {.gref = refs[below(HOSTILE_PAGES)]};

    segment.first_sect = (uint8_t)below(BLOCK_PAGE_SECTOR);
    segment.last_sect =
        (uint8_t)(segment.first_sect + below(BLOCK_PAGE_SECTOR - segment.first_sect));
    if (is_spoilt && one_in(2))
        segment.gref = (uint32_t)hostile_value();
    if (is_spoilt && one_in(3))
        segment.first_sect = (uint8_t)hostile_value();
    if (is_spoilt && one_in(3))
        segment.last_sect = (uint8_t)hostile_value();
    return segment;
}

static void direct_make(struct block *block, struct g_blkif_request *request, bool is_spoilt)
{
    static const uint8_t operations[] = {G_BLKIF_OP_READ, G_BLKIF_OP_WRITE, G_BLKIF_OP_WRITE,
                                         G_BLKIF_OP_FLUSH, G_BLKIF_OP_DISCARD};

    request->operation = operations[below(sizeof(operations))];
    request->nr_segments = (uint8_t)(1 + below(G_BLKIF_SEGMENTS));
    request->id = kit_random(&hostile_chance);
    request->sector_number = below((uint32_t)block->sectors - 128);
    for (unsigned i = 0; i < G_BLKIF_SEGMENTS; i++)
        request->seg[i] = segment_any(is_spoilt && one_in(4));
    if (!is_spoilt)
        return;
    if (one_in(4))
        request->operation = (uint8_t)hostile_value();
    if (one_in(4))
        request->nr_segments = (uint8_t)hostile_value();
    if (one_in(4))
        request->sector_number = block->sectors - below(16) + (one_in(2) ? 0 : hostile_value());
    if (one_in(8))
        hostile_scribble(request, sizeof(*request));
}

/* The list may be any page, and changes while it is read. */
static void indirect_make(struct block *block, struct g_blkif_request *request, bool is_spoilt)
{
    struct g_blkif_indirect *indirect = (struct g_blkif_indirect *)(void *)request;
    struct g_blkif_segment *segments = (struct g_blkif_segment *)(void *)list;

    for (unsigned i = 0; i < SEGMENTS_LISTED; i++)
        segments[i] = segment_any(is_spoilt && one_in(32));
    *indirect = (struct g_blkif_indirect){
        .operation = G_BLKIF_OP_INDIRECT,
        .indirect_op = one_in(2) ? G_BLKIF_OP_READ : G_BLKIF_OP_WRITE,
        .nr_segments = (uint16_t)(1 + below(64)),
        .id = kit_random(&hostile_chance),
        .sector_number = below((uint32_t)block->sectors - 512),
        .indirect_grefs = {list_ref},
    };
    if (!is_spoilt)
        return;
    if (one_in(3))
        indirect->indirect_op = (uint8_t)hostile_value();
    if (one_in(3))
        indirect->nr_segments = (uint16_t)hostile_value();
    if (one_in(3))
        indirect->indirect_grefs[0] = (uint32_t)hostile_value();
    if (one_in(3))
        hostile_scribble(list, sizeof(list));
}

static void requests_put(struct block *block, const struct mood *mood)
{
    for (uint32_t count = 1 + below(one_in(8) ? block->entries : 4); count > 0; count--) {
        struct g_blkif_request *request = block_slot(block);
        if (request == NULL)
            break;
        (one_in(3) ? indirect_make : direct_make)(block, request,
                                                  mood->spoils != 0 && one_in(mood->spoils));
    }
    block_push(block);
}

static void responses_drop(struct block *block)
{
    struct g_blkif_response response;

    while (one_in(16) ? false : block_take(block, &response))
        ;
}

/* Indexes that jump, go back, or point at what nobody has written. */
static void indexes_spoil(struct block *block)
{
    volatile struct g_ring_head *head = block_head();

    switch (below(5)) {
    case 0:
        head->req_prod = (uint32_t)hostile_value();
        break;
    case 1:
        head->req_prod = block->produced - 1 - below(4);
        break;
    case 2:
        head->req_prod = block->produced + block->entries + below(3);
        break;
    case 3:
        head->rsp_prod = head->rsp_event = (uint32_t)hostile_value();
        break;
    default:
        hostile_scribble(block_ring, KIT_PAGE << block->order);
        break;
    }
    kit_port_send(block->port);
}

/* What the back-end reads before it connects. */
static void keys_spoil(struct block *block)
{
    static const char *const keys[] = {
        "ring-ref",
        "ring-page-order",
        "ring-ref0",
        "ring-ref1",
        "event-channel",
        "protocol",
        "multi-queue-num-queues",
        "state",
        "queue-0/ring-ref",
        "queue-0/ring-ref0",
        "feature-persistent",
    };
    static const char *const values[] = {
        "",    "-1",          "x86_32-abi", "99999999999999999999",
        "0x8", "x86_128-abi", "4294967295", " 8"};

    for (uint32_t count = 1 + below(3); count > 0; count--) {
        const char *key = keys[below(sizeof(keys) / sizeof(keys[0]))];
        if (one_in(2))
            kit_front_put_number(&block->bus, key, hostile_value());
        else
            kit_front_put(&block->bus, key, values[below(sizeof(values) / sizeof(values[0]))]);
    }
}

static void pages_lend(void)
{
    for (unsigned i = 0; i < HOSTILE_PAGES; i++)
        refs[i] = kit_lend(hostile_page[i], one_in(8) ? KIT_GRANT_READONLY : 0);
    list_ref = kit_lend(list, 0);
}

/* Keys that a former connection left behind would be read by the next one. */
static void keys_mend(struct block *block)
{
    kit_front_put(&block->bus, "multi-queue-num-queues", "1");
    kit_front_put_number(&block->bus, "feature-persistent", below(2));
    if (block->order == 0)
        kit_front_put(&block->bus, "ring-page-order", "none");
}

/* What was taken back is lent again, until the next time. */
static void pages_restore(void)
{
    for (unsigned i = 0; i < HOSTILE_PAGES; i++)
        kit_lend_restore(refs[i], hostile_page[i], 0);
    kit_lend_restore(list_ref, list, 0);
}

static void burst(struct block *block, const struct mood *mood)
{
    for (uint32_t count = 1 + below(200); count > 0; count--) {
        if (mood->indexes != 0 && one_in(mood->indexes))
            indexes_spoil(block);
        else if (mood->revokes != 0 && one_in(mood->revokes))
            (one_in(2) ? hostile_revoke : pages_restore)();
        else if (one_in(16))
            kit_port_await(block->port, below(2000000));
        else
            requests_put(block, mood);
        hostile_step();
        responses_drop(block);
    }
}

void hostile_disk(const struct mood *mood)
{
    struct block block;

    hostile_step();
    if (kit_store_number("domid", 0) == 0)
        kit_store_reconnect();
    if (!block_prepare(&block, below(BLOCK_ORDER_MAX + 1)))
        hostile_lost();
    keys_mend(&block);
    pages_lend();
    if (mood->keys != 0 && one_in(mood->keys))
        keys_spoil(&block);
    if (block_connect(&block) && block.sectors > 1024)
        burst(&block, mood);
    block_close(&block);
    kit_lend_end(0);
}
