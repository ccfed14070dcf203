/* One entry of p9 = [ ... ]: 'tag=share,path=/srv/share,security_model=none'. [xl.cfg(5)] */
#ifndef GUEST_DRIVERS_STEWARD_P9_CONFIG_H
#define GUEST_DRIVERS_STEWARD_P9_CONFIG_H

#include "guest-drivers/steward/manifest.h"

#define P9_TAG_MAX 31u

struct p9_config {
    struct text tag;
    struct text path;
};

/* NULL when the entry is good, else what is wrong with it and how to mend it. */
const char *p9_config_read(struct text entry, struct p9_config *out);

#endif
