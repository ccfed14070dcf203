#include "hv/cpu/trap.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/print.h"
#include "hv/lib/x86.h"

enum { GATE_COUNT = 256, GATE_BYTES = 16, TRACE_DEPTH = 24, SELECTOR_CODE = 0x08 };

enum trap_vector {
    TRAP_NMI = 2,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_MACHINE_CHECK = 18,
    TRAP_LAST = 31
};

extern const u8 trap_entries[];
extern const u8 hv_text_begin[], hv_text_end[];

static struct x86_gate gates[GATE_COUNT];

static u8 ist_of(u32 vector)
{
    switch (vector) {
    case TRAP_DOUBLE_FAULT:
        return 1;
    case TRAP_NMI:
        return 2;
    case TRAP_MACHINE_CHECK:
        return 3;
    default:
        return 0;
    }
}

void trap_init(void)
{
    for (u32 vector = 0; vector < GATE_COUNT; vector++) {
        u64 entry = (u64)(uintptr_t)(trap_entries + vector * GATE_BYTES);
        gates[vector] = x86_gate(entry, SELECTOR_CODE, ist_of(vector), X86_GATE_INTERRUPT);
    }
}

void trap_load(void)
{
    struct x86_table_pointer pointer = {sizeof(gates) - 1, (u64)(uintptr_t)gates};

    __asm__ volatile("lidt %0" ::"m"(pointer));
}

static bool is_stack(u64 address)
{
    const struct cpu *cpu = cpu_this();

    return address % 8 == 0 && address >= cpu->stack_begin && address < cpu->stack_end - 16;
}

void trap_print_trace(u64 frame_pointer)
{
    for (u32 depth = 0; depth < TRACE_DEPTH && is_stack(frame_pointer); depth++) {
        const u64 *frame = (const u64 *)(uintptr_t)frame_pointer;
        if (frame[1] < (u64)(uintptr_t)hv_text_begin || frame[1] >= (u64)(uintptr_t)hv_text_end)
            return;
        print("  called from %lx\n", frame[1]);
        if (frame[0] <= frame_pointer)
            return;
        frame_pointer = frame[0];
    }
}

static void trap_fatal(const struct trap_frame *frame)
{
    print("entente: trap %lu error %lx at rip %lx rsp %lx rflags %lx cr2 %lx\n", frame->vector,
          frame->error, frame->rip, frame->rsp, frame->rflags, insn_read_cr2());
    print("  rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n", frame->rax, frame->rbx,
          frame->rcx, frame->rdx, frame->rsi, frame->rdi, frame->rbp);
    print("  r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx\n", frame->r8,
          frame->r9, frame->r10, frame->r11, frame->r12, frame->r13, frame->r14, frame->r15);
    trap_print_trace(frame->rbp);
    panic("the hypervisor faulted (vector %lu)", frame->vector);
}

void trap_handle(struct trap_frame *frame)
{
    struct cpu *cpu = cpu_this();

    if (frame->vector <= TRAP_LAST)
        trap_fatal(frame);
    if (frame->vector == VECTOR_SPURIOUS)
        return;
    if (frame->vector == VECTOR_TIMER)
        cpu->timer_due = true;
    if (frame->vector == VECTOR_SERIAL)
        cpu->input_due = true;
    if (frame->vector == VECTOR_DEVICE)
        cpu->device_due = true;
    if (frame->vector == VECTOR_IPI)
        cpu->ipi_due = true;
    lapic_eoi();
}
