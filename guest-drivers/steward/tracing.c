#include "guest-drivers/steward/tracing.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/trace_text.h"

#define RECORDS   32u
#define LINE_ROOM 1024u /* more than a line of a trace takes */
#define LOOK_NS   ((u64)5 * 1000 * 1000)
#define SECOND_NS ((u64)1000 * 1000 * 1000)

static struct session *owner; /* NULL: nobody traces */
static u32 partition;
static u64 end_ns; /* all ones: none */
static u64 begin_tsc, khz;
static struct native_trace_record records[RECORDS];

static u32 read(bool is_on, struct native_trace_read_out *out)
{
    struct native_trace_read in = {.records = (u64)(uintptr_t)records,
                                   .room = RECORDS,
                                   .is_on = is_on,
                                   .partition = partition};

    return call_trace_read(&in, out) == ST_OK ? out->count : 0;
}

bool tracing_begin(struct session *session, const struct guest *guest, u64 seconds)
{
    struct native_trace_read_out out;
    struct native_clock now;

    if (owner)
        return false;
    owner = session;
    partition = guest->partition;
    (void)call_clock(NULL, &now);
    khz = now.tsc_khz;
    begin_tsc = 0;
    end_ns = ~(u64)0;
    if (seconds != 0)
        end_ns = now.now_ns + MIN(seconds, 1000000ul) * SECOND_NS;
    while (read(true, &out) != 0) /* of an earlier trace */
        ;
    session->job = JOB_TRACE;
    session->due_ns = now.now_ns + LOOK_NS;
    return true;
}

static bool is_over(void)
{
    if (clock_ns() >= end_ns)
        return true;
    for (u32 i = 0; i < steward.guest_count; i++)
        if (steward.guest[i].state == GUEST_LIVES && steward.guest[i].partition == partition)
            return false;
    return true;
}

/* What there is, as far as the answer has room for it; else it stays in the ring. */
static void records_put(struct out *out, bool is_on)
{
    struct native_trace_read_out got;

    while (out->room - out->used >= RECORDS * LINE_ROOM && read(is_on, &got) != 0) {
        if (got.lost != 0)
            out_print(out, "... %u calls lost\n", got.lost);
        for (u32 i = 0; i < got.count; i++) {
            if (begin_tsc == 0)
                begin_tsc = records[i].tsc;
            trace_text(out, &records[i], begin_tsc, khz);
        }
    }
}

void tracing_continue(struct session *session)
{
    bool ends = is_over();

    records_put(&session->out, !ends);
    session->due_ns = clock_ns() + LOOK_NS;
    if (ends)
        tracing_stop(session);
}

void tracing_stop(struct session *session)
{
    struct native_trace_read_out out;

    (void)read(false, &out);
    session->job = JOB_NONE;
    owner = NULL;
}
