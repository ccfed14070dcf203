#include "guest-drivers/service/vmbus_ring.h"
#include "hv/lib/string.h"

#define WORD 8u

static u64 frame_of(const struct vmbus_ring *ring, u32 page)
{
    return vmbus_gpadl_frame(ring->gpadls, ring->gpadl, ring->page + page);
}

/* The pages are mapped since the ring was opened. Only where frames of the guest went meanwhile
 * and there is no memory to map what is left of it a ring is another page: it ends soon. */
static u8 *page_at(const struct vmbus_ring *ring, struct vmbus_window *window, u32 page)
{
    static u8 lost[PAGE_SIZE];
    struct guest_memory *memory = ring->gpadls->memory;

    if (window->at && window->page == page && window->moves == memory->moves)
        return window->at;
    *window = (struct vmbus_window){.page = page, .moves = memory->moves};
    if (guest_page_get(memory, frame_of(ring, page), &window->at) != ST_OK)
        return lost;
    guest_page_put(memory, frame_of(ring, page));
    return window->at;
}

static struct vmbus_ring_head *head_of(struct vmbus_ring *ring)
{
    return (struct vmbus_ring_head *)(void *)page_at(ring, &ring->head, 0);
}

static void pages_put(struct vmbus_ring *ring, u32 count)
{
    while (count != 0)
        guest_page_put(ring->gpadls->memory, frame_of(ring, --count));
}

enum status vmbus_ring_open(struct vmbus_ring *ring, struct vmbus_gpadls *gpadls,
                            const struct vmbus_gpadl *gpadl, u32 page, u32 pages)
{
    struct vmbus_ring_head *head;
    u8 *at;

    *ring = (struct vmbus_ring){.gpadls = gpadls,
                                .gpadl = gpadl,
                                .page = page,
                                .bytes = (u32)((pages - 1) * PAGE_SIZE)};
    for (u32 i = 0; i < pages; i++) {
        enum status status = guest_page_get(gpadls->memory, frame_of(ring, i), &at);

        if (status != ST_OK) {
            pages_put(ring, i);
            *ring = (struct vmbus_ring){0};
            return status;
        }
    }
    /* A guest that opens a channel has cleared its indexes; what it wrote is what we begin at
     * all the same, as far as it is an index. */
    head = head_of(ring);
    ring->at = __atomic_load_n(&head->read, __ATOMIC_RELAXED);
    if (ring->at >= ring->bytes || ring->at % WORD)
        ring->at = 0;
    ring->shown = ring->at;
    /* Of the ring to the guest: we say what room we wait for, and signal for what it waits. */
    __atomic_store_n(&head->features, VMBUS_RING_PENDING_SEND, __ATOMIC_RELAXED);
    return ST_OK;
}

void vmbus_ring_close(struct vmbus_ring *ring)
{
    if (ring->gpadl)
        pages_put(ring, (u32)(ring->bytes / PAGE_SIZE) + 1);
    *ring = (struct vmbus_ring){0};
}

static u32 index_add(const struct vmbus_ring *ring, u32 index, u32 bytes)
{
    index += bytes;
    return index >= ring->bytes ? index - ring->bytes : index;
}

static u32 distance(const struct vmbus_ring *ring, u32 from, u32 to)
{
    return to >= from ? to - from : ring->bytes - from + to;
}

/* Bytes out of the ring, or into it; at most its size. */
static void copy_out(struct vmbus_ring *ring, u32 from, u8 *to, u32 bytes)
{
    while (bytes != 0) {
        u32 count = MIN(bytes, (u32)(PAGE_SIZE - from % PAGE_SIZE));

        memcpy(to, page_at(ring, &ring->data, (u32)(from / PAGE_SIZE) + 1) + from % PAGE_SIZE,
               count);
        from = index_add(ring, from, count);
        to += count;
        bytes -= count;
    }
}

static void copy_in(struct vmbus_ring *ring, u32 to, const u8 *from, u32 bytes)
{
    while (bytes != 0) {
        u32 count = MIN(bytes, (u32)(PAGE_SIZE - to % PAGE_SIZE));

        memcpy(page_at(ring, &ring->data, (u32)(to / PAGE_SIZE) + 1) + to % PAGE_SIZE, from,
               count);
        to = index_add(ring, to, count);
        from += count;
        bytes -= count;
    }
}

static enum status index_read(const struct vmbus_ring *ring, const u32 *index, u32 *out)
{
    *out = __atomic_load_n(index, __ATOMIC_ACQUIRE);
    return *out < ring->bytes && *out % WORD == 0 ? ST_OK : ST_CORRUPT;
}

/* ---- from the guest ---- */

enum status vmbus_ring_take(struct vmbus_ring *ring, struct vmbus_packet *out)
{
    u32 written, bytes, head_bytes, waiting;

    TRY(index_read(ring, &head_of(ring)->write, &written));
    waiting = distance(ring, ring->at, written);
    if (waiting == 0)
        return ST_NO_DATA;
    if (waiting < sizeof(out->head) + VMBUS_PACKET_TRAILER)
        return ST_CORRUPT;
    copy_out(ring, ring->at, (u8 *)&out->head, sizeof(out->head));
    bytes = out->head.words * WORD;
    head_bytes = out->head.head_words * WORD;
    if (head_bytes < sizeof(out->head) || head_bytes > bytes ||
        bytes > waiting - VMBUS_PACKET_TRAILER)
        return ST_CORRUPT;
    out->bytes = bytes;
    out->data_at = head_bytes;
    out->data_bytes = bytes - head_bytes;
    if (bytes <= sizeof(out->all)) {
        copy_out(ring, ring->at, out->all, bytes);
        memcpy(out->all, &out->head, sizeof(out->head)); /* as it was checked */
    }
    ring->at = index_add(ring, ring->at, bytes + VMBUS_PACKET_TRAILER);
    return bytes <= sizeof(out->all) ? ST_OK : ST_TOO_BIG;
}

void vmbus_ring_mask(struct vmbus_ring *ring)
{
    __atomic_store_n(&head_of(ring)->interrupt_mask, 1, __ATOMIC_SEQ_CST);
}

bool vmbus_ring_release(struct vmbus_ring *ring)
{
    struct vmbus_ring_head *head = head_of(ring);
    u32 freed = distance(ring, ring->shown, ring->at);
    u32 wanted, written, room;

    if (freed == 0)
        return false;
    __atomic_store_n(&head->read, ring->at, __ATOMIC_SEQ_CST);
    ring->shown = ring->at;
    wanted = __atomic_load_n(&head->pending_send, __ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&head->features, __ATOMIC_RELAXED) & VMBUS_RING_PENDING_SEND) ||
        wanted == 0 || index_read(ring, &head->write, &written) != ST_OK)
        return false;
    room = ring->bytes - distance(ring, ring->at, written);
    /* Only when this has made the room. */
    return room > wanted && room - MIN(room, freed) <= wanted;
}

bool vmbus_ring_sleep(struct vmbus_ring *ring)
{
    struct vmbus_ring_head *head = head_of(ring);

    __atomic_store_n(&head->interrupt_mask, 0, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&head->write, __ATOMIC_SEQ_CST) != ring->at;
}

/* ---- to the guest ---- */

u32 vmbus_ring_room(struct vmbus_ring *ring)
{
    u32 read;

    /* A full ring would look empty. */
    if (index_read(ring, &head_of(ring)->read, &read) != ST_OK)
        return 0;
    return ring->bytes - distance(ring, read, ring->at) - WORD;
}

void vmbus_ring_want(struct vmbus_ring *ring, u32 bytes)
{
    struct vmbus_ring_head *head = head_of(ring);

    __atomic_store_n(&head->pending_send, bytes, __ATOMIC_SEQ_CST);
}

enum status vmbus_ring_put(struct vmbus_ring *ring, const struct vmbus_put *put,
                           bool *is_signal)
{
    static const u8 zeros[WORD];
    struct vmbus_ring_head *head = head_of(ring);
    struct vmbus_packet_head packet = put->head;
    u32 head_bytes = (u32)sizeof(packet) + put->more_bytes;
    u32 data_bytes = (u32)align_up(put->data_bytes, WORD);
    u64 trailer = (u64)ring->at << 32;
    u32 began = ring->at;
    u32 read;

    *is_signal = false;
    TRY(index_read(ring, &head->read, &read));
    if (head_bytes + data_bytes + VMBUS_PACKET_TRAILER > vmbus_ring_room(ring))
        return ST_NO_SPACE;
    packet.head_words = (u16)(head_bytes / WORD);
    packet.words = (u16)((head_bytes + data_bytes) / WORD);
    copy_in(ring, ring->at, (const u8 *)&packet, sizeof(packet));
    ring->at = index_add(ring, ring->at, sizeof(packet));
    copy_in(ring, ring->at, put->more, put->more_bytes);
    ring->at = index_add(ring, ring->at, put->more_bytes);
    copy_in(ring, ring->at, put->data, put->data_bytes);
    ring->at = index_add(ring, ring->at, put->data_bytes);
    copy_in(ring, ring->at, zeros, data_bytes - put->data_bytes);
    ring->at = index_add(ring, ring->at, data_bytes - put->data_bytes);
    copy_in(ring, ring->at, (const u8 *)&trailer, sizeof(trailer));
    ring->at = index_add(ring, ring->at, sizeof(trailer));
    __atomic_store_n(&head->write, ring->at, __ATOMIC_SEQ_CST);
    *is_signal = __atomic_load_n(&head->interrupt_mask, __ATOMIC_SEQ_CST) == 0 &&
                 __atomic_load_n(&head->read, __ATOMIC_SEQ_CST) == began;
    return ST_OK;
}
