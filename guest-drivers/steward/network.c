#include "guest-drivers/steward/network.h"
#include "guest-drivers/service/bus.h"
#include "guest-drivers/service/netif.h"
#include "guest-drivers/service/virtio_nic.h"
#include "guest-drivers/steward/life.h"
#include "guest-drivers/steward/vif_front.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define BRIDGES_MAX 8u
#define VIFS_MAX    64u
#define WARNED_MAX  16u
#define DEVICE      "network device" /* in warnings */

struct bridge {
    struct text name; /* empty: free */
    struct net_switch net;
};

/* An entry of vif =: known from the manifest's reading to the end of the machine. */
struct vif {
    struct bus_device bus; /* first: the bus gives it back */
    struct net_back back;
    const struct config *owner; /* NULL: free */
    struct guest *guest;        /* NULL: does not live */
    struct bridge *bridge;
    struct vif_config config;
    struct net_claim claim; /* of its address */
    void *backlog;          /* made once, kept */
};

static struct bridge bridges[BRIDGES_MAX];
static struct vif vifs[VIFS_MAX];
static u32 vif_count; /* those behind are free, and were always */

/* ---- the manifest ------------------------------------------------------------------------ */

static struct bridge *bridge_find(struct text name)
{
    for (u32 i = 0; i < BRIDGES_MAX; i++) {
        if (bridges[i].name.length == 0)
            bridges[i].name = name;
        if (text_equal(bridges[i].name, name))
            return &bridges[i];
    }
    return NULL;
}

static bool address_is_taken(u64 address)
{
    for (u32 i = 0; i < VIFS_MAX; i++)
        if (vifs[i].owner && vifs[i].config.address == address)
            return true;
    return false;
}

/* One that nobody has, derived from the guest's name. */
static u64 address_choose(const struct config *config, u32 id)
{
    char name[CONFIG_NAME_MAX + 1] = {0};
    u64 address;

    memcpy(name, config->string[KEY_NAME].at, config->string[KEY_NAME].length);
    do {
        address = vif_address_make(name, id);
        id += VIF_ID_MAX + 1;
    } while (address_is_taken(address));
    return address;
}

static bool id_is_taken(const struct config *config, u32 id)
{
    for (u32 i = 0; i < VIFS_MAX; i++)
        if (vifs[i].owner == config && vifs[i].config.id == id)
            return true;
    return false;
}

static void warn_strange(const struct config *config, struct text word)
{
    static struct text warned[WARNED_MAX];
    static u32 count;

    if (word.length == 0)
        return;
    for (u32 i = 0; i < count; i++)
        if (text_equal(warned[i], word))
            return;
    if (count < WARNED_MAX)
        warned[count++] = word;
    print("entente: warning: %.*s:%u: vif: \"%.*s\" has no effect here and is ignored\n",
          SHOW(config->file), config_line(config, KEY_VIF), SHOW(word));
}

static struct vif *vif_free(void)
{
    for (u32 i = 0; i < VIFS_MAX; i++)
        if (!vifs[i].owner)
            return &vifs[i];
    return NULL;
}

static const char *vif_plan(const struct config *config, struct text entry, u32 index)
{
    struct vif_config wanted;
    struct vif *vif = vif_free();
    struct bridge *bridge;
    const char *trouble = vif_config_read(entry, index, &wanted);

    if (trouble)
        return trouble;
    if (!vif)
        return "there are too many network devices; leave some out";
    bridge = bridge_find(wanted.bridge);
    if (!bridge)
        return "there are too many bridges; use at most 8";
    if (id_is_taken(config, wanted.id))
        return "the devid is taken by another entry; choose another";
    if (wanted.address != 0 && address_is_taken(wanted.address))
        return "the MAC address is taken by another device; choose another, or leave it out";
    if (wanted.address == 0)
        wanted.address = address_choose(config, wanted.id);
    warn_strange(config, wanted.strange);
    vif_count = MAX(vif_count, (u32)(vif - vifs) + 1);
    vif->owner = config;
    vif->bridge = bridge;
    vif->config = wanted;
    return NULL;
}

void networks_check(struct config *config)
{
    const struct text_list *list = &config->list[KEY_VIF - KEY_DISK];

    for (u32 i = 0; i < list->count && !config->is_refused; i++) {
        const char *trouble = vif_plan(config, list->item[i], i);

        if (trouble)
            config_refuse(config, KEY_VIF, "vif = '%.*s': %s", SHOW(list->item[i]), trouble);
    }
    for (u32 i = 0; i < VIFS_MAX && config->is_refused; i++)
        if (vifs[i].owner == config)
            vifs[i].owner = NULL;
}

void networks_init(void)
{
    struct bridge *bridge = &bridges[0];
    enum status status;

    for (u32 i = 0; i < VIFS_MAX; i++) {
        if (!vifs[i].owner)
            continue;
        vifs[i].claim.address = vifs[i].config.address;
        switch_claim(&vifs[i].bridge->net, &vifs[i].claim);
    }
    for (u32 i = 0; i < BRIDGES_MAX; i++)
        if (text_is(bridges[i].name, VIF_BRIDGE_USUAL))
            bridge = &bridges[i];
    if (bridge->name.length == 0)
        return;
    status = virtio_nic_init(&bridge->net);
    if (status != ST_OK && status != ST_NO_DEVICE)
        print("entente: warning: the machine's network device: %s\n", status_text(status));
}

/* ---- the bus ----------------------------------------------------------------------------- */

static enum status vif_open(struct bus_device *bus)
{
    struct vif *vif = (struct vif *)(void *)bus;

    return life_rings_opened(vif->guest, DEVICE, bus->id,
                             vif_rings_open(bus, &vif->back, &vif->bridge->net));
}

static void vif_close(struct bus_device *bus)
{
    struct vif *vif = (struct vif *)(void *)bus;

    net_back_close(&vif->back);
}

static enum status vif_introduce(struct vif *vif, struct guest *guest)
{
    if (!vif->backlog)
        vif->backlog = platform_memory(NET_BACKLOG_BYTES);
    if (!vif->backlog)
        return ST_NO_MEMORY;
    memset(&vif->bus, 0, sizeof(vif->bus));
    vif->bus = (struct bus_device){.kind = "vif",
                                   .partition = guest->partition,
                                   .id = vif->config.id,
                                   .open = vif_open,
                                   .close = vif_close};
    net_back_make(&vif->back, guest->partition, vif->config.address, vif->backlog);
    TRY(bus_device_add(&vif->bus));
    vif->guest = guest;
    TRY(vif_keys_put(&vif->bus, &vif->config));
    bus_state_set(&vif->bus, BUS_INIT_WAIT);
    return ST_OK;
}

enum status networks_introduce(struct guest *guest)
{
    for (u32 i = 0; i < VIFS_MAX; i++)
        if (vifs[i].owner == guest->config)
            TRY(vif_introduce(&vifs[i], guest));
    return ST_OK;
}

void networks_count(const struct guest *guest, struct networks_counts *out)
{
    *out = (struct networks_counts){0};
    for (u32 i = 0; i < VIFS_MAX; i++) {
        if (vifs[i].guest != guest)
            continue;
        out->received_bytes += vifs[i].back.port.out.bytes;
        out->sent_bytes += vifs[i].back.port.in.bytes;
    }
}

bool networks_device(const struct config *config, u32 index, struct network_device *out)
{
    for (u32 i = 0; i < VIFS_MAX; i++) {
        const struct vif_config *vif = &vifs[i].config;

        if (vifs[i].owner != config || index-- != 0)
            continue;
        *out = (struct network_device){&vifs[i].bridge->net, vif->address, vif->mtu};
        return true;
    }
    return false;
}

static void counts_print(const struct vif *vif)
{
    const struct net_counts *in = &vif->back.port.in;
    const struct net_counts *out = &vif->back.port.out;

    print("entente: guest %s: network device %u: sent %lu frames, %lu KiB, dropped %lu; "
          "received %lu frames, %lu KiB, dropped %lu; errors %lu\n",
          vif->guest->name, vif->bus.id, (unsigned long)in->frames,
          (unsigned long)in->bytes >> 10, (unsigned long)in->dropped,
          (unsigned long)out->frames, (unsigned long)out->bytes >> 10,
          (unsigned long)out->dropped, (unsigned long)vif->back.errors);
}

void networks_release(struct guest *guest)
{
    for (u32 i = 0; i < VIFS_MAX; i++) {
        struct vif *vif = &vifs[i];

        if (vif->guest != guest)
            continue;
        if (steward.is_verbose)
            counts_print(vif);
        net_back_close(&vif->back);
        bus_device_remove(&vif->bus);
        vif->guest = NULL;
    }
}

/* ---- frames ------------------------------------------------------------------------------ */

bool networks_serve(u32 port)
{
    for (u32 i = 0; i < vif_count; i++)
        if (vifs[i].guest && vifs[i].bus.is_open &&
            net_port_serve(&vifs[i].back, port, clock_coarse_ns()))
            return true;
    return false;
}

static void broken_close(struct vif *vif)
{
    life_rings_broken(vif->guest, DEVICE, vif->bus.id);
    bus_device_close(&vif->bus);
}

static void vifs_push(void)
{
    for (u32 i = 0; i < vif_count; i++) {
        if (!vifs[i].guest || !vifs[i].bus.is_open)
            continue;
        if (vifs[i].back.is_broken)
            broken_close(&vifs[i]);
        else
            net_back_push(&vifs[i].back);
    }
}

bool networks_continue(void)
{
    u64 now_ns = clock_coarse_ns();
    bool is_busy = virtio_nic_poll(now_ns);

    for (u32 i = 0; i < vif_count; i++)
        if (vifs[i].guest && vifs[i].bus.is_open)
            is_busy |= net_continue(&vifs[i].back, now_ns);
    vifs_push();
    virtio_nic_push();
    return is_busy;
}
