/* The other ends of a guest: only when named, test=shutdown-reboot. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static void end_with(const char *class, uint32_t reason)
{
    kit_print("#= sched_op.shutdown | %s | ends here\n", class);
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_shutdown, (uintptr_t)&reason, 0, 0);
    expect_true("sched_op.shutdown", "does not come back", false);
}

TEST(shutdown_reboot, "shutdown-reboot", TEST_ALL | TEST_ALONE)
{
    end_with("reboot", G_SHUTDOWN_reboot);
}

TEST(shutdown_crash, "shutdown-crash", TEST_ALL | TEST_ALONE)
{
    end_with("crash", G_SHUTDOWN_crash);
}

TEST(shutdown_watchdog, "shutdown-watchdog", TEST_ALL | TEST_ALONE)
{
    struct g_sched_watchdog in = {.timeout = 1};
    uint64_t end = kit_now() + 10000000000ull;

    kit_print("#= sched_op.watchdog | not pushed away for 1 s | ends here\n");
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_watchdog, (uintptr_t)&in, 0, 0);
    while (kit_now() < end)
        ;
    expect_true("sched_op.watchdog", "ends the guest", false);
}

/* No vCPU is left that could take one up. */
TEST(shutdown_down, "shutdown-down", TEST_ALL | TEST_ALONE)
{
    kit_print("#= vcpu_op.down | the only vCPU | ends here\n");
    kit_hypercall(G_HYPERVISOR_vcpu_op, G_VCPUOP_down, 0, 0, 0);
    expect_true("vcpu_op.down", "does not come back", false);
}

TEST(shutdown_suspend, "shutdown-suspend", TEST_ALL | TEST_ALONE)
{
    end_with("suspend", G_SHUTDOWN_suspend);
}
