/* Frames that wait for buffers of a guest, in a bounded piece of memory, oldest first. */
#ifndef GUEST_DRIVERS_SERVICE_BACKLOG_H
#define GUEST_DRIVERS_SERVICE_BACKLOG_H

#include "guest-drivers/service/net.h"

struct backlog {
    u8 *memory; /* aligned to 8 */
    u32 room;
    u32 count;
    u32 first, next; /* offsets */
    u32 end;         /* of what lies behind `first`; what came later begins at 0 */
};

void backlog_open(struct backlog *backlog, void *memory, u32 room);
/* Copies the frame; false when there is no room. */
bool backlog_append(struct backlog *backlog, const struct net_frame *frame);
/* The oldest frame, until it is dropped; false when there is none. */
bool backlog_first(const struct backlog *backlog, struct net_frame *frame);
void backlog_drop(struct backlog *backlog);

#endif
