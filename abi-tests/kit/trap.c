#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define GATES      32u
#define GATE_BYTES 16u

void kit_trap_taken(const uint64_t *frame);
uint64_t kit_try_run(void (*body)(uint64_t), uint64_t argument);
void kit_try_leave(void) __attribute__((noreturn));

extern uint8_t kit_gates_pv[], kit_gates_pvh[];
extern uint64_t kit_recovery;

static struct kit_trap taken;
static uint64_t idt[512] __attribute__((aligned(16)));

/* A trap gate: IF stays as it is, as a PV trap without the mask flag does. */
static void gate_set(unsigned vector, uint64_t entry, uint64_t type)
{
    idt[2 * vector] =
        (entry & 0xffff) | 0x8ull << 16 | type << 40 | (entry >> 16 & 0xffff) << 48;
    idt[2 * vector + 1] = entry >> 32;
}

void kit_interrupt_gate(unsigned vector, void (*entry)(void))
{
    gate_set(vector, (uintptr_t)entry, 0x8e);
}

void kit_traps_init(void)
{
    static struct g_trap_info table[GATES + 1];
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};

    if (kit_kind != KIT_PV) {
        for (unsigned i = 0; i < GATES; i++)
            gate_set(i, (uintptr_t)kit_gates_pvh + i * GATE_BYTES, 0x8f);
        __asm__ volatile("lidt %0" ::"m"(pointer));
        return;
    }
    for (unsigned i = 0; i < GATES; i++) {
        table[i].vector = (uint8_t)i;
        table[i].flags = i == 3 || i == 4 ? 3 : 0; /* user mode may int3 and into */
        table[i].cs = G_FLAT_RING3_CS64;
        table[i].address = (uintptr_t)kit_gates_pv + i * GATE_BYTES;
    }
    kit_hypercall(G_HYPERVISOR_set_trap_table, (uintptr_t)table, 0, 0, 0);
}

/* Without console, hypercall page or stack: a system call, or a triple fault. */
static void end_at_once(void) __attribute__((noreturn));
static void end_at_once(void)
{
    static const uint32_t reason = G_SHUTDOWN_crash;
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none;

    if (kit_kind == KIT_PV)
        __asm__ volatile("syscall" ::"a"((uint64_t)G_HYPERVISOR_sched_op),
                         "D"((uint64_t)G_SCHEDOP_shutdown), "S"(&reason)
                         : "rcx", "r11", "memory");
    for (;;)
        __asm__ volatile("lidt %0; ud2" ::"m"(none));
}

/* frame: vector, error, rip, cs, rflags, rsp, ss */
void kit_trap_taken(const uint64_t *frame)
{
    static bool is_busy; /* a guest that spoilt itself would trap in here for ever */

    if (is_busy)
        end_at_once();
    is_busy = true;
    taken.vector = (uint32_t)frame[0];
    taken.error = (uint32_t)frame[1];
    taken.rip = frame[2];
    taken.cs = frame[3];
    taken.rsp = frame[5];
    taken.address = 0;
    if (taken.vector == 14 && kit_kind == KIT_PV)
        taken.address = kit_vcpu_info()->cr2;
    else if (taken.vector == 14) /* the processor's own */
        __asm__ volatile("mov %%cr2, %0" : "=r"(taken.address));
    if (kit_recovery != 0) {
        is_busy = false;
        kit_try_leave();
    }
    kit_print("Bail out! trap %u error %x at %lx address %lx\n", taken.vector, taken.error,
              taken.rip, taken.address);
    kit_exit(G_SHUTDOWN_crash);
}

struct kit_trap kit_try(void (*body)(uint64_t), uint64_t argument)
{
    static const struct kit_trap none = {.vector = KIT_NO_TRAP};

    if (kit_try_run(body, argument) == 0)
        return none;
    return taken;
}

#define UPCALL_VECTOR 0x81u

extern void kit_event_pv(void);
extern void kit_event_pvh(void);

void kit_upcall_init(void)
{
    struct g_callback_register callback = {.type = G_CALLBACKTYPE_event,
                                           .flags = G_CALLBACKF_mask_events,
                                           .address = (uintptr_t)kit_event_pv};
    struct g_hvm_param param = {.domid = G_DOMID_SELF,
                                .index = G_HVM_PARAM_CALLBACK_IRQ,
                                .value = 2ull << 56 | UPCALL_VECTOR};

    if (kit_kind == KIT_PV) {
        kit_hypercall(G_HYPERVISOR_callback_op, G_CALLBACKOP_register, (uintptr_t)&callback, 0,
                      0);
        return;
    }
    kit_interrupt_gate(UPCALL_VECTOR, kit_event_pvh);
    kit_hypercall(G_HYPERVISOR_hvm_op, G_HVMOP_set_param, (uintptr_t)&param, 0, 0);
}
