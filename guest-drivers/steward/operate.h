/* Runs the commands of a session. */
#ifndef GUEST_DRIVERS_STEWARD_OPERATE_H
#define GUEST_DRIVERS_STEWARD_OPERATE_H

#include "guest-drivers/steward/session.h"

/* Runs one line: the answer is in session->out, or session->job says what is still under way.
 */
void operate_line(struct session *session, const char *line);
/* Goes on with the job. */
void operate_continue(struct session *session);
/* Ends the job. */
void operate_stop(struct session *session);

#endif
