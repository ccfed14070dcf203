#include "xen-adapter/pv/physdev.h"

#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"

#define IO_PORTS 65536u

static u64 io_bitmap[SHIM_VCPUS_MAX]; /* guest address of its bitmap, 0 = none */
static u32 io_bitmap_ports[SHIM_VCPUS_MAX];

static bool bitmap_allows(const struct pv_vcpu *vcpu, u32 port, u32 count)
{
    u8 bits[2] = {0xff, 0xff};
    u32 mask = (u32)(BIT(count) - 1) << (port & 7);

    if (port + count > io_bitmap_ports[vcpu->id] || io_bitmap[vcpu->id] == 0)
        return false;
    if (copy_from_guest(bits, io_bitmap[vcpu->id] + port / 8, (port & 7) + count > 8 ? 2 : 1) !=
        ST_OK)
        return false;
    return ((bits[0] | (u32)bits[1] << 8) & mask) == 0;
}

bool ioport_allowed(const struct pv_vcpu *vcpu, u32 port, u32 count)
{
    if (vcpu->iopl >= (vcpu->mode == PV_KERNEL ? 1u : 3u))
        return true;
    return bitmap_allows(vcpu, port, count);
}

HANDLER(op_physdev_op_set_iopl)
{
    struct xen_physdev_set_iopl want;

    if (copy_from_guest(&want, a1, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    if (want.iopl > 3)
        return -XEN_EINVAL;
    this_vcpu()->iopl = want.iopl;
    return 0;
}

HANDLER(op_physdev_op_set_iobitmap)
{
    struct xen_physdev_set_iobitmap want;
    u32 id = this_vcpu()->id;

    if (copy_from_guest(&want, a1, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    if (want.nr_ports > IO_PORTS || !guest_range_ok(want.bitmap, IO_PORTS / 8))
        return -XEN_EINVAL;
    io_bitmap[id] = want.bitmap;
    io_bitmap_ports[id] = want.nr_ports;
    return 0;
}
