#include "guest-drivers/service/ic.h"
#include "hv/lib/string.h"

#define SECOND_NS ((u64)1000 * 1000 * 1000)
#define BEAT_NS   (2 * SECOND_NS)
#define SAMPLE_NS (60 * SECOND_NS) /* Linux believes one for ten minutes */

/* One message at a time is made, and sent at once. */
static struct {
    struct ic_head head;
    union {
        struct ic_negotiate negotiate;
        struct ic_shutdown shutdown;
        struct ic_heartbeat heartbeat;
        struct ic_time_sync time;
        struct ic_time_reference time_reference;
        struct ic_kvp kvp;
        struct ic_kvp_set kvp_set;
    };
} __attribute__((packed)) message;
_Static_assert(sizeof(message) + sizeof(struct vmbus_packet_head) <= VMBUS_PACKET_MAX,
               "answers are as long as what was asked");

static const struct ic_version frameworks[] = {{3, 0}, {1, 0}};

/* Sends `message` with so many bytes behind its head. */
static void send(struct ic *ic, enum ic_message type, u32 bytes)
{
    u32 all = (u32)sizeof(message.head) + bytes;

    message.head = (struct ic_head){
        .pipe_flags = IC_PIPE_DATA,
        .pipe_bytes = all - (u32)offsetof(struct ic_head, framework),
        .framework = frameworks[0],
        .type = (u16)type,
        .version = ic->version,
        .bytes = (u16)bytes,
        .transaction = ++ic->transaction,
        .flags = IC_TRANSACTION | IC_REQUEST,
    };
    ic->is_answered = false;
    (void)vmbus_channel_send(&ic->channel, ic->transaction, &message, all);
}

/* ---- what each component says, and when next; what it hears ---- */

static u64 shutdown_say(struct ic *ic, const struct ic_now *now)
{
    (void)now;
    if (ic->is_wanted) {
        message.shutdown = (struct ic_shutdown){.flags = ic->wanted};
        send(ic, IC_SHUTDOWN, sizeof(message.shutdown));
    }
    ic->is_wanted = false;
    return IC_NEVER;
}

/* A guest that has the time keeps it, unless it is stopped. From version 4 on it learns now and
 * then what its reference time was at a moment of ours. */
static u64 time_say(struct ic *ic, const struct ic_now *now)
{
    u64 host_time = now->wall_ns / 100 + IC_EPOCH_100NS;
    u8 flags = ic->is_wanted ? IC_TIME_SYNC_SET : IC_TIME_SYNC_SAMPLE;

    if (!ic->is_wanted && !ic->is_answered)
        return now->now_ns + SAMPLE_NS;
    ic->is_wanted = false;
    if (ic->version.major < 4) {
        message.time = (struct ic_time_sync){.host_time = host_time, .flags = flags};
        send(ic, IC_TIME_SYNC, sizeof(message.time));
        return IC_NEVER;
    }
    message.time_reference = (struct ic_time_reference){
        .host_time = host_time, .reference_time = now->reference, .flags = flags};
    send(ic, IC_TIME_SYNC, sizeof(message.time_reference));
    return now->now_ns + SAMPLE_NS;
}

static u64 heartbeat_say(struct ic *ic, const struct ic_now *now)
{
    if (ic->is_answered) {
        message.heartbeat = (struct ic_heartbeat){.sequence = ic->answers};
        send(ic, IC_HEARTBEAT, sizeof(message.heartbeat));
    }
    return now->now_ns + BEAT_NS;
}

/* UTF-16 with its end, where zeros are; its bytes. */
static u32 text_put(u8 *out, const char *text, u32 room)
{
    u32 count = (u32)MIN(strlen(text) + 1, (unsigned long)room / 2);

    for (u32 i = 0; i + 1 < count; i++)
        out[2 * i] = (u8)text[i];
    return 2 * count;
}

/* Under the key a guest of Microsoft's host finds it. Every message of the component is as long
 * as the longest: what is behind the name was another guest's. */
static void name_say(struct ic *ic)
{
    struct ic_kvp_set *set = &message.kvp_set;

    memset(&message.kvp, 0, sizeof(message.kvp));
    set->operation = IC_KVP_SET;
    set->pool = IC_KVP_POOL_HOST;
    set->value_type = IC_KVP_STRING;
    set->key_bytes = text_put(set->key, "VirtualMachineName", sizeof(set->key));
    set->value_bytes = text_put(set->value, ic->name, sizeof(set->value));
    ic->is_named = true;
    send(ic, IC_KVP, sizeof(message.kvp));
}

/* First the guest is told its name, then it tells what it is. */
static u64 kvp_say(struct ic *ic, const struct ic_now *now)
{
    (void)now;
    ic->is_naming = ic->name && !ic->is_named;
    if (ic->is_naming) {
        name_say(ic);
        return IC_NEVER;
    }
    message.kvp = (struct ic_kvp){
        .operation = IC_KVP_ENUMERATE, .pool = IC_KVP_POOL_AUTO, .index = ic->key_count};
    send(ic, IC_KVP, sizeof(message.kvp));
    return IC_NEVER;
}

/* The low bytes of UTF-16, ended. */
static void text_take(char *out, const u8 *from, u32 bytes, u32 limit)
{
    u32 count = MIN(MIN(bytes, limit) / 2, IC_TEXT_MAX - 1);

    for (u32 i = 0; i < count; i++) {
        u8 low = from[2 * i];

        out[i] = (char)(low < 127 && from[2 * i + 1] == 0 ? low : '?');
        if (low < ' ' && low != 0)
            out[i] = '?';
    }
    out[count] = 0;
}

/* One key more, and the next is asked for; a status ends them. */
static void kvp_hear(struct ic *ic)
{
    struct ic_key *key = &ic->key[ic->key_count];

    if (ic->is_naming) {
        ic->next_ns = 0; /* whether it wanted the name or not */
        return;
    }
    if (message.head.status != 0)
        return;
    text_take(key->name, message.kvp.key, message.kvp.key_bytes, IC_KVP_KEY_BYTES);
    text_take(key->value, message.kvp.value, message.kvp.value_bytes, IC_KVP_VALUE_BYTES);
    ic->key_count++;
    ic->next_ns = ic->key_count < IC_KEYS_MAX ? 0 : IC_NEVER;
}

static void nothing_hear(struct ic *ic)
{
    (void)ic;
}

/* Versions best first, 0.0 ends them; bytes: of the shortest version's answer. */
static const struct {
    enum ic_message type;
    u32 bytes;
    u64 (*say)(struct ic *ic, const struct ic_now *now);
    void (*hear)(struct ic *ic); /* the answer is in `message`, whole */
    struct ic_version version[IC_VERSIONS_MAX];
} kinds[IC_KINDS] = {
    [IC_KIND_SHUTDOWN] = {IC_SHUTDOWN,
                          sizeof(struct ic_shutdown),
                          shutdown_say,
                          nothing_hear,
                          {{3, 2}, {3, 1}, {3, 0}, {1, 0}}},
    [IC_KIND_TIME] = {IC_TIME_SYNC,
                      sizeof(struct ic_time_reference),
                      time_say,
                      nothing_hear,
                      {{4, 0}, {3, 0}, {1, 0}}},
    [IC_KIND_HEARTBEAT] = {IC_HEARTBEAT,
                           sizeof(struct ic_heartbeat),
                           heartbeat_say,
                           nothing_hear,
                           {{3, 0}, {1, 0}}},
    [IC_KIND_KVP] =
        {IC_KVP, sizeof(struct ic_kvp), kvp_say, kvp_hear, {{4, 0}, {3, 0}, {1, 0}}},
};

/* ---- which version ---- */

static void negotiate(struct ic *ic)
{
    const struct ic_version *version = kinds[ic->kind].version;
    struct ic_negotiate *ask = &message.negotiate;
    u32 count = ARRAY_SIZE(frameworks);

    *ask = (struct ic_negotiate){.frameworks = ARRAY_SIZE(frameworks)};
    memcpy(ask->version, frameworks, sizeof(frameworks));
    for (u32 i = 0; i < IC_VERSIONS_MAX && version[i].major != 0; i++) {
        ask->version[count++] = version[i];
        ask->versions++;
    }
    ic->state = IC_ASKED;
    send(ic, IC_NEGOTIATE,
         (u32)(offsetof(struct ic_negotiate, version) + count * sizeof(*version)));
}

static bool is_offered(enum ic_kind kind, struct ic_version version)
{
    for (u32 i = 0; i < IC_VERSIONS_MAX; i++)
        if (kinds[kind].version[i].major == version.major &&
            kinds[kind].version[i].minor == version.minor)
            return version.major != 0;
    return false;
}

/* One of each is left of what was offered. */
static void negotiated(struct ic *ic)
{
    const struct ic_negotiate *answer = &message.negotiate;

    ic->state = IC_REFUSED;
    if (answer->frameworks != 1 || answer->versions != 1 ||
        !is_offered(ic->kind, answer->version[1]))
        return;
    ic->version = answer->version[1];
    ic->state = IC_AGREED;
    ic->is_wanted = ic->kind == IC_KIND_TIME;
    ic->next_ns = 0;
}

/* ---- the channel ---- */

static enum status ic_opened(struct vmbus_channel *channel)
{
    struct ic *ic = channel->own;

    ic->state = IC_OPENED;
    ic->version = (struct ic_version){0};
    ic->next_ns = 0;
    ic->is_wanted = false;
    ic->key_count = 0;
    ic->is_named = false;
    return ST_OK;
}

static void ic_closed(struct vmbus_channel *channel)
{
    struct ic *ic = channel->own;

    ic->state = IC_CLOSED;
}

static enum vmbus_ready ic_ready(struct vmbus_channel *channel)
{
    (void)channel;
    return VMBUS_READY; /* nothing follows from an answer at once */
}

/* Only the answer to what was said last is listened to. */
static void ic_packet(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                      enum status status)
{
    struct ic *ic = channel->own;
    u32 least = (u32)sizeof(message.head);

    if (status != ST_OK || packet->head.type != VMBUS_PACKET_INBAND ||
        packet->data_bytes < least || ic->is_answered)
        return;
    memset(&message, 0, sizeof(message));
    memcpy(&message, packet->all + packet->data_at,
           MIN(packet->data_bytes, (u32)sizeof(message)));
    if (!(message.head.flags & IC_RESPONSE) || message.head.transaction != ic->transaction)
        return;
    ic->is_answered = true;
    if (message.head.type == IC_NEGOTIATE && ic->state == IC_ASKED) {
        negotiated(ic);
    } else if (message.head.type == kinds[ic->kind].type && ic->state == IC_AGREED &&
               packet->data_bytes >= least + kinds[ic->kind].bytes) {
        ic->answers++;
        kinds[ic->kind].hear(ic);
    }
}

#define SERVICE(guid)                                                                          \
    {                                                                                          \
        .interface = guid, .flags = VMBUS_OFFER_PIPE, .pipe_mode = VMBUS_PIPE_MESSAGES,        \
        .opened = ic_opened, .closed = ic_closed, .ready = ic_ready, .packet = ic_packet       \
    }
static const struct vmbus_service services[IC_KINDS] = {
    [IC_KIND_SHUTDOWN] = SERVICE(VMBUS_GUID_SHUTDOWN),
    [IC_KIND_TIME] = SERVICE(VMBUS_GUID_TIME),
    [IC_KIND_HEARTBEAT] = SERVICE(VMBUS_GUID_HEARTBEAT),
    [IC_KIND_KVP] = SERVICE(VMBUS_GUID_KVP),
};

void ic_make(struct ic *ic, enum ic_kind kind)
{
    memset(ic, 0, sizeof(*ic));
    ic->kind = kind;
    ic->channel.service = &services[kind];
    ic->channel.own = ic;
    ic->channel.instance =
        (struct vmbus_guid){0x656e7473, 0, 0x4943, {0x80, 0, 0, 0, 0, 0, 0, (u8)kind}};
}

bool ic_is_due(const struct ic *ic, u64 now_ns)
{
    return ic->channel.state == VMBUS_OPENED && now_ns >= ic->next_ns;
}

u64 ic_continue(struct ic *ic, const struct ic_now *now)
{
    if (!ic_is_due(ic, now->now_ns))
        return ic->channel.state == VMBUS_OPENED ? ic->next_ns : IC_NEVER;
    if (!vmbus_channel_has_room(&ic->channel, VMBUS_PACKET_MAX))
        return IC_NEVER; /* it is called again when the guest has signalled */
    ic->next_ns = IC_NEVER;
    if (ic->state == IC_OPENED)
        negotiate(ic);
    else if (ic->state == IC_AGREED)
        ic->next_ns = kinds[ic->kind].say(ic, now);
    return ic->next_ns;
}

void ic_time(struct ic *ic)
{
    if (ic->kind != IC_KIND_TIME || ic->state != IC_AGREED)
        return;
    ic->is_wanted = true;
    ic->next_ns = 0;
}

enum status ic_shutdown(struct ic *ic, u32 flags)
{
    if (ic->kind != IC_KIND_SHUTDOWN || ic->state != IC_AGREED)
        return ST_NO_DATA;
    ic->wanted = flags;
    ic->is_wanted = true;
    ic->next_ns = 0;
    return ST_OK;
}
