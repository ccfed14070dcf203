/* The command trace: a guest's hypercalls while it makes them. One session at a time. */
#ifndef GUEST_DRIVERS_STEWARD_TRACING_H
#define GUEST_DRIVERS_STEWARD_TRACING_H

#include "guest-drivers/steward/session.h"

/* False when another session traces. seconds: 0 = until it is stopped. */
bool tracing_begin(struct session *session, const struct guest *guest, u64 seconds);
/* Adds what was recorded to the answer; ends the job when it is time, or the guest is gone. */
void tracing_continue(struct session *session);
void tracing_stop(struct session *session);

#endif
