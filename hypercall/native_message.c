/* Native calls: messages and events of Hyper-V guests. */
#include "hypercall/native_rows.h"
#include "hv/core/partition.h"
#include "hypercall/guest_mem.h"
#include "hypercall/mailbox.h"

static enum status vcpu_find(u32 partition, u32 id, struct vcpu **out)
{
    const struct partition *p = partition_find(partition);

    if (!p)
        return ST_NO_PARTITION;
    *out = partition_vcpu(p, id);
    return *out ? ST_OK : ST_NO_ENTRY;
}

enum status native_message_bind(struct call *call)
{
    const struct native_message_bind *in = IN(call, struct native_message_bind);
    struct partition *p = partition_find(in->partition);

    return p ? mailbox_bind(p, call->vcpu->partition, in->port) : ST_NO_PARTITION;
}

/* The message goes only when the root has it. */
enum status native_message_take(struct call *call)
{
    const struct native_message_take *in = IN(call, struct native_message_take);
    struct partition *p = partition_find(in->partition);
    const struct mailbox_message *message;

    if (!p)
        return ST_NO_PARTITION;
    message = mailbox_peek(p);
    if (!message)
        return ST_NO_DATA;
    TRY(mem_write(call->vcpu, gva(in->payload), message->payload, message->bytes));
    *(struct native_message_take_out *)(void *)call->out.bytes =
        (struct native_message_take_out){message->connection, message->type, message->bytes, 0};
    mailbox_drop(p);
    return ST_OK;
}

enum status native_message_post(struct call *call)
{
    const struct native_message_post *in = IN(call, struct native_message_post);
    struct mailbox_message *message;
    struct vcpu *to;

    TRY(vcpu_find(in->partition, in->vcpu, &to));
    if (in->sint >= NATIVE_SINTS || in->type == 0 || in->bytes > NATIVE_MESSAGE_BYTES)
        return ST_INVALID;
    TRY(mailbox_reserve(to, &message));
    TRY(mem_read(call->vcpu, gva(in->payload), message->payload, in->bytes));
    message->connection = in->sint;
    message->type = in->type;
    message->bytes = in->bytes;
    mailbox_commit(to);
    return ST_OK;
}

enum status native_event_connect(struct call *call)
{
    const struct native_event_connect *in = IN(call, struct native_event_connect);
    struct partition *p = partition_find(in->partition);

    return p ? mailbox_connect(p, call->vcpu->partition, in->port, in->connection)
             : ST_NO_PARTITION;
}

enum status native_event_disconnect(struct call *call)
{
    const struct native_event_connect *in = IN(call, struct native_event_connect);
    struct partition *p = partition_find(in->partition);

    return p ? mailbox_disconnect(p, in->connection) : ST_NO_PARTITION;
}

enum status native_event_flag_set(struct call *call)
{
    const struct native_event_flag_set *in = IN(call, struct native_event_flag_set);
    struct vcpu *to;

    TRY(vcpu_find(in->partition, in->vcpu, &to));
    return mailbox_flag_set(to, in->sint, in->flag);
}
