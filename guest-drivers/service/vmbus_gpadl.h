/*
 * GPADLs: lists of guest pages that a guest describes once, over several messages, and then
 * names by a number.
 */
#ifndef GUEST_DRIVERS_SERVICE_VMBUS_GPADL_H
#define GUEST_DRIVERS_SERVICE_VMBUS_GPADL_H

#include "guest-drivers/service/guest_memory.h"

#define VMBUS_GPADLS_MAX 128u
#define VMBUS_FRAMES_MAX 49152u /* of all GPADLs of a guest together: 192 MiB */

struct vmbus_gpadl {
    u32 id; /* 0: free */
    u32 relid;
    u32 bytes;
    u32 offset; /* into the first page */
    u32 first;  /* of its frames */
    u32 frames;
    u32 known; /* so many of them have been told */
};

struct vmbus_gpadls {
    struct guest_memory *memory;
    struct vmbus_gpadl entry[VMBUS_GPADLS_MAX];
    u32 used;
    u32 frame[VMBUS_FRAMES_MAX];
};

void vmbus_gpadls_make(struct vmbus_gpadls *all, struct guest_memory *memory);

/* Reserves `frames` for a GPADL whose pages are still to be told. ST_INVALID, ST_EXISTS,
 * ST_NO_SPACE. */
enum status vmbus_gpadl_begin(struct vmbus_gpadls *all, const struct vmbus_gpadl *want,
                              struct vmbus_gpadl **out);
/* More of its pages. ST_INVALID: too many, or no page can have such a number. */
enum status vmbus_gpadl_tell(struct vmbus_gpadls *all, struct vmbus_gpadl *gpadl,
                             const u8 *pfns, u32 count);
/* NULL; one that is not whole yet is found too. */
struct vmbus_gpadl *vmbus_gpadl_find(struct vmbus_gpadls *all, u32 id);
static inline bool vmbus_gpadl_is_whole(const struct vmbus_gpadl *gpadl)
{
    return gpadl->known == gpadl->frames;
}
void vmbus_gpadl_end(struct vmbus_gpadls *all, struct vmbus_gpadl *gpadl);
/* All that are left of a channel. */
void vmbus_gpadls_end_of(struct vmbus_gpadls *all, u32 relid);

/* Page `index` of a whole GPADL. */
u64 vmbus_gpadl_frame(const struct vmbus_gpadls *all, const struct vmbus_gpadl *gpadl,
                      u32 index);

/* Copies between a whole GPADL, from byte `at` of it on, and memory of ours. ST_RANGE, and what
 * mapping its pages answers. */
enum vmbus_copy { VMBUS_FETCH, VMBUS_STORE };
enum status vmbus_gpadl_copy(const struct vmbus_gpadls *all, const struct vmbus_gpadl *gpadl,
                             enum vmbus_copy direction, u32 at, u8 *ours, u32 bytes);
/* The same with a piece of one page. */
enum status vmbus_page_copy(struct guest_memory *memory, u64 gfn, enum vmbus_copy direction,
                            u32 offset, u8 *ours, u32 bytes);

#endif
