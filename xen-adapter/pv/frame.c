/* Counts and types of frames. */
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/shootdown.h"

struct mmu mmu;

void mmu_flush_request(void)
{
    flush_vcpus(~0u);
}

/*
 * Before a frame gets another meaning: at once on the others, who may be using what their TLBs
 * remember; here before the guest runs again. That is a full flush for the clock.
 */
static void flush_stale(void)
{
    this_vcpu()->flush |= FLUSH_ALL;
    if (mmu.vcpu_count == 1)
        return;
    shootdown_run(~0u);
    flush_clock_advance();
}

/* Nobody uses the old type any more, but a TLB that was not flushed since may still allow it.
 */
static void type_change(struct frame *frame, enum frame_type type)
{
    u64 word = frame->word;

    if (word_type(word) != FRAME_NONE && (word & FRAME_CLOCK) == mmu.clock)
        flush_stale();
    frame->word = (word & ~FRAME_TYPE) | (u64)type;
}

static enum status content_check(u64 number, enum frame_type type)
{
    if (type == FRAME_SEGMENT)
        return segment_page_check(number);
    return table_validate(number, (u32)type);
}

enum status frame_type_only_get(u64 number, enum frame_type type)
{
    struct frame *frame;
    enum status status;

    if (!frame_owned(number))
        return ST_INVALID;
    frame = frame_at(number);
    if (!word_has_room(frame->word))
        return ST_INVALID;
    if (word_type(frame->word) != type) {
        if ((frame->word & FRAME_COUNT) != 0)
            return ST_INVALID;
        type_change(frame, type);
    }
    if (type == FRAME_WRITABLE || (frame->word & FRAME_VALID) != 0) {
        frame->word += FRAME_COUNT_ONE;
        return ST_OK;
    }
    if ((frame->word & FRAME_COUNT) != 0)
        return ST_INVALID; /* a table on its way to be checked refers to itself */
    frame->word += FRAME_COUNT_ONE;
    status = content_check(number, type);
    if (status != ST_OK) {
        frame_count_drop(frame);
        return status;
    }
    frame->word |= FRAME_VALID;
    return ST_OK;
}

void frame_type_only_put(u64 number)
{
    struct frame *frame = frame_at(number);
    enum frame_type type = word_type(frame->word);

    if (type != FRAME_WRITABLE && word_count(frame->word) == 1) {
        if (type != FRAME_SEGMENT)
            table_release(number, (u32)type);
        frame->word &= ~(FRAME_VALID | FRAME_LINEAR_IN | FRAME_LINEAR_OUT);
    }
    frame_count_drop(frame);
}

enum status frame_type_get(u64 number, enum frame_type type)
{
    TRY(frame_type_only_get(number, type));
    frame_at(number)->word += FRAME_REF_ONE;
    return ST_OK;
}

void frame_type_put(u64 number)
{
    frame_type_only_put(number);
    frame_ref_put(number);
}

void frame_ref_put(u64 number)
{
    frame_at(number)->word -= FRAME_REF_ONE;
}

/* The GDT and LDT windows hold descriptor pages too; the LDT's are a cache and can be dropped.
 */
static enum status writable_get(u64 number)
{
    if (word_type(frame_at(number)->word) == FRAME_SEGMENT) {
        for (u32 i = 0; i < mmu.vcpu_count; i++)
            ldt_drop_pages(mmu.vcpu[i]);
    }
    return frame_type_only_get(number, FRAME_WRITABLE) == ST_OK ? ST_OK : ST_BUSY;
}

/* Special and foreign frames have no types: nothing of them is ever a table. */
static enum status untyped_get(struct frame *frame, u64 entry)
{
    enum frame_kind kind = word_kind(frame->word);

    if (kind == FRAME_HOLE)
        return entry_frame(entry) == PTE_FRAME >> PAGE_SHIFT ? ST_INVALID : ST_DENIED;
    if (kind != FRAME_SPECIAL && kind != FRAME_FOREIGN)
        return ST_BUSY;
    if ((entry & PTE_RW) != 0 && (frame->word & FRAME_READ_ONLY) != 0)
        return ST_BUSY;
    if (!word_has_room(frame->word))
        return ST_BUSY;
    frame->word += FRAME_REF_ONE;
    return ST_OK;
}

enum status frame_map_get(u64 entry)
{
    u64 number = entry_frame(entry);
    struct frame *frame;
    u64 word;

    if (number >= mmu.mfn_end)
        return number == PTE_FRAME >> PAGE_SHIFT ? ST_INVALID : ST_DENIED;
    frame = frame_at(number);
    word = frame->word;
    if (word_kind(word) != FRAME_GUEST)
        return untyped_get(frame, entry);
    if (!word_has_room(word))
        return ST_BUSY;
    if ((entry & PTE_RW) == 0) {
        frame->word = word + FRAME_REF_ONE;
        return ST_OK;
    }
    if (word_type(word) == FRAME_WRITABLE) {
        frame->word = word + FRAME_REF_ONE + FRAME_COUNT_ONE;
        return ST_OK;
    }
    TRY(writable_get(number));
    frame->word += FRAME_REF_ONE;
    return ST_OK;
}

void frame_map_put(u64 entry)
{
    u64 number = entry_frame(entry);
    struct frame *frame = frame_at(number);

    if ((entry & PTE_RW) != 0)
        frame_map_downgrade(number);
    else if (word_type(frame->word) == FRAME_SEGMENT && (frame->word & FRAME_COUNT) != 0)
        for (u32 i = 0; i < mmu.vcpu_count; i++)
            ldt_drop_pages(mmu.vcpu[i]);
    frame->word -= FRAME_REF_ONE;
}

enum status frame_map_upgrade_slow(u64 number)
{
    u64 word = frame_at(number)->word;

    if (word_kind(word) == FRAME_SPECIAL || word_kind(word) == FRAME_FOREIGN)
        return (word & FRAME_READ_ONLY) != 0 ? ST_BUSY : ST_OK;
    return writable_get(number);
}

void frame_kind_set(mfn_t first, u64 count, enum frame_kind kind)
{
    for (u64 i = 0; i < count && first.raw + i < mmu.mfn_end; i++)
        frame_at(first.raw + i)->word = FRAME_KIND_BITS(kind);
}

enum frame_kind frame_kind_get(mfn_t frame)
{
    return frame.raw < mmu.mfn_end ? word_kind(frame_at(frame.raw)->word) : FRAME_HOLE;
}

bool frame_is_guest(mfn_t frame)
{
    return frame_owned(frame.raw);
}
