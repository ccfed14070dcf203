#include "xen-adapter/pv/vcpu.h"

#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/cpuid.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/shootdown.h"
#include "xen-adapter/pv/time.h"

struct vcpu_block {
    u8 ist[4][VCPU_BLOCK_IST_SIZE];
    u8 stack[VCPU_BLOCK_VCPU - 4 * VCPU_BLOCK_IST_SIZE];
    struct pv_vcpu vcpu;
};

_Static_assert(offsetof(struct vcpu_block, vcpu) == VCPU_BLOCK_VCPU, "block layout");
_Static_assert(sizeof(struct pv_vcpu) <= VCPU_BLOCK_VCPU_BYTES, "struct pv_vcpu is too large");
_Static_assert((VCPU_BLOCK_VCPU + REGS_SIZE) % 16 == 0, "the CPU aligns its frame to 16");
_Static_assert(offsetof(struct pv_vcpu, regs) == 0, "rsp is the vCPU");
_Static_assert(sizeof(struct pv_regs) == REGS_SIZE, "REGS_SIZE");
_Static_assert(offsetof(struct pv_regs, r11) == REGS_R11, "REGS_R11");
_Static_assert(offsetof(struct pv_regs, rax) == REGS_RAX, "REGS_RAX");
_Static_assert(offsetof(struct pv_regs, rcx) == REGS_RCX, "REGS_RCX");
_Static_assert(offsetof(struct pv_regs, error) == REGS_ERROR, "REGS_ERROR");
_Static_assert(offsetof(struct pv_regs, vector) == REGS_VECTOR, "REGS_VECTOR");
_Static_assert(offsetof(struct pv_regs, rip) == REGS_RIP, "REGS_RIP");
_Static_assert(offsetof(struct pv_regs, cs) == REGS_CS, "REGS_CS");
_Static_assert(offsetof(struct pv_regs, rflags) == REGS_RFLAGS, "REGS_RFLAGS");
_Static_assert(offsetof(struct pv_regs, rsp) == REGS_RSP, "REGS_RSP");
_Static_assert(offsetof(struct pv_regs, ss) == REGS_SS, "REGS_SS");
_Static_assert(offsetof(struct pv_vcpu, mode) == VCPU_MODE, "VCPU_MODE");
_Static_assert(offsetof(struct pv_vcpu, upcall) == VCPU_UPCALL, "VCPU_UPCALL");
_Static_assert(offsetof(struct pv_vcpu, work) == VCPU_WORK, "VCPU_WORK");
_Static_assert(offsetof(struct pv_vcpu, nmi_masked) == VCPU_NMI_MASKED, "VCPU_NMI_MASKED");
_Static_assert(offsetof(struct pv_vcpu, user_l4) == VCPU_USER_L4, "VCPU_USER_L4");

_Alignas(VCPU_BLOCK_SIZE) u8 vcpu_boot_block[VCPU_BLOCK_SIZE];

static struct pv_vcpu *vcpu_table[SHIM_VCPUS_MAX];

extern u64 entry_frame_top[SHIM_VCPUS_MAX]; /* entry.S */

struct pv_vcpu *vcpu_find(u32 id)
{
    return id < SHIM_VCPUS_MAX ? vcpu_table[id] : NULL;
}

u32 vcpu_count_below(void)
{
    u32 count = 1;

    while (count < SHIM_VCPUS_MAX &&
           l0_call(XENNR_vcpu_op, XENOP_vcpu_op_is_up, count, 0, 0, 0) >= 0)
        count++;
    return count;
}

struct pv_vcpu *vcpu_make(u32 id)
{
    struct vcpu_block *block = (struct vcpu_block *)vcpu_boot_block;
    struct pv_vcpu *vcpu;

    if (id == 0) {
        cpuid_init();
        event_init();
    } else {
        block = shim_block_alloc(VCPU_BLOCK_SIZE);
    }
    if (block == NULL)
        return NULL;
    vcpu = &block->vcpu;
    vcpu->id = id;
    vcpu->regs.rflags = RFLAGS_FIXED | RFLAGS_IF;
    vcpu->regs.cs = PV_CS64;
    vcpu->regs.ss = PV_SS;
    vcpu->dr[6] = 0xffff0ff0;
    vcpu->dr[7] = 0x400;
    vcpu_table[id] = vcpu;
    entry_frame_top[id] = (u64)vcpu + REGS_SIZE;
    cpu_tables_make(vcpu, (u64)block->ist, VCPU_BLOCK_IST_SIZE);
    event_vcpu_start(vcpu);
    time_vcpu_make(id);
    return vcpu;
}

/* To the guest from anywhere, on this CPU. */
static void enter(struct pv_vcpu *vcpu) __attribute__((noreturn));
static void enter(struct pv_vcpu *vcpu)
{
    time_vcpu_start(vcpu); /* from here on L0 says whether it runs us */
    cpu_tables_load(vcpu);
    insn_write_cr3(vcpu->kernel_l4.raw << PAGE_SHIFT);
    insn_wrmsr(MSR_FS_BASE, vcpu->fs_base);
    insn_wrmsr(MSR_GS_BASE, vcpu->gs_base_kernel);
    insn_wrmsr(MSR_KERNEL_GS_BASE, vcpu->gs_base_user);
    ldt_load(vcpu, WINDOW_VIRT + vcpu->id * WINDOW_STRIDE + WINDOW_LDT, vcpu->ldt_entries);
    vcpu->mode = PV_KERNEL;
    vcpu->regs.error = 0;
    vcpu->regs.vector = 0;
    shootdown_serve(vcpu);
    entry_resume(vcpu);
}

void pv_enter(struct pv_vcpu *vcpu)
{
    vcpu->online = VCPU_UP;
    vcpu->initialised = 1;
    vcpu->started = 1;
    enter(vcpu);
}

/* ---- Further vCPUs ----------------------------------------------------------------------- */

/* The first C of one: on its own stack, with the shim's slots and nothing else mapped. */
static void begin(struct pv_vcpu *vcpu) __attribute__((noreturn));
static void begin(struct pv_vcpu *vcpu)
{
    cpuid_vcpu_start();
    enter(vcpu);
}

#define CR4_BEGIN (CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT)

s64 vcpu_start_below(struct pv_vcpu *vcpu)
{
    struct xen_vcpu_hvm_context context = {.mode = XEN_VCPU_HVM_MODE_64B};
    u32 tries = 0;

    if (vcpu->started) {
        /* on its way down: what wakes it must not come before it sleeps */
        while (l0_call(XENNR_vcpu_op, XENOP_vcpu_op_is_up, vcpu->id, 0, 0, 0) == 1)
            shootdown_relax(&tries);
        return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_up, vcpu->id, 0, 0, 0);
    }
    context.cpu_regs.x86_64 = (struct xen_vcpu_hvm_x86_64){
        .rdi = (u64)vcpu,
        .rsp = (u64)vcpu - 8,
        .rip = (u64)begin,
        .rflags = RFLAGS_FIXED,
        .cr0 = cpu_cr0(),
        .cr3 = shim.idle_l4.raw << PAGE_SHIFT,
        .cr4 = CR4_BEGIN,
        .efer = cpu_efer(),
    };
    if (l0_call(XENNR_vcpu_op, XENOP_vcpu_op_initialise, vcpu->id, (u64)&context, 0, 0) != 0)
        shim_fail("the hypervisor below refuses the first state of vCPU %u", vcpu->id);
    vcpu->started = 1;
    return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_up, vcpu->id, 0, 0, 0);
}

void vcpu_stay_down(struct pv_vcpu *vcpu)
{
    u8 leaving = VCPU_LEAVING;

    __atomic_fetch_and(&vcpu->work, ~(u32)WORK_DOWN, __ATOMIC_SEQ_CST);
    if (!__atomic_compare_exchange_n(&vcpu->online, &leaving, VCPU_DOWN, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return; /* told to stay after all */
    (void)l0_call(XENNR_vcpu_op, XENOP_vcpu_op_down, vcpu->id, 0, 0, 0);
    tlb_flush_all(); /* nobody asked while it was down */
}
