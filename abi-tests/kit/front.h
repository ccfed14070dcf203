/* What every front-end does: ports, lent pages, and the states it steps through in xenstore. */
#ifndef ABI_TESTS_KIT_FRONT_H
#define ABI_TESTS_KIT_FRONT_H

#include "abi-tests/kit/grant.h"
#include "abi-tests/kit/kit.h"

/* --- ports --- */

/* A port that domain `remote` may bind; 0: there is none. */
uint32_t kit_port_offer(uint16_t remote);
void kit_port_close(uint32_t port);
void kit_port_send(uint32_t port);
/* Sleeps until the port is signalled, which is taken, or for so long. */
void kit_port_await(uint32_t port, uint64_t ns);

/* --- pages lent to domain 0, by references from KIT_LEND_FIRST on --- */
#define KIT_LEND_FIRST 8u
#define KIT_LEND_END   512u
extern volatile struct kit_grant *kit_lend_table;

bool kit_lend_begin(void);
/* The reference of a page that is lent from now on; 0: the table is full. */
uint32_t kit_lend(const void *page, uint16_t flags);
/* What its entry shall hold again. */
void kit_lend_restore(uint32_t ref, const void *page, uint16_t flags);
/* Takes back all but the first `count`; false: one is still in use. */
bool kit_lend_end(uint32_t count);
uint32_t kit_lend_count(void);

/* --- a device --- */
#define KIT_FRONT_PATH 96u
struct kit_front {
    char path[KIT_FRONT_PATH]; /* ours, relative */
    char back[KIT_FRONT_PATH];
};

/* False: the guest has no such device. */
bool kit_front_find(struct kit_front *front, const char *kind, unsigned id);
/* Ends what may be left of a connection, then waits to be invited to another. */
bool kit_front_begin(struct kit_front *front);
bool kit_front_put(struct kit_front *front, const char *key, const char *value);
bool kit_front_put_number(struct kit_front *front, const char *key, uint64_t value);
bool kit_front_state(struct kit_front *front, unsigned state);
uint64_t kit_front_back_number(const struct kit_front *front, const char *key,
                               uint64_t otherwise);
/* Until the back-end is in one of these states (a bit for each); the state, or 0. */
unsigned kit_front_await(const struct kit_front *front, unsigned states);

#endif
