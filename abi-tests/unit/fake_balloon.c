#include "abi-tests/unit/fake_balloon.h"

#include <string.h>

u64 fake_machine_pages, fake_used_gfn;
bool fake_is_settled;
static u64 away[FAKE_ROOM / 64];

void fake_balloon_reset(struct guest_memory *memory)
{
    memset(away, 0, sizeof(away));
    fake_machine_pages = 0;
    fake_used_gfn = ~(u64)0;
    fake_is_settled = true;
    *memory = (struct guest_memory){.frames = {.low = FAKE_LOW,
                                               .high_begin = 1u << 20,
                                               .high = FAKE_HIGH,
                                               .room = FAKE_ROOM,
                                               .away = away}};
}

enum status guest_memory_release(struct guest_memory *memory, u64 gfn, u64 count)
{
    if (!guest_frames_are_here(&memory->frames, gfn, count))
        return ST_RANGE;
    if (fake_used_gfn - gfn < count)
        return ST_BUSY;
    guest_frames_take(&memory->frames, gfn, count);
    fake_machine_pages += count;
    fake_is_settled = false;
    return ST_OK;
}

enum status guest_memory_restore(struct guest_memory *memory, u64 gfn, u64 count)
{
    if (!guest_frames_are_away(&memory->frames, gfn, count))
        return ST_RANGE;
    if (count > fake_machine_pages)
        return ST_NO_MEMORY;
    guest_frames_give(&memory->frames, gfn, count);
    fake_machine_pages -= count;
    fake_is_settled = false;
    return ST_OK;
}

enum status guest_memory_add(struct guest_memory *memory, u64 count)
{
    if (count > fake_machine_pages)
        return ST_NO_MEMORY;
    memory->frames.more += count;
    fake_machine_pages -= count;
    fake_is_settled = false;
    return ST_OK;
}

enum status guest_memory_take_back(struct guest_memory *memory, u64 count)
{
    memory->frames.more -= count;
    fake_machine_pages += count;
    fake_is_settled = false;
    return ST_OK;
}

void guest_memory_settle(struct guest_memory *memory)
{
    (void)memory;
    fake_is_settled = true;
}
