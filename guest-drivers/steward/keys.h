/* The keys of xl.cfg: which are used here, which are known and ignored, which is nearest. */
#ifndef GUEST_DRIVERS_STEWARD_KEYS_H
#define GUEST_DRIVERS_STEWARD_KEYS_H

#include "guest-drivers/steward/manifest.h"

enum value_kind { VALUE_STRING, VALUE_NUMBER, VALUE_ACTION, VALUE_LIST, VALUE_ANY };

struct key {
    const char *name;
    enum config_key id;
    enum value_kind kind;
};

/* NULL for a word that is no key; *index is its place in the table. */
const struct key *key_find(struct text word, u32 *index);
/* How a key that is used here is written. */
const char *key_name(enum config_key id);
/* The key most like the word, NULL when none is. */
const char *key_nearest(struct text word);

#endif
