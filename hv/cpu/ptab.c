#include "hv/cpu/ptab.h"
#include "hv/core/frame.h"
#include "hv/cpu/insn.h"
#include "hv/lib/print.h"

/* Page-table entry bits. [APM2 5.3] */
#define PTE_PRESENT       BIT(0)
#define PTE_WRITE         BIT(1)
#define PTE_WRITE_THROUGH BIT(3)
#define PTE_UNCACHED      BIT(4)
#define PTE_LARGE         BIT(7)
#define PTE_GLOBAL        BIT(8)
#define PTE_NX            BIT(63)
#define PTE_ADDRESS       0x000ffffffffff000ull

#define MSR_EFER       0xc0000080u
#define EFER_NXE       BIT(11)
#define CR0_WP         BIT(16)
#define CR4_PGE        BIT(7)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_FSGSBASE   BIT(16)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_OSXSAVE    BIT(18)

extern u8 hv_text_begin[], hv_text_end[], hv_rodata_end[], hv_image_end[];

static hpa_t root_table;

/* The entry for an address at a level (1: 4 KiB, 2: 2 MiB), tables on the way made if absent.
 */
static u64 *entry_find(u64 address, u32 level)
{
    u64 *table = phys_to_virt(root_table);

    for (u32 at = 4;; at--) {
        u64 *entry = &table[address >> (12 + 9 * (at - 1)) & 511];
        if (at == level)
            return entry;
        if (!(*entry & PTE_PRESENT)) {
            hpa_t fresh;
            if (frame_alloc(0, FRAME_OWNER_HV, &fresh) != ST_OK)
                panic("no memory for the hypervisor's page tables");
            *entry = fresh.raw | PTE_PRESENT | PTE_WRITE;
        }
        if (*entry & PTE_LARGE)
            return NULL;
        table = phys_to_virt(hpa(*entry & PTE_ADDRESS));
    }
}

static void entry_set(u64 address, u32 level, u64 value)
{
    u64 *entry = entry_find(address, level);

    if (entry == NULL)
        panic("the hypervisor's page tables have a large page at %lx already", address);
    *entry = value | PTE_PRESENT | PTE_GLOBAL;
}

static void map_pages(u64 address, u64 physical, u64 bytes, u64 bits)
{
    for (u64 at = 0; at < bytes; at += PAGE_SIZE)
        entry_set(address + at, 1, (physical + at) | bits);
}

static void map_image(void)
{
    u64 text = (u64)(uintptr_t)hv_text_begin;
    u64 rodata = (u64)(uintptr_t)hv_text_end;
    u64 data = (u64)(uintptr_t)hv_rodata_end;
    u64 end = align_up((u64)(uintptr_t)hv_image_end, PAGE_SIZE);

    map_pages(text, text - HV_IMAGE_BASE, rodata - text, 0);
    map_pages(rodata, rodata - HV_IMAGE_BASE, data - rodata, PTE_NX);
    map_pages(data, data - HV_IMAGE_BASE, end - data, PTE_NX | PTE_WRITE);
}

void ptab_init(void)
{
    if (frame_alloc(0, FRAME_OWNER_HV, &root_table) != ST_OK)
        panic("no memory for the hypervisor's page tables");
    map_image();
}

void ptab_map_ram(hpa_t begin, hpa_t end)
{
    for (u64 at = align_down(begin.raw, LARGE_PAGE_SIZE); at < end.raw; at += LARGE_PAGE_SIZE)
        entry_set(DIRECT_MAP_BASE + at, 2, at | PTE_WRITE | PTE_LARGE | PTE_NX);
}

hpa_t ptab_root(void)
{
    return root_table;
}

void ptab_activate(void)
{
    struct cpuid_leaf features = insn_cpuid(7, 0);
    struct cpuid_leaf basic = insn_cpuid(1, 0);
    u64 cr4 = insn_read_cr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    if (features.ebx & BIT(7))
        cr4 |= CR4_SMEP;
    if (features.ebx & BIT(20))
        cr4 |= CR4_SMAP;
    if (features.ebx & BIT(0))
        cr4 |= CR4_FSGSBASE;
    if (basic.ecx & BIT(26))
        cr4 |= CR4_OSXSAVE;
    insn_wrmsr(MSR_EFER, insn_rdmsr(MSR_EFER) | EFER_NXE);
    insn_write_cr0(insn_read_cr0() | CR0_WP);
    insn_write_cr3(root_table.raw);
    insn_write_cr4(cr4);
}

enum status ptab_map_device(hpa_t address, u64 bytes)
{
    u64 begin = align_down(address.raw, PAGE_SIZE);
    u64 end;

    if (add_overflows(address.raw, bytes, &end) || end > DIRECT_MAP_SIZE)
        return ST_INVALID;
    for (u64 at = begin; at < end; at += PAGE_SIZE) {
        u64 *entry = entry_find(DIRECT_MAP_BASE + at, 1);
        if (entry == NULL)
            continue; /* inside a large page of the direct map: firmware memory */
        *entry = at | PTE_PRESENT | PTE_WRITE | PTE_UNCACHED | PTE_WRITE_THROUGH | PTE_GLOBAL |
                 PTE_NX;
        insn_invlpg((void *)(uintptr_t)(DIRECT_MAP_BASE + at));
    }
    return ST_OK;
}
