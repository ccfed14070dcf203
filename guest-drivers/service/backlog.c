#include "guest-drivers/service/backlog.h"
#include "hv/lib/string.h"

/* Its bytes follow. */
struct waiting {
    struct net_frame frame;
};

static u32 size_of(u32 bytes)
{
    return (u32)align_up(sizeof(struct waiting) + bytes, 8);
}

static struct waiting *waiting_at(const struct backlog *backlog, u32 offset)
{
    return (struct waiting *)(void *)(backlog->memory + offset);
}

void backlog_open(struct backlog *backlog, void *memory, u32 room)
{
    *backlog = (struct backlog){.memory = memory, .room = room, .end = room};
}

/* Room in one piece, behind the last frame or at the beginning. */
static bool place_find(struct backlog *backlog, u32 size)
{
    bool is_wrapped = backlog->count != 0 && backlog->next <= backlog->first;
    u32 limit = is_wrapped ? backlog->first : backlog->room;

    if (limit - backlog->next >= size)
        return true;
    if (is_wrapped || backlog->first < size)
        return false;
    backlog->end = backlog->next;
    backlog->next = 0;
    return true;
}

bool backlog_append(struct backlog *backlog, const struct net_frame *frame)
{
    u32 size = size_of(frame->bytes);
    struct waiting *waiting;

    if (backlog->count == 0)
        backlog_open(backlog, backlog->memory, backlog->room);
    if (!place_find(backlog, size))
        return false;
    waiting = waiting_at(backlog, backlog->next);
    waiting->frame = *frame;
    waiting->frame.at = (const u8 *)(waiting + 1);
    memcpy(waiting + 1, frame->at, frame->bytes);
    backlog->next += size;
    backlog->count++;
    return true;
}

bool backlog_first(const struct backlog *backlog, struct net_frame *frame)
{
    if (backlog->count == 0)
        return false;
    *frame = waiting_at(backlog, backlog->first)->frame;
    return true;
}

void backlog_drop(struct backlog *backlog)
{
    backlog->first += size_of(waiting_at(backlog, backlog->first)->frame.bytes);
    backlog->count--;
    if (backlog->first == backlog->end) {
        backlog->first = 0;
        backlog->end = backlog->room;
    }
}
