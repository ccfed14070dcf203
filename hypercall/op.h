/*
 * Native operations: everything an ABI adapter may do. An adapter includes hypercall/ and
 * hv/lib, nothing of hv/core or hv/cpu, and sees vCPUs and partitions only by pointer.
 */
#ifndef HYPERCALL_OP_H
#define HYPERCALL_OP_H

#include "hv/lib/regs.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "hypercall/abi/native.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"
#include "hypercall/mailbox.h"
#include "hypercall/op_clock.h"
#include "hypercall/op_grant.h"
#include "hypercall/op_memory.h"
#include "hypercall/op_partition.h"
#include "hypercall/op_port.h"
#include "hypercall/op_vcpu.h"
#include "hypercall/trace.h"

#endif
