#include "enlight/synic.h"
#include "hv/lib/string.h"

void synic_reset(struct tlfs_vcpu *tv)
{
    struct partition *p = op_vcpu_partition(tv->vcpu);

    overlay_hide(p, &tv->message_page);
    overlay_hide(p, &tv->event_page);
    tv->scontrol = tv->simp = tv->siefp = 0;
    for (u32 i = 0; i < TLFS_SINTS; i++)
        tv->sint[i] = TLFS_SINT_RESET;
}

static bool is_sint(u32 msr)
{
    return msr >= TLFS_MSR_SINT0 && msr <= TLFS_MSR_SINT15;
}

enum status synic_read(const struct tlfs_vcpu *tv, u32 msr, u64 *value)
{
    if (is_sint(msr)) {
        *value = tv->sint[msr - TLFS_MSR_SINT0];
        return ST_OK;
    }
    switch (msr) {
    case TLFS_MSR_SCONTROL:
        *value = tv->scontrol;
        return ST_OK;
    case TLFS_MSR_SVERSION:
        *value = TLFS_SYNIC_VERSION;
        return ST_OK;
    case TLFS_MSR_SIEFP:
        *value = tv->siefp;
        return ST_OK;
    case TLFS_MSR_SIMP:
        *value = tv->simp;
        return ST_OK;
    case TLFS_MSR_EOM:
        *value = 0;
        return ST_OK;
    default:
        return ST_INVALID;
    }
}

/* A source that is not masked needs a vector from 16 on. [TLFS 11.8.4] */
static enum status sint_write(struct tlfs_vcpu *tv, u32 sint, u64 value)
{
    if ((value & TLFS_SINT_VECTOR) < TLFS_VECTOR_FIRST && !(value & TLFS_SINT_MASKED))
        return ST_INVALID;
    tv->sint[sint] = value;
    return ST_OK;
}

static enum status page_write(struct tlfs_vcpu *tv, struct tlfs_overlay *overlay, u64 *reg,
                              u64 value)
{
    TRY(overlay_set(op_vcpu_partition(tv->vcpu), overlay, value));
    *reg = value;
    return ST_OK;
}

enum status synic_write(struct tlfs_vcpu *tv, u32 msr, u64 value)
{
    tv->has_work = true;
    if (is_sint(msr))
        return sint_write(tv, msr - TLFS_MSR_SINT0, value);
    switch (msr) {
    case TLFS_MSR_SCONTROL:
        tv->scontrol = value;
        return ST_OK;
    case TLFS_MSR_SIEFP:
        return page_write(tv, &tv->event_page, &tv->siefp, value);
    case TLFS_MSR_SIMP:
        return page_write(tv, &tv->message_page, &tv->simp, value);
    case TLFS_MSR_EOM:
        return ST_OK; /* what waits for a slot is tried again before the next entry */
    default:
        return ST_INVALID;
    }
}

static bool is_on(const struct tlfs_vcpu *tv, const struct tlfs_overlay *page)
{
    return (tv->scontrol & 1) && page->at;
}

static void sint_raise(struct tlfs_vcpu *tv, u32 sint)
{
    if (!(tv->sint[sint] & (TLFS_SINT_MASKED | TLFS_SINT_POLLING)))
        op_vcpu_lapic_raise(tv->vcpu, (u8)tv->sint[sint]);
}

bool synic_post(struct tlfs_vcpu *tv, u32 sint, u32 type, const void *payload, u32 bytes)
{
    struct tlfs_message *slot;

    if (!is_on(tv, &tv->message_page))
        return false;
    slot = (struct tlfs_message *)(void *)tv->message_page.at + sint;
    if (__atomic_load_n(&slot->type, __ATOMIC_ACQUIRE) != TLFS_MESSAGE_NONE) {
        __atomic_fetch_or(&slot->flags, TLFS_MESSAGE_PENDING, __ATOMIC_ACQ_REL);
        return false;
    }
    slot->bytes = (u8)bytes;
    slot->flags = 0;
    slot->reserved = 0;
    slot->origin = 0;
    memcpy(slot->payload, payload, bytes);
    __atomic_store_n(&slot->type, type, __ATOMIC_RELEASE);
    sint_raise(tv, sint);
    return true;
}

/* One message of a source waits: those behind it wait too. */
static void messages_deliver(struct tlfs_vcpu *tv)
{
    const struct mailbox_message *message;
    u32 blocked = 0;
    u32 index = 0;

    while ((message = op_message_at(tv->vcpu, index)) != NULL) {
        u32 sint = message->connection;

        if (!(blocked & 1u << sint) &&
            synic_post(tv, sint, message->type, message->payload, message->bytes)) {
            op_message_take(tv->vcpu, index);
            continue;
        }
        blocked |= 1u << sint;
        index++;
    }
}

static void flags_deliver(struct tlfs_vcpu *tv)
{
    u32 sint, flag;

    while (is_on(tv, &tv->event_page) && op_event_flag_take(tv->vcpu, &sint, &flag)) {
        u8 *byte = tv->event_page.at + sint * TLFS_EVENT_BYTES + flag / 8;
        u8 bit = (u8)(1u << flag % 8);

        if (!(__atomic_fetch_or(byte, bit, __ATOMIC_ACQ_REL) & bit))
            sint_raise(tv, sint);
    }
}

void synic_deliver(struct tlfs_vcpu *tv)
{
    messages_deliver(tv);
    flags_deliver(tv);
}

bool synic_ends_itself(const struct tlfs_vcpu *tv, u8 vector)
{
    for (u32 i = 0; i < TLFS_SINTS; i++)
        if ((tv->sint[i] & (TLFS_SINT_AUTOEOI | TLFS_SINT_MASKED)) == TLFS_SINT_AUTOEOI &&
            (u8)tv->sint[i] == vector)
            return true;
    return false;
}
