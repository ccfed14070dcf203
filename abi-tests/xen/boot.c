/* What a guest finds when it starts: start_info or hvm_start_info, memory, CPUID, the page. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define ADDRESS 0x000ffffffffff000ull

extern uint8_t kit_image_end[];

static uint64_t info64(unsigned offset)
{
    return *(const uint64_t *)(const void *)(kit_start_info + offset);
}

static uint32_t info32(unsigned offset)
{
    return *(const uint32_t *)(const void *)(kit_start_info + offset);
}

static const uint64_t *m2p(void)
{
    return (const uint64_t *)G_MACH2PHYS_VIRT_START;
}

/* Frames of the list that the table of machine frames takes back to themselves. */
static uint64_t frames_agreeing(const uint64_t *p2m, uint64_t count)
{
    uint64_t agreeing = 0;

    for (uint64_t i = 0; i < count; i++)
        agreeing += m2p()[p2m[i]] == i;
    return agreeing;
}

TEST(boot_pv, "boot-pv", TEST_PV | TEST_GUEST)
{
    const char *row = "boot.start_info", *magic = (const char *)kit_start_info;
    const uint64_t *p2m = (const uint64_t *)(uintptr_t)info64(G_START_INFO_mfn_list);
    uint64_t pages = info64(G_START_INFO_nr_pages);
    uint64_t tables = info64(G_START_INFO_pt_base);
    uint64_t store = info64(G_START_INFO_store_mfn), ring = info64(G_START_INFO_console_mfn);

    expect_true(row, "magic",
                magic[0] == 'x' && magic[1] == 'e' && magic[2] == 'n' && magic[3] == '-' &&
                    magic[4] == '3');
    expect_true(row, "pages of a guest of 64 MiB", pages > 56 * 256 && pages <= 64 * 256);
    expect(row, "flags", (long)info32(G_START_INFO_flags), 0);
    expect_true(row, "shared_info is a machine address",
                (info64(G_START_INFO_shared_info) & 4095) == 0 &&
                    info64(G_START_INFO_shared_info) != 0);
    expect_true(row, "every frame of the list comes back from the frame table",
                frames_agreeing(p2m, pages) == pages);
    expect_true(row, "rings are frames of the guest",
                m2p()[store] < pages && m2p()[ring] < pages);
    expect_true(row, "ring ports",
                info32(G_START_INFO_store_evtchn) != 0 &&
                    info32(G_START_INFO_console_evtchn) != 0 &&
                    info32(G_START_INFO_store_evtchn) != info32(G_START_INFO_console_evtchn));
    expect_true(row, "order: rings behind start_info, then the tables",
                m2p()[store] == ((uintptr_t)kit_start_info >> 12) + 1 &&
                    m2p()[ring] == m2p()[store] + 1 && tables >> 12 == m2p()[ring] + 1);
    expect_true(row, "the list of frames lies before start_info",
                (uintptr_t)p2m >= (uintptr_t)kit_image_end &&
                    (uintptr_t)p2m < (uintptr_t)kit_start_info);
    observe(row, "no ramdisk",
            (long)(info64(G_START_INFO_mod_start) | info64(G_START_INFO_mod_len)));
}

/* Entries of the builder: tables read-only, the rest writable, no more than the mapping. */
TEST(boot_tables, "boot-tables", TEST_PV | TEST_GUEST)
{
    const char *row = "boot.tables";
    uint64_t tables = info64(G_START_INFO_pt_base);
    uint64_t count = info64(G_START_INFO_nr_pt_frames);
    bool read_only = true, writable = true;

    for (uint64_t i = 0; i < count; i++)
        read_only &= (kit_pte_of((void *)(uintptr_t)(tables + i * KIT_PAGE)) & 3) == 1;
    for (uintptr_t at = (uintptr_t)kit_start_info; at < tables; at += KIT_PAGE)
        writable &= (kit_pte_of((void *)at) & 3) == 3;
    expect_true(row, "page tables are mapped read-only", count >= 4 && read_only);
    expect_true(row, "start_info and the rings are writable", writable);
    expect_true(
        row, "slack of 512 KiB behind the stack",
        (kit_pte_of((void *)(uintptr_t)(tables + (count + 1) * KIT_PAGE + 0x80000 - KIT_PAGE)) &
         3) == 3);
}

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "0"(leaf), "2"(sub));
}

static void cpuid_plain(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "0"(leaf), "2"(sub));
}

/* [xen/arch-x86/cpuid.h]; a PV kernel asks by the prefix ud2, "xen". */
TEST(cpuid, "cpuid", TEST_ALL | TEST_GUEST)
{
    const char *row = "boot.cpuid";
    void (*ask)(uint32_t, uint32_t, uint32_t[4]) = kit_kind == KIT_PV ? cpuid : cpuid_plain;
    uint32_t value[4];

    ask(0x40000000, 0, value);
    expect_true(row, "signature",
                value[1] == 0x566e6558 && value[2] == 0x65584d4d && value[3] == 0x4d4d566e);
    observe(row, "leaves", (long)(value[0] - 0x40000000));
    ask(0x40000001, 0, value);
    expect_true(row, "version agrees with the call",
                value[0] == (uint32_t)kit_hypercall(G_HYPERVISOR_xen_version, 0, 0, 0, 0));
    ask(0x40000002, 0, value);
    expect(row, "hypercall pages", value[0], 1);
    expect(row, "hypercall MSR", value[1], 0x40000000);
    observe(row, "preserve_ad", value[2] & 1);
    ask(0x40000003, 0, value);
    expect_true(row, "TSC frequency", value[2] > 100000);
    ask(0x40000003, 1, value);
    expect_true(row, "TSC factor is the clock's",
                value[2] == kit_vcpu_info()->time.tsc_to_system_mul);
    ask(0x40000004, 0, value);
    expect_true(row, "vCPU and domain of an HVM guest",
                kit_kind == KIT_PV ||
                    ((value[0] & 0x18) == 0x18 && value[1] == 0 && value[2] != 0));
    observe(row, "upcall vectors", value[0] >> 6 & 1);
    ask(1, 0, value);
    expect_true(row, "hypervisor bit", value[2] >> 31 == 1);
}

static uint32_t word_at(uint64_t address, unsigned offset)
{
    return *(const uint32_t *)(uintptr_t)(address + offset);
}

static uint64_t long_at(uint64_t address, unsigned offset)
{
    return *(const uint64_t *)(uintptr_t)(address + offset);
}

TEST(boot_pvh, "boot-pvh", TEST_PVH | TEST_GUEST)
{
    const char *row = "boot.hvm_start_info";
    uint64_t map = info64(G_HVM_START_INFO_memmap), rsdp = info64(G_HVM_START_INFO_rsdp);
    uint32_t entries = info32(G_HVM_START_INFO_memmap_entries);
    uint64_t ram = 0;
    bool overlap = false;

    expect_true(row, "magic", info32(0) == 0x336ec578);
    expect(row, "version", info32(4), 1);
    expect(row, "flags", info32(G_HVM_START_INFO_flags), 0);
    expect(row, "modules", info32(G_HVM_START_INFO_nr_modules), 0);
    expect_true(row, "memory map", map != 0 && entries > 0 && entries < 32);
    for (uint32_t i = 0; i < entries; i++) {
        uint64_t start = long_at(map, i * 24), bytes = long_at(map, i * 24 + 8);
        if (word_at(map, i * 24 + 16) == 1)
            ram += bytes;
        for (uint32_t j = 0; j < i; j++)
            overlap |= start < long_at(map, j * 24) + long_at(map, j * 24 + 8) &&
                       long_at(map, j * 24) < start + bytes;
    }
    expect_true(row, "memory of a guest of 64 MiB", ram > 60ull << 20 && ram <= 64ull << 20);
    expect_true(row, "ranges do not overlap", !overlap);
    expect_true(row, "RSDP", long_at(rsdp, 0) == 0x2052545020445352ull);
    expect(row, "RSDP's revision", word_at(rsdp, 15) & 0xff, 2);
}

static void page_ask(uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(0x40000000), "a"((uint32_t)value),
                     "d"((uint32_t)(value >> 32)));
}

TEST(hypercall_page, "hypercall-page", TEST_ALL)
{
    const char *row = "boot.hypercall_page";
    static uint8_t page[KIT_PAGE] __attribute__((aligned(4096)));

    expect(row, "slot 17 is xen_version's mov",
           hypercall_page[17 * 32] == 0xb8 || kit_kind == KIT_PV, 1);
    if (kit_kind == KIT_PV)
        return;
    expect_trap(row, "another page", kit_try(page_ask, (uintptr_t)page), KIT_NO_TRAP);
    expect_true(row, "it holds the same",
                page[17 * 32] == 0xb8 && page[17 * 32 + 1] == 17 && page[23 * 32] == 0x0f &&
                    page[23 * 32 + 1] == 0x0b);
    expect_trap(row, "page index 1", kit_try(page_ask, (uintptr_t)page | 1), 13);
    expect_trap(row, "frame without memory", kit_try(page_ask, 0xabcdef000ull), 13);
}
