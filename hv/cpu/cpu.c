#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/trap.h"
#include "hv/lib/x86.h"

/*
 * QEMU's TCG changes a CPU's interrupt requests in VMRUN and at exits without a lock, and can
 * lose an interrupt that comes at that moment.
 */
#define RESEND_POLLS 100000u

#define MSR_GS_BASE 0xc0000101u

enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18, IST_BYTES = 4096 };

struct cpu_tables {
    u64 gdt[5];
    struct x86_tss tss;
    u8 ist[TRAP_IST_COUNT][IST_BYTES] __attribute__((aligned(16)));
};

_Static_assert(sizeof(struct cpu_tables) <= PAGE_SIZE << CPU_ORDER, "a CPU's tables fit");

extern u8 boot_stack[], boot_stack_end[];

struct cpu *cpu_table[CPU_MAX];
u32 cpu_count = 1;

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

static void cpu_init(struct cpu *cpu, struct cpu_tables *tables)
{
    cpu->self = cpu;
    load_tables(tables);
    insn_wrmsr(MSR_GS_BASE, (u64)(uintptr_t)cpu);
    trap_load();
}

void cpu_init_boot(void)
{
    boot_cpu.apic_id = insn_cpuid(1, 0).ebx >> 24;
    boot_cpu.stack_begin = (u64)(uintptr_t)boot_stack;
    boot_cpu.stack_end = (u64)(uintptr_t)boot_stack_end;
    cpu_table[0] = &boot_cpu;
    trap_init();
    cpu_init(&boot_cpu, &boot_tables);
}

void cpu_init_other(struct cpu *cpu, void *memory)
{
    cpu_init(cpu, memory);
}

void cpu_kick(struct cpu *cpu)
{
    if (cpu->is_kicked)
        return;
    cpu->is_kicked = true;
    lapic_send(cpu->apic_id, VECTOR_IPI);
}

void cpu_wait_outside(const struct cpu *cpu)
{
    for (u32 polls = 1; __atomic_load_n(&cpu->is_in_guest, __ATOMIC_ACQUIRE); polls++) {
        insn_pause();
        if (polls % RESEND_POLLS == 0)
            lapic_send(cpu->apic_id, VECTOR_IPI);
    }
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
