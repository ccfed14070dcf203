/* The other ends of a guest: only when named, test=shutdown-reboot. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"

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

TEST(shutdown_suspend, "shutdown-suspend", TEST_ALL | TEST_ALONE)
{
    end_with("suspend", G_SHUTDOWN_suspend);
}
