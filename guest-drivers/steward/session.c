#include "guest-drivers/steward/session.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/operate.h"
#include "hv/lib/string.h"

#define PROMPT         "entente> "
#define ANSWER_MAX     ((u32)160 * 1024) /* 32 guests with all their counters */
#define PROMPT_OUT_MAX ((u32)64 * 1024)
#define SEND_AGAIN_NS  ((u64)200 * 1000) /* the control line was full: look again */
#define FOR_EVER       (~(u64)0)

enum {
    KEY_ACK = 0x06,
    KEY_BACKSPACE = 0x08,
    KEY_NAK = 0x15,
    KEY_KILL = 0x15, /* Ctrl-U */
    KEY_CANCEL = 0x18,
    KEY_DELETE = 0x7f,
};

static char prompt_bytes[PROMPT_OUT_MAX];
static char control_bytes[ANSWER_MAX];
static struct session prompt = {.out = {.bytes = prompt_bytes, .room = sizeof(prompt_bytes)}};
static struct session control = {
    .out = {.bytes = control_bytes, .room = sizeof(control_bytes)}};
static bool prompt_is_shown;
static u32 control_sent; /* of its answer */

/* --- the prompt --- */

/* An answer with the line ends of a terminal. */
static void prompt_flush(void)
{
    u32 begin = 0;

    for (u32 i = 0; i < prompt.out.used; i++) {
        if (prompt.out.bytes[i] != '\n')
            continue;
        console_write(prompt.out.bytes + begin, i - begin);
        console_write("\r\n", 2);
        begin = i + 1;
    }
    console_write(prompt.out.bytes + begin, prompt.out.used - begin);
    prompt.out.used = 0;
}

void prompt_show(void)
{
    if (prompt_is_shown || prompt.job != JOB_NONE)
        return;
    console_write(PROMPT, strlen(PROMPT));
    console_write(prompt.line, prompt.line_used);
    prompt_is_shown = true;
}

bool prompt_hide(void)
{
    bool was_shown = prompt_is_shown;

    prompt_is_shown = false;
    return was_shown;
}

static void prompt_run(void)
{
    console_write("\r\n", 2);
    prompt_is_shown = false;
    prompt.line[prompt.line_used] = 0;
    if (prompt.line_used != 0)
        operate_line(&prompt, prompt.line);
    prompt.line_used = 0;
    prompt_flush();
}

static void prompt_erase(u32 count)
{
    for (; count != 0 && prompt.line_used != 0; count--, prompt.line_used--)
        console_write("\b \b", 3);
}

void prompt_key(u8 key)
{
    if (prompt.job != JOB_NONE) { /* any key ends it */
        operate_stop(&prompt);
        prompt_flush();
    } else if (key == '\r' || key == '\n') {
        prompt_run();
    } else if (key == KEY_BACKSPACE || key == KEY_DELETE) {
        prompt_erase(1);
    } else if (key == KEY_KILL) {
        prompt_erase(prompt.line_used);
    } else if (key >= ' ' && key <= '~' && prompt.line_used < COMMAND_LINE_MAX) {
        prompt.line[prompt.line_used++] = (char)key;
        console_write((const char *)&key, 1);
    }
}

void prompt_end(void)
{
    operate_stop(&prompt);
    prompt.line_used = 0;
    prompt.out.used = 0;
}

/* --- the control line --- */

static void control_answer_end(void)
{
    char end = control.has_failed ? KEY_NAK : KEY_ACK;

    if (control.out.is_cut) { /* an answer without its end is no answer */
        control.out.used = 0;
        control.out.is_cut = false;
        out_print(&control.out, "entente: error: the answer is too long; ask for less\n");
        end = KEY_NAK;
    }
    out_put(&control.out, &end, 1);
}

static void control_run(void)
{
    control.line[control.line_used] = 0;
    control.line_used = 0;
    control_sent = 0;
    /* Room for the end of the answer. */
    control.out.room = sizeof(control_bytes) - 1;
    operate_line(&control, control.line);
    control.out.room = sizeof(control_bytes);
    if (control.job == JOB_NONE)
        control_answer_end();
}

static void control_cancel(void)
{
    const char end = KEY_CANCEL;

    operate_stop(&control);
    control.line_used = 0;
    control.out.used = 0;
    control.out.is_cut = false;
    control_sent = 0;
    out_put(&control.out, &end, 1);
}

/* A new command waits until the last one has been answered: programs send one at a time. */
static void control_take(u8 byte)
{
    if (byte == KEY_CANCEL)
        control_cancel();
    else if (byte == '\n')
        control_run();
    else if (control.line_used < COMMAND_LINE_MAX)
        control.line[control.line_used++] = (char)byte;
}

/* Sends and receives; true if some of the answer could not go yet. */
static bool control_exchange(void)
{
    struct native_control_exchange in;
    struct native_control_exchange_out out;

    do {
        in.text = (u64)(uintptr_t)control.out.bytes + control_sent;
        in.bytes = control.out.used - control_sent;
        if (call_control_exchange(&in, &out) != ST_OK)
            return false;
        control_sent += (u32)out.written;
        if (control_sent == control.out.used) {
            control_sent = 0;
            control.out.used = 0;
        }
        for (u32 i = 0; i < out.bytes; i++)
            control_take(out.data[i]);
    } while (out.bytes == sizeof(out.data) ||
             (out.written != 0 && control_sent < control.out.used) ||
             (out.bytes != 0 && control.out.used != 0));
    return control_sent < control.out.used;
}

void control_input(void)
{
    (void)control_exchange();
}

/* --- both --- */

static u64 session_continue(struct session *session)
{
    if (session->job == JOB_NONE)
        return FOR_EVER;
    operate_continue(session);
    return session->job == JOB_NONE ? FOR_EVER : session->due_ns;
}

u64 sessions_continue(void)
{
    bool control_had_job = control.job != JOB_NONE;
    bool prompt_had_job = prompt.job != JOB_NONE;
    u64 deadline = MIN(session_continue(&prompt), session_continue(&control));

    if (prompt_had_job) {
        prompt_flush();
        if (prompt.job == JOB_NONE)
            prompt_show();
    }
    if (control_had_job && control.job == JOB_NONE)
        control_answer_end();
    if (control.out.used != 0 && control_exchange())
        deadline = MIN(deadline, clock_ns() + SEND_AGAIN_NS);
    return deadline;
}
