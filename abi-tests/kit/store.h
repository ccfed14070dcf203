/* A client of xenstore over the guest's ring, as small as front-ends need it. */
#ifndef ABI_TESTS_KIT_STORE_H
#define ABI_TESTS_KIT_STORE_H

#include "abi-tests/golden/xen_io.h"
#include "abi-tests/kit/kit.h"

/* What a call answers where it is no count of bytes. */
enum kit_store_error { KIT_STORE_ERROR = -1, KIT_STORE_DEAD = -2 };

struct kit_store_request {
    uint32_t type, transaction;
    const void *payload;
    uint32_t bytes;
};

/* How long the server may stay silent before a call is DEAD; ns. */
extern uint64_t kit_store_patience;

/* Finds ring and port. */
void kit_store_begin(void);
/* A fresh start, as a kernel asks for that takes over; false: the server does not serve. */
bool kit_store_reconnect(void);
volatile struct g_xenstore_ring *kit_store_ring(void);
uint32_t kit_store_port(void);

/* Bytes of the reply, of which at most `room` are stored; ERROR: the server says no, and the
 * reply is its word; DEAD: it says nothing. Events of watches on the way are dropped. */
long kit_store_call(const struct kit_store_request *request, void *reply, uint32_t room);

/* The two halves of a call: bytes into the ring as there is room, and the next message of any
 * kind, of whose payload at most `room` bytes are stored. False: the server is silent. */
bool kit_store_put(const void *bytes, uint32_t count);
bool kit_store_get(struct g_xsd_sockmsg *head, void *payload, uint32_t room);

/* Strings, with a zero behind; the length, or an error. */
long kit_store_read(const char *path, char *value, uint32_t room);
bool kit_store_write(const char *path, const char *value);
/* An unsigned number; `otherwise` when there is none. */
uint64_t kit_store_number(const char *path, uint64_t otherwise);

#endif
