/*
 * What VMBus needs from the hypervisor below: messages and event flags to a guest's SynIC, and
 * the signals that a guest sends. One implementation makes native calls, tests have their own.
 */
#ifndef GUEST_DRIVERS_SERVICE_SYNIC_H
#define GUEST_DRIVERS_SERVICE_SYNIC_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* A message of VMBus' type for a virtual processor. ST_AGAIN: later. */
enum status synic_message_post(u32 partition, u32 vp, u32 sint, const void *bytes, u32 count);
/* Sets an event flag, and interrupts if it was not set. */
void synic_flag_set(u32 partition, u32 vp, u32 sint, u32 flag);
/* HvSignalEvent on this connection raises *port of ours from now on. */
enum status synic_event_connect(u32 partition, u32 connection, u32 *port);
void synic_event_disconnect(u32 partition, u32 connection, u32 port);

#endif
