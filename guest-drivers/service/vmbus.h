/*
 * VMBus, the host's half: a connection of one guest, the channels offered on it, and the
 * services behind those. What a guest says wrongly is refused or ignored and hurts only itself.
 * [<linux/hyperv.h>, TLFS 11.10]
 */
#ifndef GUEST_DRIVERS_SERVICE_VMBUS_H
#define GUEST_DRIVERS_SERVICE_VMBUS_H

#include "guest-drivers/service/vmbus_ring.h"

#define VMBUS_CHANNELS_MAX    64u
#define VMBUS_POSTS_MAX       144u
#define VMBUS_CONNECTION_BASE 0x2000u /* HvSignalEvent: this and the relid */

struct vmbus;
struct vmbus_channel;

enum vmbus_ready {
    VMBUS_READY,
    VMBUS_BUSY, /* not before something of ours has ended */
    VMBUS_FULL, /* not before the guest has taken what it was sent */
};

/* What a service does for its channels. Each sub-channel is opened and closed by itself, while
 * its primary one is open: `own` is the same, `primary` and `index` tell them apart. */
struct vmbus_service {
    struct vmbus_guid interface;
    u16 flags;     /* VMBUS_OFFER_*, beside ENUMERATE */
    u32 pipe_mode; /* of a pipe */
    /* The guest has opened it; what fails here is told to the guest. */
    enum status (*opened)(struct vmbus_channel *channel);
    /* Ends what is under way: after this nothing of the guest is touched. */
    void (*closed)(struct vmbus_channel *channel);
    /* The kernel that used it is no more: another one begins, or none. NULL: closing is enough.
     */
    void (*disconnected)(struct vmbus_channel *channel);
    /* Can one more packet be taken? */
    enum vmbus_ready (*ready)(struct vmbus_channel *channel);
    /* ST_OK; ST_TOO_BIG: there is only its head. */
    void (*packet)(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                   enum status status);
};

enum vmbus_channel_state { VMBUS_FREE, VMBUS_OFFERED, VMBUS_OPENED, VMBUS_RESCINDED };

struct vmbus_channel {
    struct vmbus *bus;
    const struct vmbus_service *service;
    void *own; /* the service's */
    struct vmbus_guid instance;
    struct vmbus_channel *primary; /* of a sub-channel; NULL */
    u32 index;                     /* among them, from 1 */
    u32 sub_channels;              /* of a primary one: so many were offered */
    u32 relid;
    enum vmbus_channel_state state;
    bool is_broken; /* a ring makes no sense; not served until it is opened again */
    bool is_busy;   /* there is more in the ring than was served */
    bool is_full;   /* the guest was asked to signal when there is room */
    u32 vp;         /* is interrupted */
    u32 port;       /* of ours, raised by the guest's signals */
    u32 gpadl;
    struct vmbus_ring in, out;
};

/* A message that waits for the guest's SynIC. */
struct vmbus_post {
    u32 vp, sint, bytes;
    u8 payload[VMBUS_MESSAGE_MAX];
};

struct vmbus {
    struct guest_memory *memory;
    u32 version;     /* 0: not connected */
    u32 connection;  /* where the guest posts to */
    u32 vp, sint;    /* where our messages and flags go */
    u64 *interrupts; /* version 0.13; NULL: flags of channels */
    u64 interrupt_gfn;
    u32 interrupt_port;
    bool has_asked;                                    /* for offers */
    u64 refused;                                       /* messages that made no sense */
    struct vmbus_channel *channel[VMBUS_CHANNELS_MAX]; /* by relid - 1 */
    u32 relids;                                        /* the highest that was ever given */
    struct vmbus_channel sub[VMBUS_CHANNELS_MAX];      /* the same: room for sub-channels */
    u32 posts, first_post;
    struct vmbus_post post[VMBUS_POSTS_MAX];
    struct vmbus_gpadls gpadls;
};

void vmbus_make(struct vmbus *bus, struct guest_memory *memory);
/* Closes every channel. */
void vmbus_end(struct vmbus *bus);

/* Room for the answers to one more message? */
bool vmbus_is_ready(const struct vmbus *bus);
/* A message the guest posted to `connection`. Only while ready. */
void vmbus_message(struct vmbus *bus, u32 connection, const void *bytes, u32 count);
/* Posts what waits; true if something still does. */
bool vmbus_flush(struct vmbus *bus);

/* Offers a channel; service, instance and own are set. ST_NO_SPACE. */
enum status vmbus_channel_offer(struct vmbus *bus, struct vmbus_channel *channel);
/* Takes an offer back; the channel is the caller's again after vmbus_end() only. */
void vmbus_channel_rescind(struct vmbus_channel *channel);

/* Serves what waits behind this port; false if it is none of this bus's. */
bool vmbus_port_serve(struct vmbus *bus, u32 port);
/* Goes on with what was left over; true if there is still more. */
bool vmbus_continue(struct vmbus *bus);

/* ---- for services ---- */

/*
 * Offers `count` sub-channels of an open channel, all or none, once for each opening of it;
 * they are closed and taken back with it. ST_INVALID, ST_EXISTS, ST_NO_SPACE.
 */
enum status vmbus_sub_channels_offer(struct vmbus_channel *primary, u32 count);

/* Room for so many bytes of packets? If not, the channel is served again when it comes. */
bool vmbus_channel_has_room(struct vmbus_channel *channel, u32 bytes);
/* Puts a packet and signals. ST_NO_SPACE. */
enum status vmbus_channel_put(struct vmbus_channel *channel, const struct vmbus_put *put);
/* The same of an in-band packet that wants no completion, and of a completion. */
enum status vmbus_channel_send(struct vmbus_channel *channel, u64 transaction, const void *data,
                               u32 bytes);
enum status vmbus_channel_complete(struct vmbus_channel *channel, u64 transaction,
                                   const void *data, u32 bytes);

/* A piece of a page of the guest, as packets name it. */
struct vmbus_piece {
    u64 gfn;
    u32 offset, bytes;
};
/* The ranges of a GPA direct packet as pieces. ST_INVALID, ST_TOO_BIG. */
enum status vmbus_pieces_read(const struct vmbus_packet *packet, struct vmbus_piece *piece,
                              u32 room, u32 *count);

/* ---- between its parts ---- */

void vmbus_post(struct vmbus *bus, const void *message, u32 bytes);
u32 vmbus_channel_open(struct vmbus_channel *channel, const struct vmbus_open_channel *open);
void vmbus_channel_close(struct vmbus_channel *channel);
/* To a guest that asks, and tells it of later ones. */
void vmbus_offers_post(struct vmbus *bus);
void vmbus_sub_channels_rescind(struct vmbus_channel *primary);
/* The page that channels of version 0.13 share. ST_INVALID, and what its page or port lacks. */
enum status vmbus_interrupts_open(struct vmbus *bus, u64 address);
void vmbus_interrupts_close(struct vmbus *bus);
/* Has the guest signalled this channel? Once. */
bool vmbus_interrupt_take(struct vmbus *bus, u32 relid);
void vmbus_interrupt_set(struct vmbus *bus, u32 relid);
/* What was rescinded is released: its relid is free, its GPADLs end. */
void vmbus_channel_forget(struct vmbus_channel *channel);

#endif
