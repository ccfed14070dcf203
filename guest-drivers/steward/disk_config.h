/*
 * One entry of disk = [ ... ], in both syntaxes of xl: 'file:/path,xvda,w' and
 * 'format=raw,vdev=xvda,access=rw,target=/path'. [xl-disk-configuration(5)]
 */
#ifndef GUEST_DRIVERS_STEWARD_DISK_CONFIG_H
#define GUEST_DRIVERS_STEWARD_DISK_CONFIG_H

#include "guest-drivers/steward/manifest.h"

struct disk_config {
    struct text target;
    struct text vdev; /* "xvda" */
    u32 number;       /* of the virtual device, as the front-end counts */
    bool is_raw;      /* the image is as the guest sees it */
    bool is_readonly;
    bool is_cdrom;
};

/* NULL when the entry is good, else what is wrong with it and how to mend it. */
const char *disk_config_read(struct text entry, struct disk_config *out);

#endif
