#include "guest-drivers/service/ninep.h"
#include "guest-drivers/service/ninep_call.h"
#include "hv/lib/string.h"

/* Requests; the reply to each has the next number. */
enum message {
    R_LERROR = 7,
    T_STATFS = 8,
    T_LOPEN = 12,
    T_LCREATE = 14,
    T_SYMLINK = 16,
    T_MKNOD = 18,
    T_RENAME = 20,
    T_READLINK = 22,
    T_GETATTR = 24,
    T_SETATTR = 26,
    T_XATTRCREATE = 32,
    T_READDIR = 40,
    T_FSYNC = 50,
    T_LINK = 70,
    T_MKDIR = 72,
    T_RENAMEAT = 74,
    T_UNLINKAT = 76,
    T_VERSION = 100,
    T_ATTACH = 104,
    T_FLUSH = 108,
    T_WALK = 110,
    T_READ = 116,
    T_WRITE = 118,
    T_CLUNK = 120,
    T_REMOVE = 122,
    MESSAGES = 128,
};

#define VERSION    "9P2000.L"
#define WALK_MAX   16u
#define QID_FOLDER 0x80u
#define QID_LINK   0x02u

/* ---- bytes ------------------------------------------------------------------------------- */

u64 ninep_take(struct ninep_request *in, u32 bytes)
{
    u64 value = 0;

    memcpy(&value, in->at, bytes);
    in->at += bytes;
    in->left -= bytes;
    return value;
}

enum ninep_error ninep_take_name(struct ninep_request *in, struct ninep_name *out)
{
    if (in->left < 2)
        return NINEP_EINVAL;
    out->bytes = (u32)ninep_take(in, 2);
    out->at = (const char *)in->at;
    if (in->left < out->bytes)
        return NINEP_EINVAL;
    in->at += out->bytes;
    in->left -= out->bytes;
    return NINEP_OK;
}

static bool name_is(struct ninep_name name, const char *text)
{
    return name.bytes == strlen(text) && memcmp(name.at, text, name.bytes) == 0;
}

void ninep_put(struct ninep_reply *out, u64 value, u32 bytes)
{
    memcpy(out->head + out->head_bytes, &value, bytes);
    out->head_bytes += bytes;
}

void ninep_put_name(struct ninep_reply *out, struct ninep_name name)
{
    ninep_put(out, name.bytes, 2);
    memcpy(out->head + out->head_bytes, name.at, name.bytes);
    out->head_bytes += name.bytes;
}

void ninep_put_qid(struct ninep_reply *out, const struct cpio_node *node)
{
    bool is_folder = cpio_is(node, CPIO_FOLDER);
    bool is_link = cpio_is(node, CPIO_LINK);

    ninep_put(out, is_folder ? QID_FOLDER : is_link ? QID_LINK : 0, 1);
    ninep_put(out, 0, 4); /* a version: nothing changes */
    ninep_put(out, node->identity, 8);
}

/* ---- sessions ---------------------------------------------------------------------------- */

static enum ninep_error serve_version(struct ninep_call *call)
{
    struct ninep *server = call->server;
    u32 wanted = (u32)ninep_take(&call->in, 4);
    struct ninep_name version;
    bool is_ours;

    if (ninep_take_name(&call->in, &version) != NINEP_OK || wanted < NINEP_MESSAGE_LEAST)
        return NINEP_EINVAL;
    is_ours = name_is(version, VERSION);
    fids_clear(&server->fids);
    server->message_max = MIN(wanted, server->limit);
    ninep_put(call->out, server->message_max, 4);
    if (is_ours)
        ninep_put_name(call->out, (struct ninep_name){VERSION, sizeof(VERSION) - 1});
    else
        ninep_put_name(call->out, (struct ninep_name){"unknown", 7});
    return NINEP_OK;
}

static enum ninep_error fid_make(struct ninep *server, u32 number, u32 node)
{
    if (fid_find(&server->fids, number))
        return NINEP_EBADF;
    return fid_add(&server->fids, number, node) ? NINEP_OK : NINEP_ENFILE;
}

/* The tree has one root, whoever asks. */
static enum ninep_error serve_attach(struct ninep_call *call)
{
    u32 number = (u32)ninep_take(&call->in, 4);
    struct ninep_name user, path;
    enum ninep_error error;

    (void)ninep_take(&call->in, 4); /* a fid of an authentication */
    if (ninep_take_name(&call->in, &user) != NINEP_OK ||
        ninep_take_name(&call->in, &path) != NINEP_OK)
        return NINEP_EINVAL;
    if (path.bytes != 0 && !name_is(path, "/"))
        return NINEP_ENOENT;
    error = fid_make(call->server, number, CPIO_ROOT);
    if (error == NINEP_OK)
        ninep_put_qid(call->out, ninep_node(call, CPIO_ROOT));
    return error;
}

/* Requests are answered in their order: what is to be flushed has been answered. */
static enum ninep_error serve_nothing(struct ninep_call *call)
{
    (void)call;
    return NINEP_OK;
}

static enum ninep_error serve_clunk(struct ninep_call *call)
{
    fid_remove(&call->server->fids, call->fid);
    return NINEP_OK;
}

static enum ninep_error serve_remove(struct ninep_call *call)
{
    fid_remove(&call->server->fids, call->fid);
    return NINEP_EROFS;
}

/* ---- names ------------------------------------------------------------------------------- */

static enum ninep_error step(const struct ninep_call *call, u32 *node, struct ninep_name name)
{
    const struct cpio_node *folder = ninep_node(call, *node);
    u32 child;

    if (!cpio_is(folder, CPIO_FOLDER))
        return NINEP_ENOTDIR;
    if (name_is(name, "..")) {
        *node = folder->parent;
        return NINEP_OK;
    }
    child = cpio_find(call->server->tree, *node, name.at, name.bytes);
    if (child == CPIO_NONE)
        return NINEP_ENOENT;
    *node = child;
    return NINEP_OK;
}

/* The walked fid, or a new one, stands for the end of the way if all of it was walked. */
static enum ninep_error walk_end(struct ninep_call *call, u32 number, u32 node)
{
    if (number != call->fid->number)
        return fid_make(call->server, number, node);
    call->fid->node = node;
    return NINEP_OK;
}

static enum ninep_error serve_walk(struct ninep_call *call)
{
    u32 number = (u32)ninep_take(&call->in, 4);
    u32 count = (u32)ninep_take(&call->in, 2);
    u32 node = call->fid->node;
    u32 count_at = call->out->head_bytes;
    enum ninep_error error = NINEP_OK;
    struct ninep_name name;
    u16 done = 0;

    if (count > WALK_MAX)
        return NINEP_EINVAL;
    if (call->fid->is_open)
        return NINEP_EBADF;
    ninep_put(call->out, 0, 2);
    for (; done < count; done++) {
        if (ninep_take_name(&call->in, &name) != NINEP_OK)
            return NINEP_EINVAL;
        error = step(call, &node, name);
        if (error != NINEP_OK)
            break;
        ninep_put_qid(call->out, ninep_node(call, node));
    }
    if (error != NINEP_OK && done == 0)
        return error;
    memcpy(call->out->head + count_at, &done, sizeof(done));
    return done == count ? walk_end(call, number, node) : NINEP_OK;
}

/* ---- requests ---------------------------------------------------------------------------- */

struct row {
    enum ninep_error (*serve)(struct ninep_call *call); /* NULL: refused with EROFS */
    u8 least;                                           /* bytes of the body, without texts */
    bool has_fid;                                       /* it begins with one that is in use */
};

#define WRITES                                                                                 \
    {                                                                                          \
        NULL, 4, true                                                                          \
    }

static const struct row rows[MESSAGES] = {
    [T_VERSION] = {serve_version, 4, false},
    [T_ATTACH] = {serve_attach, 8, false},
    [T_FLUSH] = {serve_nothing, 2, false},
    [T_FSYNC] = {serve_nothing, 4, true},
    [T_CLUNK] = {serve_clunk, 4, true},
    [T_REMOVE] = {serve_remove, 4, true},
    [T_WALK] = {serve_walk, 10, true},
    [T_GETATTR] = {ninep_getattr, 12, true},
    [T_STATFS] = {ninep_statfs, 4, true},
    [T_READLINK] = {ninep_readlink, 4, true},
    [T_LOPEN] = {ninep_open, 8, true},
    [T_READ] = {ninep_read, 16, true},
    [T_READDIR] = {ninep_readdir, 16, true},
    [T_LCREATE] = WRITES,
    [T_SYMLINK] = WRITES,
    [T_MKNOD] = WRITES,
    [T_RENAME] = WRITES,
    [T_SETATTR] = WRITES,
    [T_XATTRCREATE] = WRITES,
    [T_LINK] = WRITES,
    [T_MKDIR] = WRITES,
    [T_RENAMEAT] = WRITES,
    [T_UNLINKAT] = WRITES,
    [T_WRITE] = WRITES,
};

static enum ninep_error row_serve(const struct row *row, struct ninep_call *call)
{
    if (row->least == 0)
        return NINEP_EOPNOTSUPP;
    if (call->in.left < row->least)
        return NINEP_EINVAL;
    if (row->has_fid) {
        call->fid = fid_find(&call->server->fids, (u32)ninep_take(&call->in, 4));
        if (!call->fid)
            return NINEP_EBADF;
        call->node = ninep_node(call, call->fid->node);
    }
    return row->serve ? row->serve(call) : NINEP_EROFS;
}

static void reply_begin(struct ninep_reply *reply, u32 type, u32 tag)
{
    reply->head_bytes = 0;
    reply->data_bytes = 0;
    ninep_put(reply, 0, 4); /* the size, at the end */
    ninep_put(reply, type, 1);
    ninep_put(reply, tag, 2);
}

void ninep_begin(struct ninep *server, const struct cpio *tree, u32 limit)
{
    server->tree = tree;
    server->limit = limit;
    server->message_max = NINEP_MESSAGE_LEAST;
    fids_clear(&server->fids);
}

void ninep_serve(struct ninep *server, const u8 *request, u32 bytes, struct ninep_reply *reply)
{
    struct ninep_call call = {.server = server, .in = {request, bytes}, .out = reply};
    static const struct row unknown;
    enum ninep_error error;
    u32 type, tag, size;

    (void)ninep_take(&call.in, 4);
    type = (u32)ninep_take(&call.in, 1);
    tag = (u32)ninep_take(&call.in, 2);
    reply_begin(reply, type + 1, tag);
    error = row_serve(type < MESSAGES ? &rows[type] : &unknown, &call);
    if (error != NINEP_OK) {
        reply_begin(reply, R_LERROR, tag);
        ninep_put(reply, error, 4);
    }
    size = reply->head_bytes + reply->data_bytes;
    memcpy(reply->head, &size, sizeof(size));
}
