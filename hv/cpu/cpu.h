/* Per-CPU data, found through the GS base, and the CPU's way of waiting. */
#ifndef HV_CPU_CPU_H
#define HV_CPU_CPU_H

#include "hv/lib/types.h"

enum { CPU_MAX = 64 };

struct cpu {
    struct cpu *self; /* first: read through %gs:0 */
    u32 id;
    u32 apic_id;
    /* From before the hypervisor lock is dropped for a guest until the guest has been left and
     * its state is in memory again. */
    bool is_in_guest;
    bool is_kicked;  /* H: an interrupt is under way to it; nobody needs to send another */
    bool timer_due;  /* the one-shot timer has fired since the flag was cleared */
    bool input_due;  /* the serial line has bytes since the flag was cleared */
    bool device_due; /* a device of the root's has interrupted since */
    bool ipi_due;    /* another CPU asks this one to look at its queues */
    u64 timer_tsc;   /* when the armed timer is due, all ones: not armed */
    void *running;   /* the vCPU whose state is in the registers; the run loop's */
    void *extended;  /* the guest whose FPU state is in the registers; the backend's */
    void *backend;   /* the virtualisation backend's per-CPU page */
    u32 lock_held;   /* bit set of lock letters */
    u64 stack_begin, stack_end;
};

/* The CPUs that run, by id; constant once the first guest runs. */
extern struct cpu *cpu_table[CPU_MAX];
extern u32 cpu_count;

static inline struct cpu *cpu_this(void)
{
    struct cpu *cpu;

    /* volatile: never before the instruction that sets the GS base. */
    __asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* Sets up descriptors, traps and per-CPU data of the boot CPU. */
void cpu_init_boot(void);

/* The same for another CPU, on itself; memory: zeroed frames, 2^CPU_ORDER contiguous. */
#define CPU_ORDER 2
void cpu_init_other(struct cpu *cpu, void *memory);

/* Makes a CPU look at its queues: it leaves its guest or its sleep. HOLDS(H). */
void cpu_kick(struct cpu *cpu);

/* Waits until the CPU is in no guest; it cannot enter one before the caller drops lock H. */
void cpu_wait_outside(const struct cpu *cpu);

/* Sleeps until an interrupt has been taken. */
void cpu_idle(void);

/* Takes the interrupts that wait; called with interrupts off, returns with interrupts off. */
void cpu_take_interrupts(void);

/* Stops this CPU for ever. */
void cpu_halt(void) __attribute__((noreturn));

#endif
