#include "guest-drivers/steward/hyperv.h"
#include "enlight/abi/vmbus.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/dynmem.h"
#include "guest-drivers/service/ic.h"
#include "guest-drivers/service/keyboard.h"
#include "guest-drivers/service/netvsc.h"
#include "guest-drivers/service/platform.h"
#include "guest-drivers/steward/hyperv_storage.h"
#include "guest-drivers/steward/setting.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

/* A guest with too many messages to take is looked at this often. */
#define MESSAGE_LOOK_NS ((u64)1000 * 1000)

/* Each guest's state has memory of its own, in a window of ours. */
#define STATE_WINDOW (GUEST_WINDOW + ((u64)512 << 20))
#define STATE_BYTES  ((u64)384 << 10)

#define NICS_MAX 8u

struct hyperv {
    struct guest *guest;
    u32 port;          /* there are messages */
    bool has_messages; /* that were not taken yet */
    struct guest_memory memory;
    struct vmbus bus;
    struct hyperv_storage storage;
    u32 nics;
    struct vmbus_channel nic_channel[NICS_MAX];
    struct netvsc nic[NICS_MAX];
    struct ic ic[IC_KINDS];
    struct keyboard keyboard;
    struct dynmem dynmem;
    bool is_described; /* what the guest says of itself was printed */
};
_Static_assert(sizeof(struct hyperv) <= STATE_BYTES, "it fits its place");
_Static_assert(STATE_WINDOW + MANIFEST_GUESTS_MAX * STATE_BYTES <=
                   GUEST_WINDOW + ((u64)1 << 30),
               "the window ends before the next");

static struct hyperv *places[MANIFEST_GUESTS_MAX]; /* by guest; kept for its next life */

static struct hyperv *state_of(const struct guest *guest)
{
    struct hyperv *state = places[guest->index];

    return state && state->guest ? state : NULL;
}

static struct hyperv *state_make(struct guest *guest)
{
    u64 at = STATE_WINDOW + guest->index * STATE_BYTES;
    struct native_memory_populate in = {0, NATIVE_READ | NATIVE_WRITE, at, STATE_BYTES};

    if (!places[guest->index]) {
        if (call_memory_populate(&in, NULL) != ST_OK)
            return NULL;
        places[guest->index] = guest_pointer(at);
    }
    memset(places[guest->index], 0, sizeof(struct hyperv));
    places[guest->index]->guest = guest;
    return places[guest->index];
}

/* Every guest has its part of the places where guests' memory is mapped. */
static u32 chunks_of_each(void)
{
    u32 guests = 0;

    for (u32 i = 0; i < steward.guest_count; i++)
        guests += steward.guest[i].config->type == CONFIG_HYPERV;
    return GUEST_CHUNKS / MAX(guests, 1u);
}

/* ---- network ---- */

static enum status nics_offer(struct hyperv *state)
{
    struct network_device device;

    for (u32 i = 0; networks_device(state->guest->config, i, &device); i++) {
        if (i == NICS_MAX)
            return ST_NO_SPACE;
        netvsc_make(&state->nic[i], &state->nic_channel[i], device.net, device.address,
                    device.mtu);
        TRY(vmbus_channel_offer(&state->bus, &state->nic_channel[i]));
        state->nics++;
    }
    return ST_OK;
}

/* Frames that come now carry this time. */
static void nics_clock(struct hyperv *state)
{
    u64 now_ns = clock_coarse_ns();

    for (u32 i = 0; i < state->nics; i++)
        state->nic[i].now_ns = now_ns;
}

static void nics_print(const struct hyperv *state)
{
    for (u32 i = 0; steward.is_verbose && i < state->nics; i++) {
        const struct netvsc *nic = &state->nic[i];

        print("entente: guest %s: network device %u: sent %lu frames, dropped %lu; received "
              "%lu frames, dropped %lu; malformed %lu\n",
              state->guest->name, i, (unsigned long)nic->port.in.frames,
              (unsigned long)nic->port.in.dropped, (unsigned long)nic->port.out.frames,
              (unsigned long)nic->port.out.dropped, (unsigned long)nic->malformed);
    }
}

/* ---- integration components ---- */

static enum status components_offer(struct hyperv *state)
{
    for (u32 i = 0; i < IC_KINDS; i++) {
        ic_make(&state->ic[i], (enum ic_kind)i);
        state->ic[i].name = state->guest->name;
        TRY(vmbus_channel_offer(&state->bus, &state->ic[i].channel));
    }
    keyboard_make(&state->keyboard);
    TRY(vmbus_channel_offer(&state->bus, &state->keyboard.channel));
    dynmem_make(&state->dynmem, &state->memory.frames);
    return vmbus_channel_offer(&state->bus, &state->dynmem.channel);
}

/* Once, when the guest has told the last of them. */
static void keys_print(struct hyperv *state)
{
    const struct ic *kvp = &state->ic[IC_KIND_KVP];

    if (!steward.is_verbose || state->is_described || kvp->key_count == 0 ||
        !kvp->is_answered || kvp->next_ns != IC_NEVER)
        return;
    state->is_described = true;
    for (u32 i = 0; i < kvp->key_count; i++)
        print("entente: guest %s says: %s = %s\n", state->guest->name, kvp->key[i].name,
              kvp->key[i].value);
}

/* The guest's own clock is asked only when it is told. To a paused guest the time is told when
 * it runs again. */
static u64 time_continue(struct hyperv *state, u64 now_ns)
{
    struct ic *ic = &state->ic[IC_KIND_TIME];
    struct native_partition in = {state->guest->partition, 0};
    struct native_partition_clock clock = {.now_ns = now_ns};

    if (state->guest->is_paused ||
        (ic_is_due(ic, now_ns) && call_partition_clock(&in, &clock) != ST_OK))
        return IC_NEVER;
    return ic_continue(ic, &(struct ic_now){clock.now_ns, clock.wall_ns, clock.reference});
}

static u64 components_continue(struct hyperv *state, const struct ic_now *now)
{
    u64 next = time_continue(state, now->now_ns);

    for (u32 i = 0; i < IC_KINDS; i++)
        if (i != IC_KIND_TIME)
            next = MIN(next, ic_continue(&state->ic[i], now));
    keys_print(state);
    return MIN(next, dynmem_continue(&state->dynmem, now->now_ns));
}

/* ---- the guest's life ---- */

static enum status messages_bind(struct hyperv *state)
{
    struct native_partition pair = {state->guest->partition, 0};
    struct native_port_connect_out out;
    struct native_message_bind bind = {.partition = state->guest->partition};

    TRY(call_port_connect(&pair, &out));
    state->port = out.local_port;
    bind.port = out.local_port;
    return call_message_bind(&bind, NULL);
}

/* The map of its frames, kept for its next life: its manifest has the same limit then. */
static u64 *away_map_make(const struct guest *guest, u64 frames)
{
    static u64 *maps[MANIFEST_GUESTS_MAX];
    u64 bytes = guest_frames_words(frames) * sizeof(u64);

    if (!maps[guest->index])
        maps[guest->index] = platform_memory(bytes);
    if (maps[guest->index])
        memset(maps[guest->index], 0, bytes);
    return maps[guest->index];
}

static enum status memory_make(struct hyperv *state, const struct hyperv_ram *ram)
{
    u64 frames = setting_memory_max_mib(state->guest->config) << (20 - PAGE_SHIFT);

    state->memory = (struct guest_memory){
        .partition = state->guest->partition,
        .frames = {.low = ram->low_bytes >> PAGE_SHIFT,
                   .high_begin = ram->high_begin >> PAGE_SHIFT,
                   .high = ram->high_bytes >> PAGE_SHIFT,
                   .room = frames,
                   .away = away_map_make(state->guest, frames)},
        .limit = chunks_of_each(),
    };
    return state->memory.frames.away ? ST_OK : ST_NO_MEMORY;
}

enum status hyperv_introduce(struct guest *guest, const struct hyperv_ram *ram)
{
    struct hyperv *state = state_make(guest);

    if (!state)
        return ST_NO_MEMORY;
    TRY(memory_make(state, ram));
    vmbus_make(&state->bus, &state->memory);
    TRY(messages_bind(state));
    TRY(components_offer(state));
    TRY(nics_offer(state));
    return hyperv_storage_offer(&state->storage, guest, &state->bus);
}

void hyperv_release(struct guest *guest)
{
    struct hyperv *state = state_of(guest);
    struct native_port port;

    if (!state)
        return;
    hyperv_storage_end(&state->storage);
    nics_print(state);
    state->dynmem.is_ending = true;
    vmbus_end(&state->bus);
    guest_memory_end(&state->memory);
    port = (struct native_port){state->port, 0};
    if (state->port != 0)
        (void)call_port_close(&port, NULL);
    state->guest = NULL;
}

void hyperv_count(const struct guest *guest, struct disks_counts *disks,
                  struct networks_counts *networks)
{
    const struct hyperv *state = state_of(guest);

    if (!state)
        return;
    hyperv_storage_count(&state->storage, disks);
    for (u32 i = 0; i < state->nics; i++) {
        networks->received_bytes += state->nic[i].port.out.bytes;
        networks->sent_bytes += state->nic[i].port.in.bytes;
    }
}

void hyperv_memory_said(const struct guest *guest, u64 *available_kib, u64 *committed_kib)
{
    const struct hyperv *state = state_of(guest);

    if (!state || state->dynmem.state < DYNMEM_READY)
        return;
    *available_kib = MIN(state->dynmem.available, (u64)UINT32_MAX) << (PAGE_SHIFT - 10);
    *committed_kib = MIN(state->dynmem.committed, (u64)UINT32_MAX) << (PAGE_SHIFT - 10);
}

enum status hyperv_ask(const struct guest *guest, const char *what)
{
    struct hyperv *state = state_of(guest);
    u32 restart = strcmp(what, "reboot") == 0 ? IC_SHUTDOWN_RESTART : 0;

    return state ? ic_shutdown(&state->ic[IC_KIND_SHUTDOWN], IC_SHUTDOWN_FORCE | restart)
                 : ST_NO_DATA;
}

enum status hyperv_press(const struct guest *guest, u64 code)
{
    struct hyperv *state = state_of(guest);

    if (code > UINT16_MAX)
        return ST_RANGE;
    return state ? keyboard_press(&state->keyboard, (u32)code) : ST_NO_DATA;
}

void hyperv_memory_set(const struct guest *guest)
{
    struct hyperv *state = state_of(guest);

    if (state)
        dynmem_target_set(&state->dynmem, guest->target_kib >> (PAGE_SHIFT - 10));
}

void hyperv_unpaused(const struct guest *guest)
{
    struct hyperv *state = state_of(guest);

    if (state)
        ic_time(&state->ic[IC_KIND_TIME]);
}

/* ---- messages and signals ---- */

/* Takes what the guest has posted, while there is room for what we shall say. */
static void messages_serve(struct hyperv *state)
{
    u8 payload[VMBUS_MESSAGE_MAX];
    struct native_message_take in = {.partition = state->guest->partition,
                                     .payload = (u64)(uintptr_t)payload};
    struct native_message_take_out out;

    _Static_assert(VMBUS_MESSAGE_MAX == NATIVE_MESSAGE_BYTES, "one size");
    while (vmbus_is_ready(&state->bus)) {
        state->has_messages = call_message_take(&in, &out) == ST_OK;
        if (!state->has_messages)
            break;
        if (out.type == VMBUS_MESSAGE_TYPE)
            vmbus_message(&state->bus, out.connection, payload, out.bytes);
        (void)vmbus_flush(&state->bus);
    }
}

bool hyperv_serve(u32 port)
{
    for (u32 i = 0; i < steward.guest_count; i++) {
        struct hyperv *state = state_of(&steward.guest[i]);

        if (!state)
            continue;
        nics_clock(state);
        if (port == state->port) {
            state->has_messages = true;
            messages_serve(state);
            return true;
        }
        if (port == state->guest->firmware_port)
            return true; /* hyperv_continue() looks at its disks */
        if (vmbus_port_serve(&state->bus, port))
            return true;
    }
    return false;
}

static u64 guest_continue(struct hyperv *state, const struct ic_now *now)
{
    u64 next = components_continue(state, now);

    nics_clock(state);
    if (vmbus_flush(&state->bus))
        next = MIN(next, now->now_ns + MESSAGE_LOOK_NS);
    if (state->has_messages)
        messages_serve(state);
    if (hyperv_storage_continue(&state->storage))
        next = 0;
    return vmbus_continue(&state->bus) ? 0 : next;
}

u64 hyperv_continue(void)
{
    struct ic_now now = {0};
    u64 next = IC_NEVER;

    for (u32 i = 0; i < steward.guest_count; i++) {
        struct hyperv *state = state_of(&steward.guest[i]);

        if (!state)
            continue;
        if (now.now_ns == 0)
            now.now_ns = clock_ns(); /* an exit, which a host without such guests is spared */
        next = MIN(next, guest_continue(state, &now));
    }
    return next;
}
