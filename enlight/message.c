/* Messages and signals to the root, and what extended calls there are. [TLFS 11.11, 3.14] */
#include "enlight/call.h"

enum tlfs_status tlfs_post_message(struct tlfs_call *call)
{
    const struct tlfs_post_message *in = TLFS_INPUT(call, struct tlfs_post_message);
    enum status status;

    if (in->bytes > TLFS_PAYLOAD_BYTES || (in->type & TLFS_MESSAGE_HYPERVISOR) ||
        in->type == TLFS_MESSAGE_NONE || in->reserved)
        return TLFS_INVALID_PARAMETER;
    status = op_message_send(call->partition, in->connection, in->type, in->payload, in->bytes);
    if (status == ST_NO_SPACE)
        return TLFS_INSUFFICIENT_BUFFERS;
    return status == ST_OK ? TLFS_SUCCESS : TLFS_INVALID_CONNECTION_ID;
}

/* A connection of ours has one flag. */
enum tlfs_status tlfs_signal_event(struct tlfs_call *call)
{
    const struct tlfs_signal_event *in = TLFS_INPUT(call, struct tlfs_signal_event);

    if (in->reserved || in->flag)
        return TLFS_INVALID_PARAMETER;
    return op_event_signal(call->partition, in->connection) == ST_OK
               ? TLFS_SUCCESS
               : TLFS_INVALID_CONNECTION_ID;
}

enum tlfs_status tlfs_ext_call_query_capabilities(struct tlfs_call *call)
{
    static const u64 none;

    return mem_write_gpa(call->partition, gpa(call->out), &none, sizeof(none)) == ST_OK
               ? TLFS_SUCCESS
               : TLFS_INVALID_HYPERCALL_INPUT;
}
