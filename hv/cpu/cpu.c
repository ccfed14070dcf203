#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/trap.h"
#include "hv/lib/x86.h"

#define MSR_GS_BASE 0xc0000101u

enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18, IST_BYTES = 4096 };

struct cpu_tables {
    u64 gdt[5];
    struct x86_tss tss;
    u8 ist[TRAP_IST_COUNT][IST_BYTES] __attribute__((aligned(16)));
};

static struct cpu boot_cpu;
static struct cpu_tables boot_tables;

static void load_tables(struct cpu_tables *tables)
{
    u64 tss = (u64)(uintptr_t)&tables->tss;
    struct x86_table_pointer pointer = {sizeof(tables->gdt) - 1, (u64)(uintptr_t)tables->gdt};

    tables->gdt[1] = 0x00af9b000000ffffull;
    tables->gdt[2] = 0x00cf93000000ffffull;
    tables->gdt[3] = (sizeof(struct x86_tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
                     (tss >> 24 & 0xff) << 56;
    tables->gdt[4] = tss >> 32;
    tables->tss.io_map = sizeof(struct x86_tss);
    for (u32 i = 0; i < TRAP_IST_COUNT; i++)
        tables->tss.ist[i] = (u64)(uintptr_t)(tables->ist[i] + IST_BYTES);
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(pointer), "i"(SELECTOR_CODE), "r"((u32)SELECTOR_DATA),
                       "r"((u32)SELECTOR_TSS)
                     : "rax", "memory");
}

void cpu_init_boot(void)
{
    boot_cpu.self = &boot_cpu;
    boot_cpu.apic_id = insn_cpuid(1, 0).ebx >> 24;
    load_tables(&boot_tables);
    insn_wrmsr(MSR_GS_BASE, (u64)(uintptr_t)&boot_cpu);
    trap_init();
}

void cpu_idle(void)
{
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory");
}

void cpu_take_interrupts(void)
{
    __asm__ volatile("sti\n\tnop\n\tcli" ::: "memory");
}

void cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
