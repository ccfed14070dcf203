/*
 * The native interface as its documents tell it: call numbers, statuses, structures as words.
 * Typed by hand, so that a change of the interface is noticed here.
 */
#ifndef ABI_TESTS_GOLDEN_NATIVE_NUMBERS_H
#define ABI_TESTS_GOLDEN_NATIVE_NUMBERS_H

#include <stdint.h>

#define N_SIGNATURE_EBX 0x65746e45u /* "Ente" */

#define N_system_info        0
#define N_console_write      1
#define N_console_read       2
#define N_power_off          3
#define N_clock              4
#define N_partition_create   5
#define N_partition_destroy  6
#define N_partition_info     7
#define N_partition_pause    8
#define N_partition_resume   9
#define N_partition_shutdown 10
#define N_property_set       11
#define N_memory_layout      12
#define N_memory_populate    13
#define N_memory_map         14
#define N_memory_unmap       15
#define N_vcpu_start         16
#define N_port_connect       17
#define N_port_send          18
#define N_port_wait          19
#define N_port_close         20
#define N_port_event         21
#define N_trace_read         22
#define N_port_bind          23
#define N_grant_map          24
#define N_grant_unmap        25
#define N_grant_copy         26
#define N_pci_read           27
#define N_pci_write          28
#define N_device_map         29
#define N_memory_machine     30
#define N_partition_schedule 31
#define N_message_bind       32
#define N_message_take       33
#define N_message_post       34
#define N_event_connect      35
#define N_event_disconnect   36
#define N_event_flag_set     37
#define N_partition_stats    38
#define N_control_exchange   39
#define N_log_write          40
#define N_log_read           41
#define N_device_interrupt   42
#define N_memory_remove      43
#define N_partition_clock    44
#define N_CALLS              45

#define N_INVALID      (-1)
#define N_DENIED       (-2)
#define N_NO_ENTRY     (-4)
#define N_NO_PARTITION (-5)
#define N_NO_MEMORY    (-6)
#define N_NO_CALL      (-8)
#define N_NO_DATA      (-9)
#define N_FAULT        (-12)
#define N_EXISTS       (-13)
#define N_BUSY         (-14)
#define N_RANGE        (-17)

struct n_partition_create {
    char name[64];
    uint64_t max_pages;
    uint32_t flags, vcpus;
};
struct n_partition_info {
    uint32_t state, reason;
    uint64_t pages, pages_owned, run_ns, exits;
    uint32_t ports, shares;
    char name[64];
};
struct n_pair {
    uint32_t one, two;
};
struct n_property_set {
    uint32_t partition, property;
    uint64_t value;
};
struct n_memory_layout {
    uint32_t partition, count;
    uint64_t ranges;
};
struct n_memory_populate {
    uint32_t partition, flags;
    uint64_t at, bytes;
};
struct n_memory_remove {
    uint32_t partition, reserved;
    uint64_t at, bytes;
};
struct n_memory_map {
    uint32_t partition, flags;
    uint64_t remote_at, local_at, pages;
};
struct n_message_post {
    uint32_t partition, vcpu, sint, type;
    uint64_t payload;
    uint32_t bytes, reserved;
};
struct n_event_connect {
    uint32_t partition, connection, port, reserved;
};
struct n_event_flag_set {
    uint32_t partition, vcpu, sint, flag;
};
struct n_vcpu_start {
    uint32_t partition, vcpu;
    uint64_t entry, start_info;
};

#endif
