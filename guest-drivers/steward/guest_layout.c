#include "guest-drivers/steward/guest_layout.h"
#include "guest-drivers/steward/acpi.h"

#define LOW_END         0xf0000000ul
#define LOW_END_UEFI    0xc0000000ul /* where EDK2 looks for PCI's memory */
#define LAPIC_BASE      0xfee00000ul
#define MEMORY_BASE_MIB 16u /* for the shim and for a small kernel's unpacking */
#define MEMORY_UEFI_MIB 64u /* with less EDK2 says nothing at all */

static u64 module_bytes(const struct module *module)
{
    return module ? align_up(module->size, PAGE_SIZE) : 0;
}

/* A PVH kernel is told of more memory by hot-plug, a PV guest's shim at its start. */
static u64 growth_bytes(const struct config *config)
{
    if (config->type != CONFIG_PV)
        return 0;
    return (MAX(config->maxmem_mib, config->memory_mib) - config->memory_mib) * MIB;
}

enum status guest_layout_make(struct guest *guest, struct guest_layout *out)
{
    u64 bytes = guest->config->memory_mib * MIB;
    u64 growth = growth_bytes(guest->config);
    u64 files = module_bytes(guest->kernel) + module_bytes(guest->ramdisk);
    u64 least_mib = guest->config->has_firmware ? MEMORY_UEFI_MIB
                                                : MEMORY_BASE_MIB + (files + MIB - 1) / MIB;
    u64 low_end = guest->config->has_firmware ? LOW_END_UEFI : LOW_END;
    u64 top;

    out->low_bytes = MIN(bytes, low_end);
    out->high_bytes = bytes - out->low_bytes;
    out->low_growth = MIN(growth, low_end - out->low_bytes);
    out->high_growth = growth - out->low_growth;
    if (out->low_bytes < least_mib * MIB) {
        config_refuse(
            guest->config, KEY_MEMORY,
            "memory = %lu is too little: guest \"%s\" with these files needs at least "
            "%lu MiB; raise memory =",
            (unsigned long)guest->config->memory_mib, guest->name, (unsigned long)least_mib);
        return ST_INVALID;
    }
    top = out->low_bytes;
    out->ramdisk_at = top - module_bytes(guest->ramdisk);
    out->kernel_at = out->ramdisk_at - module_bytes(guest->kernel);
    return ST_OK;
}

static u32 map_add(struct xen_hvm_memmap_entry *map, u32 count, u64 at, u64 bytes, u32 type)
{
    if (bytes == 0)
        return count;
    map[count] = (struct xen_hvm_memmap_entry){at, bytes, type, 0};
    return count + 1;
}

u32 guest_layout_map(const struct guest_layout *layout,
                     struct xen_hvm_memmap_entry map[LAYOUT_RANGES])
{
    u32 count = 0;

    count = map_add(map, count, 0, layout->low_bytes, XEN_HVM_MEMMAP_TYPE_RAM);
    count = map_add(map, count, layout->low_bytes, layout->low_growth,
                    XEN_HVM_MEMMAP_TYPE_DISABLED);
    count = map_add(map, count, ACPI_BASE, ACPI_BYTES, XEN_HVM_MEMMAP_TYPE_ACPI);
    count = map_add(map, count, LAPIC_BASE, PAGE_SIZE, XEN_HVM_MEMMAP_TYPE_RESERVED);
    count = map_add(map, count, SPECIAL_BASE, SPECIAL_PAGES * PAGE_SIZE,
                    XEN_HVM_MEMMAP_TYPE_RESERVED);
    count = map_add(map, count, HIGH_BEGIN, layout->high_bytes, XEN_HVM_MEMMAP_TYPE_RAM);
    return map_add(map, count, HIGH_BEGIN + layout->high_bytes, layout->high_growth,
                   XEN_HVM_MEMMAP_TYPE_DISABLED);
}
