/*
 * The Xen guest ABI, x86: numbers and layouts, 64-bit form.
 * Typed from the public interface; compared with Debian's libxen-dev headers by
 * abi-tests/unit/test_xen_abi*.c. A guest pointer is a u64 here, never a C pointer.
 * Call and sub-operation numbers are stamped from xen.def (xen_rows.h).
 */
#ifndef XEN_ADAPTER_ABI_XEN_H
#define XEN_ADAPTER_ABI_XEN_H

#include "xen-adapter/abi/xen_base.h"
#include "xen-adapter/abi/xen_start.h"
#include "xen-adapter/abi/xen_cpuid.h"
#include "xen-adapter/abi/xen_shared.h"
#include "xen-adapter/abi/xen_memory.h"
#include "xen-adapter/abi/xen_mmu.h"
#include "xen-adapter/abi/xen_arch.h"
#include "xen-adapter/abi/xen_version.h"
#include "xen-adapter/abi/xen_event.h"
#include "xen-adapter/abi/xen_sched.h"
#include "xen-adapter/abi/xen_vcpu.h"
#include "xen-adapter/abi/xen_hvm.h"
#include "xen-adapter/abi/xen_physdev.h"
#include "xen-adapter/abi/xen_grant.h"
#include "xen-adapter/abi/xen_io.h"

#endif
