#include "guest-drivers/service/dynmem.h"

#define SECOND_NS    ((u64)1000 * 1000 * 1000)
#define RETRY_NS     (10 * SECOND_NS) /* the first time; doubled each time */
#define RETRIES_MOST 6u
#define BALLOON_MOST ((u64)65536) /* pages asked for at a time: 256 MiB */
#define GIVE_MOST    ((u64)16384) /* given at a time: 64 MiB */
#define RANGES_MOST  256u         /* in a message of ours */

static struct {
    struct dynmem_unballoon_request head;
    u64 range[RANGES_MOST];
} __attribute__((packed)) give; /* one is made at a time, and sent at once */

#define GIVE_ROOM (sizeof(struct vmbus_packet_head) + sizeof(give) + VMBUS_PACKET_TRAILER)

static u64 pages_now(const struct dynmem *dynmem)
{
    const struct guest_frames *frames = &dynmem_memory(dynmem)->frames;

    return guest_frames_all(frames) - frames->away_count;
}

static void balloon_ask(struct dynmem *dynmem, u64 pages)
{
    struct dynmem_balloon_request request = {.pages = (u32)MIN(pages, BALLOON_MOST)};

    dynmem->asked = request.pages;
    dynmem->state = DYNMEM_ASKED_BALLOON;
    dynmem_say(dynmem, DYNMEM_BALLOON_REQUEST, ++dynmem->transaction, &request,
               sizeof(request));
}

/* Pages that are there again; how many ranges of them. */
static u32 ranges_restore(struct guest_memory *memory, u64 pages)
{
    u64 gfn, count;
    u32 ranges = 0;

    for (; ranges < RANGES_MOST && pages != 0; ranges++) {
        if (!guest_frames_away_first(&memory->frames, &gfn, &count))
            break;
        count = MIN(count, pages);
        if (guest_memory_restore(memory, gfn, count) != ST_OK)
            break;
        give.range[ranges] = gfn | count << DYNMEM_COUNT_SHIFT;
        pages -= count;
    }
    guest_memory_settle(memory);
    return ranges;
}

/* False: the machine has no memory for it now. */
static bool unballoon_ask(struct dynmem *dynmem, u64 pages)
{
    u32 ranges = ranges_restore(dynmem_memory(dynmem), MIN(pages, GIVE_MOST));

    if (ranges == 0)
        return false;
    give.head = (struct dynmem_unballoon_request){.ranges = ranges};
    dynmem->state = DYNMEM_ASKED_UNBALLOON;
    dynmem_say(dynmem, DYNMEM_UNBALLOON_REQUEST, ++dynmem->transaction, &give,
               (u32)(sizeof(give.head) + ranges * DYNMEM_RANGE_BYTES));
    return true;
}

static bool hot_add_ask(struct dynmem *dynmem, u64 pages)
{
    struct guest_memory *memory = dynmem_memory(dynmem);
    u64 gfn = memory->frames.more_begin + memory->frames.more;
    struct dynmem_hot_add_request request = {.range = gfn | pages << DYNMEM_COUNT_SHIFT};
    enum status status = guest_memory_add(memory, pages);

    guest_memory_settle(memory);
    if (status != ST_OK)
        return false;
    dynmem->asked = pages;
    dynmem->state = DYNMEM_ASKED_HOT_ADD;
    dynmem_say(dynmem, DYNMEM_HOT_ADD_REQUEST, ++dynmem->transaction, &request,
               sizeof(request));
    return true;
}

static u64 room_to_add(const struct dynmem *dynmem)
{
    return dynmem->can & DYNMEM_CAN_HOT_ADD ? guest_frames_left(&dynmem_memory(dynmem)->frames)
                                            : 0;
}

/* The guest lacks so many pages; false: it is to be looked at again. */
static bool more_give(struct dynmem *dynmem, u64 pages)
{
    u64 room = room_to_add(dynmem);

    if (dynmem_memory(dynmem)->frames.away_count != 0)
        return unballoon_ask(dynmem, pages);
    return room == 0 || hot_add_ask(dynmem, MIN(room, MIN(pages, DYNMEM_HOT_ADD_ALIGN)));
}

u64 dynmem_continue(struct dynmem *dynmem, u64 now_ns)
{
    bool is_done = true;
    u64 now;

    if (dynmem->channel.state != VMBUS_OPENED || dynmem->state != DYNMEM_READY)
        return DYNMEM_NEVER;
    now = pages_now(dynmem);
    if (now == dynmem->target_pages)
        return DYNMEM_NEVER;
    if (now_ns < dynmem->next_ns)
        return dynmem->next_ns;
    if (!vmbus_channel_has_room(&dynmem->channel, GIVE_ROOM))
        return DYNMEM_NEVER; /* it is called again when the guest has signalled */
    dynmem->next_ns = now_ns + (RETRY_NS << dynmem->retries);
    if (now < dynmem->target_pages)
        is_done = more_give(dynmem, dynmem->target_pages - now);
    else if (dynmem->can & DYNMEM_CAN_BALLOON)
        balloon_ask(dynmem, now - dynmem->target_pages);
    return is_done ? DYNMEM_NEVER : dynmem->next_ns;
}

/* What is next is due at once. */
static void hurry(struct dynmem *dynmem)
{
    dynmem->next_ns = 0;
    dynmem->retries = 0;
}

void dynmem_request_end(struct dynmem *dynmem, u64 missing)
{
    dynmem->state = DYNMEM_READY;
    if (missing == 0)
        hurry(dynmem);
    else
        dynmem->retries = MIN(dynmem->retries + 1, RETRIES_MOST);
}

void dynmem_target_set(struct dynmem *dynmem, u64 pages)
{
    dynmem->target_pages = pages;
    hurry(dynmem);
}
