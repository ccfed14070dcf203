#include "guest-drivers/service/virtio_nic.h"
#include "guest-drivers/service/platform.h"
#include "guest-drivers/service/virtio.h"
#include "hv/lib/string.h"

#define BUFFER_BYTES 2048u
#define LARGEST      1514u
#define ADDRESSES    64u

struct buffer {
    struct virtio_net_head head;
    u8 frame[BUFFER_BYTES - sizeof(struct virtio_net_head)];
};

struct nic {
    struct net_port port; /* first: the switch gives it back */
    struct net_address address[ADDRESSES];
    struct virtio_device device;
    u64 sending; /* buffers, as bits */
    _Alignas(4096) struct virtio_queue receive;
    _Alignas(4096) struct virtio_queue send;
    _Alignas(4096) struct buffer arriving[VIRTQ_ENTRIES];
    struct buffer leaving[VIRTQ_ENTRIES];
};
_Static_assert(PAGE_SIZE % sizeof(struct buffer) == 0, "a buffer lies in one page");
_Static_assert(VIRTQ_ENTRIES == 64, "a bit for each buffer");

static struct nic *nic;

/* Buffers the device is done with. */
static void leaving_collect(void)
{
    u32 id, bytes;

    while (virtio_queue_take(&nic->send, &id, &bytes))
        if (id < VIRTQ_ENTRIES)
            nic->sending &= ~BIT(id);
}

static void nic_send(struct net_port *port, const struct net_frame *frame)
{
    struct buffer *buffer;
    u32 which;

    leaving_collect();
    if (nic->sending == ~(u64)0 || frame->bytes > LARGEST) {
        port->out.dropped++;
        return;
    }
    which = (u32)__builtin_ctzll(~nic->sending);
    buffer = &nic->leaving[which];
    memcpy(buffer->frame, frame->at, frame->bytes);
    nic->send.desc[which].bytes = (u32)sizeof(buffer->head) + frame->bytes;
    nic->sending |= BIT(which);
    virtio_queue_put(&nic->send, (u16)which);
}

static enum status start(u32 address)
{
    TRY(virtio_start(&nic->device, address, 0, 0));
    TRY(virtio_queue_start(&nic->device, &nic->receive, VIRTIO_NET_RECEIVE, VIRTIO_TELLS));
    TRY(virtio_queue_start(&nic->device, &nic->send, VIRTIO_NET_SEND, VIRTIO_SILENT));
    for (u16 i = 0; i < VIRTQ_ENTRIES; i++) {
        nic->receive.desc[i] = (struct virtq_desc){machine_address(&nic->arriving[i]),
                                                   BUFFER_BYTES, VIRTQ_WRITE, 0};
        nic->send.desc[i] = (struct virtq_desc){machine_address(&nic->leaving[i]), 0, 0, 0};
        virtio_queue_put(&nic->receive, i);
    }
    virtio_ready(&nic->device);
    virtio_queue_ring(&nic->receive);
    return ST_OK;
}

enum status virtio_nic_init(struct net_switch *net)
{
    u32 address = 0;
    enum status status;

    if (!virtio_find(&address, VIRTIO_NET_MODERN, VIRTIO_NET_BOTH))
        return ST_NO_DEVICE;
    nic = platform_memory(sizeof(*nic));
    if (!nic)
        return ST_NO_MEMORY;
    status = start(address);
    if (status != ST_OK) {
        nic = NULL;
        return status;
    }
    nic->port.send = nic_send;
    nic->port.largest = LARGEST;
    nic->port.trust = NET_MACHINE;
    nic->port.address = nic->address;
    nic->port.addresses = ADDRESSES;
    switch_attach(net, &nic->port);
    return ST_OK;
}

static void arrival_forward(u32 which, u32 bytes, u64 now_ns)
{
    struct net_frame frame = {.at = nic->arriving[which].frame};

    if (bytes < sizeof(struct virtio_net_head) || bytes > BUFFER_BYTES)
        return;
    frame.bytes = bytes - (u32)sizeof(struct virtio_net_head);
    switch_input(&nic->port, &frame, now_ns);
}

bool virtio_nic_poll(u64 now_ns)
{
    u32 id, bytes;
    u32 count = 0;

    for (; nic && count < VIRTQ_ENTRIES && virtio_queue_take(&nic->receive, &id, &bytes);
         count++) {
        if (id >= VIRTQ_ENTRIES)
            continue;
        arrival_forward(id, bytes, now_ns);
        virtio_queue_put(&nic->receive, (u16)id);
    }
    return count != 0;
}

void virtio_nic_push(void)
{
    if (!nic)
        return;
    virtio_queue_ring(&nic->receive);
    virtio_queue_ring(&nic->send);
}
