#include "enlight/apic.h"

static u32 *assist_word(const struct tlfs_vcpu *tv)
{
    return (u32 *)(void *)tv->assist_page.at;
}

/* The guest clears the bit in place of an EOI. */
static bool has_ended(const struct tlfs_vcpu *tv)
{
    return !(__atomic_load_n(assist_word(tv), __ATOMIC_ACQUIRE) & TLFS_ASSIST_NO_EOI);
}

/* False when the guest was quicker. */
static bool offer_withdraw(struct tlfs_vcpu *tv)
{
    u32 old = __atomic_fetch_and(assist_word(tv), ~TLFS_ASSIST_NO_EOI, __ATOMIC_ACQ_REL);

    tv->is_eoi_lazy = false;
    return old & TLFS_ASSIST_NO_EOI;
}

void assist_settle(struct tlfs_vcpu *tv)
{
    if (!tv->is_eoi_lazy)
        return;
    if (!has_ended(tv) && !op_vcpu_apic_requested(tv->vcpu))
        return;
    if (!offer_withdraw(tv))
        op_vcpu_apic_write(tv->vcpu, OP_APIC_EOI, 0);
}

void assist_offer(struct tlfs_vcpu *tv)
{
    if (!tv->assist_page.at || op_vcpu_apic_requested(tv->vcpu))
        return;
    __atomic_fetch_or(assist_word(tv), TLFS_ASSIST_NO_EOI, __ATOMIC_ACQ_REL);
    tv->is_eoi_lazy = true;
}

/* No offer stands afterwards, and an EOI said by the page has been carried out. */
static void offer_end(struct tlfs_vcpu *tv)
{
    if (tv->is_eoi_lazy && !offer_withdraw(tv))
        op_vcpu_apic_write(tv->vcpu, OP_APIC_EOI, 0);
}

static enum status page_set(struct tlfs_vcpu *tv, u64 value)
{
    offer_end(tv);
    TRY(overlay_set(op_vcpu_partition(tv->vcpu), &tv->assist_page, value));
    tv->assist = value;
    return ST_OK;
}

void assist_reset(struct tlfs_vcpu *tv)
{
    overlay_hide(op_vcpu_partition(tv->vcpu), &tv->assist_page);
    tv->assist = 0;
    tv->is_eoi_lazy = false;
}

enum status assist_read(const struct tlfs_vcpu *tv, u32 msr, u64 *value)
{
    switch (msr) {
    case TLFS_MSR_ICR:
        *value = op_vcpu_apic_read(tv->vcpu, OP_APIC_ICR);
        return ST_OK;
    case TLFS_MSR_TPR:
        *value = op_vcpu_apic_read(tv->vcpu, OP_APIC_TPR);
        return ST_OK;
    case TLFS_MSR_VP_ASSIST_PAGE:
        *value = tv->assist;
        return ST_OK;
    default: /* EOI is write only */
        return ST_INVALID;
    }
}

enum status assist_write(struct tlfs_vcpu *tv, u32 msr, u64 value)
{
    switch (msr) {
    case TLFS_MSR_EOI:
        offer_end(tv);
        op_vcpu_apic_write(tv->vcpu, OP_APIC_EOI, 0);
        return ST_OK;
    case TLFS_MSR_ICR:
        op_vcpu_apic_write(tv->vcpu, OP_APIC_ICR, value);
        return ST_OK;
    case TLFS_MSR_TPR:
        if (value >> 8)
            return ST_INVALID;
        op_vcpu_apic_write(tv->vcpu, OP_APIC_TPR, value);
        return ST_OK;
    case TLFS_MSR_VP_ASSIST_PAGE:
        return page_set(tv, value);
    default:
        return ST_INVALID;
    }
}
