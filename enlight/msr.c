/* The synthetic MSRs [TLFS appendix F]. A row of tlfs.def that is not DONE faults. */
#include "enlight/apic.h"
#include "enlight/enlight.h"
#include "enlight/hypercall_page.h"
#include "enlight/reftsc.h"
#include "enlight/state.h"
#include "enlight/stimer.h"
#include "enlight/synic.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define NS_PER_UNIT       100u
#define RFLAGS_INTERRUPTS BIT(9)

static u64 runtime_of(const struct vcpu *vcpu)
{
    struct op_runtime runtime;

    op_vcpu_runtime(vcpu, &runtime);
    return runtime.ns[OP_RUN_RUNNING] / NS_PER_UNIT;
}

static u64 tsc_hz(const struct partition *p)
{
    struct op_clock clock;

    op_clock_read(p, &clock);
    return clock.tsc_khz * 1000;
}

/*
 * Until an interrupt waits, whatever RFLAGS.IF says [TLFS 10.1.4]. With interrupts on the one
 * that ends it may have been taken already, so any end is good; else the read is tried again.
 */
static enum status guest_idle(struct vcpu *vcpu, u64 *value)
{
    *value = 0;
    if (op_vcpu_apic_waits(vcpu))
        return ST_OK;
    op_vcpu_park(vcpu, OP_NEVER);
    return op_vcpu_regs(vcpu)->rflags & RFLAGS_INTERRUPTS ? ST_OK : ST_AGAIN;
}

static enum status time_read(struct tlfs_vcpu *tv, u32 msr, u64 *value)
{
    struct partition *p = op_vcpu_partition(tv->vcpu);

    switch (msr) {
    case TLFS_MSR_VP_RUNTIME:
        *value = runtime_of(tv->vcpu);
        return ST_OK;
    case TLFS_MSR_TIME_REF_COUNT:
        *value = reftsc_now(p, tv->domain);
        return ST_OK;
    case TLFS_MSR_REFERENCE_TSC:
        *value = tv->domain->reference_tsc;
        return ST_OK;
    case TLFS_MSR_TSC_FREQUENCY:
        *value = tsc_hz(p);
        return ST_OK;
    case TLFS_MSR_APIC_FREQUENCY:
        *value = OP_APIC_HZ;
        return ST_OK;
    default:
        return ST_INVALID;
    }
}

static enum status plain_read(struct tlfs_vcpu *tv, u32 msr, u64 *value)
{
    switch (msr) {
    case TLFS_MSR_GUEST_OS_ID:
        *value = tv->domain->guest_os_id;
        return ST_OK;
    case TLFS_MSR_HYPERCALL:
        *value = tv->domain->hypercall;
        return ST_OK;
    case TLFS_MSR_VP_INDEX:
        *value = op_vcpu_id(tv->vcpu);
        return ST_OK;
    case TLFS_MSR_RESET:
        *value = 0;
        return ST_OK;
    case TLFS_MSR_TSC_INVARIANT_CONTROL:
        *value = tv->domain->tsc_invariant;
        return tlfs_has_tsc_control(op_vcpu_partition(tv->vcpu)) ? ST_OK : ST_INVALID;
    case TLFS_MSR_GUEST_IDLE:
        return guest_idle(tv->vcpu, value);
    case TLFS_MSR_CRASH_CTL:
        *value = TLFS_CRASH_NOTIFY | TLFS_CRASH_MESSAGE;
        return ST_OK;
    default:
        return time_read(tv, msr, value);
    }
}

static bool is_between(u32 msr, u32 first, u32 last)
{
    return msr >= first && msr <= last;
}

static enum status read(struct tlfs_vcpu *tv, u32 msr, u64 *value)
{
    if (is_between(msr, TLFS_MSR_EOI, TLFS_MSR_VP_ASSIST_PAGE))
        return assist_read(tv, msr, value);
    if (is_between(msr, TLFS_MSR_SCONTROL, TLFS_MSR_SINT15))
        return synic_read(tv, msr, value);
    if (is_between(msr, TLFS_MSR_STIMER0_CONFIG, TLFS_MSR_STIMER3_COUNT)) {
        stimer_read(tv, msr, value);
        return ST_OK;
    }
    if (is_between(msr, TLFS_MSR_CRASH_P0, TLFS_MSR_CRASH_P4)) {
        *value = tv->domain->crash[msr - TLFS_MSR_CRASH_P0];
        return ST_OK;
    }
    return plain_read(tv, msr, value);
}

/* A guest's last words: five numbers and perhaps a text. Then it has crashed. [TLFS 2.4.11] */
static void crash_log(struct partition *p, const u64 *word, u64 value)
{
    char text[128];
    u64 bytes;

    format(text, sizeof(text), "guest crash %lx %lx %lx %lx %lx\n", word[0], word[1], word[2],
           word[3], word[4]);
    op_partition_log(p, text, (u32)strlen(text));
    if (!(value & TLFS_CRASH_MESSAGE))
        return;
    for (u64 at = 0; at < MIN(word[4], PAGE_SIZE); at += bytes) {
        bytes = MIN(word[4] - at, sizeof(text));
        if (mem_read_gpa(p, gpa(word[3] + at), text, bytes) != ST_OK)
            return;
        op_partition_log(p, text, (u32)bytes);
    }
    op_partition_log(p, "\n", 1);
}

static void crash_tell(struct tlfs_vcpu *tv, u64 value)
{
    struct partition *p = op_vcpu_partition(tv->vcpu);

    if (!(value & TLFS_CRASH_NOTIFY))
        return;
    crash_log(p, tv->domain->crash, value);
    op_partition_shutdown(p, NATIVE_END_CRASH);
}

static enum status plain_write(struct tlfs_vcpu *tv, u32 msr, u64 value)
{
    struct partition *p = op_vcpu_partition(tv->vcpu);

    switch (msr) {
    case TLFS_MSR_GUEST_OS_ID:
        return hypercall_os_set(p, tv->domain, value);
    case TLFS_MSR_HYPERCALL:
        return hypercall_page_set(p, tv->domain, value);
    case TLFS_MSR_RESET:
        if (value & 1)
            op_partition_shutdown(p, NATIVE_END_REBOOT);
        return ST_OK;
    case TLFS_MSR_REFERENCE_TSC:
        return reftsc_set(p, tv->domain, value);
    case TLFS_MSR_CRASH_CTL:
        crash_tell(tv, value);
        return ST_OK;
    case TLFS_MSR_TSC_INVARIANT_CONTROL:
        if (!tlfs_has_tsc_control(p) || value & ~(u64)TLFS_TSC_INVARIANT)
            return ST_INVALID;
        tv->domain->tsc_invariant = value;
        return ST_OK;
    default: /* read only */
        return ST_INVALID;
    }
}

static enum status write(struct tlfs_vcpu *tv, u32 msr, u64 value)
{
    if (is_between(msr, TLFS_MSR_EOI, TLFS_MSR_VP_ASSIST_PAGE))
        return assist_write(tv, msr, value);
    if (is_between(msr, TLFS_MSR_SCONTROL, TLFS_MSR_SINT15))
        return synic_write(tv, msr, value);
    if (is_between(msr, TLFS_MSR_STIMER0_CONFIG, TLFS_MSR_STIMER3_COUNT))
        return stimer_write(tv, msr, value);
    if (is_between(msr, TLFS_MSR_CRASH_P0, TLFS_MSR_CRASH_P4)) {
        tv->domain->crash[msr - TLFS_MSR_CRASH_P0] = value;
        return ST_OK;
    }
    return plain_write(tv, msr, value);
}

/* The register's row; TLFS_ROW_none when it is not built. */
static u32 row_of(u32 msr)
{
    switch (msr) {
#define MSR(name, number, feature, prio, state, doc)                                           \
    case number:                                                                               \
        return TLFS_STATE_##state && TLFS_HAS(feature) ? TLFS_ROW_MSR_##name : TLFS_ROW_none;
#include "enlight/abi/tlfs.def"
    default:
        return TLFS_ROW_none;
    }
}

enum verdict tlfs_msr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
    u32 row = row_of(msr);
    struct tlfs_vcpu *tv;
    enum status status;

    if (row == TLFS_ROW_none)
        return VERDICT_NOT_MINE;
    (void)trace_call(vcpu, TRACE_TLFS, row);
    tv = tlfs_vcpu_get(vcpu);
    status = tv ? read(tv, msr, value) : ST_NO_MEMORY;
    if (status == ST_AGAIN)
        return VERDICT_AGAIN;
    return status == ST_OK ? VERDICT_ANSWERED : VERDICT_FAULTS;
}

enum verdict tlfs_msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
    u32 row = row_of(msr);
    struct tlfs_vcpu *tv;

    if (row == TLFS_ROW_none)
        return VERDICT_NOT_MINE;
    (void)trace_call(vcpu, TRACE_TLFS, row);
    tv = tlfs_vcpu_get(vcpu);
    return tv && write(tv, msr, value) == ST_OK ? VERDICT_ANSWERED : VERDICT_FAULTS;
}
