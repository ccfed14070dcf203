#include "guest-drivers/service/switch.h"
#include "guest-drivers/service/offload.h"
#include "hv/lib/string.h"

#define GROUP_BIT ((u64)1 << 40) /* broadcast and multicast */

/* Between neighbours only: 01:80:c2:00:00:00 to 0f. [802.1D 7.12.6] */
#define RESERVED_FIRST 0x0180c2000000ull
#define RESERVED_LAST  0x0180c200000full

static struct net_address **chain_of(struct net_switch *net, u64 address)
{
    return &net->chain[(address ^ address >> 16 ^ address >> 32) % SWITCH_CHAINS];
}

static struct net_address *find(struct net_switch *net, u64 address)
{
    struct net_address *at = *chain_of(net, address);

    while (at && at->address != address)
        at = at->next;
    return at;
}

static void forget(struct net_address *entry)
{
    struct net_address **at = chain_of(entry->port->home, entry->address);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry->port = NULL;
}

static bool is_own(const struct net_address *entry)
{
    return entry->address == entry->port->own;
}

static bool is_aged(const struct net_address *entry, u64 now_ns)
{
    return !is_own(entry) && now_ns - entry->seen_ns > SWITCH_AGE_NS;
}

/* A place in the port's share: a free one, or that of the address not seen for longest. */
static struct net_address *place_make(struct net_port *port)
{
    struct net_address *oldest = NULL;

    for (u32 i = 0; i < port->addresses; i++) {
        struct net_address *entry = &port->address[i];

        if (!entry->port)
            return entry;
        if (!is_own(entry) && (!oldest || entry->seen_ns < oldest->seen_ns))
            oldest = entry;
    }
    if (oldest)
        forget(oldest);
    return oldest;
}

static void remember(struct net_port *port, u64 address, u64 now_ns)
{
    struct net_address **chain = chain_of(port->home, address);
    struct net_address *entry = place_make(port);

    if (!entry)
        return;
    *entry = (struct net_address){address, now_ns, port, *chain};
    *chain = entry;
}

static bool is_claimed(const struct net_switch *net, u64 address)
{
    const struct net_claim *claim = net->claims;

    while (claim && claim->address != address)
        claim = claim->next;
    return claim != NULL;
}

/* False: this address is not this port's to use. */
static bool learn(struct net_port *from, u64 address, u64 now_ns)
{
    struct net_address *known;

    if (address & GROUP_BIT)
        return false;
    known = find(from->home, address);
    if (known && known->port == from) {
        known->seen_ns = now_ns;
        return true;
    }
    if (known && !is_aged(known, now_ns) &&
        (is_own(known) || (known->port->trust == NET_MACHINE && from->trust == NET_GUEST)))
        return false;
    if (from->own != address && is_claimed(from->home, address))
        return false;
    if (known)
        forget(known);
    remember(from, address, now_ns);
    return true;
}

static void deliver(struct net_port *to, const struct net_frame *frame)
{
    if (!offload_send(to, frame)) {
        to->out.dropped++;
        return;
    }
    to->out.frames++;
    to->out.bytes += frame->bytes;
}

static void flood(struct net_port *from, const struct net_frame *frame)
{
    for (struct net_port *to = from->home->ports; to; to = to->next)
        if (to != from)
            deliver(to, frame);
}

void switch_claim(struct net_switch *net, struct net_claim *claim)
{
    claim->next = net->claims;
    net->claims = claim;
}

void switch_attach(struct net_switch *net, struct net_port *port)
{
    struct net_address *known = port->own ? find(net, port->own) : NULL;

    port->home = net;
    port->next = net->ports;
    net->ports = port;
    if (known && !is_own(known)) {
        forget(known);
        known = NULL;
    }
    if (port->own && !known)
        remember(port, port->own, 0);
}

void switch_detach(struct net_port *port)
{
    struct net_port **at;

    if (!port->home)
        return;
    for (u32 i = 0; i < port->addresses; i++)
        if (port->address[i].port)
            forget(&port->address[i]);
    for (at = &port->home->ports; *at != port; at = &(*at)->next)
        ;
    *at = port->next;
    port->home = NULL;
}

void switch_input(struct net_port *from, const struct net_frame *frame, u64 now_ns)
{
    const struct net_address *known;
    u64 target;

    if (!from->home || frame->bytes < ETHERNET_HEAD || frame->bytes > NET_FRAME_MAX ||
        !learn(from, net_address_get(frame->at + ETHERNET_ADDRESS), now_ns)) {
        from->in.dropped++;
        return;
    }
    from->in.frames++;
    from->in.bytes += frame->bytes;
    target = net_address_get(frame->at);
    if (target >= RESERVED_FIRST && target <= RESERVED_LAST)
        return;
    known = target & GROUP_BIT ? NULL : find(from->home, target);
    if (!known || is_aged(known, now_ns))
        flood(from, frame);
    else if (known->port != from)
        deliver(known->port, frame);
}
