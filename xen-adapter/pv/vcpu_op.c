/* vcpu_op: bringing vCPUs up and down, register_vcpu_info, NMIs. Timers and areas: time.c. */
#include "hv/lib/string.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/shootdown.h"
#include "xen-adapter/pv/vcpu.h"

static s64 vcpu_exists(u64 id)
{
    return vcpu_find((u32)id) && (u32)id == id ? 0 : -XEN_ENOENT;
}

/* ---- The first state --------------------------------------------------------------------- */

static struct pv_trap trap_of(const struct xen_trap_info *info)
{
    if (info->address == 0)
        return (struct pv_trap){0};
    return (struct pv_trap){
        .cs = (u16)(info->cs | 3), .flags = info->flags, .address = info->address};
}

static void registers_adopt(struct pv_regs *to, const struct xen_cpu_user_regs *from)
{
    memcpy(to, from, offsetof(struct pv_regs, error)); /* r15 ... rdi, in the same order */
    to->error = 0;
    to->vector = 0;
    to->rip = from->rip;
    to->cs = from->cs | 3u;
    to->rflags = (from->rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | RFLAGS_FIXED;
    to->rsp = from->rsp;
    to->ss = from->ss | 3u;
}

static bool context_is_bad(const struct xen_vcpu_guest_context *in)
{
    return !(in->flags & XEN_VGCF_IN_KERNEL) || !virt_is_canonical(in->user_regs.rip) ||
           !virt_is_canonical(in->kernel_sp) || !virt_is_canonical(in->event_callback_eip) ||
           !virt_is_canonical(in->failsafe_callback_eip) ||
           !virt_is_canonical(in->syscall_callback_eip) || !virt_is_canonical(in->fs_base) ||
           !virt_is_canonical(in->gs_base_kernel) || !virt_is_canonical(in->gs_base_user);
}

static u32 mask_flag(u64 flags, enum xen_vgcf which)
{
    return flags & which ? XEN_CALLBACK_MASK_EVENTS : 0;
}

/* What cannot fail. */
static void context_adopt(struct pv_vcpu *vcpu, const struct xen_vcpu_guest_context *in)
{
    registers_adopt(&vcpu->regs, &in->user_regs);
    vcpu->iopl = (u32)(in->user_regs.rflags >> 12 & 3);
    for (u32 i = 0; i < 256; i++)
        vcpu->trap[i] = trap_of(&in->trap_ctxt[i]);
    vcpu->kernel_ss = in->kernel_ss | 3;
    vcpu->kernel_sp = in->kernel_sp;
    vcpu->event_callback = (struct pv_callback){in->event_callback_eip, 0};
    vcpu->failsafe_callback = (struct pv_callback){
        in->failsafe_callback_eip, mask_flag(in->flags, XEN_VGCF_FAILSAFE_DISABLES_EVENTS)};
    vcpu->syscall_callback = (struct pv_callback){
        in->syscall_callback_eip, mask_flag(in->flags, XEN_VGCF_SYSCALL_DISABLES_EVENTS)};
    vcpu->fs_base = in->fs_base;
    vcpu->gs_base_kernel = in->gs_base_kernel;
    vcpu->gs_base_user = in->gs_base_user;
    vcpu->initialised = 1;
}

/* What holds frames: all of it, or nothing. HOLDS(M) */
static enum status tables_adopt(struct pv_vcpu *vcpu, const struct xen_vcpu_guest_context *in)
{
    enum status status;

    TRY(gdt_set_frames(vcpu, in->gdt_frames, (u32)MIN(in->gdt_ents, (u64)UINT32_MAX)));
    status = ldt_set(vcpu, in->ldt_base, in->ldt_ents);
    if (status == ST_OK)
        status = mmu_base_set(vcpu, mfn(in->ctrlreg[3] >> PAGE_SHIFT));
    if (status == ST_OK && in->ctrlreg[1] != 0)
        status = mmu_user_base_set(vcpu, mfn(in->ctrlreg[1] >> PAGE_SHIFT));
    if (status != ST_OK)
        mmu_vcpu_end(vcpu);
    return status;
}

/* HOLDS(M) */
static s64 initialise(struct pv_vcpu *vcpu, u64 from)
{
    static struct xen_vcpu_guest_context context; /* M: too large for a stack */

    if (copy_from_guest(&context, from, sizeof(context)) != ST_OK)
        return -XEN_EFAULT;
    if (vcpu->initialised)
        return -XEN_EEXIST;
    if (context_is_bad(&context) || tables_adopt(vcpu, &context) != ST_OK)
        return -XEN_EINVAL;
    context_adopt(vcpu, &context);
    return 0;
}

HANDLER(op_vcpu_op_initialise)
{
    s64 result = vcpu_exists(a1);
    if (result != 0)
        return result;
    lock_take(&memory_lock);
    result = initialise(vcpu_find((u32)a1), a2);
    lock_drop(&memory_lock);
    mmu_settle(this_vcpu());
    return result;
}

/* ---- Up and down ------------------------------------------------------------------------- */

/*
 * Counted among those to flush before its first instruction. One that has been told to go down
 * and has not done so stays up.
 */
HANDLER(op_vcpu_op_up)
{
    s64 result = vcpu_exists(a1);
    struct pv_vcpu *vcpu = vcpu_find((u32)a1);

    if (result != 0)
        return result;
    if (!vcpu->initialised)
        return -XEN_EINVAL;
    if (__atomic_exchange_n(&vcpu->online, VCPU_UP, __ATOMIC_SEQ_CST) != VCPU_DOWN)
        return 0;
    return vcpu_start_below(vcpu);
}

/* L0 must not stop a vCPU that holds a lock of ours: each goes down by itself. */
HANDLER(op_vcpu_op_down)
{
    s64 result = vcpu_exists(a1);
    struct pv_vcpu *vcpu = vcpu_find((u32)a1);
    u8 up = VCPU_UP;

    if (result != 0)
        return result;
    if (!__atomic_compare_exchange_n(&vcpu->online, &up, VCPU_LEAVING, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return 0;
    __atomic_fetch_or(&vcpu->work, WORK_DOWN, __ATOMIC_SEQ_CST);
    if (vcpu == this_vcpu())
        vcpu_stay_down(vcpu);
    else
        vcpu_kick(vcpu);
    return 0;
}

/* What it was told last, as on Xen; it may have some guest instructions to go. */
HANDLER(op_vcpu_op_is_up)
{
    s64 result = vcpu_exists(a1);

    if (result != 0)
        return result;
    return __atomic_load_n(&vcpu_find((u32)a1)->online, __ATOMIC_SEQ_CST) == VCPU_UP;
}

HANDLER(op_vcpu_op_send_nmi)
{
    s64 result = vcpu_exists(a1);
    struct pv_vcpu *vcpu = vcpu_find((u32)a1);

    if (result != 0)
        return result;
    __atomic_fetch_or(&vcpu->work, WORK_NMI, __ATOMIC_SEQ_CST);
    if (vcpu != this_vcpu())
        vcpu_kick(vcpu);
    return 0;
}

/* ---- vcpu_info -----------------------------------------------------------------------------
 */

/* Pending ports lie in pages of the domain; what lies here is told anew by the caller. HOLDS(M)
 */
static s64 info_move(struct pv_vcpu *vcpu, const struct xen_vcpu_register_vcpu_info *want)
{
    struct xen_vcpu_info *info;

    if (want->offset > PAGE_SIZE - sizeof(*info) || (want->offset & 7) != 0)
        return -XEN_ENXIO;
    if (vcpu->info != &guest_shared->vcpu_info[vcpu->id] ||
        frame_type_get(want->mfn, FRAME_WRITABLE) != ST_OK)
        return -XEN_EINVAL;
    info = (struct xen_vcpu_info *)(mmu.direct + (want->mfn << PAGE_SHIFT) + want->offset);
    *info = *vcpu->info;
    info->pending_sel = ~(u64)0;
    __atomic_store_n(&vcpu->info, info, __ATOMIC_SEQ_CST);
    vcpu->upcall = &info->upcall_pending;
    return 0;
}

/*
 * Once for each vCPU; the frame stays writable memory from then on. What was pending in the old
 * place is pending in the new one, and to lose nothing the guest is made to look at all ports.
 */
HANDLER(op_vcpu_op_register_vcpu_info)
{
    struct xen_vcpu_register_vcpu_info want;
    s64 result;

    if (copy_from_guest(&want, a2, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    if (vcpu_exists(a1) != 0)
        return -XEN_ENOENT;
    lock_take(&memory_lock);
    result = info_move(vcpu_find((u32)a1), &want);
    lock_drop(&memory_lock);
    if (result == 0)
        event_mark(vcpu_find((u32)a1));
    mmu_settle(this_vcpu());
    return result;
}
