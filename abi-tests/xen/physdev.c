/* physdev_op: the I/O privilege of a PV guest; an HVM guest has none to set. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static long physdev(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_physdev_op, sub, (uintptr_t)argument, 0, 0);
}

TEST(physdev, "physdev", TEST_ALL | TEST_GUEST)
{
    const char *row = "physdev_op.set_iopl", *map = "physdev_op.set_iobitmap";
    static uint8_t bits[8192];
    struct g_physdev_set_iopl iopl = {1};
    struct g_physdev_set_iobitmap bitmap = {.bitmap = (uintptr_t)bits, .nr_ports = 65536};

    if (kit_kind == KIT_PVH) {
        observe(row, "HVM caller", physdev(G_PHYSDEVOP_set_iopl, &iopl));
        observe(map, "HVM caller", physdev(G_PHYSDEVOP_set_iobitmap, &bitmap));
        return;
    }
    expect(row, "1", physdev(G_PHYSDEVOP_set_iopl, &iopl), 0);
    iopl.iopl = 3;
    expect(row, "3", physdev(G_PHYSDEVOP_set_iopl, &iopl), 0);
    iopl.iopl = 4;
    expect(row, "4", physdev(G_PHYSDEVOP_set_iopl, &iopl), -G_EINVAL);
    iopl.iopl = 0xffffffff;
    expect(row, "2^32-1", physdev(G_PHYSDEVOP_set_iopl, &iopl), -G_EINVAL);
    expect(row, "torn", physdev(G_PHYSDEVOP_set_iopl, KIT_TORN(4)), -G_EFAULT);
    expect(row, "unmapped", physdev(G_PHYSDEVOP_set_iopl, (void *)KIT_UNMAPPED), -G_EFAULT);
    expect(map, "65536 ports", physdev(G_PHYSDEVOP_set_iobitmap, &bitmap), 0);
    bitmap.nr_ports = 65537;
    expect(map, "65537 ports", physdev(G_PHYSDEVOP_set_iobitmap, &bitmap), -G_EINVAL);
    bitmap.nr_ports = 0;
    expect(map, "no ports", physdev(G_PHYSDEVOP_set_iobitmap, &bitmap), 0);
    bitmap.nr_ports = 8;
    bitmap.bitmap = KIT_HYPERVISOR;
    observe(map, "hypervisor bitmap", physdev(G_PHYSDEVOP_set_iobitmap, &bitmap));
    expect(map, "torn", physdev(G_PHYSDEVOP_set_iobitmap, KIT_TORN(16)), -G_EFAULT);
    expect(map, "unmapped", physdev(G_PHYSDEVOP_set_iobitmap, (void *)KIT_UNMAPPED), -G_EFAULT);
    expect("physdev_op", "unknown sub-operation", physdev(99, &iopl), -G_ENOSYS);
}
