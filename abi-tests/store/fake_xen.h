/* Who sends an event in the folder of fake_xen.c; its call that some headers lack. */
#ifndef ABI_TESTS_STORE_FAKE_XEN_H
#define ABI_TESTS_STORE_FAKE_XEN_H

#include <stdint.h>

#define FAKE_DOMAINS 256u
#define FAKE_VIRQ    0xffffffffu /* a domain has come to its end */
#define FAKE_NOBODY  0xfffffffeu

/* As <xenctrl.h> of 4.20 has it; that of 4.17 knows xc_domain_getinfo() only. */
struct xc_interface_core;
struct xen_domctl_getdomaininfo;
int xc_domain_getinfo_single(struct xc_interface_core *xch, uint32_t domid,
                             struct xen_domctl_getdomaininfo *info);

#endif
