#include "guest-drivers/service/synic.h"
#include "enlight/abi/vmbus.h"
#include "guest-drivers/lib/native_call.h"

enum status synic_message_post(u32 partition, u32 vp, u32 sint, const void *bytes, u32 count)
{
    struct native_message_post in = {.partition = partition,
                                     .vcpu = vp,
                                     .sint = sint,
                                     .type = VMBUS_MESSAGE_TYPE,
                                     .payload = (u64)(uintptr_t)bytes,
                                     .bytes = count};
    enum status status = call_message_post(&in, NULL);

    return status == ST_BUSY ? ST_AGAIN : status;
}

void synic_flag_set(u32 partition, u32 vp, u32 sint, u32 flag)
{
    struct native_event_flag_set in = {partition, vp, sint, flag};

    (void)call_event_flag_set(&in, NULL);
}

enum status synic_event_connect(u32 partition, u32 connection, u32 *port)
{
    struct native_partition pair = {partition, 0};
    struct native_event_connect in = {.partition = partition, .connection = connection};
    struct native_port_connect_out out;
    struct native_port local;
    enum status status;

    TRY(call_port_connect(&pair, &out));
    in.port = out.local_port;
    status = call_event_connect(&in, NULL);
    if (status == ST_OK) {
        *port = out.local_port;
        return ST_OK;
    }
    local = (struct native_port){out.local_port, 0};
    (void)call_port_close(&local, NULL);
    return status;
}

void synic_event_disconnect(u32 partition, u32 connection, u32 port)
{
    struct native_event_connect in = {.partition = partition, .connection = connection};
    struct native_port local = {port, 0};

    /* In this order the guest's end of the port goes as well. */
    (void)call_port_close(&local, NULL);
    (void)call_event_disconnect(&in, NULL);
}
