#include "hypercall/op_grant.h"
#include "hv/core/partition.h"
#include "hv/core/share.h"

_Static_assert(OP_GRANT_FRAMES_MAX == GRANT_FRAMES_MAX &&
                   OP_GRANT_STATUS_FRAMES_MAX == GRANT_STATUS_FRAMES_MAX &&
                   OP_GRANT_NO_REF == SHARE_NO_REF,
               "same limits");
_Static_assert((int)OP_GRANT_READ == (int)GRANT_READ && (int)OP_GRANT_WRITE == (int)GRANT_WRITE,
               "same rights");

enum status op_grant_grow(struct partition *p, u32 frames)
{
    return grant_table_grow(p, frames);
}

u32 op_grant_frame_count(const struct partition *p)
{
    return grant_frame_count(p);
}

u32 op_grant_status_frame_count(const struct partition *p)
{
    return grant_status_frame_count(p);
}

void *op_grant_frame(const struct partition *p, u32 index)
{
    return grant_frame(p, index);
}

void *op_grant_status_frame(const struct partition *p, u32 index)
{
    return grant_status_frame(p, index);
}

u32 op_grant_version(const struct partition *p)
{
    return grant_version(p);
}

enum status op_grant_version_set(struct partition *p, u32 version)
{
    return grant_version_set(p, version);
}

enum status op_grant_swap(struct partition *p, u32 a, u32 b)
{
    return grant_swap(p, a, b);
}

enum status op_grant_map(struct partition *p, gpa_t at, struct partition *lender, u32 ref,
                         u32 rights, u32 *handle)
{
    return share_map_grant(lender, ref, p, at, rights | GRANT_READ, handle);
}

enum status op_grant_unmap(struct partition *p, u32 handle, gpa_t at)
{
    return share_unmap_grant(p, handle, at);
}

static struct share_side side(const struct op_grant_side *from)
{
    return (struct share_side){from->partition, from->ref, from->offset, from->at};
}

enum status op_grant_copy(struct partition *p, const struct op_grant_side *from,
                          const struct op_grant_side *to, u32 bytes)
{
    struct share_side source = side(from);
    struct share_side target = side(to);

    return share_copy(p, &source, &target, bytes);
}
