/* Native calls: the machine's devices, for the root. */
#include "hypercall/native_rows.h"
#include "hv/core/frame.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"

static bool pci_is_aligned(const struct native_pci *in)
{
    return (in->bytes == 1 || in->bytes == 2 || in->bytes == 4) && in->offset % in->bytes == 0;
}

enum status native_pci_read(struct call *call)
{
    const struct native_pci *in = IN(call, struct native_pci);
    struct native_pci_value *out = OUT(call, struct native_pci_value);

    if (!pci_is_aligned(in))
        return ST_INVALID;
    *out = (struct native_pci_value){.value = pci_read(in->address, in->offset, in->bytes)};
    return ST_OK;
}

enum status native_pci_write(struct call *call)
{
    const struct native_pci *in = IN(call, struct native_pci);

    if (!pci_is_aligned(in))
        return ST_INVALID;
    pci_write(in->address, in->offset, in->bytes, in->value);
    return ST_OK;
}

/* [SDM 3 11.11] */
#define MSI_ADDRESS      0xfee00000u
#define MSI_TARGET_SHIFT 12
#define MSI_TARGET_MAX   255u

#define DEVICE_BYTES_MAX ((u64)16 << 20)

enum status native_device_map(struct call *call)
{
    const struct native_device_map *in = IN(call, struct native_device_map);

    if (in->bytes == 0 || in->bytes > DEVICE_BYTES_MAX || in->machine >= SPACE_LIMIT ||
        ((in->machine | in->bytes) & PAGE_MASK))
        return ST_INVALID;
    for (u64 at = 0; at < in->bytes; at += PAGE_SIZE)
        if (frame_owner(hpa(in->machine + at)) != FRAME_OWNER_LIMIT)
            return ST_DENIED;
    return space_map(&call->vcpu->partition->space, gpa(in->local_at), hpa(in->machine),
                     in->bytes, SPACE_READ | SPACE_WRITE);
}

enum status native_device_interrupt(struct call *call)
{
    u32 target = lapic_id();

    if (target > MSI_TARGET_MAX)
        return ST_UNSUPPORTED;
    *OUT(call, struct native_device_interrupt) = (struct native_device_interrupt){
        .address = MSI_ADDRESS | (u64)target << MSI_TARGET_SHIFT, .data = VECTOR_DEVICE};
    return ST_OK;
}
