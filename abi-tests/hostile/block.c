#include "abi-tests/hostile/block.h"

#define AT(state) (1u << (state))

uint8_t block_ring[1u << BLOCK_ORDER_MAX][KIT_PAGE] __attribute__((aligned(4096)));

static union block_entry {
    struct g_blkif_request request;
    struct g_blkif_response response;
} * entry_of(const struct block *block, uint32_t index)
{
    union block_entry *entries = (union block_entry *)(void *)(block_ring[0] + 64);

    return &entries[index % block->entries];
}

static void ring_make(struct block *block)
{
    uint32_t room = ((KIT_PAGE << block->order) - 64) / sizeof(union block_entry);

    memset(block_ring, 0, sizeof(block_ring));
    block_head()->req_event = 1;
    block_head()->rsp_event = 1;
    for (block->entries = 1; block->entries * 2 <= room;)
        block->entries *= 2;
    block->produced = block->taken = 0;
}

static void refs_put(struct block *block)
{
    char key[] = "ring-ref0";

    if (block->order == 0) {
        kit_front_put_number(&block->bus, "ring-ref", kit_lend(block_ring[0], 0));
        return;
    }
    kit_front_put_number(&block->bus, "ring-page-order", block->order);
    for (uint32_t i = 0; i < 1u << block->order; i++) {
        key[8] = (char)('0' + i);
        kit_front_put_number(&block->bus, key, kit_lend(block_ring[i], 0));
    }
}

bool block_prepare(struct block *block, uint32_t order)
{
    *block = (struct block){.order = order};
    if (!kit_front_find(&block->bus, "vbd", BLOCK_XVDA) || !kit_front_begin(&block->bus))
        return false;
    ring_make(block);
    block->port = kit_port_offer(0);
    refs_put(block);
    kit_front_put_number(&block->bus, "event-channel", block->port);
    return kit_front_put(&block->bus, "protocol", "x86_64-abi");
}

bool block_connect(struct block *block)
{
    if (!kit_front_state(&block->bus, G_XENBUS_INITIALISED) ||
        kit_front_await(&block->bus, AT(G_XENBUS_CONNECTED) | AT(G_XENBUS_CLOSING) |
                                         AT(G_XENBUS_CLOSED)) != G_XENBUS_CONNECTED)
        return false;
    block->sectors = kit_front_back_number(&block->bus, "sectors", 0);
    return kit_front_state(&block->bus, G_XENBUS_CONNECTED);
}

void block_close(struct block *block)
{
    kit_front_state(&block->bus, G_XENBUS_CLOSED);
    kit_front_await(&block->bus, AT(G_XENBUS_CLOSED));
    kit_port_close(block->port);
}

struct g_blkif_request *block_slot(struct block *block)
{
    struct g_blkif_request *request = &entry_of(block, block->produced)->request;

    if (block->produced - block->taken >= block->entries)
        return NULL;
    block->produced++;
    return memset(request, 0, sizeof(*request));
}

void block_push(struct block *block)
{
    __sync_synchronize();
    block_head()->req_prod = block->produced;
    kit_port_send(block->port);
}

bool block_take(struct block *block, struct g_blkif_response *out)
{
    if (block_head()->rsp_prod == block->taken)
        return false;
    __sync_synchronize();
    *out = entry_of(block, block->taken++)->response;
    block_head()->rsp_event = block->taken + 1;
    return true;
}
