/* The native calls about messages and events: rows of native.def that native_message.c handles.
 */
#ifndef HYPERCALL_NATIVE_MESSAGE_H
#define HYPERCALL_NATIVE_MESSAGE_H

#include "hypercall/call.h"

enum status native_message_bind(struct call *call);
enum status native_message_take(struct call *call);
enum status native_message_post(struct call *call);
enum status native_event_connect(struct call *call);
enum status native_event_disconnect(struct call *call);
enum status native_event_flag_set(struct call *call);

#endif
