#include "guest-drivers/steward/vif_front.h"
#include "hv/lib/format.h"

/* ---- what is offered --------------------------------------------------------------------- */

enum status vif_keys_put(struct bus_device *bus, const struct vif_config *config)
{
    static const char *const features[] = {
        "feature-rx-copy",           "feature-sg",
        "feature-gso-tcpv4",         "feature-gso-tcpv6",
        "feature-ipv6-csum-offload", "feature-split-event-channels",
        "feature-ctrl-ring",
    };
    char name[VIF_BRIDGE_MAX + 1];
    u64 a = config->address;
    char mac[18];

    format(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", (u8)(a >> 40), (u8)(a >> 32),
           (u8)(a >> 24), (u8)(a >> 16), (u8)(a >> 8), (u8)a);
    TRY(bus_put(bus, "mac", mac));
    TRY(bus_front_put(bus, "mac", mac));
    format(name, sizeof(name), "%.*s", SHOW(config->bridge));
    TRY(bus_put(bus, "bridge", name));
    TRY(bus_put(bus, "type", "vif"));
    TRY(bus_put_number(bus, "handle", bus->id));
    TRY(bus_put_number(bus, "mtu", config->mtu));
    TRY(bus_front_put_number(bus, "mtu", config->mtu));
    for (u32 i = 0; i < ARRAY_SIZE(features); i++)
        TRY(bus_put(bus, features[i], "1"));
    TRY(bus_put(bus, "feature-rx-flip", "0"));
    return bus_put_number(bus, "multi-queue-max-queues", NET_QUEUES_MAX);
}

/* ---- what the front-end wants ------------------------------------------------------------ */

static bool front_says(struct bus_device *bus, const char *key)
{
    u32 value = 0;

    return bus_get_number(bus, key, 1, &value) == ST_OK && value == 1;
}

static enum status queue_open(struct bus_device *bus, struct net_back *back, u32 queues,
                              u32 queue)
{
    struct net_offer offer;

    TRY(bus_get_of_queue(bus, queues, queue, "tx-ring-ref", &offer.tx_ref));
    TRY(bus_get_of_queue(bus, queues, queue, "rx-ring-ref", &offer.rx_ref));
    if (bus_get_of_queue(bus, queues, queue, "event-channel", &offer.tx_port) == ST_OK) {
        offer.rx_port = offer.tx_port;
        return net_queue_open(back, &offer);
    }
    TRY(bus_get_of_queue(bus, queues, queue, "event-channel-tx", &offer.tx_port));
    TRY(bus_get_of_queue(bus, queues, queue, "event-channel-rx", &offer.rx_port));
    return net_queue_open(back, &offer);
}

static u32 abilities_read(struct bus_device *bus)
{
    u32 abilities = 0;

    if (!front_says(bus, "feature-no-csum-offload"))
        abilities |= NET_TAKES_BLANK4;
    if (front_says(bus, "feature-ipv6-csum-offload"))
        abilities |= NET_TAKES_BLANK6;
    if (!front_says(bus, "feature-sg"))
        return abilities;
    if ((abilities & NET_TAKES_BLANK4) && front_says(bus, "feature-gso-tcpv4"))
        abilities |= NET_TAKES_GSO4;
    if ((abilities & NET_TAKES_BLANK6) && front_says(bus, "feature-gso-tcpv6"))
        abilities |= NET_TAKES_GSO6;
    return abilities;
}

/* A front-end need not have a control ring. */
static enum status control_open(struct bus_device *bus, struct net_back *back)
{
    u32 ref, port;
    enum status status = bus_get_number(bus, "ctrl-ring-ref", UINT32_MAX, &ref);

    if (status == ST_NO_ENTRY)
        return ST_OK;
    TRY(status);
    TRY(bus_get_number(bus, "event-channel-ctrl", UINT32_MAX, &port));
    return net_control_open(&back->control, back->partition, ref, port);
}

enum status vif_rings_open(struct bus_device *bus, struct net_back *back,
                           struct net_switch *net)
{
    u32 queues = 1;

    if (!front_says(bus, "request-rx-copy"))
        return ST_UNSUPPORTED;
    if (bus_get_number(bus, "multi-queue-num-queues", NET_QUEUES_MAX, &queues) == ST_INVALID ||
        queues == 0)
        return ST_INVALID;
    for (u32 i = 0; i < queues; i++)
        TRY(queue_open(bus, back, queues, i));
    TRY(control_open(bus, back));
    net_back_attach(back, net, abilities_read(bus),
                    front_says(bus, "feature-sg") ? NET_FRAME_MAX : NET_SLOT_BYTES);
    return ST_OK;
}
