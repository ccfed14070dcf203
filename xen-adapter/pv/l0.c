#include "xen-adapter/pv/l0.h"
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/early_insn.h"
#include "xen-adapter/pv/memory.h"

#define CPUID_LAST_BASE 0x40010000u
#define CPUID_STRIDE    0x100u

extern u8 hypercall_page[];

struct start start;

enum status l0_find(void)
{
    for (u32 leaf = XEN_CPUID_BASE; leaf < CPUID_LAST_BASE; leaf += CPUID_STRIDE) {
        struct early_cpuid_leaves id = early_cpuid(leaf, 0);

        if (id.ebx != XEN_CPUID_SIGNATURE_EBX || id.ecx != XEN_CPUID_SIGNATURE_ECX ||
            id.edx != XEN_CPUID_SIGNATURE_EDX || id.eax < leaf + XEN_CPUID_LEAF_HYPERCALL)
            continue;
        shim.xen_leaf = leaf;
        shim.xen_version = early_cpuid(leaf + XEN_CPUID_LEAF_VERSION, 0).eax;
        insn_wrmsr(early_cpuid(leaf + XEN_CPUID_LEAF_HYPERCALL, 0).ebx,
                   image_to_phys(hypercall_page));
        return ST_OK;
    }
    return ST_NO_DEVICE;
}

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    const u8 *stub = hypercall_page + number * XEN_HYPERCALL_STUB_SIZE;
    register u64 r10 __asm__("r10") = a4;
    register u64 r8 __asm__("r8") = a5;
    s64 result;

    if (shim.xen_leaf == 0)
        return -XEN_ENOSYS;
    __asm__ volatile("call *%[stub]"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
                     : [stub] "r"(stub)
                     : "rcx", "r9", "r11", "memory");
    return result;
}

static bool param_get(u32 index, u64 *value)
{
    struct xen_hvm_param param = {.domid = XEN_DOMID_SELF, .index = index};

    if (l0_call(XENNR_hvm_op, XENOP_hvm_op_get_param, (u64)&param, 0, 0, 0) != 0)
        return false;
    *value = param.value;
    return true;
}

/* 0 and ~0 both mean "none" to guests. */
static bool ring_get(u32 frame_index, u32 port_index, mfn_t *frame, u32 *port)
{
    u64 gfn, number;

    if (!param_get(frame_index, &gfn) || !param_get(port_index, &number) || gfn == 0 ||
        gfn >= FOUR_GIB >> PAGE_SHIFT)
        return false;
    *frame = mfn(gfn);
    *port = (u32)number;
    return true;
}

void l0_rings_find(void)
{
    struct domain_layout *domain = &shim.domain;

    (void)ring_get(XEN_HVM_PARAM_CONSOLE_PFN, XEN_HVM_PARAM_CONSOLE_EVTCHN,
                   &domain->console_mfn, &domain->console_port);
    (void)ring_get(XEN_HVM_PARAM_STORE_PFN, XEN_HVM_PARAM_STORE_EVTCHN, &domain->store_mfn,
                   &domain->store_port);
}

/* ---- Start info -------------------------------------------------------------------------- */

static void map_add(u64 base, u64 size, u32 type)
{
    struct domain_layout *domain = &shim.domain;
    u32 at = domain->map_count;

    if (size == 0)
        return;
    if (base + size < base || domain->map_count == MEMORY_RANGES_MAX)
        shim_fail("the memory map from the hypervisor has a bad or a %u. entry",
                  MEMORY_RANGES_MAX + 1);
    for (; at > 0 && domain->map[at - 1].base > base; at--)
        domain->map[at] = domain->map[at - 1];
    domain->map[at] = (struct memory_range){base, size, type, 0};
    domain->map_count++;
}

static void map_from_l0(void)
{
    static struct xen_e820_entry entry[XEN_E820_MAX];
    struct xen_memory_map map = {.nr_entries = XEN_E820_MAX, .buffer = (u64)entry};

    if (l0_call(XENNR_memory_op, XENOP_memory_op_memory_map, (u64)&map, 0, 0, 0) != 0)
        shim_fail("no memory map: neither in the start info nor by XENMEM_memory_map");
    for (u32 i = 0; i < map.nr_entries; i++)
        map_add(entry[i].addr, entry[i].size, entry[i].type);
}

static void map_read(const struct xen_hvm_start_info *info)
{
    const struct xen_hvm_memmap_entry *entry = phys_to_direct(info->memmap_paddr);

    if (info->version == 0 || info->memmap_entries == 0) {
        map_from_l0();
        return;
    }
    for (u32 i = 0; i < info->memmap_entries; i++)
        map_add(entry[i].addr, entry[i].size, entry[i].type);
}

static void cmdline_read(u64 phys)
{
    const char *line = phys_to_direct(phys);

    if (phys != 0)
        start.cmdline_bytes = string_copy(start.cmdline, line, sizeof(start.cmdline));
}

/* Modules lie below 4 GiB: the early direct map reaches no further, nor does any loader. */
static void modules_read(const struct xen_hvm_start_info *info)
{
    const struct xen_hvm_modlist_entry *list = phys_to_direct(info->modlist_paddr);

    start.module_count = MIN(info->nr_modules, START_MODULES_MAX);
    for (u32 i = 0; i < start.module_count; i++) {
        if (list[i].paddr >= FOUR_GIB || list[i].size > FOUR_GIB - list[i].paddr)
            shim_fail("module %u lies above 4 GiB", i);
        start.module[i] = (struct start_module){list[i].paddr, list[i].size};
    }
    if (start.module_count > 0)
        cmdline_read(list[0].cmdline_paddr);
}

void start_read(u64 start_info)
{
    const struct xen_hvm_start_info *info = phys_to_direct(start_info);

    if (info->magic != XEN_HVM_START_MAGIC)
        shim_fail("not started by the PVH protocol: start this image as a PVH kernel");
    shim.start_info = start_info;
    shim.domain.rsdp = info->rsdp_paddr;
    start.flags = info->flags;
    shim.domain.privileged = (info->flags & XEN_SIF_PRIVILEGED) != 0;
    if (info->cmdline_paddr != 0)
        string_copy(start.own_cmdline, phys_to_direct(info->cmdline_paddr),
                    sizeof(start.own_cmdline));
    map_read(info);
    modules_read(info);
}
