/* console_io and physdev_op. [xen/physdev.h] */
#ifndef XEN_ADAPTER_ABI_XEN_PHYSDEV_H
#define XEN_ADAPTER_ABI_XEN_PHYSDEV_H

#include "xen-adapter/abi/xen_base.h"

struct xen_physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags;
};
struct xen_physdev_set_iopl {
    uint32_t iopl;
};
struct xen_physdev_set_iobitmap {
    uint64_t bitmap;
    uint32_t nr_ports;
};
struct xen_physdev_eoi {
    uint32_t irq;
};
struct xen_physdev_apic {
    uint64_t apic_physbase;
    uint32_t reg;
    uint32_t value;
};

#endif
