/*
 * The hypervisor's own page tables: its image at -2 GiB with W^X, and all RAM in a direct map
 * that is never executable.
 */
#ifndef HV_CPU_PTAB_H
#define HV_CPU_PTAB_H

#include "hv/lib/types.h"
#include "hv/lib/status.h"

#define HV_IMAGE_BASE 0xffffffff80000000ull
#ifndef DIRECT_MAP_BASE /* a host test maps its memory elsewhere */
#define DIRECT_MAP_BASE 0xffff800000000000ull
#endif
#define DIRECT_MAP_SIZE ((u64)1 << 46)

static inline void *phys_to_virt(hpa_t address)
{
    return (void *)(uintptr_t)(DIRECT_MAP_BASE + address.raw);
}

/* For addresses in the direct map and in the hypervisor's image. */
static inline hpa_t virt_to_phys(const void *address)
{
    u64 raw = (u64)(uintptr_t)address;

    return hpa(raw >= HV_IMAGE_BASE ? raw - HV_IMAGE_BASE : raw - DIRECT_MAP_BASE);
}

/* Begins the final tables with the image, mapped by its sections. Panics without memory. */
void ptab_init(void);

/* Adds a range of RAM to the direct map, rounded outwards to 2 MiB. Panics without memory. */
void ptab_map_ram(hpa_t begin, hpa_t end);

/* Where the tables are, for a CPU that is being started. */
hpa_t ptab_root(void);

/* Activates the tables on the calling CPU, with NX, WP, SMEP and SMAP where present. */
void ptab_activate(void);

/* Maps device registers uncached into the direct map's place for that address. */
enum status ptab_map_device(hpa_t address, u64 bytes);

#endif
