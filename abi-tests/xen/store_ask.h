/* Requests to xenstore whose answer is a number, and events in the order they come. */
#ifndef ABI_TESTS_XEN_STORE_ASK_H
#define ABI_TESTS_XEN_STORE_ASK_H

#include "abi-tests/kit/store.h"

#define ASK_SILENCE (-1000L) /* no answer within the time */

/* False: the guest has no xenstore. */
bool ask_begin(void);

/* The answer to the last request, with a NUL behind its bytes. */
extern char ask_data[G_XENSTORE_PAYLOAD_MAX + 1];
extern uint32_t ask_bytes;

/* A request with these bytes: 0, the server's negative error, or ASK_SILENCE. */
long ask_raw(uint32_t type, uint32_t transaction, const char *data, uint32_t bytes);

/* The same for literals, whose last NUL belongs to the payload. */
#define ask(type, transaction, text) ask_raw(type, transaction, text, (uint32_t)sizeof(text))

/* The number that the last answer is. */
uint32_t ask_number(void);

/* Whether the next event has this path and token; it is waited for. */
bool ask_event_is(const char *path, const char *token);
/* Whether there is none. */
bool ask_is_quiet(void);

#endif
