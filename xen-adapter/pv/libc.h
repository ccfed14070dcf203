/* What the packaged decoders expect of a C library: memory from one arena, no more. */
#ifndef XEN_ADAPTER_PV_LIBC_H
#define XEN_ADAPTER_PV_LIBC_H

#include "hv/lib/types.h"

/* malloc() lives in these bytes from now on; what it gave before is gone. */
void arena_set(void *base, u64 bytes);

#endif
