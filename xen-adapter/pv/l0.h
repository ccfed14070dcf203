/*
 * The hypervisor below, and what the shim was started with.
 */
#ifndef XEN_ADAPTER_PV_L0_H
#define XEN_ADAPTER_PV_L0_H

#include "xen-adapter/pv/shim.h"

#define START_MODULES_MAX 2u
#define START_CMDLINE_MAX 4096u

struct start_module {
    u64 base; /* physical */
    u64 bytes;
};

/* Everything of hvm_start_info, copied out, so that its memory is free. */
struct start {
    u32 flags;
    u32 module_count; /* [0] kernel, [1] ramdisk */
    struct start_module module[START_MODULES_MAX];
    char own_cmdline[1024];
    char cmdline[START_CMDLINE_MAX]; /* for the guest's kernel */
    u64 cmdline_bytes;               /* its full length, which may be more than fits */
};

extern struct start start;

/* Finds Xen's CPUID leaves and sets up the hypercall page. ST_NO_DEVICE: no Xen below. */
enum status l0_find(void);

/* Reads hvm_start_info at the gpa, fills `start` and shim.domain.map. Ends the domain with a
 * message when it is not usable. */
void start_read(u64 start_info);

/* Console and xenstore rings from the HVM parameters, into shim.domain. */
void l0_rings_find(void);

#endif
