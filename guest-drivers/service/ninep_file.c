#include "guest-drivers/service/ninep_call.h"
#include "hv/lib/string.h"

/* Flags of T_LOPEN, also Linux's. */
#define OPEN_WRITES 03u
#define OPEN_CREATE 0100u
#define OPEN_TRUNC  01000u

#define ATTRIBUTES    0x7ffu      /* all that stat(2) knows */
#define STATFS_MAGIC  0x01021997u /* as Linux knows its own 9P */
#define BLOCK_BYTES   4096u
#define SECTOR_BYTES  512u
#define COOKIE_DOT    1u /* places in a folder: the entry to go on behind */
#define COOKIE_DOTDOT 2u

/* ---- attributes -------------------------------------------------------------------------- */

/* As Linux packs them for user space. */
static u64 device_number(const struct cpio_node *node)
{
    return (node->minor & 0xffu) | (u64)node->major << 8 | (u64)(node->minor & ~0xffu) << 12;
}

enum ninep_error ninep_getattr(struct ninep_call *call)
{
    const struct cpio_node *node = call->node;
    struct ninep_reply *out = call->out;

    ninep_put(out, ATTRIBUTES, 8);
    ninep_put_qid(out, node);
    ninep_put(out, node->mode, 4);
    ninep_put(out, node->uid, 4);
    ninep_put(out, node->gid, 4);
    ninep_put(out, node->links, 8);
    ninep_put(out, device_number(node), 8);
    ninep_put(out, node->size, 8);
    ninep_put(out, BLOCK_BYTES, 8);
    ninep_put(out, align_up(node->size, SECTOR_BYTES) / SECTOR_BYTES, 8);
    for (u32 i = 0; i < 3; i++) { /* atime, mtime, ctime; seconds and nanoseconds */
        ninep_put(out, node->mtime, 8);
        ninep_put(out, 0, 8);
    }
    for (u32 i = 0; i < 4; i++) /* birth, generation and version are not known */
        ninep_put(out, 0, 8);
    return NINEP_OK;
}

enum ninep_error ninep_statfs(struct ninep_call *call)
{
    const struct cpio *tree = call->server->tree;
    struct ninep_reply *out = call->out;

    ninep_put(out, STATFS_MAGIC, 4);
    ninep_put(out, BLOCK_BYTES, 4);
    ninep_put(out, align_up(tree->bytes, BLOCK_BYTES) / BLOCK_BYTES, 8);
    ninep_put(out, 0, 8); /* free */
    ninep_put(out, 0, 8);
    ninep_put(out, tree->count, 8);
    ninep_put(out, 0, 8);
    ninep_put(out, 0, 8); /* an id of the file system */
    ninep_put(out, CPIO_NAME_MAX, 4);
    return NINEP_OK;
}

enum ninep_error ninep_readlink(struct ninep_call *call)
{
    const struct cpio_node *node = call->node;

    if (!cpio_is(node, CPIO_LINK))
        return NINEP_EINVAL;
    if (call->out->head_bytes + 2 + node->size > call->server->message_max)
        return NINEP_ERANGE;
    ninep_put_name(call->out, (struct ninep_name){(const char *)node->data, node->size});
    return NINEP_OK;
}

/* ---- reading ----------------------------------------------------------------------------- */

enum ninep_error ninep_open(struct ninep_call *call)
{
    u32 flags = (u32)ninep_take(&call->in, 4);
    bool writes = (flags & (OPEN_WRITES | OPEN_CREATE | OPEN_TRUNC)) != 0;
    bool is_folder = cpio_is(call->node, CPIO_FOLDER);

    if (call->fid->is_open)
        return NINEP_EBADF;
    if (writes)
        return is_folder ? NINEP_EISDIR : NINEP_EROFS;
    if (!is_folder && !cpio_is(call->node, CPIO_FILE))
        return NINEP_EOPNOTSUPP; /* a device or a pipe is the client's own */
    call->fid->is_open = true;
    ninep_put_qid(call->out, call->node);
    ninep_put(call->out, 0, 4); /* as much at a time as a message takes */
    return NINEP_OK;
}

/* What a reply of this size may carry behind its count. */
static u32 room_for(u32 wanted, u32 most)
{
    return MIN(wanted, most - NINEP_HEADER_BYTES - 4);
}

enum ninep_error ninep_read(struct ninep_call *call)
{
    const struct cpio_node *node = call->node;
    u64 offset = ninep_take(&call->in, 8);
    u32 wanted = (u32)ninep_take(&call->in, 4);
    u64 left = offset < node->size ? node->size - offset : 0;

    if (!call->fid->is_open)
        return NINEP_EBADF;
    if (!cpio_is(node, CPIO_FILE))
        return NINEP_EISDIR;
    call->out->data_bytes = (u32)MIN(left, room_for(wanted, call->server->message_max));
    call->out->data = node->data + (left ? offset : 0);
    ninep_put(call->out, call->out->data_bytes, 4);
    return NINEP_OK;
}

/* False when there is no room for it. */
static bool put_entry(struct ninep_call *call, u32 end, u32 node, u64 cookie,
                      struct ninep_name name)
{
    struct ninep_reply *out = call->out;
    const struct cpio_node *entry = ninep_node(call, node);

    if (out->head_bytes + NINEP_QID_BYTES + 8 + 1 + 2 + name.bytes > end)
        return false;
    ninep_put_qid(out, entry);
    ninep_put(out, cookie, 8);
    ninep_put(out, (entry->mode & CPIO_KIND) >> 12, 1); /* as DT_* of readdir(3) */
    ninep_put_name(out, name);
    return true;
}

/* The child to begin with; false: the place is none of this folder's. */
static bool folder_place(const struct ninep_call *call, u64 cookie, u32 *child)
{
    const struct cpio *tree = call->server->tree;
    u64 index = cookie - COOKIE_DOTDOT;

    *child = call->node->child;
    if (cookie <= COOKIE_DOTDOT)
        return true;
    if (index >= tree->count || tree->node[index].parent != call->fid->node)
        return false;
    *child = tree->node[index].next;
    return true;
}

/* Entries from a place on, up to `end` of the head; false when there is no room for all. */
static bool put_entries(struct ninep_call *call, u32 end, u64 cookie, u32 child)
{
    if (cookie < COOKIE_DOT &&
        !put_entry(call, end, call->fid->node, COOKIE_DOT, (struct ninep_name){".", 1}))
        return false;
    if (cookie < COOKIE_DOTDOT &&
        !put_entry(call, end, call->node->parent, COOKIE_DOTDOT, (struct ninep_name){"..", 2}))
        return false;
    for (; child != CPIO_NONE; child = ninep_node(call, child)->next) {
        const struct cpio_node *node = ninep_node(call, child);

        if (!put_entry(call, end, child, (u64)child + COOKIE_DOTDOT,
                       (struct ninep_name){node->name, node->name_bytes}))
            return false;
    }
    return true;
}

enum ninep_error ninep_readdir(struct ninep_call *call)
{
    struct ninep_reply *out = call->out;
    u64 cookie = ninep_take(&call->in, 8);
    u32 most = MIN(call->server->message_max, NINEP_REPLY_MAX);
    u32 room = room_for((u32)ninep_take(&call->in, 4), most);
    u32 count_at = out->head_bytes;
    u32 child, count;
    bool is_all;

    if (!call->fid->is_open)
        return NINEP_EBADF;
    if (!cpio_is(call->node, CPIO_FOLDER))
        return NINEP_ENOTDIR;
    if (!folder_place(call, cookie, &child))
        return NINEP_EINVAL;
    ninep_put(out, 0, 4);
    is_all = put_entries(call, out->head_bytes + room, cookie, child);
    count = out->head_bytes - count_at - 4;
    if (count == 0 && !is_all)
        return NINEP_EINVAL; /* not even one */
    memcpy(out->head + count_at, &count, sizeof(count));
    return NINEP_OK;
}
