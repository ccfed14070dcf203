/* The calling convention and the statuses of Appendix B. */
#include "abi-tests/tlfs/tlfs.h"

#define UD 6

static long call(uint64_t control, uint64_t in, uint64_t out)
{
    return (long)tlfs_call(control, in, out);
}

TEST(call_codes, "call-codes", TEST_HYPERV)
{
    tlfs_begin();
    expect_number("call", "unknown code", call(0x3fff, 0, 0), T_INVALID_CODE);
    expect_number("call.CreatePartition", "by a guest", call(0x40, 0, 0), T_ACCESS_DENIED);
    expect_number("call.GetPartitionId", "by a guest", call(0x46, 0, 0), T_ACCESS_DENIED);
    expect_number("call.GetVpRegisters", "by a guest", call(0x50, 0, 0), T_ACCESS_DENIED);
    expect_number("call.MapGpaPages", "by a guest", call(0x4b, 0, 0), T_ACCESS_DENIED);
}

TEST(call_control, "call-control", TEST_HYPERV)
{
    uint64_t in = (uintptr_t)tlfs_page(0);

    tlfs_begin();
    expect_number("call.NotifyLongSpinWait", "fast", call(T_FAST | T_SPIN_WAIT, 1, 0),
                  T_SUCCESS);
    expect_number("call.NotifyLongSpinWait", "slow", call(T_SPIN_WAIT, in, 0), T_SUCCESS);
    expect_number("call", "reserved bit 27", call(T_FAST | T_SPIN_WAIT | 1ull << 27, 0, 0),
                  T_INVALID_INPUT);
    expect_number("call", "reserved bit 63", call(T_FAST | T_SPIN_WAIT | 1ull << 63, 0, 0),
                  T_INVALID_INPUT);
    expect_number("call", "repetitions of a simple call",
                  call(T_FAST | T_SPIN_WAIT | T_REPS(1), 0, 0), T_INVALID_INPUT);
    expect_number("call", "header of a simple call",
                  call(T_FAST | T_SPIN_WAIT | T_BANKS(1), 0, 0), T_INVALID_INPUT);
    expect_number("call", "no repetition of a repeated call", call(T_FLUSH_LIST, in, 0),
                  T_INVALID_INPUT);
    expect_number("call", "start behind the end",
                  call(T_FLUSH_LIST | T_REPS(1) | T_START(1), in, 0), T_INVALID_INPUT);
}

TEST(call_memory, "call-memory", TEST_HYPERV)
{
    uint64_t in = (uintptr_t)tlfs_page(0);
    uint64_t *out = (uint64_t *)(void *)tlfs_page(1);

    tlfs_begin();
    expect_number("call", "input not aligned", call(T_FLUSH_SPACE, in + 4, 0),
                  T_INVALID_ALIGNMENT);
    expect_number("call", "input across pages", call(T_FLUSH_SPACE, in + KIT_PAGE - 16, 0),
                  T_INVALID_ALIGNMENT);
    expect_number("call", "list across pages", call(T_FLUSH_LIST | T_REPS(510), in, 0),
                  T_INVALID_ALIGNMENT);
    *out = ~0ull;
    expect_number("call.ExtCallQueryCapabilities", "plain",
                  call(T_QUERY_EXTENDED, 0, (uintptr_t)out), T_SUCCESS);
    expect_true("call.ExtCallQueryCapabilities", "none", *out == 0);
    expect_number("call", "output not aligned", call(T_QUERY_EXTENDED, 0, (uintptr_t)out + 1),
                  T_INVALID_ALIGNMENT);
}

TEST(call_flush, "call-flush", TEST_HYPERV)
{
    uint64_t *in = (uint64_t *)(void *)tlfs_page(0);

    tlfs_begin();
    in[2] = 1;
    expect_number("call.FlushVirtualAddressSpace", "itself",
                  call(T_FLUSH_SPACE, (uintptr_t)in, 0), T_SUCCESS);
    expect_true("call.FlushVirtualAddressList", "64 elements",
                tlfs_call(T_FLUSH_LIST | T_REPS(64), (uintptr_t)in, 0) == T_REPS(64));
    expect_true("call.FlushVirtualAddressList", "from the 60th on",
                tlfs_call(T_FLUSH_LIST | T_REPS(64) | T_START(60), (uintptr_t)in, 0) ==
                    T_REPS(64));
    in[1] = 1ull << 40;
    expect_number("call.FlushVirtualAddressSpace", "unknown flag",
                  call(T_FLUSH_SPACE, (uintptr_t)in, 0), T_INVALID_PARAMETER);
}

/* A repeated call begins at its start index and tells how many are done, those before it
 * included; elements before it are not looked at. [TLFS 3.8] */
TEST(call_reps, "call-reps", TEST_HYPERV)
{
    const char *row = "call.FlushVirtualAddressList", *ex = "call.FlushVirtualAddressListEx";
    uint64_t *in = (uint64_t *)(void *)tlfs_page(0);

    tlfs_begin();
    in[2] = 1;
    expect_true(row, "as many as a page holds",
                tlfs_call(T_FLUSH_LIST | T_REPS(509), (uintptr_t)in, 0) == T_REPS(509));
    expect_true(row, "the last of them",
                tlfs_call(T_FLUSH_LIST | T_REPS(509) | T_START(508), (uintptr_t)in, 0) ==
                    T_REPS(509));
    expect_number(row, "start at the end",
                  call(T_FLUSH_LIST | T_REPS(509) | T_START(509), (uintptr_t)in, 0),
                  T_INVALID_INPUT);
    expect_number(row, "start index 4095",
                  call(T_FLUSH_LIST | T_REPS(509) | T_START(4095), (uintptr_t)in, 0),
                  T_INVALID_INPUT);
    in[1] = 1ull << 40;
    expect_number(row, "unknown flag, none is done",
                  call(T_FLUSH_LIST | T_REPS(64), (uintptr_t)in, 0), T_INVALID_PARAMETER);
    in[1] = 0;
    in[2] = 0;
    in[3] = in[4] = 1;
    expect_true(ex, "from the second on",
                tlfs_call(T_FLUSH_LIST_EX | T_BANKS(1) | T_REPS(3) | T_START(1), (uintptr_t)in,
                          0) == T_REPS(3));
    expect_number(ex, "start at the end",
                  call(T_FLUSH_LIST_EX | T_BANKS(1) | T_REPS(3) | T_START(3), (uintptr_t)in, 0),
                  T_INVALID_INPUT);
    expect_number("call.FlushVirtualAddressSpace", "start index of a simple call",
                  call(T_FLUSH_SPACE | T_START(1), (uintptr_t)in, 0), T_INVALID_INPUT);
}

/* A sparse set: format 0, the banks named, then the banks. */
TEST(call_sets, "call-sets", TEST_HYPERV)
{
    uint64_t *in = (uint64_t *)(void *)tlfs_page(0);

    tlfs_begin();
    in[3] = 1;
    in[4] = 1;
    expect_number("call.FlushVirtualAddressSpaceEx", "one bank",
                  call(T_FLUSH_SPACE_EX | T_BANKS(1), (uintptr_t)in, 0), T_SUCCESS);
    expect_number("call.FlushVirtualAddressSpaceEx", "a bank is missing",
                  call(T_FLUSH_SPACE_EX, (uintptr_t)in, 0), T_INVALID_INPUT);
    expect_number("call.FlushVirtualAddressSpaceEx", "a bank too many",
                  call(T_FLUSH_SPACE_EX | T_BANKS(2), (uintptr_t)in, 0), T_INVALID_INPUT);
    in[2] = 1;
    expect_true("call.FlushVirtualAddressListEx", "all processors",
                tlfs_call(T_FLUSH_LIST_EX | T_REPS(3), (uintptr_t)in, 0) == T_REPS(3));
    in[2] = 7;
    expect_number("call.FlushVirtualAddressSpaceEx", "no such format",
                  call(T_FLUSH_SPACE_EX | T_BANKS(1), (uintptr_t)in, 0), T_INVALID_PARAMETER);
}

/* The banks of a fast call come in xmm registers, behind rdx and r8. */
TEST(call_xmm, "call-xmm", TEST_HYPERV)
{
    uint64_t words[4] = {0, 1, 1, 0};
    uint64_t cr4;

    tlfs_begin();
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | 1u << 9));
    __asm__ volatile("movups (%0), %%xmm0\n movups 16(%0), %%xmm1" ::"r"(words) : "memory");
    expect_number("call.FlushVirtualAddressSpaceEx", "fast",
                  call(T_FAST | T_FLUSH_SPACE_EX | T_BANKS(1), 0, 0), T_SUCCESS);
    words[0] = 7;
    __asm__ volatile("movups (%0), %%xmm0" ::"r"(words) : "memory");
    expect_number("call.FlushVirtualAddressSpaceEx", "fast, no such format",
                  call(T_FAST | T_FLUSH_SPACE_EX | T_BANKS(1), 0, 0), T_INVALID_PARAMETER);
    expect_number("call", "fast input longer than the registers",
                  call(T_FAST | T_POST_MESSAGE, 0, 0), T_INVALID_INPUT);
}

TEST(call_connections, "call-connections", TEST_HYPERV)
{
    uint32_t *in = (uint32_t *)(void *)tlfs_page(0);

    tlfs_begin();
    in[0] = 3; /* connection, reserved, type, bytes */
    in[2] = 1;
    in[3] = 16;
    expect_number("call.PostMessage", "no such connection",
                  call(T_POST_MESSAGE, (uintptr_t)in, 0), T_INVALID_CONNECTION);
    in[3] = 241;
    expect_number("call.PostMessage", "too long", call(T_POST_MESSAGE, (uintptr_t)in, 0),
                  T_INVALID_PARAMETER);
    in[3] = 16;
    in[2] = 0x80000001u;
    expect_number("call.PostMessage", "type of the hypervisor",
                  call(T_POST_MESSAGE, (uintptr_t)in, 0), T_INVALID_PARAMETER);
    expect_number("call.SignalEvent", "no such connection",
                  call(T_FAST | T_SIGNAL_EVENT, 0x777777, 0), T_INVALID_CONNECTION);
}

/* As the page does it: bit 31 of eax tells the call from one of Xen's, where both are there. */
static void call_body(uint64_t argument)
{
    uint64_t rax = 1u << 31;

    __asm__ volatile("vmmcall" : "+a"(rax) : "c"(argument) : "rdx", "r8", "memory");
}

TEST(call_off, "call-off", TEST_HYPERV)
{
    tlfs_begin();
    msr_write(T_MSR_GUEST_OS_ID, 0);
    expect_trap("call", "without identity", kit_try(call_body, T_FAST | T_SPIN_WAIT), UD);
    tlfs_begin();
}
