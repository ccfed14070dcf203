/* The native calls: each handler decodes values, calls one operation and fills the answer. */
#include "hypercall/abi/native.h"
#include "hv/core/frame.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/share.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"
#include "hypercall/native_message.h"
#include "hypercall/op_clock.h"
#include "hypercall/op_memory.h"
#include "hypercall/trace.h"

extern const char build_id[];

/* Size of a row's structure; the empty one has none. */
#define SIZE_OF(type) (sizeof(type) == sizeof(native_void_t) ? 0 : sizeof(type))

static const struct call_row native_rows[] = {
#define ANY  CALLER_ANY
#define ROOT CALLER_ROOT
#define CALL(number, name, in, out, allow, state, text)                                        \
    [number] = {#name, SIZE_OF(in), SIZE_OF(out), allow, CALL_##state##_STATE},
#include "hypercall/abi/native.def"
#undef CALL
#undef ANY
#undef ROOT
};

#define CALL(number, name, in, out, allow, state, text)                                        \
    _Static_assert(sizeof(in) <= CALL_DATA_MAX && sizeof(out) <= CALL_DATA_MAX, #name " fit"   \
                                                                                      "s");
#include "hypercall/abi/native.def"
#undef CALL

/* The structures of a call, typed. */
#define IN(call, type)  ((const type *)(const void *)(call)->in.bytes)
#define OUT(call, type) ((type *)(void *)(call)->out.bytes)

#define POPULATE_STEP ((u64)64 << 20)

static enum status find(u32 id, struct partition **out)
{
    *out = partition_find(id);
    return *out ? ST_OK : ST_NO_PARTITION;
}

static enum status native_system_info(struct call *call)
{
    struct native_system_info *out = OUT(call, struct native_system_info);

    memset(out, 0, sizeof(*out));
    out->version = NATIVE_VERSION;
    out->cpu_count = sched_cpus();
    out->tsc_khz = tsc_khz();
    out->bytes_total = frame_count_total() * PAGE_SIZE;
    out->bytes_free = frame_count_free() * PAGE_SIZE;
    out->bytes_hypervisor = frame_count_owned(FRAME_OWNER_HV) * PAGE_SIZE;
    string_copy(out->build, build_id, sizeof(out->build));
    return ST_OK;
}

static enum status native_console_write(struct call *call)
{
    const struct native_console_write *in = IN(call, struct native_console_write);
    char piece[64];
    u64 count;

    for (; call->done < in->bytes; call->done += count) {
        count = MIN(in->bytes - call->done, sizeof(piece));
        TRY(mem_read(call->vcpu, gva(in->text + call->done), piece, count));
        serial_write(piece, count);
    }
    return ST_OK;
}

static enum status native_console_read(struct call *call)
{
    struct native_console_read *out = OUT(call, struct native_console_read);

    memset(out, 0, sizeof(*out));
    while (out->bytes < sizeof(out->data) &&
           serial_read(SERIAL_CONSOLE, &out->data[out->bytes]))
        out->bytes++;
    return ST_OK;
}

static enum status native_log_write(struct call *call)
{
    const struct native_console_write *in = IN(call, struct native_console_write);
    char piece[64];
    u64 count;

    for (; call->done < in->bytes; call->done += count) {
        count = MIN(in->bytes - call->done, sizeof(piece));
        TRY(mem_read(call->vcpu, gva(in->text + call->done), piece, count));
        print("%.*s", (int)count, piece);
    }
    return ST_OK;
}

static enum status native_log_read(struct call *call)
{
    const struct native_log_read *in = IN(call, struct native_log_read);
    struct native_log_read_out *out = OUT(call, struct native_log_read_out);
    char piece[64];
    u64 count;

    *out = (struct native_log_read_out){.next = in->from};
    do {
        count = console_log_read(&out->next, piece, MIN(in->room - out->bytes, sizeof(piece)));
        TRY(mem_write(call->vcpu, gva(in->text + out->bytes), piece, count));
        out->bytes += count;
    } while (count != 0);
    return ST_OK;
}

/* Both directions in one call: what arrives wakes the root, what did not fit it offers again.
 */
static enum status native_control_exchange(struct call *call)
{
    const struct native_control_exchange *in = IN(call, struct native_control_exchange);
    struct native_control_exchange_out *out = OUT(call, struct native_control_exchange_out);
    char piece[64];
    u64 count;

    memset(out, 0, sizeof(*out));
    count = MIN(in->bytes, sizeof(piece));
    TRY(mem_read(call->vcpu, gva(in->text), piece, count));
    out->written = serial_send(piece, count);
    while (out->bytes < sizeof(out->data) &&
           serial_read(SERIAL_CONTROL, &out->data[out->bytes]))
        out->bytes++;
    return ST_OK;
}

static enum status native_power_off(struct call *call)
{
    bool is_success = IN(call, struct native_power_off)->code == NATIVE_POWER_SUCCESS;

    power_off(is_success ? POWER_SUCCESS : POWER_GUEST_FAILED);
}

static enum status native_clock(struct call *call)
{
    struct native_clock *out = OUT(call, struct native_clock);
    struct op_clock now;

    op_clock_read(call->vcpu->partition, &now);
    out->now_ns = now.now_ns;
    out->wall_ns = op_clock_wall_base_ns() + now.now_ns;
    out->tsc = now.tsc;
    out->tsc_khz = now.tsc_khz;
    return ST_OK;
}

_Static_assert(NATIVE_NAME_BYTES == PARTITION_NAME_MAX, "names fit");
_Static_assert((u32)NATIVE_PARTITION_XEN == (u32)PARTITION_XEN &&
                   (u32)NATIVE_PARTITION_TLFS == (u32)PARTITION_TLFS,
               "same flags");

static enum status native_partition_create(struct call *call)
{
    const struct native_partition_create *in = IN(call, struct native_partition_create);
    struct partition *p;
    struct vcpu *vcpu;
    enum status status = ST_OK;

    if (memchr(in->name, 0, sizeof(in->name)) == NULL || in->name[0] == 0)
        return ST_INVALID;
    if (in->vcpus == 0 || in->vcpus > VCPU_MAX || in->max_pages == 0 ||
        (in->flags & ~(u32)(NATIVE_PARTITION_XEN | NATIVE_PARTITION_TLFS)))
        return ST_INVALID;
    TRY(partition_make(in->name, in->flags, in->max_pages, &p));
    for (u32 id = 0; id < in->vcpus && status == ST_OK; id++)
        status = vcpu_make(p, id, &vcpu);
    if (status != ST_OK) {
        partition_destroy(p);
        return status;
    }
    *OUT(call, struct native_partition) = (struct native_partition){.partition = p->id};
    return ST_OK;
}

static enum status native_partition_destroy(struct call *call)
{
    struct partition *p;

    TRY(find(IN(call, struct native_partition)->partition, &p));
    if (p == call->vcpu->partition)
        return ST_DENIED;
    return partition_destroy(p);
}

static enum status native_partition_info(struct call *call)
{
    struct native_partition_info *out = OUT(call, struct native_partition_info);
    struct partition *p;
    u64 ns[RUN_CLASSES];

    TRY(find(IN(call, struct native_partition)->partition, &p));
    memset(out, 0, sizeof(*out));
    out->state = (u32)p->state;
    out->reason = (u32)p->end_reason;
    out->pages = p->space.pages;
    out->pages_owned = frame_count_owned(p->id);
    out->ports = port_count(p);
    out->shares = share_count(p);
    for (u32 i = 0; i < VCPU_MAX; i++) {
        if (!p->vcpu[i])
            continue;
        vcpu_runtime(p->vcpu[i], clock_now_ns(), ns);
        out->run_ns += ns[RUN_RUNNING];
        for (u32 kind = 0; kind < EXIT_KINDS; kind++)
            out->exits += p->vcpu[i]->exits[kind];
    }
    string_copy(out->name, p->name, sizeof(out->name));
    return ST_OK;
}

#define NATIVE_EXIT(name) +1
_Static_assert(EXIT_KINDS == NATIVE_EXIT_NAMES(NATIVE_EXIT) && EXIT_KINDS < NATIVE_EXITS_ROOM &&
                   (int)EXIT_HYPERCALL == (int)NATIVE_EXIT_hypercall &&
                   (int)EXIT_HALT == (int)NATIVE_EXIT_halt,
               "same exits");
#undef NATIVE_EXIT

/* Exits of all its vCPUs by kind; out of line, for the stack of native_call(). */
static enum status __attribute__((noinline))
exits_write(struct vcpu *vcpu, const struct partition *p, u64 at)
{
    u64 exits[NATIVE_EXITS_ROOM] = {0};

    for (u32 i = 0; i < VCPU_MAX; i++)
        for (u32 kind = 0; p->vcpu[i] && kind < EXIT_KINDS; kind++)
            exits[kind] += p->vcpu[i]->exits[kind];
    return mem_write(vcpu, gva(at), exits, sizeof(exits));
}

static enum status native_partition_stats(struct call *call)
{
    const struct native_partition_stats *in = IN(call, struct native_partition_stats);
    struct partition *p;
    u64 numbers[3] = {0}; /* from events_sent on */
    u64 at = in->stats;

    TRY(find(in->partition, &p));
    numbers[0] = p->events_sent;
    numbers[1] = p->events_received;
    for (u32 i = 0; i < VCPU_MAX; i++)
        numbers[2] += p->vcpu[i] && vcpu_is_up(p->vcpu[i]);
    TRY(exits_write(call->vcpu, p, at + offsetof(struct native_stats, exits)));
    TRY(mem_write(call->vcpu, gva(at + offsetof(struct native_stats, events_sent)), numbers,
                  sizeof(numbers)));
    return mem_write(call->vcpu, gva(at + offsetof(struct native_stats, calls)), p->calls,
                     sizeof(((struct native_stats *)0)->calls));
}

static enum status native_partition_pause(struct call *call)
{
    struct partition *p;

    TRY(find(IN(call, struct native_partition)->partition, &p));
    return p == call->vcpu->partition ? ST_DENIED : partition_pause(p);
}

static enum status native_partition_resume(struct call *call)
{
    struct partition *p;

    TRY(find(IN(call, struct native_partition)->partition, &p));
    return partition_resume(p);
}

static enum status native_partition_shutdown(struct call *call)
{
    const struct native_partition_shutdown *in = IN(call, struct native_partition_shutdown);
    struct partition *p;

    TRY(find(in->partition, &p));
    if (p == call->vcpu->partition || in->reason >= NATIVE_ENDS)
        return ST_INVALID;
    partition_shutdown(p, (enum end_reason)in->reason);
    return ST_OK;
}

static enum status native_partition_schedule(struct call *call)
{
    const struct native_partition_schedule *in = IN(call, struct native_partition_schedule);
    struct partition *p;

    TRY(find(in->partition, &p));
    return sched_share_set(p, in->weight, in->cap);
}

static enum status native_property_set(struct call *call)
{
    const struct native_property_set *in = IN(call, struct native_property_set);
    struct partition *p;

    TRY(find(in->partition, &p));
    if (in->property >= NATIVE_PROPERTIES)
        return ST_INVALID;
    p->property[in->property] = in->value;
    return ST_OK;
}

_Static_assert(NATIVE_MEMORY_RANGES_MAX * sizeof(struct native_memory_range) <= PAGE_SIZE,
               "a memory map fits a page");

static enum status native_memory_layout(struct call *call)
{
    const struct native_memory_layout *in = IN(call, struct native_memory_layout);
    struct partition *p;
    u64 bytes = (u64)in->count * sizeof(struct native_memory_range);

    TRY(find(in->partition, &p));
    if (in->count > NATIVE_MEMORY_RANGES_MAX)
        return ST_TOO_BIG;
    if (!p->memory_map_page)
        TRY(op_page_alloc(p, &p->memory_map_page));
    p->memory_map_bytes = 0;
    TRY(mem_read(call->vcpu, gva(in->ranges), p->memory_map_page, bytes));
    p->memory_map_bytes = bytes;
    return ST_OK;
}

static enum status native_memory_populate(struct call *call)
{
    const struct native_memory_populate *in = IN(call, struct native_memory_populate);
    struct partition *p;
    u64 step;
    u64 end;

    TRY(find(in->partition, &p));
    if (call->done > in->bytes || add_overflows(in->at, in->bytes, &end) ||
        (in->flags & ~(u32)SPACE_RAM) || !(in->flags & SPACE_READ))
        return ST_INVALID;
    step = MIN(in->bytes - call->done, POPULATE_STEP);
    TRY(space_populate(&p->space, gpa(in->at + call->done), step, in->flags));
    call->done += step;
    return call->done < in->bytes ? ST_RESTART : ST_OK;
}

static enum status native_memory_map(struct call *call)
{
    const struct native_memory_map *in = IN(call, struct native_memory_map);
    struct partition *p;

    TRY(find(in->partition, &p));
    if (!(in->flags & SPACE_READ))
        return ST_INVALID;
    return share_map(p, gpa(in->remote_at), call->vcpu->partition, gpa(in->local_at), in->pages,
                     in->flags);
}

static enum status native_memory_unmap(struct call *call)
{
    return share_unmap(call->vcpu->partition,
                       gpa(IN(call, struct native_memory_unmap)->local_at));
}

static enum status native_vcpu_start(struct call *call)
{
    const struct native_vcpu_start *in = IN(call, struct native_vcpu_start);
    struct partition *p;
    struct vcpu *vcpu;

    TRY(find(in->partition, &p));
    vcpu = partition_vcpu(p, in->vcpu);
    if (!vcpu)
        return ST_NO_ENTRY;
    return vcpu_start_pvh(vcpu, in->entry, in->start_info);
}

static enum status native_port_connect(struct call *call)
{
    struct native_port_connect_out *out = OUT(call, struct native_port_connect_out);
    struct partition *root = call->vcpu->partition;
    struct partition *p;
    u32 near = 0;
    u32 far = 0;
    enum status status;

    TRY(find(IN(call, struct native_partition)->partition, &p));
    TRY(port_alloc_unbound(p, root->id, &far));
    status = port_bind_interdomain(root, p->id, far, &near);
    if (status != ST_OK) {
        port_close(p, far);
        return status;
    }
    out->local_port = near;
    out->remote_port = far;
    return ST_OK;
}

static enum status native_port_send(struct call *call)
{
    return port_send(call->vcpu->partition, IN(call, struct native_port)->port);
}

static enum status native_port_wait(struct call *call)
{
    struct native_port *out = OUT(call, struct native_port);
    u64 deadline_ns = IN(call, struct native_port_wait)->deadline_ns;

    out->reserved = 0;
    if (port_take_raised(call->vcpu, &out->port))
        return ST_OK;
    if (deadline_ns <= clock_now_ns())
        return ST_TIMED_OUT;
    vcpu_park(call->vcpu, deadline_ns);
    return ST_AGAIN;
}

static enum status native_port_close(struct call *call)
{
    return port_close(call->vcpu->partition, IN(call, struct native_port)->port);
}

_Static_assert(NATIVE_CONSOLE_INPUT == (u32)EVENT_CONSOLE_INPUT &&
                   NATIVE_PARTITION_ENDED == (u32)EVENT_PARTITION_ENDED &&
                   NATIVE_DEVICE == (u32)EVENT_DEVICE,
               "same sources");

static enum status native_port_event(struct call *call)
{
    struct native_port *out = OUT(call, struct native_port);
    u32 event = IN(call, struct native_port_event)->event;

    if (event < EVENT_PER_VCPU || event >= EVENT_GLOBAL_OTHER)
        return ST_INVALID;
    out->reserved = 0;
    return port_bind_event(call->vcpu->partition, (enum event_source)event, call->vcpu->id,
                           &out->port);
}

static enum status native_trace_read(struct call *call)
{
    const struct native_trace_read *in = IN(call, struct native_trace_read);
    struct native_trace_read_out *out = OUT(call, struct native_trace_read_out);
    struct native_trace_record record;

    if (in->is_on)
        trace_all_of(in->partition);
    else
        trace_stop();
    out->count = 0;
    out->lost = trace_lost();
    while (out->count < in->room && trace_take(&record)) {
        TRY(mem_write(call->vcpu, gva(in->records + out->count * sizeof(record)), &record,
                      sizeof(record)));
        out->count++;
    }
    return ST_OK;
}

static enum status native_port_bind(struct call *call)
{
    const struct native_port_bind *in = IN(call, struct native_port_bind);
    struct native_port *out = OUT(call, struct native_port);

    out->reserved = 0;
    return port_bind_interdomain(call->vcpu->partition, in->partition, in->port, &out->port);
}

static enum status machine_find(struct call *call, u64 local_at, u64 *out)
{
    hpa_t frame;
    u32 flags;

    if (local_at >= SPACE_LIMIT)
        return ST_FAULT;
    TRY(space_find(&call->vcpu->partition->space, gpa(local_at), &frame, &flags));
    *out = frame.raw + (local_at & PAGE_MASK);
    return ST_OK;
}

static enum status native_grant_map(struct call *call)
{
    const struct native_grant_map *in = IN(call, struct native_grant_map);
    struct native_grant_map_out *out = OUT(call, struct native_grant_map_out);
    struct partition *p;

    TRY(find(in->partition, &p));
    if (!(in->flags & GRANT_READ) || (in->flags & ~(u32)(GRANT_READ | GRANT_WRITE)))
        return ST_INVALID;
    out->reserved = 0;
    TRY(share_map_grant(p, in->ref, call->vcpu->partition, gpa(in->local_at), in->flags,
                        &out->handle));
    return machine_find(call, in->local_at, &out->machine);
}

static enum status native_grant_unmap(struct call *call)
{
    const struct native_grant_unmap *in = IN(call, struct native_grant_unmap);

    return share_unmap_grant(call->vcpu->partition, in->handle, gpa(in->local_at));
}

/* A part of a copy, read once; out of line, for the stack of native_call(). */
static enum status __attribute__((noinline))
grant_part_copy(struct call *call, struct partition *p, u64 part_at, u32 direction)
{
    struct partition *root = call->vcpu->partition;
    struct native_grant_copy_part part;
    struct share_side far, near;

    TRY(mem_read(call->vcpu, gva(part_at), &part, sizeof(part)));
    far = (struct share_side){.partition = p, .ref = part.ref, .offset = part.offset};
    near = (struct share_side){.partition = root,
                               .ref = SHARE_NO_REF,
                               .offset = (u32)(part.local_at & PAGE_MASK),
                               .at = gpa(align_down(part.local_at, PAGE_SIZE))};
    return direction == NATIVE_GRANT_STORE ? share_copy(root, &near, &far, part.bytes)
                                           : share_copy(root, &far, &near, part.bytes);
}

/* A refusal is the answer of the whole call only when it is the first part's. */
static enum status native_grant_copy(struct call *call)
{
    const struct native_grant_copy *in = IN(call, struct native_grant_copy);
    struct native_grant_copy_out *out = OUT(call, struct native_grant_copy_out);
    struct partition *p;

    TRY(find(in->partition, &p));
    if (in->count > NATIVE_GRANT_PARTS_MAX)
        return ST_TOO_BIG;
    *out = (struct native_grant_copy_out){0};
    for (; out->done < in->count; out->done++) {
        enum status status = grant_part_copy(
            call, p, in->parts + out->done * sizeof(struct native_grant_copy_part),
            in->direction);

        if (status != ST_OK)
            return out->done == 0 ? status : ST_OK;
    }
    return ST_OK;
}

static bool pci_is_aligned(const struct native_pci *in)
{
    return (in->bytes == 1 || in->bytes == 2 || in->bytes == 4) && in->offset % in->bytes == 0;
}

static enum status native_pci_read(struct call *call)
{
    const struct native_pci *in = IN(call, struct native_pci);
    struct native_pci_value *out = OUT(call, struct native_pci_value);

    if (!pci_is_aligned(in))
        return ST_INVALID;
    *out = (struct native_pci_value){.value = pci_read(in->address, in->offset, in->bytes)};
    return ST_OK;
}

static enum status native_pci_write(struct call *call)
{
    const struct native_pci *in = IN(call, struct native_pci);

    if (!pci_is_aligned(in))
        return ST_INVALID;
    pci_write(in->address, in->offset, in->bytes, in->value);
    return ST_OK;
}

/* [SDM 3 11.11] */
#define MSI_ADDRESS      0xfee00000u
#define MSI_TARGET_SHIFT 12
#define MSI_TARGET_MAX   255u

#define DEVICE_BYTES_MAX ((u64)16 << 20)

static enum status native_device_map(struct call *call)
{
    const struct native_device_map *in = IN(call, struct native_device_map);

    if (in->bytes == 0 || in->bytes > DEVICE_BYTES_MAX || in->machine >= SPACE_LIMIT ||
        ((in->machine | in->bytes) & PAGE_MASK))
        return ST_INVALID;
    for (u64 at = 0; at < in->bytes; at += PAGE_SIZE)
        if (frame_owner(hpa(in->machine + at)) != FRAME_OWNER_LIMIT)
            return ST_DENIED;
    return space_map(&call->vcpu->partition->space, gpa(in->local_at), hpa(in->machine),
                     in->bytes, SPACE_READ | SPACE_WRITE);
}

static enum status native_device_interrupt(struct call *call)
{
    u32 target = lapic_id();

    if (target > MSI_TARGET_MAX)
        return ST_UNSUPPORTED;
    *OUT(call, struct native_device_interrupt) = (struct native_device_interrupt){
        .address = MSI_ADDRESS | (u64)target << MSI_TARGET_SHIFT, .data = VECTOR_DEVICE};
    return ST_OK;
}

static enum status native_memory_machine(struct call *call)
{
    return machine_find(call, IN(call, struct native_memory_machine)->local_at,
                        &OUT(call, struct native_memory_machine_out)->machine);
}

/* Out of line, for the stack of native_call(). */
static enum status __attribute__((noinline)) run(struct call *call)
{
    switch (call->number) {
#define CALL(number, name, in, out, allow, state, text)                                        \
    case number:                                                                               \
        return native_##name(call);
#include "hypercall/abi/native.def"
#undef CALL
    }
    return ST_NO_CALL;
}

/* Out of line as well. */
static void __attribute__((noinline)) call_record(const struct call *call, enum status status)
{
    struct native_trace_record record = {.result = -(s64)status};

    record.argument[0] = call->in_at.raw;
    record.argument[1] = call->out_at.raw;
    trace_record(call->vcpu, TRACE_NATIVE, call->number, &record);
}

enum call_end native_call(struct vcpu *vcpu)
{
    static const struct call_row absent;
    struct regs *regs = &vcpu->guest->regs;
    struct call call; /* in and out are filled by the engine and the handler */
    enum status status;

    call.vcpu = vcpu;
    call.number = (u32)MIN(regs->rax, (u64)UINT32_MAX);
    call.caller = vcpu->partition->flags & PARTITION_PRIVILEGED ? CALLER_ROOT : CALLER_GUEST;
    call.in_at = gva(regs->rdi);
    call.out_at = gva(regs->rsi);
    call.done = regs->rdx;
    if (guest_cpl(vcpu->guest) != 0) {
        regs->rax = (u64) - (s64)ST_DENIED;
        return CALL_RETURN;
    }
    status = call_open(&call, call.number < ARRAY_SIZE(native_rows) ? &native_rows[call.number]
                                                                    : &absent);
    if (status == ST_OK)
        status = run(&call);
    if (status != ST_NO_CALL)
        status = call_close(&call, status);
    if (trace_call(vcpu, TRACE_NATIVE, call.number))
        call_record(&call, status);
    if (status == ST_AGAIN)
        return CALL_REPEAT;
    if (status == ST_RESTART) {
        regs->rdx = call.done;
        return CALL_REPEAT;
    }
    regs->rax = (u64) - (s64)status;
    return CALL_RETURN;
}
