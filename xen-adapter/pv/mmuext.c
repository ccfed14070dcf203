/* mmuext_op: pins, base pointers, flushes, LDT, page clearing and copying. [xen/xen.h] */
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/mmu_batch.h"
#include "xen-adapter/pv/shootdown.h"

struct ext_op {
    u32 command;
    u64 arg1;
    u64 arg2;
};

static enum status table_pin(u64 number, enum frame_type type)
{
    TRY(frame_type_get(number, type));
    if ((frame_at(number)->word & FRAME_PINNED) != 0) {
        frame_type_put(number);
        return ST_INVALID;
    }
    frame_at(number)->word |= FRAME_PINNED;
    return ST_OK;
}

static enum status table_unpin(u64 number)
{
    if (!frame_owned(number) || (frame_at(number)->word & FRAME_PINNED) == 0)
        return ST_INVALID;
    frame_at(number)->word &= ~FRAME_PINNED;
    frame_type_put(number);
    return ST_OK;
}

enum status mmu_boot(struct pv_vcpu *vcpu, mfn_t l4)
{
    TRY(table_pin(l4.raw, FRAME_L4));
    TRY(frame_type_get(l4.raw, FRAME_L4));
    vcpu->kernel_l4 = l4;
    return ST_OK;
}

#define M2P_SLOT_STRICT ((mmu.vm_assist & BIT(XEN_VMASST_M2P_STRICT)) != 0)

enum status mmu_base_set(struct pv_vcpu *vcpu, mfn_t l4)
{
    mfn_t old = vcpu->kernel_l4;

    TRY(frame_type_get(l4.raw, FRAME_L4));
    ((u64 *)frame_page(l4.raw))[SHIM_SLOT_FIRST] = mmu.slots[0];
    vcpu->kernel_l4 = l4;
    /* The old table must be out of cr3 before its type can go. */
    if (vcpu == this_vcpu()) {
        cr3_load(l4);
        if (mmu.vcpu_count == 1)
            flush_clock_advance();
        vcpu->flush &= ~FLUSH_ALL;
    }
    if (old.raw != 0)
        frame_type_put(old.raw);
    return ST_OK;
}

enum status mmu_user_base_set(struct pv_vcpu *vcpu, mfn_t l4)
{
    mfn_t old = vcpu->user_l4;

    if (l4.raw != 0) {
        TRY(frame_type_get(l4.raw, FRAME_L4));
        /* Users of a guest that asked for it do not see the M2P. */
        if (M2P_SLOT_STRICT && l4.raw != vcpu->kernel_l4.raw)
            ((u64 *)frame_page(l4.raw))[SHIM_SLOT_FIRST] = 0;
    }
    vcpu->user_l4 = l4;
    if (old.raw != 0)
        frame_type_put(old.raw);
    return ST_OK;
}

void mmu_vcpu_end(struct pv_vcpu *vcpu)
{
    (void)mmu_user_base_set(vcpu, mfn(0));
    if (vcpu->kernel_l4.raw != 0)
        frame_type_put(vcpu->kernel_l4.raw);
    vcpu->kernel_l4 = mfn(0);
    (void)gdt_set_frames(vcpu, NULL, 0);
    (void)ldt_set(vcpu, 0, 0);
}

static enum status page_clear(u64 number)
{
    TRY(frame_type_get(number, FRAME_WRITABLE));
    memset(frame_page(number), 0, PAGE_SIZE);
    frame_type_put(number);
    return ST_OK;
}

static enum status page_copy(u64 number, u64 source)
{
    if (!frame_owned(source))
        return ST_INVALID;
    TRY(frame_type_get(number, FRAME_WRITABLE));
    memmove(frame_page(number), frame_page(source), PAGE_SIZE);
    frame_type_put(number);
    return ST_OK;
}

static enum status cache_flush_or(enum status refusal)
{
    if (shim.domain.privileged == 0)
        return refusal;
    cache_flush();
    return ST_OK;
}

/* Unlike update_va_mapping, mmuext_op says EINVAL for a bitmap that cannot be read. */
static enum status bitmap_status(enum status status)
{
    return status == ST_FAULT ? ST_INVALID : status;
}

/* Operations that change what frames are. */
static enum status table_op(struct pv_vcpu *vcpu, const struct ext_op *op)
{
    switch ((enum xen_mmuext_cmd)op->command) {
    case XEN_MMUEXT_PIN_L1_TABLE:
    case XEN_MMUEXT_PIN_L2_TABLE:
    case XEN_MMUEXT_PIN_L3_TABLE:
    case XEN_MMUEXT_PIN_L4_TABLE:
        return table_pin(op->arg1,
                         (enum frame_type)(FRAME_L1 + op->command - XEN_MMUEXT_PIN_L1_TABLE));
    case XEN_MMUEXT_UNPIN_TABLE:
        return table_unpin(op->arg1);
    case XEN_MMUEXT_NEW_BASEPTR:
        return mmu_base_set(vcpu, mfn(op->arg1));
    case XEN_MMUEXT_NEW_USER_BASEPTR:
        return mmu_user_base_set(vcpu, mfn(op->arg1));
    case XEN_MMUEXT_CLEAR_PAGE:
        return page_clear(op->arg1);
    case XEN_MMUEXT_COPY_PAGE:
        return page_copy(op->arg1, op->arg2);
    case XEN_MMUEXT_SET_LDT:
        return ldt_set(vcpu, op->arg1, (u32)op->arg2);
    case XEN_MMUEXT_MARK_SUPER:
    case XEN_MMUEXT_UNMARK_SUPER:
        return ST_UNSUPPORTED;
    case XEN_MMUEXT_TLB_FLUSH_LOCAL:
    case XEN_MMUEXT_TLB_FLUSH_MULTI:
    case XEN_MMUEXT_TLB_FLUSH_ALL:
    case XEN_MMUEXT_INVLPG_LOCAL:
    case XEN_MMUEXT_INVLPG_MULTI:
    case XEN_MMUEXT_INVLPG_ALL:
    case XEN_MMUEXT_FLUSH_CACHE:
    case XEN_MMUEXT_FLUSH_CACHE_GLOBAL:
        break;
    }
    return ST_NO_CALL;
}

static enum status ext_op_run(struct pv_vcpu *vcpu, const struct ext_op *op)
{
    switch (op->command) {
    case XEN_MMUEXT_TLB_FLUSH_LOCAL:
        vcpu->flush |= FLUSH_ALL;
        return ST_OK;
    case XEN_MMUEXT_TLB_FLUSH_ALL:
        mmu_flush_request();
        return ST_OK;
    case XEN_MMUEXT_TLB_FLUSH_MULTI:
        return bitmap_status(mmu_flush_on(op->arg2));
    case XEN_MMUEXT_INVLPG_LOCAL:
    case XEN_MMUEXT_INVLPG_ALL:
        mmu_flush_page(vcpu, op->arg1,
                       op->command == XEN_MMUEXT_INVLPG_ALL ? ~0u : (u32)BIT(vcpu->id));
        return ST_OK;
    case XEN_MMUEXT_INVLPG_MULTI:
        return bitmap_status(mmu_flush_page_on(vcpu, op->arg1, op->arg2));
    case XEN_MMUEXT_FLUSH_CACHE:
        return cache_flush_or(ST_REFUSED_ACCESS);
    case XEN_MMUEXT_FLUSH_CACHE_GLOBAL:
        return cache_flush_or(ST_INVALID);
    default:
        return table_op(vcpu, op);
    }
}

enum status mmu_ext(struct pv_vcpu *vcpu, u64 ops, u32 count, u64 done, u32 foreign)
{
    struct mmu_batch batch;
    enum status status =
        mmu_batch_open(&batch, ops, sizeof(struct xen_mmuext_op), count, done, foreign);

    for (; status == ST_OK && batch.next < batch.count; ops += sizeof(struct xen_mmuext_op)) {
        u64 words[3];

        status = words_from_guest(words, ops, 3);
        if (status == ST_OK)
            status = ext_op_run(vcpu, &(struct ext_op){(u32)words[0], words[1], words[2]});
        batch.next += status == ST_OK;
    }
    return mmu_batch_close(&batch, status);
}

void mmu_flush_now(struct pv_vcpu *vcpu)
{
    u32 flush = vcpu->flush;

    vcpu->flush = 0;
    if ((flush & FLUSH_OTHERS) != 0)
        shootdown_run(vcpu->flush_others);
    vcpu->flush_others = 0;
    if (flush == FLUSH_OTHERS)
        return;
    /* One vCPU's flush is all that there is to flush only when there is no other. */
    if (mmu.vcpu_count == 1)
        flush_clock_advance();
    tlb_flush_all();
}
