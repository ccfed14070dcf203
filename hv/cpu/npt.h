/*
 * Nested page tables: guest-physical to host-physical, 4 KiB and 2 MiB. Pure memory work; the
 * frames of the tables are given by the caller beforehand, so that mapping itself allocates
 * nothing: before each npt_map or npt_unmap, `while (npt_wants(npt)) npt_give(npt, frame)`.
 *
 * Locks: the caller's (the space's). Tables are read by hardware; changes that take rights away
 * need guest_flush_tlb for each vCPU of the partition.
 */
#ifndef HV_CPU_NPT_H
#define HV_CPU_NPT_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* Rights of a mapping; KEEP is a software bit that is only stored. READ is always needed. */
#define NPT_READ  1u
#define NPT_WRITE 2u
#define NPT_EXEC  4u
#define NPT_KEEP  8u

#define NPT_SPARE 8
#define NPT_NEAR  16

/* Guest-physical addresses end here (48 bits). */
#define NPT_LIMIT BIT(48)

/* A page looked up of late, by its page number's low bits; forgotten before it changes. */
struct npt_near {
    u64 first; /* of its guest-physical addresses */
    u64 mask;  /* address & mask == first: inside */
    u8 *base;
    u32 flags;
};

struct npt {
    hpa_t root;
    u32 spare_count;
    u32 tables;  /* frames in use as tables, root included */
    u64 changes; /* another number after each change of what was mapped; never 0 */
    hpa_t spare[NPT_SPARE];
    struct npt_near near[NPT_NEAR];
};

/* root is a zeroed frame. */
void npt_make(struct npt *npt, hpa_t root);

/* Frames handed over are zeroed 4 KiB frames owned by the partition; freed with its owner. */
bool npt_wants(const struct npt *npt);
void npt_give(struct npt *npt, hpa_t frame);

/*
 * Maps one page of size 4 KiB or 2 MiB (PAGE_SIZE, LARGE_PAGE_SIZE), gpa and frame aligned to
 * it. An old mapping is replaced; a 2 MiB one is split when a 4 KiB page inside it changes.
 * ST_INVALID: bad size, alignment or address; ST_NO_MEMORY: spare frames were not filled.
 */
enum status npt_map(struct npt *npt, gpa_t gpa, hpa_t frame, u64 size, u32 flags);

/* Removes one page; nothing there is no error. Same sizes, same statuses. */
enum status npt_unmap(struct npt *npt, gpa_t gpa, u64 size);

struct npt_entry {
    hpa_t frame; /* of the page, not of the byte */
    u64 size;
    u32 flags;
};

/* Looks up the page that holds gpa. ST_NO_ENTRY when nothing is mapped there; size is then the
 * aligned hole around it. */
enum status npt_find(const struct npt *npt, gpa_t gpa, struct npt_entry *out);

/* npt_pointer_flagged() for a page that is not near. */
void *npt_pointer_far(struct npt *npt, gpa_t at, u32 mask, u32 flags);

/* Kernel address of the byte, good until the next change of the tables; NULL when nothing is
 * mapped or its flags under the mask are others. */
static inline void *npt_pointer_flagged(struct npt *npt, gpa_t at, u32 mask, u32 flags)
{
    const struct npt_near *near = &npt->near[at.raw >> PAGE_SHIFT & (NPT_NEAR - 1)];

    if ((at.raw & near->mask) == near->first && (near->flags & mask) == flags)
        return near->base + (at.raw - near->first);
    return npt_pointer_far(npt, at, mask, flags);
}

/* The same; NULL when nothing is mapped or a right of `need` is missing. */
static inline void *npt_pointer(struct npt *npt, gpa_t at, u32 need)
{
    return npt_pointer_flagged(npt, at, need, need);
}

#endif
