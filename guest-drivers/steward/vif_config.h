/* One entry of vif = [ ... ]: 'mac=00:16:3e:01:02:03,bridge=xenbr0'.
 * [xl-network-configuration(5)] */
#ifndef GUEST_DRIVERS_STEWARD_VIF_CONFIG_H
#define GUEST_DRIVERS_STEWARD_VIF_CONFIG_H

#include "guest-drivers/steward/manifest.h"

#define VIF_BRIDGE_USUAL "xenbr0"
#define VIF_BRIDGE_MAX   32u
#define VIF_ID_MAX       255u
#define VIF_MTU_LEAST    68u /* of IPv4 */
#define VIF_MTU_USUAL    1500u

struct vif_config {
    u64 address;        /* MAC, first byte highest; 0: none given */
    struct text bridge; /* never empty */
    struct text ip;     /* a hint for the guest's eyes; may be empty */
    u32 id;             /* of the device in its guest */
    u32 mtu;
    struct text strange; /* a sub-key without effect here; empty: there is none */
};

/* `id` is the number this entry has without devid=. NULL when the entry is good, else what is
 * wrong with it and how to mend it. */
const char *vif_config_read(struct text entry, u32 id, struct vif_config *out);

/* An address for a device that was given none: always the same for the same name and number,
 * in the range that Xen's guests use. */
u64 vif_address_make(const char *guest, u32 id);

#endif
