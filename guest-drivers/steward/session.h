/*
 * Two places where commands come from: the prompt on the console (Ctrl-] leads to it) and the
 * control line, for programs. On the control line a command is a line; its answer ends with
 * ACK, or with NAK when it failed; CAN ends what is under way and is answered by CAN.
 */
#ifndef GUEST_DRIVERS_STEWARD_SESSION_H
#define GUEST_DRIVERS_STEWARD_SESSION_H

#include "guest-drivers/steward/command.h"
#include "guest-drivers/steward/steward.h"

enum session_job { JOB_NONE, JOB_TOP, JOB_ENLIGHTENMENTS, JOB_TRACE };

struct session {
    struct out out;                  /* answer */
    char line[COMMAND_LINE_MAX + 1]; /* what was typed of the next command */
    u32 line_used;
    bool has_failed; /* the last command */

    enum session_job job;
    bool wants_json; /* JOB_TOP */
    u64 due_ns;      /* when the job goes on */
};

/* The prompt: it gets a key, and it loses the keyboard. */
void prompt_key(u8 key);
void prompt_end(void);
/* Its line is written if it is not there; other lines will follow: true if it was there. */
void prompt_show(void);
bool prompt_hide(void);

/* Bytes wait on the control line, perhaps. */
void control_input(void);

/* Goes on with what is under way; when to come again. */
u64 sessions_continue(void);

#endif
