#include "abi-tests/tlfs/tlfs.h"

#define APIC_SPURIOUS 0xfee000f0ul
#define APIC_ENABLED  0x1ffu
#define PAGES         8u

static uint8_t pages[PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t call_page[KIT_PAGE] __attribute__((aligned(4096)));

uint64_t tlfs_call_page;

volatile uint32_t tlfs_interrupts;
volatile bool tlfs_leaves_eoi_out;

struct access {
    uint32_t msr;
    uint64_t value;
};

static void read_body(uint64_t argument)
{
    struct access *access = (struct access *)argument;
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(access->msr));
    access->value = (uint64_t)high << 32 | low;
}

static void write_body(uint64_t argument)
{
    const struct access *access = (const struct access *)argument;

    __asm__ volatile("wrmsr" ::"c"(access->msr), "a"((uint32_t)access->value),
                     "d"((uint32_t)(access->value >> 32))
                     : "memory");
}

struct kit_trap msr_read_try(uint32_t msr, uint64_t *value)
{
    struct access access = {msr, 0};
    struct kit_trap trap = kit_try(read_body, (uintptr_t)&access);

    *value = access.value;
    return trap;
}

struct kit_trap msr_write_try(uint32_t msr, uint64_t value)
{
    struct access access = {msr, value};

    return kit_try(write_body, (uintptr_t)&access);
}

uint64_t msr_read(uint32_t msr)
{
    uint64_t value;

    if (msr_read_try(msr, &value).vector != KIT_NO_TRAP)
        test_error("a register faults");
    return value;
}

void msr_write(uint32_t msr, uint64_t value)
{
    if (msr_write_try(msr, value).vector != KIT_NO_TRAP)
        test_error("a register faults");
}

struct tlfs_leaf tlfs_leaf(uint32_t number)
{
    struct tlfs_leaf leaf;

    __asm__ volatile("cpuid"
                     : "=a"(leaf.eax), "=b"(leaf.ebx), "=c"(leaf.ecx), "=d"(leaf.edx)
                     : "a"(number), "c"(0));
    return leaf;
}

void tlfs_begin(void)
{
    tlfs_call_page = (uintptr_t)call_page;
    msr_write(T_MSR_GUEST_OS_ID, 0x8100000000000001ull);
    msr_write(T_MSR_HYPERCALL, tlfs_call_page | 1);
}

uint64_t tlfs_call(uint64_t control, uint64_t in, uint64_t out)
{
    register uint64_t r8 __asm__("r8") = out;
    uint64_t result;

    __asm__ volatile("call *%[page]"
                     : "=a"(result), "+c"(control), "+d"(in), "+r"(r8)
                     : [page] "b"(tlfs_call_page)
                     : "r9", "r10", "r11", "memory");
    return result;
}

void tlfs_interrupt(void);
void tlfs_interrupt(void)
{
    tlfs_interrupts++;
    if (!tlfs_leaves_eoi_out)
        __asm__ volatile("wrmsr" ::"c"(T_MSR_EOI), "a"(0), "d"(0) : "memory");
}

__asm__(".globl tlfs_entry\n"
        "tlfs_entry: push %rax\n push %rcx\n push %rdx\n push %rsi\n push %rdi\n push %r8\n"
        " push %r9\n push %r10\n push %r11\n cld\n call tlfs_interrupt\n pop %r11\n pop %r10\n"
        " pop %r9\n pop %r8\n pop %rdi\n pop %rsi\n pop %rdx\n pop %rcx\n pop %rax\n iretq\n");
void tlfs_entry(void);

void tlfs_interrupts_begin(uint8_t vector)
{
    kit_interrupt_gate(vector, tlfs_entry);
    *(volatile uint32_t *)APIC_SPURIOUS = APIC_ENABLED;
    tlfs_leaves_eoi_out = false;
    __asm__ volatile("sti\n nop\n cli" ::: "memory"); /* what is left of an earlier test */
    tlfs_interrupts = 0;
}

uint32_t tlfs_wait(uint64_t units)
{
    uint64_t end = msr_read(T_MSR_TIME_REF_COUNT) + units;
    uint32_t before = tlfs_interrupts;

    __asm__ volatile("sti" ::: "memory");
    while (tlfs_interrupts == before && msr_read(T_MSR_TIME_REF_COUNT) < end)
        __asm__ volatile("pause");
    __asm__ volatile("cli" ::: "memory");
    return tlfs_interrupts;
}

uint8_t *tlfs_arena(unsigned index)
{
    return pages[index];
}

uint8_t *tlfs_page(unsigned index)
{
    return memset(pages[index], 0, KIT_PAGE);
}
