/* Rings of console and store. [xen/io/console.h, xs_wire.h] */
#ifndef XEN_ADAPTER_ABI_XEN_IO_H
#define XEN_ADAPTER_ABI_XEN_IO_H

#include "xen-adapter/abi/xen_base.h"

#define XEN_CONSOLE_IN_SIZE  1024u
#define XEN_CONSOLE_OUT_SIZE 2048u
struct xen_console_ring {
    char in[XEN_CONSOLE_IN_SIZE];
    char out[XEN_CONSOLE_OUT_SIZE];
    uint32_t in_cons, in_prod;
    uint32_t out_cons, out_prod;
    uint8_t connection; /* newest headers: 0 connected, 1 not yet */
};
#define XEN_STORE_RING_SIZE 1024u
struct xen_store_ring {
    char req[XEN_STORE_RING_SIZE];
    char rsp[XEN_STORE_RING_SIZE];
    uint32_t req_cons, req_prod;
    uint32_t rsp_cons, rsp_prod;
    uint32_t server_features;
    uint32_t connection;
    uint32_t error;
};

#endif
