/* What the reservation calls of memory_op do to frames. [xen/memory.h] */
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/mmu.h"

static void kind_change(u64 number, enum frame_kind kind)
{
    struct frame *frame = frame_at(number);

    frame->word = (frame->word & ~FRAME_KIND) | FRAME_KIND_BITS(kind);
    if (kind == FRAME_RELEASED)
        mmu.released = MIN(mmu.released, number);
}

enum status frame_release(mfn_t frame, bool *give)
{
    u64 number = frame.raw;

    if (!frame_owned(number))
        return ST_INVALID;
    m2p_set(frame, pfn(M2P_INVALID));
    if ((frame_at(number)->word & FRAME_PINNED) != 0) {
        frame_at(number)->word &= ~FRAME_PINNED;
        frame_type_put(number);
    }
    *give = word_refs(frame_at(number)->word) == 0;
    kind_change(number, *give ? FRAME_RELEASED : FRAME_LEAVING);
    if (!*give)
        mmu.leaving++;
    return ST_OK;
}

enum status frame_release_idle(mfn_t frame)
{
    bool give;

    if (frame_owned(frame.raw) && word_refs(frame_at(frame.raw)->word) != 0)
        return ST_BUSY;
    return frame_release(frame, &give);
}

enum status frame_reuse(mfn_t *frame)
{
    if (mmu.leaving == 0)
        return ST_NO_MEMORY;
    for (u64 i = 0; i < mmu.mfn_end; i++) {
        u64 word = frame_at(i)->word;

        if (word_kind(word) != FRAME_LEAVING || word_refs(word) != 0)
            continue;
        kind_change(i, FRAME_RELEASED);
        mmu.leaving--;
        *frame = mfn(i);
        return ST_OK;
    }
    return ST_NO_MEMORY;
}

static bool all_released(u64 first, u64 count)
{
    for (u64 i = 0; i < count; i++)
        if (word_kind(frame_at(first + i)->word) != FRAME_RELEASED)
            return false;
    return true;
}

enum status frame_find_released(u32 order, u64 end, mfn_t *first)
{
    u64 count = BIT(order & 31);
    u64 limit = order < 32 ? MIN(end, mmu.mfn_end) : 0;
    u64 i = align_down(mmu.released, count);

    while (i + count <= limit && !all_released(i, count))
        i += count;
    if (order == 0)
        mmu.released = MAX(mmu.released, MIN(i, limit));
    if (i + count > limit)
        return ST_NO_MEMORY;
    *first = mfn(i);
    return ST_OK;
}

/* The old type stays in the word: translations of the frame's former life may still be cached.
 */
enum status frame_accept(mfn_t frame, pfn_t pfn)
{
    if (frame_kind_get(frame) != FRAME_RELEASED)
        return ST_INVALID;
    kind_change(frame.raw, FRAME_GUEST);
    m2p_set(frame, pfn);
    return ST_OK;
}
