/*
 * RNDIS, the device's half: messages of the guest in, answers out. Pure; every length and
 * offset is the guest's and is checked here. [MS-RNDIS 2.2]
 */
#ifndef GUEST_DRIVERS_SERVICE_RNDIS_H
#define GUEST_DRIVERS_SERVICE_RNDIS_H

#include "enlight/abi/netvsp.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define RNDIS_ANSWER_MAX 160u

struct rndis_device {
    u64 address; /* MAC, first byte highest */
    u32 mtu;
    bool is_initialised;
    u32 filter; /* which packets the guest wants; 0: none */
};

/* A frame inside a message. */
struct rndis_frame {
    const u8 *at;
    u32 bytes;
};

/* The next message of those that lie one behind the other in `bytes` from *at on; *at goes
 * behind it. ST_NO_DATA, ST_CORRUPT. */
enum status rndis_next(const u8 *from, u32 bytes, u32 *at, const u8 **message, u32 *length);
/* The frame of a PACKET message. ST_UNSUPPORTED: it is no PACKET; ST_CORRUPT. */
enum status rndis_frame_read(const u8 *message, u32 length, struct rndis_frame *out);
/* Serves another message; the length of the answer, 0 where none is due. */
u32 rndis_serve(struct rndis_device *device, const u8 *message, u32 length,
                u8 answer[RNDIS_ANSWER_MAX]);
/* The head of a PACKET message whose frame follows. */
void rndis_frame_head(struct rndis_packet *head, u32 bytes);

#endif
