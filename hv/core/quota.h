/* Frames a partition's ABI state may take from the hypervisor, so that no guest drains it. */
#ifndef HV_CORE_QUOTA_H
#define HV_CORE_QUOTA_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct partition;

/* Most pages of adapter state for one partition: 256 + one for each 16 MiB of its memory. */
u64 quota_kernel_pages(const struct partition *p);

/* Zeroed pages owned by the partition, with their kernel address. ST_NO_MEMORY beyond the
 * quota. */
enum status quota_page_alloc(struct partition *p, void **out);
void quota_page_free(struct partition *p, void *page);

#endif
