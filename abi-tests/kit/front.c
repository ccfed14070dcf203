#include "abi-tests/kit/front.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/kit/store.h"

#define LOOK_AGAIN 1000000ull

/* ---- ports ------------------------------------------------------------------------------- */

static long port_call(unsigned operation, void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, operation, (uintptr_t)argument, 0, 0);
}

uint32_t kit_port_offer(uint16_t remote)
{
    struct g_evtchn_alloc_unbound io = {.dom = G_DOMID_SELF, .remote_dom = remote};

    return port_call(G_EVTCHNOP_alloc_unbound, &io) == 0 ? io.port : 0;
}

void kit_port_close(uint32_t port)
{
    port_call(G_EVTCHNOP_close, &port);
}

void kit_port_send(uint32_t port)
{
    port_call(G_EVTCHNOP_send, &port);
}

void kit_port_await(uint32_t port, uint64_t ns)
{
    struct g_sched_poll poll = {(uintptr_t)&port, 1, 0, kit_now() + ns};
    volatile uint64_t *pending = &kit_shared()->pending[port / 64 % 64];
    uint64_t bit = 1ull << port % 64;

    if (!(*pending & bit))
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&poll, 0, 0);
    (void)__sync_fetch_and_and(pending, ~bit);
}

/* ---- pages ------------------------------------------------------------------------------- */

volatile struct kit_grant *kit_lend_table;
static uint8_t window[KIT_PAGE] __attribute__((aligned(4096)));
static uint32_t lent = KIT_LEND_FIRST;

bool kit_lend_begin(void)
{
    kit_lend_table = kit_grant_table(window);
    return kit_lend_table != NULL;
}

uint32_t kit_lend(const void *page, uint16_t flags)
{
    if (lent == KIT_LEND_END)
        return 0;
    kit_lend_restore(lent, page, flags);
    return lent++;
}

void kit_lend_restore(uint32_t ref, const void *page, uint16_t flags)
{
    kit_grant_put(&kit_lend_table[ref], flags | KIT_GRANT_ACCESS, 0, kit_frame(page));
}

uint32_t kit_lend_count(void)
{
    return lent - KIT_LEND_FIRST;
}

bool kit_lend_end(uint32_t count)
{
    bool is_free = true;

    while (lent > KIT_LEND_FIRST + count) {
        volatile struct kit_grant *entry = &kit_lend_table[--lent];
        if (entry->flags & (KIT_GRANT_READING | KIT_GRANT_WRITING))
            is_free = false;
        entry->flags = 0;
    }
    return is_free;
}

/* ---- a device ---------------------------------------------------------------------------- */

static size_t append(char *out, size_t used, const char *text)
{
    while (*text != '\0' && used < KIT_FRONT_PATH - 1)
        out[used++] = *text++;
    out[used] = '\0';
    return used;
}

static void number_put(char *out, uint64_t number)
{
    char digits[24];
    size_t count = 0, used = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        out[used++] = digits[--count];
    out[used] = '\0';
}

static void path_make(char *out, const char *folder, const char *key)
{
    append(out, append(out, append(out, 0, folder), "/"), key);
}

bool kit_front_find(struct kit_front *front, const char *kind, unsigned id)
{
    char number[24], path[KIT_FRONT_PATH];

    number_put(number, id);
    path_make(path, "device", kind);
    path_make(front->path, path, number);
    path_make(path, front->path, "backend");
    return kit_store_read(path, front->back, sizeof(front->back)) > 0;
}

bool kit_front_put(struct kit_front *front, const char *key, const char *value)
{
    char path[KIT_FRONT_PATH];

    path_make(path, front->path, key);
    return kit_store_write(path, value);
}

bool kit_front_put_number(struct kit_front *front, const char *key, uint64_t value)
{
    char number[24];

    number_put(number, value);
    return kit_front_put(front, key, number);
}

bool kit_front_state(struct kit_front *front, unsigned state)
{
    return kit_front_put_number(front, "state", state);
}

uint64_t kit_front_back_number(const struct kit_front *front, const char *key,
                               uint64_t otherwise)
{
    char path[KIT_FRONT_PATH];

    path_make(path, front->back, key);
    return kit_store_number(path, otherwise);
}

unsigned kit_front_await(const struct kit_front *front, unsigned states)
{
    uint64_t end = kit_now() + kit_store_patience;

    while (kit_now() < end) {
        unsigned state = (unsigned)kit_front_back_number(front, "state", 0);
        if (state < 16 && (states >> state & 1))
            return state;
        kit_port_await(kit_store_port(), LOOK_AGAIN);
    }
    return 0;
}

bool kit_front_begin(struct kit_front *front)
{
    if (kit_front_back_number(front, "state", 0) != G_XENBUS_INIT_WAIT &&
        (!kit_front_state(front, G_XENBUS_CLOSED) ||
         !kit_front_await(front, 1u << G_XENBUS_CLOSED)))
        return false;
    return kit_front_state(front, G_XENBUS_INITIALISING) &&
           kit_front_await(front, 1u << G_XENBUS_INIT_WAIT);
}
