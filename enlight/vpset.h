/* Sets of virtual processors as one word: a partition has at most 64. [TLFS 7.8.7.3] */
#ifndef ENLIGHT_VPSET_H
#define ENLIGHT_VPSET_H

#include "enlight/abi/tlfs.h"

/*
 * The sparse set `set` whose banks, `count` quadwords, begin with `first`. Processors that are
 * not there are left out by the caller. INVALID_HYPERCALL_INPUT: the count is not that of the
 * banks named; INVALID_PARAMETER: no such format.
 */
enum tlfs_status vpset_read(const struct tlfs_vpset *set, u32 count, u64 first, u64 *vps);

#endif
