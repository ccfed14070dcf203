/* Traps of PV guests: the trap table, callbacks, the kernel stack, debug registers, the FPU. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define NON_CANONICAL 0x8000000000000000ull

extern void kit_event_pv(void);

static void do_ud2(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("ud2");
}

static void do_int3(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("int3");
}

static void do_divide(uint64_t zero)
{
    __asm__ volatile("divq %0" ::"r"(zero), "a"(1ull), "d"(0ull) : "cc");
}

static void do_read(uint64_t address)
{
    (void)*(volatile uint8_t *)(uintptr_t)address;
}

static void do_write(uint64_t address)
{
    *(volatile uint8_t *)(uintptr_t)address = 1;
}

static void do_execute(uint64_t address)
{
    ((void (*)(void))(uintptr_t)address)();
}

static void do_rdmsr(uint64_t msr)
{
    __asm__ volatile("rdmsr" ::"c"((uint32_t)msr) : "eax", "edx");
}

static void do_wrmsr(uint64_t msr)
{
    __asm__ volatile("wrmsr" ::"c"((uint32_t)msr), "a"(1), "d"(0));
}

static void do_fpu(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("fnop");
}

static void do_halt(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("hlt");
}

/* A PV kernel waits by sched_op.block, which lets events in: there is no halt without them. */
TEST(halt, "halt", TEST_PV)
{
    expect_trap("trap", "hlt in the kernel", kit_try(do_halt, 0), 13);
}

/* On PV and PVH alike: what an exception says. */
TEST(exceptions, "exceptions", TEST_ALL)
{
    static uint8_t page[KIT_PAGE] __attribute__((aligned(4096)));
    struct kit_trap trap;

    expect_trap("trap", "ud2", kit_try(do_ud2, 0), 6);
    expect_trap("trap", "int3", kit_try(do_int3, 0), 3);
    expect_trap("trap", "divide by zero", kit_try(do_divide, 0), 0);
    trap = kit_try(do_read, KIT_UNMAPPED + 5);
    expect_trap("trap", "read of an unmapped address", trap, 14);
    expect_true("trap", "its address", trap.address == KIT_UNMAPPED + 5);
    trap = kit_try(do_write, KIT_UNMAPPED + 6);
    expect_trap("trap", "write to an unmapped address", trap, 14);
    expect_true("trap", "its address", trap.address == KIT_UNMAPPED + 6);
    expect_trap("trap", "execution of an unmapped address", kit_try(do_execute, KIT_UNMAPPED),
                14);
    expect_trap("trap", "read of a non-canonical address", kit_try(do_read, NON_CANONICAL), 13);
    expect_trap("trap", "rdmsr of no register", kit_try(do_rdmsr, 0x12345678), 13);
    expect_trap("trap", "wrmsr of no register", kit_try(do_wrmsr, 0x12345678), 13);
    if (kit_kind == KIT_PVH)
        return;
    expect_trap("trap", "read of the hypervisor", kit_try(do_read, KIT_HYPERVISOR), 14);
    expect_trap("trap", "write to the frame table", kit_try(do_write, G_MACH2PHYS_VIRT_START),
                14);
    kit_map(page, kit_pte_of(page) & ~2ull);
    trap = kit_try(do_write, (uintptr_t)page + 7);
    expect_trap("trap", "write to a read-only page", trap, 14);
    expect_true("trap", "its address", trap.address == (uintptr_t)page + 7);
    kit_map(page, kit_pte_of(page) | 2);
    expect_trap("trap", "write after it is writable again", kit_try(do_write, (uintptr_t)page),
                KIT_NO_TRAP);
}

TEST(trap_table, "trap-table", TEST_PV)
{
    const char *row = "set_trap_table";
    struct g_trap_info table[3] = {{.vector = 6, .cs = G_FLAT_RING3_CS64}};
    struct g_trap_info *torn = (void *)(kit_edge() + 2 * KIT_PAGE - sizeof(table[0]));

    table[0].address = NON_CANONICAL;
    expect(row, "non-canonical address",
           kit_hypercall(G_HYPERVISOR_set_trap_table, (uintptr_t)table, 0, 0, 0), -G_EINVAL);
    expect(row, "unmapped", kit_hypercall(G_HYPERVISOR_set_trap_table, KIT_UNMAPPED, 0, 0, 0),
           -G_EFAULT);
    expect(row, "hypervisor pointer",
           kit_hypercall(G_HYPERVISOR_set_trap_table, KIT_HYPERVISOR, 0, 0, 0), -G_EFAULT);
    table[0].address = (uintptr_t)do_ud2;
    *torn = table[0];
    expect(row, "torn behind the first",
           kit_hypercall(G_HYPERVISOR_set_trap_table, (uintptr_t)torn, 0, 0, 0), -G_EFAULT);
    expect(row, "null clears", kit_hypercall(G_HYPERVISOR_set_trap_table, 0, 0, 0, 0), 0);
    kit_traps_init();
    expect_trap(row, "set again: ud2 is caught", kit_try(do_ud2, 0), 6);
}

static long callback(uint16_t type, uint64_t address)
{
    struct g_callback_register argument = {.type = type, .address = address};

    return kit_hypercall(G_HYPERVISOR_callback_op, G_CALLBACKOP_register, (uintptr_t)&argument,
                         0, 0);
}

TEST(callbacks, "callbacks", TEST_PV)
{
    static const struct {
        const char *row;
        uint16_t type;
    } kinds[] = {{"callback_op.register:event", G_CALLBACKTYPE_event},
                 {"callback_op.register:failsafe", G_CALLBACKTYPE_failsafe},
                 {"callback_op.register:syscall", G_CALLBACKTYPE_syscall},
                 {"callback_op.register:syscall32", G_CALLBACKTYPE_syscall32},
                 {"callback_op.register:sysenter", G_CALLBACKTYPE_sysenter}};
    uint64_t entry = (uintptr_t)kit_event_pv;

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        expect(kinds[i].row, "plain", callback(kinds[i].type, entry), 0);
        expect(kinds[i].row, "non-canonical", callback(kinds[i].type, NON_CANONICAL),
               -G_EINVAL);
    }
    expect("callback_op", "unknown type", callback(99, entry), -G_ENOSYS);
    expect("callback_op", "unmapped",
           kit_hypercall(G_HYPERVISOR_callback_op, G_CALLBACKOP_register, KIT_UNMAPPED, 0, 0),
           -G_EFAULT);
    expect("callback_op", "torn",
           kit_hypercall(G_HYPERVISOR_callback_op, G_CALLBACKOP_register,
                         (uintptr_t)KIT_TORN(16), 0, 0),
           -G_EFAULT);
    expect("callback_op", "unknown sub-operation",
           kit_hypercall(G_HYPERVISOR_callback_op, 99, (uintptr_t)kinds, 0, 0), -G_ENOSYS);
    expect("set_callbacks", "plain",
           kit_hypercall(G_HYPERVISOR_set_callbacks, entry, entry, entry, 0), 0);
    observe("set_callbacks", "non-canonical event",
            kit_hypercall(G_HYPERVISOR_set_callbacks, NON_CANONICAL, entry, entry, 0));
    observe("set_callbacks", "non-canonical failsafe",
            kit_hypercall(G_HYPERVISOR_set_callbacks, entry, NON_CANONICAL, entry, 0));
    observe("set_callbacks", "non-canonical syscall",
            kit_hypercall(G_HYPERVISOR_set_callbacks, entry, entry, NON_CANONICAL, 0));
}

TEST(stack_switch, "stack-switch", TEST_PV)
{
    static uint8_t stack[4096];
    uint64_t top = (uintptr_t)stack + sizeof(stack);

    expect("stack_switch", "plain",
           kit_hypercall(G_HYPERVISOR_stack_switch, G_FLAT_RING3_SS64, top, 0, 0), 0);
    observe("stack_switch", "null selector",
            kit_hypercall(G_HYPERVISOR_stack_switch, 0, top, 0, 0));
    observe("stack_switch", "ring 0 selector",
            kit_hypercall(G_HYPERVISOR_stack_switch, 0xe028, top, 0, 0));
    observe("stack_switch", "non-canonical stack",
            kit_hypercall(G_HYPERVISOR_stack_switch, G_FLAT_RING3_SS64, NON_CANONICAL, 0, 0));
    kit_hypercall(G_HYPERVISOR_stack_switch, G_FLAT_RING3_SS64, top, 0, 0);
}

TEST(fpu, "fpu", TEST_PV)
{
    expect("fpu_taskswitch", "set", kit_hypercall(G_HYPERVISOR_fpu_taskswitch, 1, 0, 0, 0), 0);
    expect_trap("fpu_taskswitch", "use while set", kit_try(do_fpu, 0), 7);
    expect_trap("fpu_taskswitch", "the trap cleared it", kit_try(do_fpu, 0), KIT_NO_TRAP);
    kit_hypercall(G_HYPERVISOR_fpu_taskswitch, 1, 0, 0, 0);
    expect("fpu_taskswitch", "clear", kit_hypercall(G_HYPERVISOR_fpu_taskswitch, 0, 0, 0, 0),
           0);
    expect_trap("fpu_taskswitch", "use while clear", kit_try(do_fpu, 0), KIT_NO_TRAP);
    expect("fpu_taskswitch", "2 is not 0",
           kit_hypercall(G_HYPERVISOR_fpu_taskswitch, 2, 0, 0, 0), 0);
    expect_trap("fpu_taskswitch", "use after 2", kit_try(do_fpu, 0), 7);
}

static long debug_set(uint64_t which, uint64_t value)
{
    return kit_hypercall(G_HYPERVISOR_set_debugreg, which, value, 0, 0);
}

static long debug_get(uint64_t which)
{
    return kit_hypercall(G_HYPERVISOR_get_debugreg, which, 0, 0, 0);
}

static volatile uint64_t watched;

static void do_watched(uint64_t value)
{
    watched = value;
    __asm__ volatile("nop");
}

TEST(debugreg, "debugreg", TEST_PV)
{
    uint64_t address = (uintptr_t)&watched;

    for (unsigned i = 0; i < 4; i++) {
        expect("set_debugreg", "0-3, an address", debug_set(i, address), 0);
        expect_true("get_debugreg", "0-3", (uint64_t)debug_get(i) == address);
    }
    expect("set_debugreg", "hypervisor address", debug_set(0, KIT_HYPERVISOR), -G_EPERM);
    observe("set_debugreg", "non-canonical address", debug_set(0, NON_CANONICAL));
    observe("set_debugreg", "4", debug_set(4, 0));
    observe("set_debugreg", "5", debug_set(5, 0));
    expect("set_debugreg", "8", debug_set(8, 0), -G_ENODEV);
    expect("set_debugreg", "2^32-1", debug_set(0xffffffff, 0), -G_ENODEV);
    observe("get_debugreg", "4", debug_get(4) == -G_ENODEV);
    expect("get_debugreg", "8", debug_get(8), -G_ENODEV);
    observe("set_debugreg", "7, I/O breakpoint", debug_set(7, 1 | 2ull << 16));
    observe("set_debugreg", "7, upper half", debug_set(7, 1ull << 40));
    expect("set_debugreg", "6", debug_set(6, 0xffff0ff0), 0);
    debug_set(0, address);
    expect("set_debugreg", "7, write of 8 bytes", debug_set(7, 1 | 9ull << 16), 0);
    expect_trap("set_debugreg", "the watched write", kit_try(do_watched, 5), 1);
    expect_true("get_debugreg", "6 tells which", (debug_get(6) & 15) == 1);
    expect("set_debugreg", "7, off", debug_set(7, 0), 0);
    expect_trap("set_debugreg", "no longer watched", kit_try(do_watched, 6), KIT_NO_TRAP);
}
