/* vcpu_op on the only vCPU, and on ones that do not exist. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define MILLISECOND 1000000ull
#define NO_VCPU     77u

static long vcpu_op(uint64_t sub, uint64_t vcpu, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_vcpu_op, sub, vcpu, (uintptr_t)argument, 0);
}

static void check_bad_vcpu(const char *row, unsigned sub, const void *argument)
{
    expect(row, "no such vCPU", vcpu_op(sub, NO_VCPU, argument), -G_ENOENT);
    expect(row, "vCPU 2^32-1", vcpu_op(sub, 0xffffffff, argument), -G_ENOENT);
}

TEST(vcpu_state, "vcpu-state", TEST_ALL)
{
    static uint8_t context[8192];

    expect("vcpu_op.is_up", "vCPU 0", vcpu_op(G_VCPUOP_is_up, 0, NULL), 1);
    check_bad_vcpu("vcpu_op.is_up", G_VCPUOP_is_up, NULL);
    expect("vcpu_op.up", "vCPU 0, running", vcpu_op(G_VCPUOP_up, 0, NULL), 0);
    check_bad_vcpu("vcpu_op.up", G_VCPUOP_up, NULL);
    check_bad_vcpu("vcpu_op.down", G_VCPUOP_down, NULL);
    observe("vcpu_op.initialise", "vCPU 0, running", vcpu_op(G_VCPUOP_initialise, 0, context));
    expect("vcpu_op.initialise", "unmapped",
           vcpu_op(G_VCPUOP_initialise, 0, (void *)KIT_UNMAPPED), -G_EFAULT);
    check_bad_vcpu("vcpu_op.initialise", G_VCPUOP_initialise, context);
    expect("vcpu_op", "unknown sub-operation", vcpu_op(99, 0, NULL), -G_ENOSYS);
    observe("vcpu_op", "unknown sub-operation, no such vCPU", vcpu_op(99, NO_VCPU, NULL));
}

TEST(runstate, "runstate", TEST_ALL)
{
    const char *row = "vcpu_op.register_runstate_memory_area";
    static volatile struct g_runstate_info state;
    struct g_register_area area = {(uintptr_t)&state};
    uint64_t sum;

    state.state = 99;
    expect(row, "plain", vcpu_op(G_VCPUOP_register_runstate_memory_area, 0, &area), 0);
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    expect_true(row, "says running", state.state == G_RUNSTATE_running);
    sum = state.time[0] + state.time[1] + state.time[2] + state.time[3];
    expect_true(row, "times add up to the system time",
                sum <= kit_now() && state.time[G_RUNSTATE_running] > 0);
    check_bad_vcpu(row, G_VCPUOP_register_runstate_memory_area, &area);
    expect(row, "unmapped",
           vcpu_op(G_VCPUOP_register_runstate_memory_area, 0, (void *)KIT_UNMAPPED), -G_EFAULT);
    expect(row, "torn", vcpu_op(G_VCPUOP_register_runstate_memory_area, 0, KIT_TORN(8)),
           -G_EFAULT);
    area.address = KIT_HYPERVISOR;
    observe(row, "hypervisor area", vcpu_op(G_VCPUOP_register_runstate_memory_area, 0, &area));
    area.address = KIT_UNMAPPED;
    observe(row, "unmapped area", vcpu_op(G_VCPUOP_register_runstate_memory_area, 0, &area));
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    area.address = (uintptr_t)&state;
    expect(row, "again", vcpu_op(G_VCPUOP_register_runstate_memory_area, 0, &area), 0);
}

TEST(time_area, "time-area", TEST_ALL)
{
    const char *row = "vcpu_op.register_vcpu_time_memory_area";
    static volatile struct g_vcpu_time_info time;
    struct g_register_area area = {(uintptr_t)&time};

    expect(row, "plain", vcpu_op(G_VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    expect_true(row, "the clock's factor",
                time.tsc_to_system_mul != 0 &&
                    time.tsc_to_system_mul == kit_vcpu_info()->time.tsc_to_system_mul);
    expect_true(row, "version is even", (time.version & 1) == 0);
    check_bad_vcpu(row, G_VCPUOP_register_vcpu_time_memory_area, &area);
    expect(row, "unmapped",
           vcpu_op(G_VCPUOP_register_vcpu_time_memory_area, 0, (void *)KIT_UNMAPPED),
           -G_EFAULT);
    area.address = KIT_HYPERVISOR;
    observe(row, "hypervisor area", vcpu_op(G_VCPUOP_register_vcpu_time_memory_area, 0, &area));
    area.address = (uintptr_t)&time;
    expect(row, "again", vcpu_op(G_VCPUOP_register_vcpu_time_memory_area, 0, &area), 0);
}

/* The clock never goes back, in 10,000 reads. [xen/xen.h vcpu_time_info] */
TEST(clock, "clock", TEST_ALL)
{
    uint64_t last = kit_now();
    bool back = false;

    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now = kit_now();
        back |= now < last;
        last = now;
    }
    expect_true("vcpu_time_info", "monotonic", !back);
    expect_true("vcpu_time_info", "version is even", (kit_vcpu_info()->time.version & 1) == 0);
    expect_true("shared_info", "wall clock", kit_shared()->wc_sec > 1500000000u);
    expect_true("shared_info", "wall clock version is even",
                (kit_shared()->wc_version & 1) == 0);
}

TEST(singleshot, "singleshot", TEST_ALL)
{
    const char *row = "vcpu_op.set_singleshot_timer";
    struct g_set_singleshot_timer shot = {.timeout_abs_ns = kit_now() + 1000000000ull};
    struct g_set_singleshot_timer *cross = (void *)KIT_CROSS(sizeof(shot));

    expect("vcpu_op.stop_periodic_timer", "vCPU 0",
           vcpu_op(G_VCPUOP_stop_periodic_timer, 0, NULL), 0);
    expect("vcpu_op.stop_periodic_timer", "argument is ignored",
           vcpu_op(G_VCPUOP_stop_periodic_timer, 0, (void *)KIT_UNMAPPED), 0);
    check_bad_vcpu("vcpu_op.stop_periodic_timer", G_VCPUOP_stop_periodic_timer, NULL);
    expect(row, "in 1 s", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, &shot), 0);
    memcpy(cross, &shot, sizeof(shot));
    expect(row, "straddling", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, cross), 0);
    shot.flags = G_VCPU_SSHOTTMR_future;
    expect(row, "in 1 s, future only", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, &shot), 0);
    shot.timeout_abs_ns = 1;
    observe(row, "past, future only", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, &shot));
    shot.flags = 0;
    expect(row, "past", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, &shot), 0);
    shot.flags = 0xfffffffe;
    observe(row, "unknown flags", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, &shot));
    check_bad_vcpu(row, G_VCPUOP_set_singleshot_timer, &shot);
    expect(row, "torn", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, KIT_TORN(16)), -G_EFAULT);
    expect(row, "unmapped", vcpu_op(G_VCPUOP_set_singleshot_timer, 0, (void *)KIT_UNMAPPED),
           -G_EFAULT);
    expect("vcpu_op.stop_singleshot_timer", "vCPU 0",
           vcpu_op(G_VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    expect("vcpu_op.stop_singleshot_timer", "again",
           vcpu_op(G_VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    check_bad_vcpu("vcpu_op.stop_singleshot_timer", G_VCPUOP_stop_singleshot_timer, NULL);
}

static long place(uint64_t frame, uint32_t offset)
{
    struct g_register_vcpu_info info = {.mfn = frame, .offset = offset};

    return vcpu_op(G_VCPUOP_register_vcpu_info, 0, &info);
}

TEST(vcpu_info, "vcpu-info", TEST_ALL)
{
    const char *row = "vcpu_op.register_vcpu_info";
    static uint8_t page[KIT_PAGE] __attribute__((aligned(4096)));
    struct g_vcpu_info *moved = (void *)(page + 256);
    struct g_register_vcpu_info info = {.mfn = kit_frame(page), .offset = 256};
    uint64_t now = kit_now();

    observe(row, "across the page's end", place(kit_frame(page), KIT_PAGE - 32));
    observe(row, "offset 2^32-64", place(kit_frame(page), 0xffffffc0));
    expect(row, "no such frame", place(~0ull >> 8, 0), -G_EINVAL);
    observe(row, "unaligned", place(kit_frame(page), 257));
    expect(row, "unmapped", vcpu_op(G_VCPUOP_register_vcpu_info, 0, (void *)KIT_UNMAPPED),
           -G_EFAULT);
    check_bad_vcpu(row, G_VCPUOP_register_vcpu_info, &info);
    expect(row, "plain", place(kit_frame(page), 256), 0);
    kit_vcpu_info_moved(moved);
    expect_true(row, "time is there", moved->time.tsc_to_system_mul != 0 && kit_now() >= now);
    observe(row, "upcall_pending is forced", moved->upcall_pending);
    observe(row, "again", place(kit_frame(page), 512));
    moved->upcall_pending = 0;
    moved->pending_sel = 0;
}

static void send_nmi(uint64_t vcpu)
{
    (void)vcpu_op(G_VCPUOP_send_nmi, vcpu, NULL);
    for (volatile unsigned i = 0; i < 100000; i++)
        ;
}

TEST(nmi, "nmi", TEST_ALL)
{
    const char *row = "vcpu_op.send_nmi";

    check_bad_vcpu(row, G_VCPUOP_send_nmi, NULL);
    expect_trap(row, "vCPU 0", kit_try(send_nmi, 0), 2);
}

/* --- a second vCPU: needs a guest with two, so it runs only when named --- */

extern uint8_t second_entry[];
extern volatile uint64_t second_ran;
volatile uint64_t second_ran;

/* Says that it runs, then goes down by itself: vcpu_op(down, 1). */
__asm__("    .pushsection .text\n"
        "second_entry:\n"
        "    movq $1, second_ran(%rip)\n"
        "    movl $2, %edi\n"
        "    movl $1, %esi\n"
        "    xorl %edx, %edx\n"
        "    call hypercall_page + 24 * 32\n"
        "    movq $2, second_ran(%rip)\n"
        "1:  jmp 1b\n"
        "    .popsection\n");

static bool wait_until_down(void)
{
    uint64_t end = kit_now() + 1000 * MILLISECOND;

    while (vcpu_op(G_VCPUOP_is_up, 1, NULL) != 0 && kit_now() < end)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    return vcpu_op(G_VCPUOP_is_up, 1, NULL) == 0;
}

TEST(second, "vcpu-second", TEST_ALL | TEST_ALONE)
{
    const void *context = kit_second_context(second_entry);
    long result;

    if (vcpu_op(G_VCPUOP_is_up, 1, NULL) == -G_ENOENT)
        return test_skip("a guest of one vCPU");
    expect("vcpu_op.is_up", "vCPU 1, not made", vcpu_op(G_VCPUOP_is_up, 1, NULL), 0);
    expect("vcpu_op.up", "vCPU 1, not made", vcpu_op(G_VCPUOP_up, 1, NULL), -G_EINVAL);
    expect("vcpu_op.initialise", "unmapped",
           vcpu_op(G_VCPUOP_initialise, 1, (void *)KIT_UNMAPPED), -G_EFAULT);
    result = vcpu_op(G_VCPUOP_initialise, 1, context);
    expect("vcpu_op.initialise", "vCPU 1", result, 0);
    if (result != 0)
        return;
    expect("vcpu_op.initialise", "again", vcpu_op(G_VCPUOP_initialise, 1, context), -G_EEXIST);
    expect("vcpu_op.is_up", "vCPU 1, made", vcpu_op(G_VCPUOP_is_up, 1, NULL), 0);
    expect("vcpu_op.up", "vCPU 1", vcpu_op(G_VCPUOP_up, 1, NULL), 0);
    expect("vcpu_op.down", "by itself", wait_until_down() ? 0 : 1, 0);
    expect("vcpu_op.up", "vCPU 1 ran its entry", (long)second_ran, 1);
    expect("vcpu_op.up", "vCPU 1 again", vcpu_op(G_VCPUOP_up, 1, NULL), 0);
    for (unsigned i = 0; i < 1000 && second_ran != 2; i++)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    expect("vcpu_op.up", "it goes on behind the call", (long)second_ran, 2);
    expect("vcpu_op.down", "vCPU 1, by the other", vcpu_op(G_VCPUOP_down, 1, NULL), 0);
    expect_true("vcpu_op.down", "it is down", wait_until_down());
}
