/* The xenstore of the guests: the tree each one finds, and the service of its ring. */
#ifndef GUEST_DRIVERS_STEWARD_REGISTRY_H
#define GUEST_DRIVERS_STEWARD_REGISTRY_H

#include "guest-drivers/steward/steward.h"

/* Takes the memory of the tree; the guests are known. */
void registry_init(void);
bool registry_is_there(void);
/* Memory of the tree, and of what is told and answered. */
u64 registry_bytes(void);
/* NULL when there is none. */
struct store *registry_store(void);
/* Signals the guests whose watches have fired: after every change made here. */
void registry_notify(void);

/* Fills the guest's part of the tree and connects its ring. */
enum status registry_introduce(struct guest *guest);
void registry_release(struct guest *guest);

/* Tells its kernel guest->target_kib, guest->vcpus. */
enum status registry_memory_set(const struct guest *guest);
enum status registry_vcpus_set(const struct guest *guest);

/* Asks its kernel: "poweroff", "reboot". ST_NO_DATA while it does not listen for that. */
enum status registry_ask(const struct guest *guest, const char *what);

/* Answers what waits in the guest's ring and signals whoever must look. */
void registry_serve(struct guest *guest);
/* Goes on with requests that came meanwhile; true while there are more. */
bool registry_continue(void);

#endif
