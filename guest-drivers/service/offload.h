/*
 * What a sender left to its network card: transport checksums and the cutting of long TCP
 * segments, done here for a port that does not take such frames. [RFC 1071, 9293, 8200]
 */
#ifndef GUEST_DRIVERS_SERVICE_OFFLOAD_H
#define GUEST_DRIVERS_SERVICE_OFFLOAD_H

#include "guest-drivers/service/net.h"
#include "hv/lib/status.h"

/* The least payload that a frame may be cut into. */
#define OFFLOAD_SEGMENT_LEAST 128u

#define NET_PROTOCOL_TCP 6u

/* Where the parts of a frame are, by offset. */
struct net_headers {
    u32 network;   /* IPv4 or IPv6 */
    u32 transport; /* TCP or UDP */
    u32 payload;   /* of it */
    u32 end;       /* of the packet; padding may follow */
    u8 protocol;
    bool is_ipv6;
};

/* All but the payload. ST_UNSUPPORTED: not a whole packet of IP; a fragment is one, of a
 * protocol of its own. */
enum status net_network_read(const u8 *at, u32 bytes, struct net_headers *out);
/* ST_UNSUPPORTED: not a whole TCP or UDP packet. */
enum status net_headers_read(const u8 *at, u32 bytes, struct net_headers *out);

/* Fills the transport checksum of a frame in place. ST_UNSUPPORTED. */
enum status net_checksum_fill(u8 *at, u32 bytes);

/* Fills in, in place, what the sender of a TCP packet that is to be cut leaves to its card: the
 * length and checksum of the IP header, the sum of the pseudo header. ST_UNSUPPORTED. */
enum status net_segment_complete(u8 *at, u32 bytes, enum net_gso gso);

/* Sends in the form the port takes; false if it cannot be brought into one. */
bool offload_send(struct net_port *to, const struct net_frame *frame);

#endif
