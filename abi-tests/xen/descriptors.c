/* Descriptor tables of a PV guest. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define DATA     0x00cf93000000ffffull
#define DATA_3   0x00cff3000000ffffull
#define GATE     0x0000ec00e008abcdull /* to the hypervisor's code */
#define NO_FRAME 0x3fffffffull

static uint64_t table[512] __attribute__((aligned(4096)));

static long gdt(uint64_t frame, uint64_t entries)
{
    return kit_hypercall(G_HYPERVISOR_set_gdt, (uintptr_t)&frame, entries, 0, 0);
}

static long descriptor(uint64_t address, uint64_t value)
{
    return kit_hypercall(G_HYPERVISOR_update_descriptor, address, value, 0, 0);
}

TEST(descriptors, "descriptors", TEST_PV)
{
    uint64_t pte = kit_pte_of(table), frame = kit_frame(table), machine = frame << 12;

    table[1] = DATA;
    table[2] = GATE;
    expect("set_gdt", "writable frame", gdt(frame, 512), -G_EINVAL);
    kit_map(table, pte & ~2ull);
    expect("set_gdt", "frame with a gate to the hypervisor", gdt(frame, 512), -G_EINVAL);
    expect("update_descriptor", "frame without a type", descriptor(machine + 16, 0), 0);
    expect("set_gdt", "7169 entries", gdt(frame, G_FIRST_RESERVED_GDT_ENTRY + 1), -G_EINVAL);
    expect("set_gdt", "2^32-1 entries", gdt(frame, 0xffffffff), -G_EINVAL);
    expect("set_gdt", "no such frame", gdt(NO_FRAME, 1), -G_EINVAL);
    expect("set_gdt", "unmapped list",
           kit_hypercall(G_HYPERVISOR_set_gdt, KIT_UNMAPPED, 1, 0, 0), -G_EFAULT);
    expect("set_gdt", "torn list",
           kit_hypercall(G_HYPERVISOR_set_gdt, (uintptr_t)KIT_TORN(8), 1, 0, 0), -G_EFAULT);
    expect("set_gdt", "plain", gdt(frame, 512), 0);
    expect_true("set_gdt", "privilege 0 becomes 3", table[1] == DATA_3);
    expect("update_va_mapping", "GDT writable", kit_map(table, pte), -G_EBUSY);
    expect("update_descriptor", "data, privilege 0", descriptor(machine + 24, DATA), 0);
    expect_true("update_descriptor", "it becomes 3", table[3] == DATA_3);
    expect("update_descriptor", "gate to the hypervisor", descriptor(machine + 24, GATE),
           -G_EINVAL);
    expect("update_descriptor", "nothing", descriptor(machine + 24, 0), 0);
    expect("update_descriptor", "unaligned", descriptor(machine + 20, 0), -G_EINVAL);
    expect("update_descriptor", "no such frame", descriptor(NO_FRAME << 12, 0), -G_EINVAL);
    expect("set_gdt", "no entries", kit_hypercall(G_HYPERVISOR_set_gdt, 0, 0, 0, 0), 0);
    expect("update_va_mapping", "writable again", kit_map(table, pte), 0);
}

static long ldt(uint64_t address, uint64_t entries)
{
    struct g_mmuext_op op = {.cmd = G_MMUEXT_SET_LDT, .arg1 = address, .arg2 = entries};

    return kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
}

static void load_ldt_segment(uint64_t selector)
{
    __asm__ volatile("movl %0, %%fs" ::"r"((uint32_t)selector));
}

TEST(ldt, "ldt", TEST_PV)
{
    const char *row = "mmuext_op.SET_LDT";
    uint64_t pte = kit_pte_of(table);

    memset(table, 0, sizeof(table));
    table[1] = DATA_3;
    kit_map(table, pte & ~2ull);
    expect(row, "plain", ldt((uintptr_t)table, 512), 0);
    expect_trap(row, "a segment of it loads", kit_try(load_ldt_segment, 0xf), KIT_NO_TRAP);
    expect_trap(row, "an empty entry does not", kit_try(load_ldt_segment, 0x17), 13);
    load_ldt_segment(0);
    expect(row, "unaligned", ldt((uintptr_t)table + 8, 1), -G_EINVAL);
    expect(row, "8193 entries", ldt((uintptr_t)table, 8193), -G_EINVAL);
    expect(row, "hypervisor address", ldt(KIT_HYPERVISOR, 1), -G_EINVAL);
    expect(row, "none", ldt(0, 0), 0);
    expect_trap(row, "nothing loads then", kit_try(load_ldt_segment, 0xf), 13);
    expect("update_va_mapping", "writable again", kit_map(table, pte), 0);
}
