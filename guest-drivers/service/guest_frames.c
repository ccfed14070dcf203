#include "guest-drivers/service/guest_frames.h"

/* The frames in their order, without the holes between the pieces: the bits of the map. */
static u64 bit_of(const struct guest_frames *frames, u64 gfn)
{
    if (gfn < frames->low)
        return gfn;
    if (gfn - frames->high_begin < frames->high)
        return frames->low + gfn - frames->high_begin;
    return frames->low + frames->high + gfn - frames->more_begin;
}

static u64 gfn_of(const struct guest_frames *frames, u64 bit)
{
    if (bit < frames->low)
        return bit;
    bit -= frames->low;
    return bit < frames->high ? frames->high_begin + bit
                              : frames->more_begin + bit - frames->high;
}

static bool bit_is_set(const struct guest_frames *frames, u64 bit)
{
    return frames->away && (frames->away[bit / 64] & BIT(bit % 64));
}

u64 guest_frames_run(const struct guest_frames *frames, u64 gfn)
{
    if (gfn < frames->low)
        return frames->low - gfn;
    if (gfn - frames->high_begin < frames->high)
        return frames->high_begin + frames->high - gfn;
    if (gfn - frames->more_begin < frames->more)
        return frames->more_begin + frames->more - gfn;
    return 0;
}

bool guest_frame_is_here(const struct guest_frames *frames, u64 gfn)
{
    return guest_frames_run(frames, gfn) != 0 && !bit_is_set(frames, bit_of(frames, gfn));
}

/* RAM, and each bit as it should be? */
static bool are(const struct guest_frames *frames, u64 gfn, u64 count, bool is_away)
{
    u64 bit = bit_of(frames, gfn);

    if (count == 0 || count > guest_frames_run(frames, gfn))
        return false;
    for (u64 i = 0; i < count; i++)
        if (bit_is_set(frames, bit + i) != is_away)
            return false;
    return true;
}

bool guest_frames_are_here(const struct guest_frames *frames, u64 gfn, u64 count)
{
    return are(frames, gfn, count, false);
}

bool guest_frames_are_away(const struct guest_frames *frames, u64 gfn, u64 count)
{
    return are(frames, gfn, count, true);
}

void guest_frames_take(struct guest_frames *frames, u64 gfn, u64 count)
{
    u64 bit = bit_of(frames, gfn);

    for (u64 i = bit; i < bit + count; i++)
        frames->away[i / 64] |= BIT(i % 64);
    frames->away_count += count;
}

void guest_frames_give(struct guest_frames *frames, u64 gfn, u64 count)
{
    u64 bit = bit_of(frames, gfn);

    for (u64 i = bit; i < bit + count; i++)
        frames->away[i / 64] &= ~BIT(i % 64);
    frames->away_count -= count;
}

bool guest_frames_away_first(const struct guest_frames *frames, u64 *gfn, u64 *count)
{
    u64 word = 0;
    u64 bit, limit;

    if (frames->away_count == 0)
        return false;
    while (frames->away[word] == 0)
        word++;
    bit = word * 64 + (u64)__builtin_ctzl(frames->away[word]);
    *gfn = gfn_of(frames, bit);
    limit = guest_frames_run(frames, *gfn);
    for (*count = 1; *count < limit && bit_is_set(frames, bit + *count);)
        *count += 1;
    return true;
}
