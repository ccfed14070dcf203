/* Native calls: the machine, its console, log and clock. */
#include "hypercall/native_rows.h"
#include "hv/core/frame.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"
#include "hypercall/guest_mem.h"
#include "hypercall/op_clock.h"
#include "hypercall/trace.h"

extern const char build_id[];

enum status native_system_info(struct call *call)
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
    for (u32 i = 0; i < sched_cpus(); i++)
        out->idle_ns += sched_table[i].idle_ns;
    return ST_OK;
}

/* Text of the caller, piece by piece. */
static enum status text_write(struct call *call, void (*put)(const char *text, u64 bytes))
{
    const struct native_console_write *in = IN(call, struct native_console_write);
    char piece[64];
    u64 count;

    for (; call->done < in->bytes; call->done += count) {
        count = MIN(in->bytes - call->done, sizeof(piece));
        TRY(mem_read(call->vcpu, gva(in->text + call->done), piece, count));
        put(piece, count);
    }
    return ST_OK;
}

static void log_put(const char *text, u64 bytes)
{
    print("%.*s", (int)bytes, text);
}

enum status native_console_write(struct call *call)
{
    return text_write(call, serial_write);
}

enum status native_console_read(struct call *call)
{
    struct native_console_read *out = OUT(call, struct native_console_read);

    memset(out, 0, sizeof(*out));
    while (out->bytes < sizeof(out->data) &&
           serial_read(SERIAL_CONSOLE, &out->data[out->bytes]))
        out->bytes++;
    return ST_OK;
}

enum status native_log_write(struct call *call)
{
    return text_write(call, log_put);
}

enum status native_log_read(struct call *call)
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
enum status native_control_exchange(struct call *call)
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

enum status native_power_off(struct call *call)
{
    bool is_success = IN(call, struct native_power_off)->code == NATIVE_POWER_SUCCESS;

    power_off(is_success ? POWER_SUCCESS : POWER_GUEST_FAILED);
}

enum status native_clock(struct call *call)
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

enum status native_trace_read(struct call *call)
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
