/* The fake native operations: partition, clock, trace and vCPUs. */
#include "abi-tests/unit/fake_op.h"

#include <string.h>

struct vcpu fake_vcpu[FAKE_VCPUS];
struct partition fake_partition;
enum op_mode fake_mode;
u32 fake_cpl;
u64 fake_now_ns;
char fake_log[256];
u64 fake_yields;

void fake_op_reset(void)
{
    memset(fake_vcpu, 0, sizeof(fake_vcpu));
    memset(&fake_partition, 0, sizeof(fake_partition));
    memset(fake_log, 0, sizeof(fake_log));
    for (u32 i = 0; i < FAKE_VCPUS; i++)
        fake_vcpu[i].id = i;
    fake_vcpu[0].is_up = fake_vcpu[0].is_initialised = true;
    fake_mode = OP_MODE_64;
    fake_cpl = 0;
    fake_now_ns = 1000000;
    fake_yields = 0;
    fake_memory_reset();
    fake_ports_reset();
}

/* --- partition and clock --- */

u32 op_partition_id(const struct partition *p)
{
    (void)p;
    return FAKE_DOMID;
}

const u8 *op_partition_uuid(const struct partition *p)
{
    static const u8 uuid[16] = {1, 2, 3};

    (void)p;
    return uuid;
}

struct partition *op_partition_find(u32 id)
{
    return id == FAKE_DOMID || id == 0 ? &fake_partition : NULL;
}

bool op_partition_shows(const struct partition *p, enum op_abi abi)
{
    return abi == OP_ABI_XEN || p->shows_tlfs;
}

u32 op_partition_vcpu_count(const struct partition *p)
{
    (void)p;
    return FAKE_VCPUS;
}

u64 op_partition_property(const struct partition *p, enum native_property which)
{
    (void)p;
    return 100 + (u64)which;
}

void *op_partition_abi(const struct partition *p, enum op_abi abi)
{
    (void)abi;
    return p->abi;
}

void op_partition_abi_set(struct partition *p, enum op_abi abi, void *state)
{
    (void)abi;
    p->abi = state;
}

void op_partition_shutdown(struct partition *p, enum native_end reason)
{
    p->is_ended = true;
    p->reason = reason;
}

void op_partition_watchdog(struct partition *p, u32 which, u64 deadline_ns)
{
    p->watchdog[which] = deadline_ns == OP_NEVER ? 0 : deadline_ns;
}

bool op_partition_watchdog_is_set(const struct partition *p, u32 which)
{
    return p->watchdog[which] != 0;
}

void op_partition_log(struct partition *p, const char *text, u32 bytes)
{
    u64 used = strlen(fake_log);
    u64 count = MIN((u64)bytes, sizeof(fake_log) - 1 - used);

    (void)p;
    memcpy(fake_log + used, text, count);
}

u64 op_system_bytes_total(void)
{
    return 1ull << 30;
}

u64 op_clock_now_ns(void)
{
    return fake_now_ns;
}

u64 op_clock_wall_base_ns(void)
{
    return 1700000000123456789ull;
}

void op_clock_read(const struct partition *p, struct op_clock *out)
{
    (void)p;
    *out = (struct op_clock){.tsc = fake_now_ns * 2 + 5,
                             .now_ns = fake_now_ns,
                             .tsc_khz = 2000000,
                             .tsc_offset = 5,
                             .mul = 0x80000000u,
                             .shift = 0};
}

u64 fake_call_count[NATIVE_COUNTERS];
struct native_trace_record fake_call_last;

bool trace_call(const struct vcpu *vcpu, enum trace_abi abi, u32 call)
{
    (void)vcpu;
    (void)abi;
    fake_call_count[call]++;
    return true;
}

void trace_record(const struct vcpu *vcpu, enum trace_abi abi, u32 call,
                  struct native_trace_record *record)
{
    (void)vcpu;
    record->abi = (u8)abi;
    record->call = call;
    fake_call_last = *record;
}

/* --- vCPUs --- */

u32 op_vcpu_id(const struct vcpu *vcpu)
{
    return vcpu->id;
}

struct partition *op_vcpu_partition(const struct vcpu *vcpu)
{
    (void)vcpu;
    return &fake_partition;
}

struct vcpu *op_vcpu_find(const struct partition *p, u32 id)
{
    (void)p;
    return id < FAKE_VCPUS ? &fake_vcpu[id] : NULL;
}

struct regs *op_vcpu_regs(struct vcpu *vcpu)
{
    return &vcpu->regs;
}

enum op_mode op_vcpu_mode(const struct vcpu *vcpu)
{
    (void)vcpu;
    return fake_mode;
}

u32 op_vcpu_cpl(const struct vcpu *vcpu)
{
    (void)vcpu;
    return fake_cpl;
}

void *op_vcpu_abi(const struct vcpu *vcpu, enum op_abi abi)
{
    (void)abi;
    return vcpu->abi;
}

void op_vcpu_abi_set(struct vcpu *vcpu, enum op_abi abi, void *state)
{
    (void)abi;
    vcpu->abi = state;
}

void op_vcpu_park(struct vcpu *vcpu, u64 deadline_ns)
{
    vcpu->is_parked = true;
    vcpu->park_deadline = deadline_ns;
}

void op_vcpu_yield(struct vcpu *vcpu)
{
    (void)vcpu;
    fake_yields++;
}

enum status op_vcpu_initialise(struct vcpu *vcpu, const struct op_vcpu_context *context)
{
    if (vcpu->is_initialised)
        return ST_EXISTS;
    vcpu->context = *context;
    vcpu->is_initialised = true;
    return ST_OK;
}

enum status op_vcpu_up(struct vcpu *vcpu)
{
    vcpu->is_up = true;
    return ST_OK;
}

enum status op_vcpu_down(struct vcpu *vcpu)
{
    vcpu->is_up = false;
    return ST_OK;
}

bool op_vcpu_is_initialised(const struct vcpu *vcpu)
{
    return vcpu->is_initialised;
}

bool op_vcpu_is_up(const struct vcpu *vcpu)
{
    return vcpu->is_up;
}

void op_vcpu_external_set(struct vcpu *vcpu, u8 vector)
{
    vcpu->external = vector;
}

void op_vcpu_lapic_raise(struct vcpu *vcpu, u8 vector)
{
    vcpu->lapic = vector;
    vcpu->lapic_raises++;
}

void op_vcpu_nmi(struct vcpu *vcpu)
{
    vcpu->nmis++;
}

void op_vcpu_wake(struct vcpu *vcpu)
{
    (void)vcpu;
}

void op_vcpu_timer_single(struct vcpu *vcpu, u64 deadline_ns)
{
    vcpu->single_ns = deadline_ns;
}

void op_vcpu_timer_periodic(struct vcpu *vcpu, u64 period_ns)
{
    vcpu->period_ns = period_ns;
}

void op_vcpu_timer_stop(struct vcpu *vcpu, enum op_timer which)
{
    if (which == OP_TIMER_SINGLE)
        vcpu->single_ns = 0;
    else
        vcpu->period_ns = 0;
}

void op_vcpu_runtime(const struct vcpu *vcpu, struct op_runtime *out)
{
    (void)vcpu;
    *out = (struct op_runtime){OP_RUN_RUNNING, 500, {100, 200, 300, 400}};
}
