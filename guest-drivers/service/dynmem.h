/*
 * Dynamic memory of a VMBus guest: pages go back to the machine, come again, and more are added
 * behind what the guest began with, until it has what it shall have.
 */
#ifndef GUEST_DRIVERS_SERVICE_DYNMEM_H
#define GUEST_DRIVERS_SERVICE_DYNMEM_H

#include "enlight/abi/dynmem.h"
#include "guest-drivers/service/vmbus.h"

#define DYNMEM_NEVER (~(u64)0)

enum dynmem_state {
    DYNMEM_CLOSED,
    DYNMEM_OPENED,
    DYNMEM_VERSIONED, /* the guest has still to tell what it can */
    DYNMEM_READY,
    DYNMEM_ASKED_BALLOON,
    DYNMEM_ASKED_UNBALLOON,
    DYNMEM_ASKED_HOT_ADD,
};

struct dynmem {
    struct vmbus_channel channel;
    enum dynmem_state state;
    u32 version;
    u64 can; /* DYNMEM_CAN_* */
    u64 target_pages;
    u64 asked;      /* pages of the request under way */
    u64 next_ns;    /* not before */
    u32 retries;    /* since it last did all that it was asked for */
    bool is_ending; /* what is away need not come back */
    u32 transaction;
    u64 available, committed; /* pages, as the guest reported */
    u64 refused;              /* ranges and messages that made no sense */
};

/* For a guest that begins with what its memory's frames are; vmbus_channel_offer() follows. */
void dynmem_make(struct dynmem *dynmem, const struct guest_frames *frames);
/* How much it shall have. */
void dynmem_target_set(struct dynmem *dynmem, u64 pages);
/* Asks for what is due; when to be called again, at the latest. */
u64 dynmem_continue(struct dynmem *dynmem, u64 now_ns);

/* ---- between its parts ---- */

#define DYNMEM_HOT_ADD_ALIGN ((u64)32768) /* pages, at least: 128 MiB */

static inline struct guest_memory *dynmem_memory(const struct dynmem *dynmem)
{
    return dynmem->channel.bus->memory;
}

/* Sends a message, whose head it fills in. There is room: whoever calls has seen to it. */
void dynmem_say(struct dynmem *dynmem, enum dynmem_message type, u32 transaction, void *message,
                u32 bytes);
/* No request is under way: what is next is due at once, or later and later as long as the guest
 * did less than it was asked for. */
void dynmem_request_end(struct dynmem *dynmem, u64 missing);

#endif
