/* Grant tables for the fake native operations: frames without rules; what a test wants mapping
 * and copying to answer is a variable. */
#include "abi-tests/unit/fake_grant.h"

#include <string.h>

struct fake_grant fake_grant;

static _Alignas(4096) u8 frames[OP_GRANT_FRAMES_MAX][4096];
static _Alignas(4096) u8 status_frames[OP_GRANT_STATUS_FRAMES_MAX][4096];

void fake_grant_reset(void)
{
    memset(&fake_grant, 0, sizeof(fake_grant));
    fake_grant.version = 1;
}

enum status op_grant_grow(struct partition *p, u32 count)
{
    (void)p;
    if (count > OP_GRANT_FRAMES_MAX)
        return ST_INVALID;
    if (fake_grant.is_full)
        return ST_NO_MEMORY;
    fake_grant.frames = MAX(fake_grant.frames, count);
    return ST_OK;
}

u32 op_grant_frame_count(const struct partition *p)
{
    (void)p;
    return fake_grant.frames;
}

u32 op_grant_status_frame_count(const struct partition *p)
{
    (void)p;
    return fake_grant.version == 2 ? (fake_grant.frames + 7) / 8 : 0;
}

void *op_grant_frame(const struct partition *p, u32 index)
{
    (void)p;
    return frames[index];
}

void *op_grant_status_frame(const struct partition *p, u32 index)
{
    (void)p;
    return status_frames[index];
}

u32 op_grant_version(const struct partition *p)
{
    (void)p;
    return fake_grant.version == 2 ? 2 : 1;
}

enum status op_grant_version_set(struct partition *p, u32 version)
{
    (void)p;
    if (version != 1 && version != 2)
        return ST_INVALID;
    fake_grant.version = version;
    return ST_OK;
}

enum status op_grant_swap(struct partition *p, u32 a, u32 b)
{
    (void)p;
    return a / 512 < fake_grant.frames && b / 512 < fake_grant.frames ? ST_OK : ST_NO_ENTRY;
}

enum status op_grant_map(struct partition *p, gpa_t at, struct partition *lender, u32 ref,
                         u32 rights, u32 *handle)
{
    (void)p;
    (void)lender;
    fake_grant.at = at;
    fake_grant.ref = ref;
    fake_grant.rights = rights;
    if (fake_grant.answer == ST_OK)
        *handle = ref + 1000;
    return fake_grant.answer;
}

enum status op_grant_unmap(struct partition *p, u32 handle, gpa_t at)
{
    (void)p;
    fake_grant.at = at;
    fake_grant.ref = handle;
    return fake_grant.answer;
}

enum status op_grant_copy(struct partition *p, const struct op_grant_side *from,
                          const struct op_grant_side *to, u32 bytes)
{
    (void)p;
    fake_grant.from = *from;
    fake_grant.to = *to;
    fake_grant.bytes = bytes;
    return fake_grant.answer;
}
