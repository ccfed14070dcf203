/* A guest's description in the making: what the parser of manifests needs besides the lexer. */
#ifndef GUEST_DRIVERS_STEWARD_CONFIG_H
#define GUEST_DRIVERS_STEWARD_CONFIG_H

#include "guest-drivers/steward/keys.h"
#include "guest-drivers/steward/lexer.h"

/* A mistake in this line of its file: as config_refuse(). */
void config_mistake(struct config *config, u32 line, const char *text, ...)
    __attribute__((format(printf, 3, 4)));

/* The value after "key =", for a key that is used here and whose value is no list. */
void config_value_set(struct config *config, const struct key *key, const struct token *token);

/* What can be judged, and what is filled in, when the guest is complete. */
void config_check(struct manifest *manifest, struct config *config);

#endif
