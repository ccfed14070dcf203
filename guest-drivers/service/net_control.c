#include "guest-drivers/service/net_control.h"
#include "guest-drivers/service/platform.h"
#include "hv/lib/string.h"

#define ROUND 32u /* requests before others have their turn */

_Static_assert(sizeof(struct xen_netif_control_request) == 16 &&
                   sizeof(struct xen_netif_control_response) == 12,
               "as in netif.h");

/* What was fetched of a guest's page; in one page of ours. */
static _Alignas(sizeof(u32) * RSS_TABLE_MAX) u32 arrival[RSS_TABLE_MAX];

enum status net_control_open(struct net_control *control, u32 partition, u32 ref, u32 port)
{
    enum status status;
    void *base;

    *control = (struct net_control){.partition = partition};
    TRY(grant_ring_map(partition, &ref, 1, &control->place, &base));
    status = port_bind(partition, port, &control->port);
    if (status != ST_OK) {
        grant_ring_unmap(control->place);
        return status;
    }
    xen_ring_open(&control->ring, base, PAGE_SIZE, sizeof(struct xen_netif_control_request));
    control->is_open = control->is_busy = true;
    return ST_OK;
}

void net_control_close(struct net_control *control)
{
    if (control->is_open) {
        port_unbind(control->port);
        grant_ring_unmap(control->place);
    }
    *control = (struct net_control){0};
}

const struct rss *net_control_rss(const struct net_control *control)
{
    return control->algorithm == XEN_NETIF_CTRL_TOEPLITZ && control->rss.kinds != 0
               ? &control->rss
               : NULL;
}

/* ---- requests ---------------------------------------------------------------------------- */

/* The first bytes of a page that the guest lends. */
static enum status arrival_fetch(const struct net_control *control, u32 ref, u32 bytes)
{
    struct grant_part part = {ref, 0, (u16)bytes, (u8 *)arrival};

    return bytes == 0 ? ST_OK : grant_copy(control->partition, GRANT_FETCH, &part, 1);
}

static enum xen_netif_control_status algorithm_set(struct net_control *control, u32 algorithm)
{
    if (algorithm != XEN_NETIF_CTRL_NO_HASH && algorithm != XEN_NETIF_CTRL_TOEPLITZ)
        return XEN_NETIF_CTRL_INVALID_PARAMETER;
    control->algorithm = (enum xen_netif_control_algorithm)algorithm;
    return XEN_NETIF_CTRL_SUCCESS;
}

static enum xen_netif_control_status flags_get(const struct net_control *control, u32 *flags)
{
    if (control->algorithm == XEN_NETIF_CTRL_NO_HASH)
        return XEN_NETIF_CTRL_NOT_SUPPORTED;
    *flags = RSS_ALL;
    return XEN_NETIF_CTRL_SUCCESS;
}

static enum xen_netif_control_status flags_set(struct net_control *control, u32 flags)
{
    if (control->algorithm == XEN_NETIF_CTRL_NO_HASH || (flags & ~(u32)RSS_ALL))
        return XEN_NETIF_CTRL_INVALID_PARAMETER;
    control->rss.kinds = flags;
    return XEN_NETIF_CTRL_SUCCESS;
}

static enum xen_netif_control_status key_set(struct net_control *control, u32 ref, u32 bytes)
{
    if (bytes > RSS_KEY_BYTES)
        return XEN_NETIF_CTRL_BUFFER_OVERFLOW;
    if (arrival_fetch(control, ref, bytes) != ST_OK)
        return XEN_NETIF_CTRL_INVALID_PARAMETER;
    memset(control->rss.key, 0, RSS_KEY_BYTES);
    memcpy(control->rss.key, arrival, bytes);
    return XEN_NETIF_CTRL_SUCCESS;
}

static enum xen_netif_control_status mapping_size_set(struct net_control *control, u32 entries)
{
    if (entries > RSS_TABLE_MAX)
        return XEN_NETIF_CTRL_INVALID_PARAMETER;
    control->rss.entries = entries;
    memset(control->rss.queue, 0, sizeof(control->rss.queue));
    return XEN_NETIF_CTRL_SUCCESS;
}

static enum xen_netif_control_status mapping_set(struct net_control *control, const u32 *data,
                                                 u32 queues)
{
    u32 ref = data[0], count = data[1], first = data[2];

    if (count > RSS_TABLE_MAX)
        return XEN_NETIF_CTRL_BUFFER_OVERFLOW;
    if (count > control->rss.entries || first > control->rss.entries - count ||
        arrival_fetch(control, ref, count * (u32)sizeof(u32)) != ST_OK)
        return XEN_NETIF_CTRL_INVALID_PARAMETER;
    for (u32 i = 0; i < count; i++)
        if (arrival[i] >= queues)
            return XEN_NETIF_CTRL_INVALID_PARAMETER;
    memcpy(control->rss.queue + first, arrival, count * sizeof(u32));
    return XEN_NETIF_CTRL_SUCCESS;
}

/* Static grants (types 8 to 10) are not supported: packets are copied by reference anyway. */
static enum xen_netif_control_status
request_serve(struct net_control *control, const struct xen_netif_control_request *request,
              u32 queues, u32 *data)
{
    const u32 *in = request->data;

    switch (request->type) {
    case XEN_NETIF_CTRL_GET_HASH_FLAGS:
        return flags_get(control, data);
    case XEN_NETIF_CTRL_SET_HASH_FLAGS:
        return flags_set(control, in[0]);
    case XEN_NETIF_CTRL_SET_HASH_KEY:
        return key_set(control, in[0], in[1]);
    case XEN_NETIF_CTRL_GET_HASH_MAPPING_SIZE:
        *data = RSS_TABLE_MAX;
        return XEN_NETIF_CTRL_SUCCESS;
    case XEN_NETIF_CTRL_SET_HASH_MAPPING_SIZE:
        return mapping_size_set(control, in[0]);
    case XEN_NETIF_CTRL_SET_HASH_MAPPING:
        return mapping_set(control, in, queues);
    case XEN_NETIF_CTRL_SET_HASH_ALGORITHM:
        return algorithm_set(control, in[0]);
    default:
        return XEN_NETIF_CTRL_NOT_SUPPORTED;
    }
}

/* ---- the ring ---------------------------------------------------------------------------- */

/* One request; ST_NO_DATA: there is none. */
static enum status request_take(struct net_control *control, u32 queues)
{
    struct xen_netif_control_request request;
    struct xen_netif_control_response response = {0};
    u32 waiting;

    TRY(xen_ring_waiting(&control->ring, &waiting));
    if (waiting == 0)
        return ST_NO_DATA;
    xen_ring_take(&control->ring, &request, sizeof(request));
    response.id = request.id;
    response.type = request.type;
    response.status = request_serve(control, &request, queues, &response.data);
    xen_ring_answer(&control->ring, &response, sizeof(response));
    return ST_OK;
}

enum status net_control_serve(struct net_control *control, u32 queues)
{
    control->is_busy = false;
    do {
        enum status status = ST_OK;

        for (u32 count = 0; count < ROUND && status == ST_OK; count++)
            status = request_take(control, queues);
        if (status == ST_CORRUPT)
            return status;
        control->is_busy = status == ST_OK;
    } while (!control->is_busy && xen_ring_sleep(&control->ring, 1));
    return ST_OK;
}

void net_control_push(struct net_control *control)
{
    if (control->is_open && xen_ring_push(&control->ring))
        port_signal(control->port);
}
