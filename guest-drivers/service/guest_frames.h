/*
 * Which frames of a guest are there: its RAM in up to three pieces, without what its balloon
 * has given back. Pure; gfn is a guest frame number.
 */
#ifndef GUEST_DRIVERS_SERVICE_GUEST_FRAMES_H
#define GUEST_DRIVERS_SERVICE_GUEST_FRAMES_H

#include "hv/lib/types.h"

struct guest_frames {
    u64 low;        /* from 0 */
    u64 high_begin; /* more of them */
    u64 high;
    u64 more_begin; /* those that were added while it ran */
    u64 more;
    u64 room;       /* bits of `away`: most frames it may have */
    u64 *away;      /* a bit for each frame; NULL: none ever goes */
    u64 away_count; /* of them */
};

/* Words of a map for so many frames. */
static inline u64 guest_frames_words(u64 frames)
{
    return (frames + 63) / 64;
}

/* So many frames of RAM, away or not; so many more it may have. */
static inline u64 guest_frames_all(const struct guest_frames *frames)
{
    return frames->low + frames->high + frames->more;
}

static inline u64 guest_frames_left(const struct guest_frames *frames)
{
    return frames->room - guest_frames_all(frames);
}

/* How many frames from here on are RAM, away or not; 0: this one is none. */
u64 guest_frames_run(const struct guest_frames *frames, u64 gfn);
bool guest_frame_is_here(const struct guest_frames *frames, u64 gfn);
/* Is this RAM, and all of it here? Both false for an empty range. */
bool guest_frames_are_here(const struct guest_frames *frames, u64 gfn, u64 count);
/* Is this RAM, and all of it away? */
bool guest_frames_are_away(const struct guest_frames *frames, u64 gfn, u64 count);

/* They go, they are back; the range was asked for above. */
void guest_frames_take(struct guest_frames *frames, u64 gfn, u64 count);
void guest_frames_give(struct guest_frames *frames, u64 gfn, u64 count);
/* The lowest run of frames that are away, within one piece of RAM; false: none is. */
bool guest_frames_away_first(const struct guest_frames *frames, u64 *gfn, u64 *count);

#endif
