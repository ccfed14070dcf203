/* The local APIC of one vCPU. Register numbers and rules: [SDM 3 10.4-10.12]. */
#include "hv/core/vlapic.h"
#include "hv/lib/string.h"

enum {
    REG_ID = 0x20,
    REG_VERSION = 0x30,
    REG_TPR = 0x80,
    REG_PPR = 0xa0,
    REG_EOI = 0xb0,
    REG_LDR = 0xd0,
    REG_DFR = 0xe0,
    REG_SVR = 0xf0,
    REG_ISR = 0x100,
    REG_TMR = 0x180,
    REG_IRR = 0x200,
    REG_ESR = 0x280,
    REG_ICR_LOW = 0x300,
    REG_ICR_HIGH = 0x310,
    REG_LVT = 0x320,
    REG_LVT_LAST = 0x370,
    REG_TIMER_INITIAL = 0x380,
    REG_TIMER_CURRENT = 0x390,
    REG_TIMER_DIVIDE = 0x3e0,
    REG_SELF_IPI = 0x3f0,
};

#define VERSION             0x50014u /* integrated APIC, 6 local vectors */
#define SVR_ENABLED         BIT(8)
#define LVT_MASKED          BIT(16)
#define LVT_TIMER_MODE      0x60000u
#define LVT_TIMER_PERIODIC  0x20000u
#define LVT_TIMER_DEADLINE  0x40000u
#define ESR_SEND_ILLEGAL    BIT(5)
#define ESR_RECEIVE_ILLEGAL BIT(6)
#define ESR_REGISTER        BIT(7)
#define DFR_FLAT            0xffffffffu
#define MODE_FIXED          0
#define MODE_LOWEST         1
#define MODE_INIT           5
#define ICR_ASSERT          BIT(14)
#define ICR_LEVEL           BIT(15)
#define SHORTHAND_NONE      0
#define SHORTHAND_SELF      1
#define SHORTHAND_ALL       2
#define SHORTHAND_OTHERS    3
#define MSR_BASE_VALUE      0x1bu
#define MSR_X2APIC          0x800u

static bool is_x2apic(const struct vlapic *lapic)
{
    return lapic->base_msr & VLAPIC_BASE_X2APIC;
}

/* What both reset and a software re-enable of the APIC begin with. [SDM 3 10.4.7.1] */
static void reset_registers(struct vlapic *lapic)
{
    u32 id = lapic->id;
    u64 base = lapic->base_msr;

    memset(lapic, 0, sizeof(*lapic));
    lapic->id = id;
    lapic->base_msr = base;
    lapic->dfr = DFR_FLAT;
    lapic->svr = 0xff;
    for (u32 i = 0; i < ARRAY_SIZE(lapic->lvt); i++)
        lapic->lvt[i] = (u32)LVT_MASKED;
}

void vlapic_make(struct vlapic *lapic, u32 apic_id)
{
    lapic->id = apic_id;
    lapic->base_msr = VLAPIC_BASE | VLAPIC_BASE_ENABLE | (apic_id == 0 ? VLAPIC_BASE_BSP : 0);
    reset_registers(lapic);
}

void vlapic_reset(struct vlapic *lapic)
{
    reset_registers(lapic);
}

bool vlapic_is_mapped(const struct vlapic *lapic)
{
    return (lapic->base_msr & (VLAPIC_BASE_ENABLE | VLAPIC_BASE_X2APIC)) == VLAPIC_BASE_ENABLE;
}

static int highest(const u32 bits[8])
{
    for (int word = 7; word >= 0; word--)
        if (bits[word])
            return word * 32 + 31 - __builtin_clz(bits[word]);
    return VLAPIC_NONE;
}

static u32 ppr_of(const struct vlapic *lapic)
{
    int serving = highest(lapic->isr);
    u32 class = serving == VLAPIC_NONE ? 0 : (u32)serving & 0xf0;

    return (lapic->tpr & 0xf0) >= class ? lapic->tpr : class;
}

static void raise_error(struct vlapic *lapic, u64 bit)
{
    u32 vector = lapic->lvt[5] & 0xff;
    bool first = !lapic->esr_pending;

    lapic->esr_pending |= (u32)bit;
    if (first && !(lapic->lvt[5] & LVT_MASKED) && vector >= 16)
        vlapic_raise(lapic, (u8)vector);
}

void vlapic_raise(struct vlapic *lapic, u8 vector)
{
    if (!(lapic->base_msr & VLAPIC_BASE_ENABLE))
        return;
    if (vector < 16) {
        raise_error(lapic, ESR_RECEIVE_ILLEGAL);
        return;
    }
    if (!(lapic->svr & SVR_ENABLED))
        return;
    /* Others raise here while the owner accepts: the bit first, then the word's sign. */
    __atomic_fetch_or(&lapic->irr[vector / 32], 1u << (vector % 32), __ATOMIC_ACQ_REL);
    __atomic_fetch_or(&lapic->summary, (u8)(1u << (vector / 32)), __ATOMIC_ACQ_REL);
}

int vlapic_next(const struct vlapic *lapic)
{
    int vector = highest(lapic->irr);

    if (vector == VLAPIC_NONE || ((u32)vector & 0xf0) <= (ppr_of(lapic) & 0xf0))
        return VLAPIC_NONE;
    return vector;
}

u32 vlapic_blocked_class(const struct vlapic *lapic)
{
    int vector = highest(lapic->irr);
    int serving = highest(lapic->isr);
    u32 class = vector == VLAPIC_NONE ? 0 : (u32)vector >> 4;

    if (serving != VLAPIC_NONE && class <= (u32)serving >> 4)
        return 0;
    return class <= (lapic->tpr >> 4 & 0xf) ? class : 0;
}

void vlapic_accept(struct vlapic *lapic, u8 vector)
{
    u32 word = vector / 32;
    u32 bit = 1u << (vector % 32);

    lapic->isr[word] |= bit;
    if (__atomic_and_fetch(&lapic->irr[word], ~bit, __ATOMIC_ACQ_REL))
        return;
    __atomic_fetch_and(&lapic->summary, (u8) ~(1u << word), __ATOMIC_ACQ_REL);
    if (__atomic_load_n(&lapic->irr[word], __ATOMIC_ACQUIRE))
        __atomic_fetch_or(&lapic->summary, (u8)(1u << word), __ATOMIC_ACQ_REL);
}

void vlapic_tpr_set(struct vlapic *lapic, u32 class)
{
    if ((lapic->tpr >> 4 & 0xf) != class)
        lapic->tpr = (class & 0xf) << 4;
}

static void eoi(struct vlapic *lapic)
{
    int vector = highest(lapic->isr);

    if (vector != VLAPIC_NONE)
        lapic->isr[vector / 32] &= ~(1u << (vector % 32));
}

/* 2, 4, 8 ... 128, 1: bits 0, 1 and 3 of the register. [SDM 3 10.5.4] */
static u64 divisor_of(const struct vlapic *lapic)
{
    u32 code = (lapic->timer_divide & 3) | (lapic->timer_divide >> 1 & 4);

    return (u64)1 << ((code + 1) & 7);
}

static u32 timer_mode(const struct vlapic *lapic)
{
    return lapic->lvt[0] & LVT_TIMER_MODE;
}

static void timer_start(struct vlapic *lapic, u64 now_ns, struct vlapic_effect *out)
{
    u64 span = lapic->timer_initial * divisor_of(lapic);

    lapic->timer_start_ns = now_ns;
    lapic->timer_deadline_ns = span ? now_ns + span : 0;
    out->flags |= VLAPIC_TIMER_CHANGED;
}

static u32 timer_current(const struct vlapic *lapic, u64 now_ns)
{
    u64 passed;

    if (!lapic->timer_initial || timer_mode(lapic) == LVT_TIMER_DEADLINE)
        return 0;
    passed = now_ns > lapic->timer_start_ns ? now_ns - lapic->timer_start_ns : 0;
    passed /= divisor_of(lapic);
    if (timer_mode(lapic) == LVT_TIMER_PERIODIC)
        passed %= lapic->timer_initial;
    return passed >= lapic->timer_initial ? 0 : lapic->timer_initial - (u32)passed;
}

void vlapic_timer_fire(struct vlapic *lapic, u64 now_ns)
{
    u64 span = lapic->timer_initial * divisor_of(lapic);

    if (!lapic->timer_deadline_ns || now_ns < lapic->timer_deadline_ns)
        return;
    if (timer_mode(lapic) == LVT_TIMER_PERIODIC && span) {
        /* Ticks that nobody took are lost, as on hardware: one IRR bit. */
        u64 missed = (now_ns - lapic->timer_deadline_ns) / span;

        lapic->timer_deadline_ns += (missed + 1) * span;
        lapic->timer_start_ns = lapic->timer_deadline_ns - span;
    } else {
        lapic->timer_deadline_ns = 0;
        lapic->tsc_deadline = 0;
    }
    if (!(lapic->lvt[0] & LVT_MASKED))
        vlapic_raise(lapic, (u8)lapic->lvt[0]);
}

void vlapic_tsc_deadline_set(struct vlapic *lapic, u64 guest_tsc, u64 deadline_ns,
                             struct vlapic_effect *out)
{
    if (timer_mode(lapic) != LVT_TIMER_DEADLINE)
        return;
    lapic->tsc_deadline = guest_tsc;
    /* 0 disarms; a deadline at clock 0 has passed anyway. */
    lapic->timer_deadline_ns = guest_tsc ? MAX(deadline_ns, 1u) : 0;
    out->flags |= VLAPIC_TIMER_CHANGED;
}

static u32 logical_id(const struct vlapic *lapic)
{
    return is_x2apic(lapic) ? (lapic->id >> 4) << 16 | 1u << (lapic->id & 15) : lapic->ldr;
}

static bool matches_logical(const struct vlapic *lapic, u32 destination)
{
    u32 own = logical_id(lapic);

    if (is_x2apic(lapic))
        return (own >> 16 == destination >> 16 && (own & destination & 0xffff)) ||
               destination == ~0u;
    own >>= 24;
    if (lapic->dfr == DFR_FLAT)
        return own & destination;
    return (own >> 4 == destination >> 4 || destination >> 4 == 0xf) &&
           (own & destination & 0xf);
}

bool vlapic_matches(const struct vlapic *lapic, const struct vlapic_ipi *ipi)
{
    if (ipi->shorthand == SHORTHAND_ALL || ipi->shorthand == SHORTHAND_OTHERS)
        return true;
    if (ipi->logical)
        return matches_logical(lapic, ipi->destination);
    /* A sender in xAPIC mode can name no more than 8 bits. [SDM 3 10.12.9] */
    if (ipi->destination == ~0u || (ipi->destination == 0xff && !is_x2apic(lapic)))
        return true;
    return ipi->destination == lapic->id;
}

static void send(struct vlapic *lapic, u64 icr, struct vlapic_effect *out)
{
    struct vlapic_ipi ipi = {
        .mode = icr >> 8 & 7,
        .vector = (u8)icr,
        .shorthand = icr >> 18 & 3,
        .logical = icr & BIT(11),
        .destination = is_x2apic(lapic) ? (u32)(icr >> 32) : (u32)(icr >> 56),
    };
    bool fixed = ipi.mode == MODE_FIXED || ipi.mode == MODE_LOWEST;

    lapic->icr = icr & ~BIT(12); /* delivered at once: never pending */
    if (ipi.mode == MODE_INIT && (icr & (ICR_ASSERT | ICR_LEVEL)) == ICR_LEVEL)
        return; /* the de-assert message, without meaning since the Pentium 4 */
    if (fixed && ipi.vector < 16) {
        raise_error(lapic, ESR_SEND_ILLEGAL);
        return;
    }
    if (ipi.shorthand == SHORTHAND_SELF) {
        vlapic_raise(lapic, ipi.vector);
        return;
    }
    if (fixed && ipi.shorthand != SHORTHAND_OTHERS && vlapic_matches(lapic, &ipi)) {
        vlapic_raise(lapic, ipi.vector);
        if (ipi.mode == MODE_LOWEST)
            return;
    }
    out->flags |= VLAPIC_IPI;
    out->ipi = ipi;
}

u32 vlapic_read(const struct vlapic *lapic, u32 offset, u64 now_ns)
{
    u32 word = offset >> 4 & 7;

    if (offset >= REG_ISR && offset < REG_TMR)
        return lapic->isr[word];
    if (offset >= REG_TMR && offset < REG_IRR)
        return lapic->tmr[word];
    if (offset >= REG_IRR && offset < REG_ESR)
        return lapic->irr[word];
    if (offset >= REG_LVT && offset <= REG_LVT_LAST)
        return lapic->lvt[(offset - REG_LVT) >> 4];
    switch (offset & ~0xfu) {
    case REG_ID:
        return is_x2apic(lapic) ? lapic->id : lapic->id << 24;
    case REG_VERSION:
        return VERSION;
    case REG_TPR:
        return lapic->tpr;
    case REG_PPR:
        return ppr_of(lapic);
    case REG_LDR:
        return logical_id(lapic);
    case REG_DFR:
        return lapic->dfr;
    case REG_SVR:
        return lapic->svr;
    case REG_ESR:
        return lapic->esr;
    case REG_ICR_LOW:
        return (u32)lapic->icr;
    case REG_ICR_HIGH:
        return (u32)(lapic->icr >> 32);
    case REG_TIMER_INITIAL:
        return lapic->timer_initial;
    case REG_TIMER_CURRENT:
        return timer_current(lapic, now_ns);
    case REG_TIMER_DIVIDE:
        return lapic->timer_divide;
    default:
        return 0;
    }
}

static void write_lvt(struct vlapic *lapic, u32 index, u32 value, struct vlapic_effect *out)
{
    static const u32 writable[6] = {0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff};
    u32 old_mode = timer_mode(lapic);

    value &= writable[index];
    if (!(lapic->svr & SVR_ENABLED))
        value |= (u32)LVT_MASKED;
    lapic->lvt[index] = value;
    if (index == 0 && timer_mode(lapic) != old_mode &&
        (timer_mode(lapic) == LVT_TIMER_DEADLINE || old_mode == LVT_TIMER_DEADLINE)) {
        lapic->timer_deadline_ns = 0;
        lapic->tsc_deadline = 0;
        lapic->timer_initial = 0;
        out->flags |= VLAPIC_TIMER_CHANGED;
    }
}

static void write_svr(struct vlapic *lapic, u32 value)
{
    lapic->svr = value & 0x1ff;
    if (lapic->svr & SVR_ENABLED)
        return;
    for (u32 i = 0; i < ARRAY_SIZE(lapic->lvt); i++)
        lapic->lvt[i] |= (u32)LVT_MASKED;
}

void vlapic_write(struct vlapic *lapic, u32 offset, u32 value, u64 now_ns,
                  struct vlapic_effect *out)
{
    if (offset >= REG_LVT && offset <= REG_LVT_LAST) {
        write_lvt(lapic, (offset - REG_LVT) >> 4, value, out);
        return;
    }
    switch (offset & ~0xfu) {
    case REG_TPR:
        lapic->tpr = value & 0xff;
        break;
    case REG_EOI:
        eoi(lapic);
        break;
    case REG_LDR:
        lapic->ldr = value & 0xff000000u;
        break;
    case REG_DFR:
        lapic->dfr = value | 0x0fffffffu;
        break;
    case REG_SVR:
        write_svr(lapic, value);
        break;
    case REG_ESR:
        lapic->esr = lapic->esr_pending;
        lapic->esr_pending = 0;
        break;
    case REG_ICR_LOW:
        send(lapic, (lapic->icr & ~0xfffffffful) | value, out);
        break;
    case REG_ICR_HIGH:
        lapic->icr = (lapic->icr & 0xffffffffu) | (u64)value << 32;
        break;
    case REG_TIMER_INITIAL:
        if (timer_mode(lapic) == LVT_TIMER_DEADLINE)
            break;
        lapic->timer_initial = value;
        timer_start(lapic, now_ns, out);
        break;
    case REG_TIMER_DIVIDE:
        lapic->timer_divide = value & 0xb;
        if (lapic->timer_initial)
            timer_start(lapic, now_ns, out);
        break;
    case REG_ID: /* read only, like what follows */
    case REG_VERSION:
    case REG_PPR:
    case REG_TIMER_CURRENT:
        break;
    default:
        raise_error(lapic, ESR_REGISTER);
        break;
    }
}

/* Only disabled -> xAPIC -> x2APIC -> disabled is legal. [SDM 3 10.12.5] */
static enum status write_base(struct vlapic *lapic, u64 value, struct vlapic_effect *out)
{
    u64 modes = VLAPIC_BASE_ENABLE | VLAPIC_BASE_X2APIC;
    u64 from = lapic->base_msr & modes;
    u64 to = value & modes;

    if ((value & ~(modes | VLAPIC_BASE_BSP)) != VLAPIC_BASE || to == VLAPIC_BASE_X2APIC)
        return ST_INVALID;
    if ((from == modes && to == VLAPIC_BASE_ENABLE) || (from == 0 && to == modes))
        return ST_INVALID;
    lapic->base_msr = (value & ~VLAPIC_BASE_BSP) | (lapic->base_msr & VLAPIC_BASE_BSP);
    if (to == 0 && from != 0) {
        reset_registers(lapic);
        out->flags |= VLAPIC_TIMER_CHANGED;
    }
    return ST_OK;
}

/* Offsets that exist as x2APIC MSRs. [SDM 3 table 10-6] */
static bool x2apic_has(u32 offset)
{
    switch (offset) {
    case REG_ID:
    case REG_VERSION:
    case REG_TPR:
    case REG_PPR:
    case REG_LDR:
    case REG_SVR:
    case REG_ESR:
    case REG_ICR_LOW:
    case REG_TIMER_INITIAL:
    case REG_TIMER_CURRENT:
    case REG_TIMER_DIVIDE:
        return true;
    default:
        return (offset >= REG_ISR && offset < REG_ESR) ||
               (offset >= REG_LVT && offset <= REG_LVT_LAST);
    }
}

enum status vlapic_msr_read(const struct vlapic *lapic, u32 msr, u64 now_ns, u64 *out)
{
    u32 offset = (msr - MSR_X2APIC) << 4;

    if (msr == MSR_BASE_VALUE) {
        *out = lapic->base_msr;
        return ST_OK;
    }
    if (!is_x2apic(lapic) || !x2apic_has(offset))
        return ST_INVALID;
    *out = offset == REG_ICR_LOW ? lapic->icr : vlapic_read(lapic, offset, now_ns);
    return ST_OK;
}

enum status vlapic_msr_write(struct vlapic *lapic, u32 msr, u64 value, u64 now_ns,
                             struct vlapic_effect *out)
{
    u32 offset = (msr - MSR_X2APIC) << 4;

    if (msr == MSR_BASE_VALUE)
        return write_base(lapic, value, out);
    if (!is_x2apic(lapic))
        return ST_INVALID;
    if (offset == REG_ICR_LOW) {
        send(lapic, value, out);
        return ST_OK;
    }
    if (offset == REG_SELF_IPI && !(value >> 8)) {
        vlapic_raise(lapic, (u8)value);
        return ST_OK;
    }
    if ((value >> 32) || !(x2apic_has(offset) || offset == REG_EOI))
        return ST_INVALID;
    if ((offset == REG_EOI || offset == REG_ESR) && value)
        return ST_INVALID;
    if (offset == REG_ID || offset == REG_VERSION || offset == REG_PPR || offset == REG_LDR ||
        offset == REG_TIMER_CURRENT || (offset >= REG_ISR && offset < REG_ESR))
        return ST_INVALID;
    vlapic_write(lapic, offset, (u32)value, now_ns, out);
    return ST_OK;
}
