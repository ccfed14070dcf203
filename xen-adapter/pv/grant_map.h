/* Granted frames of other domains, mapped into the foreign window and from there by the guest.
 */
#ifndef XEN_ADAPTER_PV_GRANT_MAP_H
#define XEN_ADAPTER_PV_GRANT_MAP_H

#include "xen-adapter/pv/shim.h"

/* The first frames of the foreign window are the grant table's and its status frames'. */
#define GRANT_TABLE_FRAMES  64u
#define GRANT_STATUS_FRAMES 16u
#define GRANT_WINDOW_FIRST  (GRANT_TABLE_FRAMES + GRANT_STATUS_FRAMES)

#endif
