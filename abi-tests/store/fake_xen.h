/* Who sends an event in the folder of fake_xen.c. */
#ifndef ABI_TESTS_STORE_FAKE_XEN_H
#define ABI_TESTS_STORE_FAKE_XEN_H

#define FAKE_DOMAINS 256u
#define FAKE_VIRQ    0xffffffffu /* a domain has come to its end */
#define FAKE_NOBODY  0xfffffffeu

#endif
