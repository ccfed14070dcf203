/* Guest identity and the page with the hypercall instruction. [TLFS 2.6, 3.13] */
#ifndef ENLIGHT_HYPERCALL_PAGE_H
#define ENLIGHT_HYPERCALL_PAGE_H

#include "enlight/state.h"

/* Without an identity there are no hypercalls: 0 takes the page away. */
enum status hypercall_os_set(struct partition *p, struct tlfs_domain *domain, u64 value);
/* ST_FAULT: no such place. Once locked the register keeps its value. */
enum status hypercall_page_set(struct partition *p, struct tlfs_domain *domain, u64 value);

#endif
