/*
 * role=folder: a 9P front-end whose messages, indexes, sizes, rings and keys make no sense,
 * with honest reads between them. What those bring is compared until something was spoilt: the
 * file holds lines of seven digits, their own numbers. [xen/io/9pfs.h, diod's protocol.md]
 */
#include "abi-tests/golden/xen_io.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/kit/front.h"
#include "abi-tests/kit/store.h"

#define AT(state)   (1u << (state))
#define ORDER_MAX   3u
#define MESSAGE_MAX 4096u
#define HEADER      7u
#define PATIENCE_NS 4000000000ull
#define FILE_BYTES  80000u

#define T_LOPEN    12
#define T_READ     116
#define R_READ     117
#define T_VERSION  100
#define T_ATTACH   104
#define T_WALK     110
#define FID_ROOT   1
#define FID_FILE   2
#define READ_BYTES 11u /* of a reply, before the file's */

static struct g_9pfs_interface shared __attribute__((aligned(4096)));
static uint8_t data[1u << ORDER_MAX][KIT_PAGE] __attribute__((aligned(4096)));

struct folder {
    struct kit_front bus;
    uint32_t half, port;
    uint32_t put, taken;
    bool is_clean; /* nothing of this connection was spoilt */
};

struct message {
    uint8_t bytes[MESSAGE_MAX];
    uint32_t count;
};
static struct message message;

/* ---- messages ---------------------------------------------------------------------------- */

static void number_put(uint64_t number, uint32_t bytes)
{
    memcpy(message.bytes + message.count, &number, bytes);
    message.count += bytes;
}

static void text_put(const char *text, uint32_t bytes)
{
    number_put(bytes, 2);
    memcpy(message.bytes + message.count, text, bytes);
    message.count += bytes;
}

static void message_begin(uint8_t type)
{
    message.count = 4;
    number_put(type, 1);
    number_put(7, 2);
}

static uint8_t *byte_at(const struct folder *folder, uint32_t half, uint32_t index)
{
    return &data[0][half * folder->half + (index & (folder->half - 1))];
}

static void message_send(struct folder *folder)
{
    for (uint32_t i = 0; i < message.count; i++)
        *byte_at(folder, 1, folder->put++) = message.bytes[i];
    __sync_synchronize();
    shared.out_prod = folder->put;
    kit_port_send(folder->port);
}

static void message_end(struct folder *folder)
{
    memcpy(message.bytes, &message.count, 4);
    message_send(folder);
}

/* The next reply takes the message's place. */
static bool reply_take(struct folder *folder)
{
    volatile struct g_9pfs_interface *page = &shared;
    uint64_t end = kit_now() + PATIENCE_NS;

    while (page->in_prod - folder->taken < HEADER && kit_now() < end)
        kit_port_await(folder->port, 1000000);
    message.count = page->in_prod - folder->taken;
    if (message.count < HEADER || message.count > MESSAGE_MAX)
        return false;
    for (uint32_t i = 0; i < message.count; i++)
        message.bytes[i] = *byte_at(folder, 0, folder->taken++);
    page->in_cons = folder->taken;
    return true;
}

/* ---- honest ------------------------------------------------------------------------------ */

static bool ask(struct folder *folder)
{
    uint8_t type = message.bytes[4];

    message_end(folder);
    return reply_take(folder) && message.bytes[4] == type + 1;
}

static bool session_begin(struct folder *folder)
{
    message_begin(T_VERSION);
    number_put(MESSAGE_MAX, 4);
    text_put("9P2000.L", 8);
    if (!ask(folder))
        return false;
    message_begin(T_ATTACH);
    number_put(FID_ROOT, 4);
    number_put(~0u, 4);
    text_put("", 0);
    text_put("", 0);
    number_put(0, 4);
    if (!ask(folder))
        return false;
    message_begin(T_WALK);
    number_put(FID_ROOT, 4);
    number_put(FID_FILE, 4);
    number_put(1, 2);
    text_put("file", 4);
    if (!ask(folder))
        return false;
    message_begin(T_LOPEN);
    number_put(FID_FILE, 4);
    number_put(0, 4);
    return ask(folder);
}

static uint8_t byte_of_file(uint32_t at)
{
    uint32_t number = at / 8;

    for (uint32_t i = at % 8; i < 6; i++)
        number /= 10;
    return at % 8 == 7 ? '\n' : (uint8_t)('0' + number % 10);
}

static bool read_is_exact(uint32_t offset, uint32_t count)
{
    if (message.bytes[4] != R_READ || message.count != READ_BYTES + count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (message.bytes[READ_BYTES + i] != byte_of_file(offset + i))
            return false;
    return true;
}

static void read_put(uint32_t offset, uint32_t count)
{
    message_begin(T_READ);
    number_put(FID_FILE, 4);
    number_put(offset, 8);
    number_put(count, 4);
}

static void read_exact(struct folder *folder)
{
    uint32_t offset = below(FILE_BYTES - MESSAGE_MAX);
    uint32_t count = 1 + below(MESSAGE_MAX - READ_BYTES);

    read_put(offset, count);
    message_end(folder);
    if (reply_take(folder) && folder->is_clean && !read_is_exact(offset, count))
        kit_print("hostile: NOT EXACT, %u bytes of the folder at %u\n", count, offset);
}

/* ---- spoilt ------------------------------------------------------------------------------ */

/* Any type and body, of any size; or a read with any numbers. */
static void message_spoil(struct folder *folder)
{
    if (one_in(2)) {
        read_put((uint32_t)hostile_value(), (uint32_t)hostile_value());
    } else {
        message_begin((uint8_t)(one_in(2) ? 8 + 2 * below(58) : hostile_value()));
        number_put(one_in(4) ? hostile_value() : 1 + below(3), 4);
        for (uint32_t count = below(5); count > 0; count--)
            number_put(hostile_value(), 1 + below(8));
    }
    memcpy(message.bytes, &message.count, 4);
    if (one_in(3))
        hostile_scribble(message.bytes + (one_in(8) ? 0 : 4), message.count - 4);
    message_send(folder);
    if (one_in(2))
        (void)reply_take(folder);
}

/* Indexes that jump or go back, a ring that changes while it is served. */
static void indexes_spoil(struct folder *folder)
{
    switch (below(5)) {
    case 0:
        shared.out_prod = (uint32_t)hostile_value();
        break;
    case 1:
        shared.out_prod = folder->put + folder->half - below(3);
        break;
    case 2:
        shared.in_cons = one_in(2) ? (uint32_t)hostile_value() : folder->taken + 1;
        break;
    case 3:
        hostile_scribble(&shared, sizeof(shared));
        break;
    default:
        hostile_scribble(data, sizeof(data));
        break;
    }
    kit_port_send(folder->port);
}

/* What the back-end reads before it connects. */
static void keys_spoil(struct folder *folder)
{
    static const char *const keys[] = {"version", "num-rings", "ring-ref0", "event-channel-0"};
    static const char *const values[] = {"", "-1", "2", "99999999999999999999", "0x8", " 1"};
    const char *key = keys[below(sizeof(keys) / sizeof(keys[0]))];

    folder->is_clean = false;
    if (one_in(3))
        shared.ring_order = (uint32_t)hostile_value();
    else if (one_in(3))
        shared.ref[below(1u << ORDER_MAX)] = (uint32_t)hostile_value();
    else if (one_in(2))
        kit_front_put_number(&folder->bus, key, hostile_value());
    else
        kit_front_put(&folder->bus, key, values[below(sizeof(values) / sizeof(values[0]))]);
}

/* ---- a connection ------------------------------------------------------------------------ */

static bool prepare(struct folder *folder, uint32_t order)
{
    *folder = (struct folder){.half = (KIT_PAGE / 2) << order, .is_clean = true};
    if (!kit_front_find(&folder->bus, "9pfs", 0) || !kit_front_begin(&folder->bus))
        return false;
    memset(&shared, 0, sizeof(shared));
    shared.ring_order = order;
    for (uint32_t i = 0; i < 1u << order; i++)
        shared.ref[i] = kit_lend(data[i], 0);
    folder->put = folder->taken = (uint32_t)kit_random(&hostile_chance);
    shared.in_cons = shared.in_prod = shared.out_cons = shared.out_prod = folder->put;
    folder->port = kit_port_offer(0);
    kit_front_put(&folder->bus, "version", "1");
    kit_front_put(&folder->bus, "num-rings", "1");
    kit_front_put_number(&folder->bus, "ring-ref0", kit_lend(&shared, 0));
    return kit_front_put_number(&folder->bus, "event-channel-0", folder->port);
}

static bool connect(struct folder *folder)
{
    return kit_front_state(&folder->bus, G_XENBUS_INITIALISED) &&
           kit_front_await(&folder->bus, AT(G_XENBUS_CONNECTED) | AT(G_XENBUS_CLOSING) |
                                             AT(G_XENBUS_CLOSED)) == G_XENBUS_CONNECTED &&
           kit_front_state(&folder->bus, G_XENBUS_CONNECTED);
}

static void step(struct folder *folder, const struct mood *mood)
{
    bool moves = mood->indexes != 0 && one_in(mood->indexes);
    bool revokes = mood->revokes != 0 && one_in(mood->revokes);
    bool spoils = mood->spoils != 0 && one_in(mood->spoils);

    folder->is_clean = folder->is_clean && !moves && !revokes && !spoils;
    if (moves)
        indexes_spoil(folder);
    else if (revokes)
        hostile_revoke();
    else if (spoils)
        message_spoil(folder);
    else
        read_exact(folder);
    hostile_step();
}

/* It ends when the back-end has had enough. */
static void burst(struct folder *folder, const struct mood *mood)
{
    for (uint32_t count = 1 + below(100); count > 0; count--) {
        if (kit_front_back_number(&folder->bus, "state", 0) != G_XENBUS_CONNECTED)
            break;
        step(folder, mood);
    }
}

void hostile_folder(const struct mood *mood)
{
    struct folder folder;

    hostile_step();
    if (kit_store_number("domid", 0) == 0)
        kit_store_reconnect();
    if (!prepare(&folder, 2 + below(ORDER_MAX - 1)))
        hostile_lost();
    if (mood->keys != 0 && one_in(mood->keys))
        keys_spoil(&folder);
    if (connect(&folder) && session_begin(&folder))
        burst(&folder, mood);
    kit_front_state(&folder.bus, G_XENBUS_CLOSED);
    kit_front_await(&folder.bus, AT(G_XENBUS_CLOSED));
    kit_port_close(folder.port);
    kit_lend_end(0);
}
