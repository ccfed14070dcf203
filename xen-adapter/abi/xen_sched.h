/* sched_op. [xen/sched.h] */
#ifndef XEN_ADAPTER_ABI_XEN_SCHED_H
#define XEN_ADAPTER_ABI_XEN_SCHED_H

#include "xen-adapter/abi/xen_base.h"

enum xen_shutdown_reason {
    XEN_SHUTDOWN_POWEROFF = 0,
    XEN_SHUTDOWN_REBOOT = 1,
    XEN_SHUTDOWN_SUSPEND = 2,
    XEN_SHUTDOWN_CRASH = 3,
    XEN_SHUTDOWN_WATCHDOG = 4,
    XEN_SHUTDOWN_SOFT_RESET = 5,
};
struct xen_sched_shutdown {
    uint32_t reason;
};
#define XEN_POLL_PORTS_MAX 128u
struct xen_sched_poll {
    uint64_t ports;
    uint32_t nr_ports;
    uint64_t timeout;
};
struct xen_sched_remote_shutdown {
    uint16_t domain_id;
    uint32_t reason;
};
struct xen_sched_watchdog {
    uint32_t id;
    uint32_t timeout; /* seconds */
};
struct xen_sched_pin_override {
    int32_t pcpu;
};

#endif
