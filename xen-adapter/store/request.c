/* One request from the wire: payload to arguments, the operation, the answer. */
#include "hv/lib/string.h"
#include "xen-adapter/store/request.h"

const char *store_error_name(enum store_error error)
{
    static const char *const names[STORE_ERRORS] = {
        [STORE_EINVAL] = "EINVAL", [STORE_EACCES] = "EACCES", [STORE_EEXIST] = "EEXIST",
        [STORE_ENOENT] = "ENOENT", [STORE_ENOMEM] = "ENOMEM", [STORE_ENOSPC] = "ENOSPC",
        [STORE_ENOSYS] = "ENOSYS", [STORE_EBUSY] = "EBUSY",   [STORE_EAGAIN] = "EAGAIN",
        [STORE_E2BIG] = "E2BIG",   [STORE_EPERM] = "EPERM",
    };

    return error < STORE_ERRORS && names[error] ? names[error] : "EINVAL";
}

static void reply_add(struct request *r, const void *data, u32 bytes)
{
    memcpy(r->store->reply + r->reply_bytes, data, bytes);
    r->reply_bytes += bytes;
}

enum store_error reply_text(struct request *r, const char *text)
{
    reply_add(r, text, (u32)strlen(text) + 1);
    return STORE_OK;
}

enum store_error reply_ok(struct request *r, enum store_error error)
{
    return error ? error : reply_text(r, "OK");
}

static void arguments_split(struct request *r)
{
    u32 at = 0;

    while (at < r->bytes && r->arguments < ARRAY_SIZE(r->argument)) {
        u32 length = (u32)strnlen(r->text + at, r->bytes - at);

        if (at + length >= r->bytes)
            return; /* the rest has no NUL: a value */
        r->argument[r->arguments++] = r->text + at;
        at += length + 1;
    }
}

const char *one_argument(const struct request *r)
{
    return r->arguments == 1 && strlen(r->argument[0]) + 1 == r->bytes ? r->argument[0] : NULL;
}

static enum store_error path_of_kind(struct request *r, const char *argument,
                                     enum path_kind kind)
{
    if (!argument)
        return STORE_EINVAL;
    return path_absolute(r->connection, argument, kind, r->store->path);
}

static enum store_error path_of(struct request *r, const char *argument)
{
    return path_of_kind(r, argument, PATH_NODE);
}

/* The node at r->store->path, if that is one. */
static enum store_error node_of(struct request *r, enum store_error error, u32 need,
                                struct node **out)
{
    return error
               ? error
               : tree_find(r->store, r->connection, r->transaction, r->store->path, need, out);
}

static enum store_error do_directory(struct request *r)
{
    struct node *node;
    enum store_error error = node_of(r, path_of(r, one_argument(r)), ACCESS_READ, &node);

    if (error)
        return error;
    if (node->is.names_bytes > PAYLOAD_MAX)
        return STORE_E2BIG;
    reply_add(r, node->is.names, node->is.names_bytes);
    return STORE_OK;
}

/* A piece of a long list: the generation, then whole names; an empty name ends it. */
static enum store_error do_directory_part(struct request *r)
{
    struct node *node;
    enum store_error error;
    char number[24];
    u64 offset;
    u32 digits, room;

    if (r->arguments != 2 || !number_read(r->argument[1], &offset))
        return STORE_EINVAL;
    error = node_of(r, path_of(r, r->argument[0]), ACCESS_READ, &node);
    if (error)
        return error;
    digits = number_write(number, node->generation);
    reply_add(r, number, digits + 1);
    if (offset >= node->is.names_bytes) {
        reply_add(r, "", 1);
        return STORE_OK;
    }
    room = PAYLOAD_MAX - r->reply_bytes - 1;
    while (offset < node->is.names_bytes) {
        u32 bytes = (u32)strlen(node->is.names + offset) + 1;

        if (bytes > room)
            return STORE_OK;
        reply_add(r, node->is.names + offset, bytes);
        offset += bytes;
        room -= bytes;
    }
    reply_add(r, "", 1);
    return STORE_OK;
}

static enum store_error do_read(struct request *r)
{
    struct node *node;
    enum store_error error = node_of(r, path_of(r, one_argument(r)), ACCESS_READ, &node);

    if (error)
        return error;
    if (node->is.value_bytes > PAYLOAD_MAX)
        return STORE_E2BIG;
    reply_add(r, node->is.value, node->is.value_bytes);
    return STORE_OK;
}

static enum store_error do_write(struct request *r)
{
    enum store_error error;
    u32 path_bytes;

    if (!r->arguments)
        return STORE_EINVAL;
    path_bytes = (u32)strlen(r->argument[0]) + 1;
    error = path_of(r, r->argument[0]);
    if (!error)
        error = tree_write(r->store, r->connection, r->transaction, r->store->path,
                           (const u8 *)r->text + path_bytes, r->bytes - path_bytes);
    return reply_ok(r, error);
}

static enum store_error do_mkdir(struct request *r)
{
    enum store_error error = path_of(r, one_argument(r));

    if (!error)
        error = tree_make(r->store, r->connection, r->transaction, r->store->path);
    return reply_ok(r, error);
}

static enum store_error do_rm(struct request *r)
{
    enum store_error error = path_of(r, one_argument(r));

    if (!error)
        error = tree_remove(r->store, r->connection, r->transaction, r->store->path);
    return reply_ok(r, error);
}

static enum store_error do_get_perms(struct request *r)
{
    static const char letters[] = {'n', 'r', 'w', 'b'};
    struct node *node;
    enum store_error error =
        node_of(r, path_of_kind(r, one_argument(r), PATH_NODE_OR_SPECIAL), ACCESS_READ, &node);
    u32 i;

    if (error)
        return error;
    for (i = 0; i < node->is.permission_count; i++) {
        char text[16];

        text[0] = letters[node->is.permissions[i].access & 3];
        reply_add(r, text, number_write(text + 1, node->is.permissions[i].domid) + 2);
    }
    return STORE_OK;
}

bool permission_read(const char *text, struct permission *out)
{
    u64 domid;

    switch (text[0]) {
    case 'n':
        out->access = ACCESS_NONE;
        break;
    case 'r':
        out->access = ACCESS_READ;
        break;
    case 'w':
        out->access = ACCESS_WRITE;
        break;
    case 'b':
        out->access = ACCESS_READ | ACCESS_WRITE;
        break;
    default:
        return false;
    }
    if (!number_read(text + 1, &domid))
        return false;
    out->domid = domid < XEN_DOMID_FIRST_RESERVED ? (u32)domid : XEN_DOMID_FIRST_RESERVED;
    return true;
}

static enum store_error do_set_perms(struct request *r)
{
    struct permission permissions[PERMISSIONS_MAX];
    u32 count = r->arguments - 1;
    enum store_error error;
    u32 i;

    if (r->arguments < 2 || r->text[r->bytes - 1])
        return STORE_EINVAL;
    if (count > PERMISSIONS_MAX || (!r->connection->is_privileged && count > QUOTA_PERMISSIONS))
        return STORE_ENOSPC;
    for (i = 0; i < count; i++)
        if (!permission_read(r->argument[i + 1], &permissions[i]))
            return STORE_EINVAL;
    if (permissions[0].domid == XEN_DOMID_FIRST_RESERVED)
        return STORE_ENOENT;
    error = path_of_kind(r, r->argument[0], PATH_NODE_OR_SPECIAL);
    if (!error)
        error = tree_permit(r->store, r->connection, r->transaction, r->store->path,
                            permissions, count);
    return reply_ok(r, error);
}

static enum store_error do_watch(struct request *r)
{
    if (r->arguments != 2)
        return STORE_EINVAL;
    return reply_ok(r, watch_add(r->store, r->connection, r->argument[0], r->argument[1]));
}

static enum store_error do_unwatch(struct request *r)
{
    if (r->arguments != 2)
        return STORE_EINVAL;
    return reply_ok(r, watch_remove(r->store, r->connection, r->argument[0], r->argument[1]));
}

static enum store_error do_transaction_start(struct request *r)
{
    enum store_error error;
    char number[24];
    u32 id;

    if (r->transaction)
        return STORE_EBUSY;
    error = transaction_begin(r->store, r->connection, &id);
    if (error)
        return error;
    number_write(number, id);
    return reply_text(r, number);
}

static enum store_error do_transaction_end(struct request *r)
{
    const char *how = one_argument(r);
    struct transaction *t = r->transaction;

    if (!how || (strcmp(how, "T") && strcmp(how, "F")))
        return STORE_EINVAL;
    if (!t)
        return STORE_ENOENT;
    r->transaction = NULL;
    return reply_ok(r,
                    transaction_finish(r->store, r->connection, t->id,
                                       how[0] == 'T' ? TRANSACTION_COMMIT : TRANSACTION_ABORT));
}

static enum store_error do_get_domain_path(struct request *r)
{
    const char *argument = one_argument(r);
    char path[48] = "/local/domain/";
    u64 domid;

    if (!argument || !number_read(argument, &domid))
        return STORE_EINVAL;
    number_write(path + strlen(path), domid);
    return reply_text(r, path);
}

static enum store_error do_reset_watches(struct request *r)
{
    watch_remove_all(r->store, r->connection);
    while (r->connection->transactions)
        (void)transaction_finish(r->store, r->connection, r->connection->transactions->id,
                                 TRANSACTION_ABORT);
    r->transaction = NULL;
    return reply_text(r, "OK");
}

static enum store_error request_run(struct request *r)
{
    switch (r->header.type) {
    case WIRE_DIRECTORY:
        return do_directory(r);
    case WIRE_READ:
        return do_read(r);
    case WIRE_GET_PERMS:
        return do_get_perms(r);
    case WIRE_WATCH:
        return do_watch(r);
    case WIRE_UNWATCH:
        return do_unwatch(r);
    case WIRE_TRANSACTION_START:
        return do_transaction_start(r);
    case WIRE_TRANSACTION_END:
        return do_transaction_end(r);
    case WIRE_GET_DOMAIN_PATH:
        return do_get_domain_path(r);
    case WIRE_WRITE:
        return do_write(r);
    case WIRE_MKDIR:
        return do_mkdir(r);
    case WIRE_RM:
        return do_rm(r);
    case WIRE_SET_PERMS:
        return do_set_perms(r);
    case WIRE_RESET_WATCHES:
        return do_reset_watches(r);
    case WIRE_DIRECTORY_PART:
        return do_directory_part(r);
    default:
        return request_control(r);
    }
}

static void error_put(struct store *s, struct connection *c, const struct wire_header *header,
                      enum store_error error)
{
    const char *name = store_error_name(error);

    (void)message_put(s, c, WIRE_ERROR, header->request, header->transaction, name,
                      (u32)strlen(name) + 1);
}

void request_answer(struct store *s, struct connection *c, enum store_error error)
{
    struct wire_header header;

    memcpy(&header, c->in, sizeof(header));
    if (error)
        error_put(s, c, &header, error);
    else
        (void)message_put(s, c, header.type, header.request, header.transaction, "OK", 3);
}

/* Those that have nothing to do with a transaction do not ask whether it is there. */
static bool is_free_of_transactions(u32 type)
{
    return type == WIRE_WATCH || type == WIRE_UNWATCH || type > WIRE_DIRECTORY_PART;
}

void request_serve(struct store *s, struct connection *c)
{
    struct request r = {.store = s, .connection = c};
    u32 id;
    enum store_error error;

    memcpy(&r.header, c->in, sizeof(r.header));
    r.text = (const char *)c->in + sizeof(r.header);
    r.bytes = r.header.bytes;
    id = r.header.transaction;
    r.transaction = id ? transaction_find(c, id) : NULL;
    arguments_split(&r);
    if (id && !r.transaction && !is_free_of_transactions(r.header.type))
        error = STORE_ENOENT;
    else
        error = request_run(&r);
    if (c->is_waiting)
        return;
    if (error)
        error_put(s, c, &r.header, error);
    else
        (void)message_put(s, c, r.header.type, r.header.request, id, s->reply, r.reply_bytes);
    message_flush(s, c);
    if (!error && r.header.type == WIRE_WATCH)
        watch_first_event(s, c, r.argument[1]);
}
