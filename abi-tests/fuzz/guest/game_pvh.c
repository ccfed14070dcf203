/* PVH: what a kernel at CPL 0 does that leaves the guest: MSRs, ports, CPUID, device memory. */
#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define LAPIC     0xfee00000ull
#define LAPIC_ICR 0x300u

void fuzz_pvh_init(void)
{
    fuzz_pvh_epoch();
}

void fuzz_pvh_epoch(void)
{
    for (unsigned i = 0; i < ARENA_PAGES; i++) {
        uint64_t frame = fuzz_arena_frame[i];
        struct g_memory_reservation in = {
            .extent_start = (uintptr_t)&frame, .nr_extents = 1, .domid = G_DOMID_SELF};
        kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_populate_physmap, (uintptr_t)&in, 0, 0);
    }
}

static uint32_t msr_any(void)
{
    static const uint32_t base[] = {0x0,   0xc0000080, 0xc0010000, 0x200,
                                    0x800, 0x40000000, 0x1d0};
    uint32_t index;

    if (fuzz_one_in(8))
        return (uint32_t)fuzz_random();
    index = base[fuzz_below(sizeof(base) / sizeof(base[0]))] + fuzz_below(0x120);
    /* EFER would take long mode away */
    return index == 0xc0000080 ? 0x277 : index;
}

static void msr_game(void)
{
    uint32_t index = msr_any();
    uint64_t value = fuzz_value();

    if (fuzz_one_in(2))
        __asm__ volatile("rdmsr" ::"c"(index) : "rax", "rdx");
    else
        __asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)value),
                         "d"((uint32_t)(value >> 32)));
}

static void port_game(void)
{
    uint16_t port = (uint16_t)(fuzz_one_in(2) ? fuzz_random() : fuzz_below(0x400));
    uint32_t value = (uint32_t)fuzz_value();
    uint64_t count = fuzz_below(20);
    void *at = fuzz_arena[fuzz_below(ARENA_PAGES)];

    switch (fuzz_below(6)) {
    case 0:
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(port));
        break;
    case 1:
        __asm__ volatile("outl %0, %w1" ::"a"(value), "d"(port));
        break;
    case 2:
        __asm__ volatile("inb %w1, %b0" : "=a"(value) : "d"(port));
        break;
    case 3:
        __asm__ volatile("outb %b0, %w1" ::"a"(value), "d"(port));
        break;
    case 4:
        __asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(port) : "memory");
        break;
    default:
        __asm__ volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(port) : "memory");
        break;
    }
}

static void cpuid_game(void)
{
    static const uint32_t base[] = {0, 0x80000000, 0x40000000, 0x40000100};
    uint32_t leaf = base[fuzz_below(4)] + fuzz_below(0x24), sub = fuzz_below(40), ebx, edx;

    __asm__ volatile("cpuid" : "+a"(leaf), "=b"(ebx), "+c"(sub), "=d"(edx));
}

/* The local APIC and places where there is nothing, with accesses of every size. */
static void device_game(void)
{
    uint32_t offset = fuzz_below(0x400) * 4;
    uint64_t at = LAPIC + offset;
    uint64_t value = fuzz_value();
    uint32_t narrow = (uint32_t)value;

    if (offset == LAPIC_ICR)
        return;
    if (fuzz_one_in(3))
        at = (const uint64_t[]){0xfec00000, 0xf0000000, 0xfed00000, 0xe0000000}[fuzz_below(4)] +
             fuzz_below(4096);
    switch (fuzz_below(6)) {
    case 0:
        __asm__ volatile("movl (%1), %0" : "=r"(narrow) : "r"(at));
        break;
    case 1:
        __asm__ volatile("movl %0, (%1)" ::"r"(narrow), "r"(at));
        break;
    case 2:
        __asm__ volatile("movb %b0, (%1)" ::"q"(value), "r"(at));
        break;
    case 3:
        __asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(at));
        break;
    case 4:
        __asm__ volatile("andl %0, (%1)" ::"r"(narrow), "r"(at) : "cc");
        break;
    default:
        __asm__ volatile("xchgl %0, (%1)" : "+r"(narrow) : "r"(at));
        break;
    }
}

void fuzz_pvh_game(void)
{
    switch (fuzz_below(8)) {
    case 0:
        msr_game();
        break;
    case 1:
        port_game();
        break;
    case 2:
        cpuid_game();
        break;
    case 3:
        device_game();
        break;
    case 4:
        __asm__ volatile("sti; nop; nop; cli");
        break;
    default:
        fuzz_poke();
        break;
    }
}
