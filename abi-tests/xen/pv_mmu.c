/*
 * The PV MMU from a guest's side: what Xen refuses, with which error, and what it allows. The
 * expected values are those of Debian's Xen 4.17 for a PV domU, so this guest says "0 failed"
 * there and on us. Each check prints "ok" or "not ok" and the value that came back.
 */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/kit/kit.h"

#define P   1ull
#define RW  2ull
#define US  4ull
#define PWT 8ull
#define PCD 16ull
#define A   32ull
#define PS  128ull
#define G   256ull
#define NX  (1ull << 63)

#define PTE_ADDRESS 0x000ffffffffff000ull
#define NO_FRAME    0xffffffffffull
#define FAR_FRAME   0x3fffffffull /* no memory there */
#define HOLE        0xffff830000000000ull

#define EPERM      1
#define ESRCH      3
#define EACCES     13
#define EFAULT     14
#define EBUSY      16
#define EINVAL     22
#define ENOSYS     38
#define EOPNOTSUPP 95

struct update {
    uint64_t pointer, value;
};

struct extended {
    uint64_t command, arg1, arg2;
};

static unsigned checks, failures;
static uint64_t pages[6][512] __attribute__((aligned(4096)));

static void check(const char *what, long got, long expected)
{
    checks++;
    failures += got != expected;
    if (got == expected)
        kit_print("ok %u - %s (%ld)\n", checks, what, got);
    else
        kit_print("not ok %u - %s: %ld, expected %ld\n", checks, what, got, expected);
}

static uint64_t entry_of(const void *address)
{
    uint64_t entry;

    (void)kit_pte_address(address, &entry);
    return entry;
}

static uint64_t frame_of(const void *address)
{
    return (entry_of(address) & PTE_ADDRESS) >> 12;
}

static uint64_t slot_of(const void *address)
{
    uint64_t entry;

    return kit_pte_address(address, &entry);
}

static long va_set(uint64_t address, uint64_t entry, uint64_t flags)
{
    return kit_hypercall(G_HYPERVISOR_update_va_mapping, address, entry, flags, 0);
}

static long page_set(unsigned n, uint64_t entry)
{
    return va_set((uintptr_t)pages[n], entry, G_UVMF_INVLPG);
}

static long update(uint64_t pointer, uint64_t value)
{
    struct update request = {pointer, value};

    return kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)&request, 1, 0, G_DOMID_SELF);
}

static long update_for(uint64_t pointer, uint64_t value, uint64_t foreign)
{
    struct update request = {pointer, value};

    return kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)&request, 1, 0, foreign);
}

static long extended(uint64_t command, uint64_t arg1, uint64_t arg2)
{
    struct extended op = {command, arg1, arg2};

    return kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
}

/* ---- L1 entries ---------------------------------------------------------------------- */

static void check_l1(void)
{
    uint64_t own = frame_of(pages[0]) << 12;
    uint64_t table = slot_of(pages[0]) & PTE_ADDRESS;

    check("read-only", page_set(0, own | P), 0);
    check("writable again", page_set(0, own | P | RW), 0);
    check("nothing", page_set(0, 0), 0);
    check("not present, any bits", page_set(0, 0xfff0000000000ffeull), 0);
    check("a table read-only", page_set(0, table | P), 0);
    check("a table writable", page_set(0, table | P | RW), -EBUSY);
    check("no memory", page_set(0, FAR_FRAME << 12 | P), -EPERM);
    check("no frame", page_set(0, NO_FRAME << 12 | P), -EINVAL);
    check("PAT", page_set(0, own | P | PS), -EINVAL);
    check("uncached", page_set(0, own | P | PCD), -EINVAL);
    check("write-through", page_set(0, own | P | PWT), -EINVAL);
    check("global", page_set(0, own | P | RW | G), 0);
    check("software bits", page_set(0, own | P | RW | 0xe00 | 0x3ffull << 52), 0);
    check("no execute", page_set(0, own | P | RW | NX), 0);
    check("user bit is added", (long)(entry_of(pages[0]) & (US | NX)) != 0, 1);
    check("plain", page_set(0, own | P | RW), 0);
}

static void check_addresses(void)
{
    check("no table there", va_set(1ull << 40, 0, 0), -EINVAL);
    check("the hypervisor's", va_set(HOLE, 0, 0), -EINVAL);
    check("the M2P", va_set(0xffff800000000000ull, 0, 0), -EINVAL);
    check("not canonical", va_set(1ull << 47, 0, 0), -EINVAL);
    check("unknown flush", va_set((uintptr_t)pages[0], entry_of(pages[0]), 3), 0);
    check("flush by a bad bitmap",
          va_set((uintptr_t)pages[0], entry_of(pages[0]), HOLE | G_UVMF_TLB_FLUSH), -EFAULT);
}

/* ---- mmu_update
 * ------------------------------------------------------------------------------ */

static void check_update(void)
{
    uint64_t own = frame_of(pages[0]) << 12;
    uint64_t entry = entry_of(pages[0]);
    struct update list[3] = {{slot_of(pages[0]), entry}, {FAR_FRAME << 12, 0}, {0, 0}};
    uint32_t done = 9;

    check("own entry", update(slot_of(pages[0]), entry), 0);
    check("keeping A and D", update(slot_of(pages[0]) | 2, entry), 0);
    check("not translated", update(slot_of(pages[0]) | 3, entry), 0);
    check("plain memory", update(own + 8, 0x1234), 0);
    check("plain memory changed", (long)pages[0][1], 0x1234);
    check("no memory", update(FAR_FRAME << 12, 0), -EINVAL);
    check("M2P of a frame", update(own | 1, entry_of(pages[0]) >> 60), 0);
    check("M2P put back", update(own | 1, (uintptr_t)pages[0] >> 12), 0);
    check("M2P of no frame", update(FAR_FRAME << 12 | 1, 0), -EINVAL);
    check("a list",
          kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)list, 3, (uintptr_t)&done,
                        G_DOMID_SELF),
          -EINVAL);
    check("a list, done", done, 1);
    check("an empty list",
          kit_hypercall(G_HYPERVISOR_mmu_update, 0, 0, (uintptr_t)&done, G_DOMID_SELF), 0);
    check("an empty list, done", done, 0);
    check("a list of the hypervisor's",
          kit_hypercall(G_HYPERVISOR_mmu_update, HOLE, 1, 0, G_DOMID_SELF), -EFAULT);
    check("a list that is not there",
          kit_hypercall(G_HYPERVISOR_mmu_update, 1ull << 40, 1, 0, G_DOMID_SELF), -EFAULT);
}

static void check_foreign(void)
{
    uint64_t slot = slot_of(pages[0]);
    uint64_t entry = entry_of(pages[0]);

    check("no such domain", update_for(slot, entry, 999), -ESRCH);
    check("domain invalid", update_for(slot, entry, G_DOMID_INVALID), -ESRCH);
    check("table owner of no domain", update_for(slot, entry, G_DOMID_SELF | 1000 << 16),
          -ESRCH);
    check("flush for no domain", kit_hypercall(G_HYPERVISOR_mmuext_op, 0, 0, 0, 999), -ESRCH);
    check("another's address space", kit_hypercall(22, (uintptr_t)pages[0], entry, 0, 999),
          -ESRCH);
}

/* ---- Upper tables
 * ---------------------------------------------------------------------------- */

static void check_upper(void)
{
    uint64_t top = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
    uint64_t l4 = frame_of((const void *)(uintptr_t)top) << 12;
    uint64_t own = frame_of(pages[0]) << 12;

    check("slot 256", update(l4 + 256 * 8, 0), -EINVAL);
    check("slot 271", update(l4 + 271 * 8, 0), -EINVAL);
    check("slot 300, nothing", update(l4 + 300 * 8, 0), 0);
    check("slot 300, a writable page", update(l4 + 300 * 8, own | P | RW | US | A), -EINVAL);
    check("slot 300, no memory", update(l4 + 300 * 8, FAR_FRAME << 12 | P), -EINVAL);
    check("slot 300, linear", update(l4 + 300 * 8, l4 | P), 0);
    check("slot 300, writable linear", update(l4 + 300 * 8, l4 | P | RW), -EINVAL);
    check("slot 300, global", update(l4 + 300 * 8, l4 | P | G), -EINVAL);
    check("slot 300, nothing again", update(l4 + 300 * 8, 0), 0);
    check("new base, a writable page", extended(G_MMUEXT_NEW_BASEPTR, own >> 12, 0), -EINVAL);
    check("new base, no memory", extended(G_MMUEXT_NEW_BASEPTR, FAR_FRAME, 0), -EINVAL);
    check("new base, the same", extended(G_MMUEXT_NEW_BASEPTR, l4 >> 12, 0), 0);
    check("user base", extended(G_MMUEXT_NEW_USER_BASEPTR, l4 >> 12, 0), 0);
    check("user base, a writable page", extended(G_MMUEXT_NEW_USER_BASEPTR, own >> 12, 0),
          -EINVAL);
    check("user base, none", extended(G_MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
}

static void check_pins(void)
{
    uint64_t own = frame_of(pages[1]);
    uint64_t table = slot_of(pages[0]) & PTE_ADDRESS;

    check("pin, writable", extended(G_MMUEXT_PIN_L1_TABLE, own, 0), -EINVAL);
    check("unpin, not pinned", extended(G_MMUEXT_UNPIN_TABLE, own, 0), -EINVAL);
    check("pin, no memory", extended(G_MMUEXT_PIN_L1_TABLE, FAR_FRAME, 0), -EINVAL);
    check("unpin, no memory", extended(G_MMUEXT_UNPIN_TABLE, FAR_FRAME, 0), -EINVAL);
    pages[1][7] = table | P | RW;
    check("read-only", page_set(1, own << 12 | P), 0);
    check("pin, maps a table writable", extended(G_MMUEXT_PIN_L1_TABLE, own, 0), -EBUSY);
    check("pin as L2, refers to an L1", extended(G_MMUEXT_PIN_L2_TABLE, own, 0), 0);
    check("pin as L1, is an L2", extended(G_MMUEXT_PIN_L1_TABLE, own, 0), -EINVAL);
    check("pin again", extended(G_MMUEXT_PIN_L2_TABLE, own, 0), -EINVAL);
    check("writable", page_set(1, own << 12 | P | RW), -EBUSY);
    check("L2 entry, superpage", update((own << 12) + 8, P | PS | RW), -EINVAL);
    check("L2 entry, itself", update((own << 12) + 8, own << 12 | P), 0);
    check("L2 entry, nothing", update((own << 12) + 8, 0), 0);
    check("clear it", extended(16, own, 0), -EINVAL);
    check("copy over it", extended(17, own, frame_of(pages[2])), -EINVAL);
    check("unpin", extended(G_MMUEXT_UNPIN_TABLE, own, 0), 0);
    check("writable now", page_set(1, own << 12 | P | RW), 0);
    pages[1][7] = 0;
}

static void check_extended(void)
{
    check("clear", extended(16, frame_of(pages[2]), 0), 0);
    check("copy", extended(17, frame_of(pages[2]), frame_of(pages[3])), 0);
    check("clear, no memory", extended(16, FAR_FRAME, 0), -EINVAL);
    check("copy from no memory", extended(17, frame_of(pages[2]), FAR_FRAME), -EINVAL);
    check("flush", extended(G_MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    check("flush by a bad bitmap", extended(G_MMUEXT_TLB_FLUSH_MULTI, 0, HOLE), -EINVAL);
    check("flush one of the hypervisor's", extended(G_MMUEXT_INVLPG_LOCAL, HOLE, 0), 0);
    check("cache", extended(12, 0, 0), -EACCES);
    check("all caches", extended(18, 0, 0), -EINVAL);
    check("superpage", extended(19, 0, 0), -EOPNOTSUPP);
    check("14", extended(14, 0, 0), -ENOSYS);
    check("99", extended(99, 0, 0), -ENOSYS);
    check("LDT, not aligned", extended(G_MMUEXT_SET_LDT, (uintptr_t)pages[2] + 8, 1), -EINVAL);
    check("LDT, too long", extended(G_MMUEXT_SET_LDT, (uintptr_t)pages[2], 8193), -EINVAL);
    check("LDT, the hypervisor's", extended(G_MMUEXT_SET_LDT, HOLE, 1), -EINVAL);
    check("LDT", extended(G_MMUEXT_SET_LDT, (uintptr_t)pages[2], 512), 0);
    check("no LDT", extended(G_MMUEXT_SET_LDT, 0, 0), 0);
}

/* ---- Descriptors
 * ------------------------------------------------------------------------------ */

#define DATA      0x00cf93000000ffffull
#define DATA_DPL3 0x00cff3000000ffffull
#define GATE      0x0000ec00e008abcdull /* to the hypervisor */
#define OPEN_GATE 0x0000ec000008abcdull
#define SHUT_GATE 0x00008c00000babcdull

static long gdt_set(uint64_t frame, unsigned entries)
{
    return kit_hypercall(G_HYPERVISOR_set_gdt, (uintptr_t)&frame, entries, 0, 0);
}

static long descriptor_set(uint64_t address, uint64_t value)
{
    return kit_hypercall(G_HYPERVISOR_update_descriptor, address, value, 0, 0);
}

static void check_descriptors(void)
{
    uint64_t own = frame_of(pages[4]) << 12;
    uint64_t table = slot_of(pages[0]) & PTE_ADDRESS;

    pages[4][1] = DATA;
    pages[4][2] = GATE;
    check("GDT, writable", gdt_set(own >> 12, 512), -EINVAL);
    check("read-only", page_set(4, own | P), 0);
    check("GDT with a gate", gdt_set(own >> 12, 512), -EINVAL);
    check("GDT, too long", gdt_set(own >> 12, 7169), -EINVAL);
    check("GDT, no memory", gdt_set(FAR_FRAME, 1), -EINVAL);
    check("GDT, a table", gdt_set(table >> 12, 1), -EINVAL);
    check("plain descriptor", descriptor_set(own + 16, 0), 0);
    check("GDT", gdt_set(own >> 12, 512), 0);
    check("privilege is raised", pages[4][1] == DATA_DPL3, 1);
    check("writable", page_set(4, own | P | RW), -EBUSY);
    check("descriptor", descriptor_set(own + 24, DATA), 0);
    check("descriptor's privilege", pages[4][3] == DATA_DPL3, 1);
    check("a gate", descriptor_set(own + 24, GATE), -EINVAL);
    check("a gate to its own code", descriptor_set(own + 24, OPEN_GATE), 0);
    check("which is shut", pages[4][3] == SHUT_GATE, 1);
    check("not aligned", descriptor_set(own + 20, 0), -EINVAL);
    check("in a table", descriptor_set(table, 0), -EINVAL);
    check("no memory", descriptor_set(FAR_FRAME << 12, 0), -EINVAL);
    check("mmu_update of a GDT", update(own + 24, 0), -EINVAL);
    check("pin a GDT", extended(G_MMUEXT_PIN_L1_TABLE, own >> 12, 0), -EINVAL);
    check("no GDT", kit_hypercall(G_HYPERVISOR_set_gdt, 0, 0, 0, 0), 0);
    check("writable again", page_set(4, own | P | RW), 0);
}

void kit_main(void)
{
    if (kit_kind != KIT_PV) {
        kit_print("mmu: a test for PV only\n");
        return;
    }
    check_l1();
    check_addresses();
    check_update();
    check_foreign();
    check_upper();
    check_pins();
    check_extended();
    check_descriptors();
    kit_print("1..%u\nmmu: %u failed\n", checks, failures);
}
