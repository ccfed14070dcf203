#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define JOIN_NS 10000000000ull
#define EFER    0x500u /* LME, LMA */

static uint8_t stack[4 * KIT_PAGE] __attribute__((aligned(16)));
static void (*volatile next)(void);

static long vcpu_op(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_vcpu_op, sub, 1, (uintptr_t)argument, 0);
}

void kit_yield(void)
{
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
}

const void *kit_second_context(const void *entry)
{
    static struct g_vcpu_guest_context pv;
    static struct g_vcpu_hvm_context hvm;
    uint64_t rsp = (uintptr_t)stack + sizeof(stack) - 8; /* as behind a call */
    uint64_t cr0, cr3, cr4;

    if (kit_kind == KIT_PV) {
        uint64_t top = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
        pv.flags = G_VGCF_in_kernel;
        pv.user_regs.rip = (uintptr_t)entry;
        pv.user_regs.rsp = pv.kernel_sp = rsp;
        pv.user_regs.cs = G_FLAT_RING3_CS64;
        pv.user_regs.ss = pv.kernel_ss = G_FLAT_RING3_SS64;
        pv.ctrlreg[3] = kit_frame((const void *)(uintptr_t)top) << 12;
        return &pv;
    }
    __asm__ volatile("movq %%cr0, %0\n movq %%cr3, %1\n movq %%cr4, %2"
                     : "=r"(cr0), "=r"(cr3), "=r"(cr4));
    hvm = (struct g_vcpu_hvm_context){.mode = G_VCPU_HVM_MODE_64B,
                                      .rsp = rsp,
                                      .rip = (uintptr_t)entry,
                                      .rflags = 2,
                                      .cr0 = cr0,
                                      .cr3 = cr3,
                                      .cr4 = cr4,
                                      .efer = EFER};
    return &hvm;
}

/* One body after the other; down in between, it goes on behind the call. */
static void second_loop(void)
{
    for (;;) {
        void (*body)(void) = next;

        if (body != NULL)
            body();
        next = NULL;
        vcpu_op(G_VCPUOP_down, NULL);
    }
}

bool kit_second_exists(void)
{
    return vcpu_op(G_VCPUOP_is_up, NULL) != -G_ENOENT;
}

long kit_second_start(void (*body)(void))
{
    static bool is_made;
    long error = is_made ? 0 : vcpu_op(G_VCPUOP_initialise, kit_second_context(second_loop));

    is_made = error == 0;
    next = body;
    return error != 0 ? error : vcpu_op(G_VCPUOP_up, NULL);
}

bool kit_second_join(void)
{
    uint64_t end = kit_now() + JOIN_NS;

    while ((next != NULL || vcpu_op(G_VCPUOP_is_up, NULL) != 0) && kit_now() < end)
        kit_yield();
    return next == NULL;
}
