#include "guest-drivers/steward/operate.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/gather.h"
#include "guest-drivers/steward/hyperv.h"
#include "guest-drivers/steward/life.h"
#include "guest-drivers/steward/registry.h"
#include "guest-drivers/steward/setting.h"
#include "guest-drivers/steward/tracing.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define INTERVAL_NS ((u64)1000 * 1000 * 1000) /* what top looks at */

static char why[220]; /* that a command is refused; too large for the stack */

/* "entente: error: what; what to do" */
static void __attribute__((format(printf, 2, 3)))
fail(struct session *session, const char *text, ...)
{
    char line[300];
    va_list arguments;

    va_start(arguments, text);
    format_list(line, sizeof(line), text, arguments);
    va_end(arguments);
    out_print(&session->out, "entente: error: %s\n", line);
    session->has_failed = true;
}

static void fail_status(struct session *session, const struct guest *guest, enum status status)
{
    if (status != ST_OK)
        fail(session, "%s: %s; this is a mistake in Entente, please report it", guest->name,
             status_text(status));
}

static struct guest *guest_find(struct session *session, struct text name)
{
    for (u32 i = 0; i < steward.guest_count; i++) {
        const char *own = steward.guest[i].name;

        if (text_is(name, own))
            return &steward.guest[i];
    }
    fail(session, "no guest is called '%.*s'; list shows them", SHOW(name));
    return NULL;
}

static struct guest *living_find(struct session *session, struct text name)
{
    struct guest *guest = guest_find(session, name);

    if (!guest || guest->state == GUEST_LIVES)
        return guest;
    fail(session, "%s does not live; create starts it", guest->name);
    return NULL;
}

/* --- what is shown --- */

/* Too large for the stack; one answer is made at a time. */
static struct report_counts counts;

static void list_show(struct out *out)
{
    struct report_machine machine;
    struct report_guest report;

    report_list_begin(out);
    for (u32 i = 0; i < steward.guest_count; i++) {
        gather_guest(&steward.guest[i], &counts, &report);
        report_list_guest(out, &report);
    }
    gather_machine(&machine);
    report_machine(out, &machine);
}

static void json_show(struct out *out, enum report_detail detail, bool has_rates)
{
    struct report_machine machine;
    struct report_guest report;

    gather_machine(&machine);
    report_json_begin(out, &machine);
    for (u32 i = 0; i < steward.guest_count; i++) {
        gather_guest(&steward.guest[i], &counts, &report);
        if (has_rates)
            gather_before(&steward.guest[i], &report);
        report_json_guest(out, &report, detail, i == 0);
    }
    report_json_end(out);
}

static void top_show(struct out *out)
{
    struct report_machine machine;
    struct report_guest report;

    report_top_begin(out);
    for (u32 i = 0; i < steward.guest_count; i++) {
        gather_guest(&steward.guest[i], &counts, &report);
        gather_before(&steward.guest[i], &report);
        report_top_guest(out, &report);
    }
    gather_machine(&machine);
    report_machine(out, &machine);
}

static void metrics_show(struct out *out)
{
    struct report_machine machine;
    struct report_guest report;

    gather_machine(&machine);
    report_metric_machine(out, &machine);
    for (u32 metric = 0; metric < report_metric_count(); metric++) {
        report_metric_head(out, metric);
        for (u32 i = 0; i < steward.guest_count; i++) {
            gather_guest(&steward.guest[i], &counts, &report);
            report_metric_guest(out, metric, &report);
        }
    }
}

/* What the log holds from byte `from` on; the byte behind its end. */
static u64 log_show(struct out *out, u64 from)
{
    static char piece[512];
    struct native_log_read in = {from, (u64)(uintptr_t)piece, sizeof(piece)};
    struct native_log_read_out got;

    while (call_log_read(&in, &got) == ST_OK && got.bytes != 0) {
        out_put(out, piece, got.bytes);
        in.from = got.next;
    }
    return in.from;
}

static u64 log_end(void)
{
    struct native_log_read in = {.from = ~(u64)0};
    struct native_log_read_out got;

    return call_log_read(&in, &got) == ST_OK ? got.next : 0;
}

static void enlightenments_show(struct out *out)
{
    struct report_guest report;

    for (u32 i = 0; i < steward.guest_count; i++) {
        if (steward.guest[i].config->type != CONFIG_HYPERV)
            continue;
        gather_guest(&steward.guest[i], &counts, &report);
        gather_before(&steward.guest[i], &report);
        report_enlightenments(out, &report);
    }
}

/* Commands that look for a second. */
static void look_begin(struct session *session, enum session_job job, bool wants_json)
{
    gather_mark();
    session->job = job;
    session->wants_json = wants_json;
    session->due_ns = clock_ns() + INTERVAL_NS;
}

static void look_end(struct session *session)
{
    enum session_job job = session->job;

    session->job = JOB_NONE;
    if (job == JOB_ENLIGHTENMENTS)
        enlightenments_show(&session->out);
    else if (session->wants_json)
        json_show(&session->out, REPORT_COUNTERS, true);
    else
        top_show(&session->out);
}

/* --- what is done --- */

static void guest_pause(struct session *session, struct guest *guest)
{
    struct native_partition in = {guest->partition, 0};

    if (guest->is_paused) {
        fail(session, "%s is paused already; unpause lets it run", guest->name);
        return;
    }
    fail_status(session, guest, call_partition_pause(&in, NULL));
    guest->is_paused = true;
}

static void guest_unpause(struct session *session, struct guest *guest)
{
    struct native_partition in = {guest->partition, 0};

    if (!guest->is_paused) {
        fail(session, "%s is not paused", guest->name);
        return;
    }
    fail_status(session, guest, call_partition_resume(&in, NULL));
    guest->is_paused = false;
    hyperv_unpaused(guest);
}

static void guest_ask(struct session *session, const struct guest *guest, const char *what)
{
    enum status status;

    if (guest->is_paused) {
        fail(session, "%s is paused and would not hear it; unpause it first", guest->name);
        return;
    }
    status = guest->config->type == CONFIG_HYPERV ? hyperv_ask(guest, what)
                                                  : registry_ask(guest, what);
    if (status == ST_NO_DATA)
        fail(session,
             "%s does not listen for a %s yet; wait until its kernel is up, or destroy it",
             guest->name, what);
    else
        fail_status(session, guest, status);
}

/* The reason of a failure has been printed: the answer repeats it. */
static void guest_create(struct session *session, struct guest *guest)
{
    u64 before = log_end();

    if (guest->state == GUEST_LIVES) {
        fail(session, "%s lives already; destroy it first", guest->name);
        return;
    }
    if (life_create(guest) != ST_OK) {
        log_show(&session->out, before);
        session->has_failed = true;
    }
}

static void guest_set(struct session *session, struct guest *guest,
                      const struct command *command)
{
    struct out reason = {.bytes = why, .room = sizeof(why) - 1};

    if (setting_apply(guest, command, &reason))
        return;
    why[reason.used] = 0;
    fail(session, "%s: %s", guest->name, why);
}

static void guest_key(struct session *session, const struct guest *guest, u64 code)
{
    enum status status = hyperv_press(guest, code);

    if (status == ST_NO_DATA)
        fail(session, "%s has no keyboard driver; only a Hyper-V guest can have one",
             guest->name);
    else if (status == ST_RANGE)
        fail(session,
             "key: %lu is no scan code; 1 to 0x7f are, and 0xe001 to 0xe07f with the prefix E0",
             (unsigned long)code);
    else
        fail_status(session, guest, status);
}

static void power_off(struct session *session)
{
    if (life_has_guests())
        fail(session, "guests live; shut them down or destroy them first, list shows them");
    else
        steward.wants_power_off = true;
}

static void guest_trace(struct session *session, const struct guest *guest, u64 seconds)
{
    if (!tracing_begin(session, guest, seconds))
        fail(session, "another trace is under way; end it first");
}

static void guest_run(struct session *session, const struct command *command)
{
    struct guest *guest = command->verb == COMMAND_create
                              ? guest_find(session, command->guest)
                              : living_find(session, command->guest);

    if (!guest)
        return;
    if (command->verb == COMMAND_create)
        guest_create(session, guest);
    else if (command->verb == COMMAND_pause)
        guest_pause(session, guest);
    else if (command->verb == COMMAND_unpause)
        guest_unpause(session, guest);
    else if (command->verb == COMMAND_shutdown)
        guest_ask(session, guest, "poweroff");
    else if (command->verb == COMMAND_reboot)
        guest_ask(session, guest, "reboot");
    else if (command->verb == COMMAND_destroy)
        life_destroy(guest);
    else if (command->verb == COMMAND_trace)
        guest_trace(session, guest, command->number);
    else if (command->verb == COMMAND_key)
        guest_key(session, guest, command->number);
    else if (command->verb == COMMAND_set)
        guest_set(session, guest, command);
}

static void run(struct session *session, const struct command *command)
{
    struct out *out = &session->out;

    switch (command->verb) {
    case COMMAND_help:
        command_help(out);
        break;
    case COMMAND_list:
        if (command->wants_json)
            json_show(out, REPORT_LIST, false);
        else
            list_show(out);
        break;
    case COMMAND_top:
        look_begin(session, JOB_TOP, command->wants_json);
        break;
    case COMMAND_enlightenments:
        look_begin(session, JOB_ENLIGHTENMENTS, false);
        break;
    case COMMAND_metrics:
        if (command->wants_json)
            json_show(out, REPORT_COUNTERS, false);
        else
            metrics_show(out);
        break;
    case COMMAND_dmesg:
        (void)log_show(out, 0);
        break;
    case COMMAND_poweroff:
        power_off(session);
        break;
    case COMMAND_trace:
    case COMMAND_pause:
    case COMMAND_unpause:
    case COMMAND_shutdown:
    case COMMAND_reboot:
    case COMMAND_destroy:
    case COMMAND_create:
    case COMMAND_key:
    case COMMAND_set:
        guest_run(session, command);
        break;
    case COMMANDS:
        break;
    }
}

void operate_stop(struct session *session)
{
    if (session->job == JOB_TRACE)
        tracing_stop(session);
    session->job = JOB_NONE;
}

void operate_line(struct session *session, const char *line)
{
    struct command command;
    struct out reason = {.bytes = why, .room = sizeof(why) - 1};

    operate_stop(session);
    session->out.used = 0;
    session->out.is_cut = false;
    session->has_failed = false;
    if (command_parse(line, &command, &reason)) {
        run(session, &command);
        return;
    }
    why[reason.used] = 0;
    fail(session, "%s", why);
}

void operate_continue(struct session *session)
{
    if (session->job == JOB_NONE || clock_ns() < session->due_ns)
        return;
    if (session->job == JOB_TRACE)
        tracing_continue(session);
    else
        look_end(session);
}
