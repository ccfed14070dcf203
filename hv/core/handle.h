/* Small numbers for objects: the lowest free slot of a bitmap of up to 4096. */
#ifndef HV_CORE_HANDLE_H
#define HV_CORE_HANDLE_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* Takes the lowest clear bit in [first, limit) of the map. ST_NO_SPACE. */
enum status handle_take(u64 *map, u32 first, u32 limit, u32 *out);
void handle_drop(u64 *map, u32 number);

#endif
