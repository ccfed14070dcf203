/*
 * A guest as they were written for Xen 3: old section instead of notes, hypercall page,
 * set_callbacks, a ramdisk mapped by the builder, the compat forms of sched_op,
 * event_channel_op and physdev_op. Each check prints "ok" or "not ok"; the end is a
 * sched_op_compat shutdown.
 */
#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"

extern void kit_event_pv(void);
extern volatile uint64_t kit_events;

static unsigned checks, failures;
static const char *row = "boot.legacy"; /* what the next checks exercise */

static void check(bool good, const char *what, long got)
{
    kit_print("#= %s | %s | %s\n", row, what, good ? "yes" : "no");
    checks++;
    failures += !good;
    kit_print("%s %u - %s (%ld)\n", good ? "ok" : "not ok", checks, what, got);
}

static void check_start_info(void)
{
    const uint8_t *info = kit_start_info;
    const char *magic = (const char *)info;
    uint64_t start = *(const uint64_t *)(const void *)(info + G_START_INFO_mod_start);
    uint64_t bytes = *(const uint64_t *)(const void *)(info + G_START_INFO_mod_len);
    uint32_t flags = *(const uint32_t *)(const void *)(info + G_START_INFO_flags);
    uint64_t sum = 0;

    check(magic[0] == 'x' && magic[1] == 'e' && magic[2] == 'n' && magic[3] == '-',
          "start_info magic", magic[0]);
    check((flags & G_SIF_MOD_START_PFN) == 0, "ramdisk not handed by frame number", flags);
    for (uint64_t i = 0; i < bytes; i++)
        sum += ((const uint8_t *)(uintptr_t)start)[i];
    check(bytes == kit_option("bytes", 0) && sum == kit_option("sum", 0),
          "mapped ramdisk has its bytes", (long)sum);
}

static void check_callbacks(uint8_t *shared)
{
    struct {
        uint32_t cmd, vcpu, port, rest[9];
    } op = {.cmd = G_EVTCHNOP_bind_ipi};
    long result = kit_hypercall(G_HYPERVISOR_set_callbacks, (uintptr_t)kit_event_pv,
                                (uintptr_t)kit_event_pv, 0, 0);

    check(result == 0, "set_callbacks", result);
    row = "event_channel_op_compat.any";
    result = kit_hypercall(G_HYPERVISOR_event_channel_op_compat, (uintptr_t)&op, 0, 0, 0);
    check(result == 0 && op.port != 0, "event_channel_op_compat bind_ipi", result);
    op.vcpu = op.port;
    op.cmd = G_EVTCHNOP_send;
    result = kit_hypercall(G_HYPERVISOR_event_channel_op_compat, (uintptr_t)&op, 0, 0, 0);
    check(result == 0, "event_channel_op_compat send", result);
    row = "boot.legacy";
    check(kit_events == 0, "no upcall while masked", (long)kit_events);
    check(shared[0] == 1, "upcall pending", shared[0]);
    shared[1] = 0;
    kit_hypercall(G_HYPERVISOR_xen_version, 0, 0, 0, 0);
    check(kit_events == 1, "upcall on the next hypercall's return", (long)kit_events);
    shared[0] = 0;
    *(uint64_t *)(void *)(shared + G_VCPU_INFO_pending_sel) = 0;
    *(uint64_t *)(void *)(shared + G_SHARED_INFO_pending) = 0;
    op.vcpu = op.port;
    result = kit_hypercall(G_HYPERVISOR_event_channel_op_compat, (uintptr_t)&op, 0, 0, 0);
    row = "sched_op_compat.block";
    result = kit_hypercall(G_HYPERVISOR_sched_op_compat, G_SCHEDOP_block, 0, 0, 0);
    check(result == 0 && kit_events == 2, "ends for a pending event", result);
}

static void check_compat_calls(void)
{
    struct {
        uint32_t cmd, pad;
        uint64_t iopl, rest[4];
    } physdev = {.cmd = G_PHYSDEVOP_set_iopl, .iopl = 9};
    long result = kit_hypercall(G_HYPERVISOR_sched_op_compat, G_SCHEDOP_yield, 0, 0, 0);

    row = "sched_op_compat.yield";
    check(result == 0, "sched_op_compat yield", result);
    result = kit_hypercall(G_HYPERVISOR_sched_op_compat, 77, 0, 0, 0);
    check(result == -38, "sched_op_compat, unknown", result);
    row = "physdev_op_compat.any";
    result = kit_hypercall(G_HYPERVISOR_physdev_op_compat, (uintptr_t)&physdev, 0, 0, 0);
    check(result == -22, "physdev_op_compat set_iopl 9", result);
}

void kit_main(void)
{
    static uint8_t window[4096] __attribute__((aligned(4096)));
    uint64_t shared =
        *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_shared_info);
    long result;

    check_start_info();
    result = kit_hypercall(G_HYPERVISOR_update_va_mapping, (uintptr_t)window, shared | 0x63,
                           G_UVMF_INVLPG, 0);
    check(result == 0, "shared_info mapped by the guest", result);
    if (result == 0)
        check_callbacks(window);
    check_compat_calls();
    row = "sched_op_compat.shutdown";
    check(true, "ends here", 0);
    kit_print("1..%u\nlegacy: %u failed\n", checks, failures);
    kit_hypercall(G_HYPERVISOR_sched_op_compat, G_SCHEDOP_shutdown,
                  failures == 0 ? G_SHUTDOWN_poweroff : G_SHUTDOWN_crash, 0, 0);
}
