/*
 * The frame table: one word for each frame, with its owner, its exclusive type and two counts.
 *
 * `refs` counts everything that keeps the frame (mappings, types, pins, control registers);
 * `count` counts what keeps its type. Each use of a type holds one of both. The type survives
 * count 0, so that the next taker of another type knows what stale TLB entries may allow; a
 * frame changes type only at count 0. A page table or descriptor page is `valid` while its
 * content has been checked and what it refers to is held.
 */
#ifndef XEN_ADAPTER_PV_FRAME_H
#define XEN_ADAPTER_PV_FRAME_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/pv/mmu.h"

enum frame_type {
    FRAME_NONE,
    FRAME_L1, /* the level is the number */
    FRAME_L2,
    FRAME_L3,
    FRAME_L4,
    FRAME_SEGMENT, /* page of a GDT or LDT */
    FRAME_WRITABLE,
};

struct frame {
    u64 word;
};

#define FRAME_TYPE        7ull
#define FRAME_KIND_SHIFT  3
#define FRAME_KIND        (7ull << FRAME_KIND_SHIFT)
#define FRAME_VALID       BIT(6)
#define FRAME_PINNED      BIT(7)
#define FRAME_LINEAR_IN   BIT(8)  /* another table of its level refers to it */
#define FRAME_LINEAR_OUT  BIT(9)  /* it refers to another table of its level */
#define FRAME_READ_ONLY   BIT(10) /* a foreign frame lent for reading */
#define FRAME_CLOCK_SHIFT 11      /* flush clock when count fell to 0 */
#define FRAME_CLOCK       (15ull << FRAME_CLOCK_SHIFT)
#define FRAME_COUNT_SHIFT 15
#define FRAME_COUNT_ONE   BIT(FRAME_COUNT_SHIFT)
#define FRAME_COUNT       ((BIT(21) - 1) << FRAME_COUNT_SHIFT)
#define FRAME_REF_SHIFT   36
#define FRAME_REF_ONE     BIT(FRAME_REF_SHIFT)
#define FRAME_REFS        ((BIT(28) - 1) << FRAME_REF_SHIFT)

#define FRAME_KIND_BITS(kind) ((u64)(kind) << FRAME_KIND_SHIFT)

static inline struct frame *frame_at(u64 number)
{
    return &mmu.frames[number];
}

static inline void *frame_page(u64 number)
{
    return mmu.direct + (number << PAGE_SHIFT);
}

static inline enum frame_type word_type(u64 word)
{
    return (enum frame_type)(word & FRAME_TYPE);
}

static inline enum frame_kind word_kind(u64 word)
{
    return (enum frame_kind)((word & FRAME_KIND) >> FRAME_KIND_SHIFT);
}

static inline u32 word_count(u64 word)
{
    return (u32)((word & FRAME_COUNT) >> FRAME_COUNT_SHIFT);
}

static inline u32 word_refs(u64 word)
{
    return (u32)(word >> FRAME_REF_SHIFT);
}

/* One more reference, and one more use of the type, would not overflow their fields. */
static inline bool word_has_room(u64 word)
{
    return (word & FRAME_REFS) != FRAME_REFS && (word & FRAME_COUNT) != FRAME_COUNT;
}

static inline u64 entry_frame(u64 entry)
{
    return (entry & PTE_FRAME) >> PAGE_SHIFT;
}

/* True for a frame that is the guest's own; `number` may be anything. */
static inline bool frame_owned(u64 number)
{
    return number < mmu.mfn_end && word_kind(frame_at(number)->word) == FRAME_GUEST;
}

/* The frame is in use as what `type` says, checked and held. */
static inline bool frame_is(u64 number, enum frame_type type)
{
    u64 word = frame_at(number)->word;

    return (word & (FRAME_TYPE | FRAME_VALID)) == ((u64)type | FRAME_VALID) &&
           (word & FRAME_COUNT) != 0;
}

/*
 * Takes a type and a reference; a table or descriptor page is validated on first use.
 * ST_INVALID: not the guest's, in use as something else, or counts are full; else the status
 * of the validation, with nothing changed.
 */
enum status frame_type_get(u64 number, enum frame_type type);

/* Gives both back; the last one ends the validity and drops what the content refers to. */
void frame_type_put(u64 number);

/* The type alone, by one who holds a reference anyway (a mapping that gains or loses RW). */
enum status frame_type_only_get(u64 number, enum frame_type type);
void frame_type_only_put(u64 number);

/*
 * What a present L1 entry holds: a reference, and with PTE_RW a writable type.
 * ST_BUSY: not the guest's, or in use as table or descriptor page; ST_DENIED: no memory of
 * anybody; ST_INVALID: no frame number at all.
 */
enum status frame_map_get(u64 entry);
void frame_map_put(u64 entry);

/* A writable mapping of a frame that is mapped already, where it is not the plain case. */
enum status frame_map_upgrade_slow(u64 number);

/* Sets PTE_RW for a frame that is mapped already: as frame_map_get. */
static inline enum status frame_map_upgrade(u64 number)
{
    struct frame *frame = frame_at(number);
    u64 word = frame->word;

    if (__builtin_expect((word & (FRAME_TYPE | FRAME_KIND)) ==
                             (FRAME_WRITABLE | FRAME_KIND_BITS(FRAME_GUEST)),
                         1) &&
        (word & FRAME_COUNT) != FRAME_COUNT) {
        frame->word = word + FRAME_COUNT_ONE;
        return ST_OK;
    }
    return frame_map_upgrade_slow(number);
}

/* One use of the type less; the last one notes when, for type changes to come. */
static inline void frame_count_drop(struct frame *frame)
{
    u64 word = frame->word - FRAME_COUNT_ONE;

    if ((word & FRAME_COUNT) == 0)
        word = (word & ~FRAME_CLOCK) | mmu.clock;
    frame->word = word;
}

/* Clears PTE_RW of a mapping. Special and foreign frames have no types. */
static inline void frame_map_downgrade(u64 number)
{
    struct frame *frame = frame_at(number);
    enum frame_kind kind = word_kind(frame->word);

    if (kind == FRAME_GUEST || kind == FRAME_LEAVING)
        frame_count_drop(frame);
}

/* A full flush has been done, or is being done. */
static inline void flush_clock_advance(void)
{
    mmu.clock = (mmu.clock + BIT(FRAME_CLOCK_SHIFT)) & FRAME_CLOCK;
}

/* A reference alone. */
void frame_ref_put(u64 number);

/* mmu_validate.c: the content of a table; frame_type_get and _put call them. */
enum status table_validate(u64 number, u32 level);
void table_release(u64 number, u32 level);

/* What one present entry of a table holds. entry_get also adjusts the entry for the CPU. */
enum status entry_get(u64 table, u32 level, u64 *entry);
void entry_put(u64 table, u32 level, u64 entry);

/* mmu_update.c: replaces an entry of a table in use, with Xen's rules. */
enum entry_mode { ENTRY_PLAIN, ENTRY_KEEP_AD };
enum status entry_set_l1(u64 *slot, u64 entry, enum entry_mode mode);
enum status entry_set(u64 table, u32 level, u32 index, u64 entry, enum entry_mode mode);

/* descriptors.c */
enum status segment_page_check(u64 number);
bool descriptor_fix(u64 *descriptor);
void ldt_drop_pages(struct pv_vcpu *vcpu);

/* Frame of the L1 table and index of the entry behind `va`, in the given tables. */
struct walk {
    u64 table;
    u64 *slot;
};
enum status table_walk(mfn_t l4, u64 va, struct walk *out);

/* mmu_va.c: flushes on the vCPUs of a bitmap in guest memory; ST_FAULT if it is not there. */
enum status mmu_flush_on(u64 bitmap_address);
void mmu_flush_page(struct pv_vcpu *vcpu, u64 va, u32 vcpus);
enum status mmu_flush_page_on(struct pv_vcpu *vcpu, u64 va, u64 bitmap_address);

/* Every vCPU, or those of a mask, must flush all guest translations: this one before it runs
 * its guest again, the others before mmu_settle() returns. */
void mmu_flush_request(void);
void flush_vcpus(u32 vcpus);

#define FLUSH_ALL    1u
#define FLUSH_OTHERS 2u /* those of flush_others */

#define GDT_WINDOW_PAGES 16u /* pages of vcpu->window before the LDT's */

#endif
