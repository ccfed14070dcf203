#include "guest-drivers/service/vmbus.h"
#include "guest-drivers/service/synic.h"
#include "hv/lib/string.h"

static const u32 versions[] = {
#define V(major, minor) VMBUS_VERSION(major, minor),
    VMBUS_VERSIONS(V)
#undef V
};

void vmbus_make(struct vmbus *bus, struct guest_memory *memory)
{
    memset(bus, 0, offsetof(struct vmbus, post));
    bus->memory = memory;
    vmbus_gpadls_make(&bus->gpadls, memory);
}

/* ---- messages to the guest ---- */

bool vmbus_is_ready(const struct vmbus *bus)
{
    return VMBUS_POSTS_MAX - bus->posts > VMBUS_CHANNELS_MAX;
}

void vmbus_post(struct vmbus *bus, const void *message, u32 bytes)
{
    struct vmbus_post *post = &bus->post[(bus->first_post + bus->posts) % VMBUS_POSTS_MAX];

    if (bus->posts == VMBUS_POSTS_MAX)
        return; /* rescinds only: they come unasked */
    post->vp = bus->vp;
    post->sint = bus->sint;
    post->bytes = bytes;
    memcpy(post->payload, message, bytes);
    bus->posts++;
}

bool vmbus_flush(struct vmbus *bus)
{
    while (bus->posts != 0) {
        const struct vmbus_post *post = &bus->post[bus->first_post];

        if (synic_message_post(bus->memory->partition, post->vp, post->sint, post->payload,
                               post->bytes) == ST_AGAIN)
            return true;
        bus->first_post = (bus->first_post + 1) % VMBUS_POSTS_MAX;
        bus->posts--;
    }
    return false;
}

static struct vmbus_head head(enum vmbus_message_type type)
{
    return (struct vmbus_head){.type = (u32)type};
}

static void post_bare(struct vmbus *bus, enum vmbus_message_type type)
{
    struct vmbus_head message = head(type);

    vmbus_post(bus, &message, sizeof(message));
}

/* ---- the connection ---- */

/* Forgets what the guest has said; the offers of devices stay. */
static void disconnect(struct vmbus *bus)
{
    bus->has_asked = false; /* it is told nothing of what ends now */
    for (u32 i = 0; i < VMBUS_CHANNELS_MAX; i++) {
        struct vmbus_channel *channel = bus->channel[i];

        if (!channel)
            continue;
        vmbus_channel_close(channel);
        if (channel->service->disconnected)
            channel->service->disconnected(channel);
        if (channel->state == VMBUS_RESCINDED)
            vmbus_channel_forget(channel);
    }
    vmbus_interrupts_close(bus);
    vmbus_gpadls_make(&bus->gpadls, bus->memory);
    bus->version = 0;
}

void vmbus_end(struct vmbus *bus)
{
    disconnect(bus);
    bus->posts = 0;
}

static bool version_is_known(u32 version)
{
    for (u32 i = 0; i < ARRAY_SIZE(versions); i++)
        if (versions[i] == version)
            return true;
    return false;
}

/* Since 5.0 a guest posts to another connection and says which SINT it listens at. */
static bool contact_is_right(const struct vmbus_initiate_contact *contact, u32 connection)
{
    if (!version_is_known(contact->version))
        return false;
    if (contact->version < VMBUS_VERSION(5, 0))
        return connection == VMBUS_CONNECTION_OLD;
    return connection == VMBUS_CONNECTION_5_0 && contact->vtl == 0 && contact->sint != 0 &&
           contact->sint < 16;
}

static bool contact_make(struct vmbus *bus, const struct vmbus_initiate_contact *contact,
                         u32 connection)
{
    return contact_is_right(contact, connection) &&
           (contact->version != VMBUS_VERSION_FIRST ||
            vmbus_interrupts_open(bus, contact->interrupt_page) == ST_OK);
}

/* A guest that begins again (kexec, a crash kernel, after hibernation) need not have unloaded.
 */
static void contact(struct vmbus *bus, u32 connection, const void *bytes)
{
    const struct vmbus_initiate_contact *in = bytes;
    struct vmbus_version_response response = {.head = head(VMBUS_VERSION_RESPONSE)};

    disconnect(bus);
    bus->vp = in->target_vp;
    bus->sint = VMBUS_SINT;
    if (contact_make(bus, in, connection)) {
        bus->version = in->version;
        bus->connection = connection;
        if (in->version >= VMBUS_VERSION(5, 0))
            bus->sint = in->sint;
        response.is_supported = 1;
        response.connection = connection;
    }
    vmbus_post(bus, &response, sizeof(response));
}

static void unload(struct vmbus *bus, const u8 *bytes, u32 count)
{
    (void)bytes;
    (void)count;
    disconnect(bus);
    post_bare(bus, VMBUS_UNLOAD_RESPONSE);
}

/* ---- messages of the guest; what is behind `bytes` has the size its row says ---- */

static void offers_request(struct vmbus *bus, const u8 *bytes, u32 count)
{
    (void)bytes;
    (void)count;
    vmbus_offers_post(bus);
    post_bare(bus, VMBUS_ALL_OFFERS_DELIVERED);
}

static struct vmbus_channel *channel_find(struct vmbus *bus, u32 relid)
{
    return relid - 1 < VMBUS_CHANNELS_MAX ? bus->channel[relid - 1] : NULL;
}

static void channel_open(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_open_channel *in = (const void *)bytes;
    struct vmbus_channel *channel = channel_find(bus, in->relid);
    struct vmbus_open_result result = {head(VMBUS_OPEN_RESULT), in->relid, in->open_id,
                                       VMBUS_INVALID_PARAMETER};

    (void)count;
    if (channel)
        result.status = vmbus_channel_open(channel, in);
    vmbus_post(bus, &result, sizeof(result));
}

static void channel_close(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_relid *in = (const void *)bytes;
    struct vmbus_channel *channel = channel_find(bus, in->relid);

    (void)count;
    if (channel)
        vmbus_channel_close(channel);
}

static void relid_release(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_relid *in = (const void *)bytes;
    struct vmbus_channel *channel = channel_find(bus, in->relid);

    (void)count;
    if (channel && channel->state == VMBUS_RESCINDED)
        vmbus_channel_forget(channel);
}

static void channel_modify(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_modify_channel *in = (const void *)bytes;
    struct vmbus_channel *channel = channel_find(bus, in->relid);
    struct vmbus_modify_response response = {head(VMBUS_MODIFY_RESPONSE), in->relid,
                                             VMBUS_INVALID_PARAMETER};

    (void)count;
    if (channel && channel->state == VMBUS_OPENED && bus->version >= VMBUS_VERSION(4, 1)) {
        channel->vp = in->target_vp;
        response.status = VMBUS_SUCCESS;
    }
    if (bus->version >= VMBUS_VERSION(5, 3))
        vmbus_post(bus, &response, sizeof(response));
}

static void gpadl_answer(struct vmbus *bus, u32 relid, u32 gpadl, u32 status)
{
    struct vmbus_gpadl_created created = {head(VMBUS_GPADL_CREATED), relid, gpadl, status};

    vmbus_post(bus, &created, sizeof(created));
}

/* Adds what a message carries, and answers when that was the last or made no sense. */
static void gpadl_tell(struct vmbus *bus, struct vmbus_gpadl *gpadl, const u8 *pfns, u32 bytes)
{
    u32 relid = gpadl->relid;
    u32 id = gpadl->id;

    if (bytes % sizeof(u64) != 0 ||
        vmbus_gpadl_tell(&bus->gpadls, gpadl, pfns, bytes / sizeof(u64)) != ST_OK) {
        vmbus_gpadl_end(&bus->gpadls, gpadl);
        gpadl_answer(bus, relid, id, VMBUS_INVALID_PARAMETER);
    } else if (vmbus_gpadl_is_whole(gpadl)) {
        gpadl_answer(bus, relid, id, VMBUS_SUCCESS);
    }
}

static void gpadl_begin(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_gpadl_header *in = (const void *)bytes;
    u32 pfn_bytes = in->range_bytes - (u32)sizeof(struct vmbus_gpa_range);
    struct vmbus_gpadl want = {.id = in->gpadl,
                               .relid = in->relid,
                               .bytes = in->byte_count,
                               .offset = in->byte_offset,
                               .frames = pfn_bytes / (u32)sizeof(u64)};
    struct vmbus_gpadl *gpadl;
    enum status status = ST_INVALID;

    if (in->ranges == 1 && pfn_bytes <= UINT16_MAX && pfn_bytes % sizeof(u64) == 0 &&
        channel_find(bus, in->relid))
        status = vmbus_gpadl_begin(&bus->gpadls, &want, &gpadl);
    if (status == ST_OK)
        gpadl_tell(bus, gpadl, bytes + sizeof(*in), count - (u32)sizeof(*in));
    else
        gpadl_answer(bus, in->relid, in->gpadl,
                     status == ST_NO_SPACE ? VMBUS_NO_RESOURCES : VMBUS_INVALID_PARAMETER);
}

static void gpadl_continue(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_gpadl_body *in = (const void *)bytes;
    struct vmbus_gpadl *gpadl = vmbus_gpadl_find(&bus->gpadls, in->gpadl);

    if (gpadl && !vmbus_gpadl_is_whole(gpadl))
        gpadl_tell(bus, gpadl, bytes + sizeof(*in), count - (u32)sizeof(*in));
    else
        bus->refused++;
}

/* The guest waits for the answer whatever it has named. */
static void gpadl_teardown(struct vmbus *bus, const u8 *bytes, u32 count)
{
    const struct vmbus_gpadl_teardown *in = (const void *)bytes;
    struct vmbus_gpadl *gpadl = vmbus_gpadl_find(&bus->gpadls, in->gpadl);
    struct vmbus_gpadl_torndown torndown = {head(VMBUS_GPADL_TORNDOWN), in->gpadl};
    struct vmbus_channel *channel = gpadl ? channel_find(bus, gpadl->relid) : NULL;

    (void)count;
    if (channel && channel->gpadl == in->gpadl)
        vmbus_channel_close(channel);
    if (gpadl)
        vmbus_gpadl_end(&bus->gpadls, gpadl);
    vmbus_post(bus, &torndown, sizeof(torndown));
}

/* What guests may say once they are connected, and how much of it there is at least. */
static const struct {
    u32 least;
    void (*handle)(struct vmbus *bus, const u8 *bytes, u32 count);
} rows[] = {
    [VMBUS_REQUEST_OFFERS] = {sizeof(struct vmbus_head), offers_request},
    [VMBUS_OPEN_CHANNEL] = {sizeof(struct vmbus_open_channel), channel_open},
    [VMBUS_CLOSE_CHANNEL] = {sizeof(struct vmbus_relid), channel_close},
    [VMBUS_GPADL_HEADER] = {sizeof(struct vmbus_gpadl_header), gpadl_begin},
    [VMBUS_GPADL_BODY] = {sizeof(struct vmbus_gpadl_body), gpadl_continue},
    [VMBUS_GPADL_TEARDOWN] = {sizeof(struct vmbus_gpadl_teardown), gpadl_teardown},
    [VMBUS_RELID_RELEASED] = {sizeof(struct vmbus_relid), relid_release},
    [VMBUS_UNLOAD] = {sizeof(struct vmbus_head), unload},
    [VMBUS_MODIFY_CHANNEL] = {sizeof(struct vmbus_modify_channel), channel_modify},
};

void vmbus_message(struct vmbus *bus, u32 connection, const void *bytes, u32 count)
{
    u32 type = 0;

    if (count >= sizeof(struct vmbus_head) && count <= VMBUS_MESSAGE_MAX)
        memcpy(&type, bytes, sizeof(type));
    if (type == VMBUS_INITIATE_CONTACT && count >= sizeof(struct vmbus_initiate_contact))
        contact(bus, connection, bytes);
    else if (bus->version != 0 && connection == bus->connection && type < ARRAY_SIZE(rows) &&
             rows[type].handle && count >= rows[type].least)
        rows[type].handle(bus, bytes, count);
    else
        bus->refused++;
}
