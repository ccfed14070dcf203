/* Operations on a partition. */
#ifndef HYPERCALL_OP_PARTITION_H
#define HYPERCALL_OP_PARTITION_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "hypercall/abi/native.h"
#include "hypercall/op_vcpu.h"

struct partition;

u32 op_partition_id(const struct partition *p);
const char *op_partition_name(const struct partition *p);
/* 16 bytes. */
const u8 *op_partition_uuid(const struct partition *p);
struct partition *op_partition_find(u32 id);
bool op_partition_is_privileged(const struct partition *p);
/* Does its CPUID show this interface? A partition may have both. */
bool op_partition_shows(const struct partition *p, enum op_abi abi);
u32 op_partition_vcpu_count(const struct partition *p);

u64 op_partition_property(const struct partition *p, enum native_property which);
void op_partition_property_set(struct partition *p, enum native_property which, u64 value);

/* The adapter's state of this partition, as op_vcpu_abi. */
void *op_partition_abi(const struct partition *p, enum op_abi abi);
void op_partition_abi_set(struct partition *p, enum op_abi abi, void *state);

/* Ends the partition: its vCPUs run no more, the root is told. */
void op_partition_shutdown(struct partition *p, enum native_end reason);

/*
 * The partition's watchdogs, 0 to OP_WATCHDOGS - 1: one whose time comes ends it. OP_NEVER
 * stops one; one that is set runs until then.
 */
#define OP_WATCHDOGS 2u
void op_partition_watchdog(struct partition *p, u32 which, u64 deadline_ns);
bool op_partition_watchdog_is_set(const struct partition *p, u32 which);

/* A guest's own text for the machine's log, shown by line as "(dN) text", 16 KiB a second. */
void op_partition_log(struct partition *p, const char *text, u32 bytes);

u64 op_system_bytes_total(void);
u64 op_system_bytes_free(void);

#endif
