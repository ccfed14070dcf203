/* Requests of a toolstack: domains come and go. Nobody behind a ring has that right. */
#include "hv/lib/string.h"
#include "xen-adapter/store/request.h"

static bool is_introduced(struct store *s, u64 domid)
{
    return !domid || (domid < STORE_DOMAINS_MAX && connection_find(s, (u32)domid));
}

static enum store_error do_is_introduced(struct request *r)
{
    const char *argument = one_argument(r);
    u64 domid;

    if (!r->connection->is_privileged)
        return STORE_EACCES;
    if (!argument || !number_read(argument, &domid))
        return STORE_EINVAL;
    return reply_text(r, is_introduced(r->store, domid) ? "T" : "F");
}

/* The domain that a privileged caller names first; all arguments are numbers. */
static enum store_error domain_of(const struct request *r, u32 arguments, u64 *numbers)
{
    u32 i;

    if (!r->connection->is_privileged)
        return STORE_EACCES;
    if (r->arguments != arguments || r->text[r->bytes - 1])
        return STORE_EINVAL;
    for (i = 0; i < arguments; i++)
        if (!number_read(r->argument[i], &numbers[i]))
            return STORE_EINVAL;
    return is_introduced(r->store, numbers[0]) ? STORE_OK : STORE_ENOENT;
}

/* The owner of the server carries it out: the answer comes from store_order_done(). */
static enum store_error order_give(struct request *r, enum store_order_kind kind,
                                   const u64 *numbers)
{
    if (numbers[0] >= STORE_DOMAINS_MAX)
        return STORE_ENOENT;
    if (numbers[2] != (u32)numbers[2])
        return STORE_EINVAL;
    r->connection->order =
        (struct store_order){kind, (u32)numbers[0], numbers[1], (u32)numbers[2]};
    r->connection->is_waiting = true;
    return STORE_OK;
}

/* One that is there already begins anew: its kernel was replaced. */
static enum store_error do_introduce(struct request *r)
{
    u64 numbers[3];
    enum store_error error = domain_of(r, 3, numbers);

    if (error == STORE_ENOENT)
        return order_give(r, STORE_ORDER_INTRODUCE, numbers);
    if (error)
        return error;
    if (numbers[0])
        connection_forget(r->store, connection_find(r->store, (u32)numbers[0]));
    return reply_text(r, "OK");
}

static enum store_error do_release(struct request *r)
{
    u64 numbers[3] = {0};
    enum store_error error = domain_of(r, 1, numbers);

    if (error)
        return error;
    return numbers[0] ? order_give(r, STORE_ORDER_RELEASE, numbers) : STORE_EINVAL;
}

static enum store_error do_resume(struct request *r)
{
    u64 domid;

    return reply_ok(r, domain_of(r, 1, &domid));
}

/* The domain serves another one, as a device model does: it has that one's rights as well. */
static enum store_error do_set_target(struct request *r)
{
    u64 domids[2];
    enum store_error error = domain_of(r, 2, domids);

    if (error)
        return error;
    if (!is_introduced(r->store, domids[1]))
        return STORE_ENOENT;
    if (domids[0])
        connection_find(r->store, (u32)domids[0])->target = (u32)domids[1];
    return reply_text(r, "OK");
}

/* No command to the server itself is known. */
static enum store_error do_control(struct request *r)
{
    return r->connection->is_privileged ? STORE_EINVAL : STORE_EACCES;
}

enum store_error request_control(struct request *r)
{
    switch (r->header.type) {
    case WIRE_IS_DOMAIN_INTRODUCED:
        return do_is_introduced(r);
    case WIRE_INTRODUCE:
        return do_introduce(r);
    case WIRE_RELEASE:
        return do_release(r);
    case WIRE_RESUME:
        return do_resume(r);
    case WIRE_SET_TARGET:
        return do_set_target(r);
    case WIRE_CONTROL:
        return do_control(r);
    default:
        return STORE_ENOSYS;
    }
}
