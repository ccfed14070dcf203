#include "guest-drivers/steward/registry.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/platform.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"
#include "xen-adapter/store/store.h"

static struct store *store;

/* For each guest twice what it may hold, so that there is room for holes; the same for us. */
void registry_init(void)
{
    u64 bytes = 2 * STORE_GUEST_BYTES * (steward.guest_count + 1);
    void *arena = platform_memory(bytes);

    if (!arena || store_make(arena, bytes, &store) != ST_OK)
        panic("no memory for the xenstore");
}

bool registry_is_there(void)
{
    return store != NULL;
}

u64 registry_bytes(void)
{
    return store_bytes(store);
}

struct store *registry_store(void)
{
    return store;
}

static struct guest *guest_by_partition(u32 partition)
{
    for (u32 i = 0; i < steward.guest_count; i++)
        if (steward.guest[i].state == GUEST_LIVES && steward.guest[i].partition == partition)
            return &steward.guest[i];
    return NULL;
}

static void notify(const struct guest *guest)
{
    struct native_port in = {guest->store_port, 0};

    (void)call_port_send(&in, NULL);
}

void registry_notify(void)
{
    struct guest *guest;
    u32 domid;

    while (store_take_notify(store, &domid)) {
        guest = guest_by_partition(domid);
        if (guest && guest->store)
            notify(guest);
    }
}

void registry_serve(struct guest *guest)
{
    if (!guest->store)
        return;
    if (store_serve(store, guest->partition))
        notify(guest);
    registry_notify();
}

bool registry_continue(void)
{
    bool has_more = store_continue(store);

    registry_notify();
    return has_more;
}

/* "/local/domain/N/name" and its value; with `permissions` for the node where not NULL. */
static enum status put(const struct guest *guest, const char *name, const char *value,
                       const char *permissions)
{
    char path[96];

    format(path, sizeof(path), "/local/domain/%u%s", guest->partition, name);
    TRY(store_write_text(store, path, value));
    return permissions ? store_permissions_set(store, path, permissions) : ST_OK;
}

static enum status put_number(const struct guest *guest, const char *name, u64 value)
{
    char text[24];

    format(text, sizeof(text), "%lu", (unsigned long)value);
    return put(guest, name, text, NULL);
}

/* The guest's own folders, which it may write. [libxl's layout, xenstore-blk-net.md 2] */
static enum status put_folders(const struct guest *guest, const char *own)
{
    static const char *const folders[] = {
        "/data",
        "/drivers",
        "/feature",
        "/attr",
        "/error",
        "/device/suspend/event-channel",
        "/control/shutdown",
        "/control/feature-poweroff",
        "/control/feature-reboot",
        "/control/feature-halt",
        "/control/feature-suspend",
        "/control/sysrq",
    };

    for (u32 i = 0; i < ARRAY_SIZE(folders); i++)
        TRY(put(guest, folders[i], "", own));
    return ST_OK;
}

/* What a guest's hot-plug driver looks at. [xenstore-paths: cpu/N/availability] */
static enum status put_cpus(const struct guest *guest)
{
    char path[32];

    for (u32 i = 0; i < guest->config->maxvcpus; i++) {
        format(path, sizeof(path), "/cpu/%u/availability", i);
        TRY(put(guest, path, i < guest->vcpus ? "online" : "offline", NULL));
    }
    return ST_OK;
}

static enum status fill(const struct guest *guest)
{
    u64 memory_kib = guest->config->memory_mib << 10;
    char own[16];
    char shown[24];

    format(own, sizeof(own), "n%u", guest->partition);
    format(shown, sizeof(shown), "n0 r%u", guest->partition);
    TRY(put(guest, "", "", shown));
    TRY(put(guest, "/name", guest->name, NULL));
    TRY(put_number(guest, "/domid", guest->partition));
    TRY(put_number(guest, "/memory/target", memory_kib));
    TRY(put_number(guest, "/memory/static-max", memory_kib));
    TRY(put_cpus(guest));
    TRY(put(guest, "/console/backend-id", "0", NULL));
    TRY(put(guest, "/console/type", "xenconsoled", NULL));
    TRY(put(guest, "/console/output", "pty", NULL));
    TRY(put(guest, "/console/limit", "1048576", NULL));
    TRY(put_number(guest, "/console/port", guest->console_remote_port));
    TRY(put_number(guest, "/store/port", guest->store_remote_port));
    TRY(put(guest, "/device", "", NULL));
    TRY(put(guest, "/control", "", NULL));
    TRY(put(guest, "/control/platform-feature-multiprocessor-suspend", "1", NULL));
    TRY(put(guest, "/control/platform-feature-xs_reset_watches", "1", NULL));
    return put_folders(guest, own);
}

enum status registry_memory_set(const struct guest *guest)
{
    TRY(put_number(guest, "/memory/target", guest->target_kib));
    registry_notify();
    return ST_OK;
}

enum status registry_vcpus_set(const struct guest *guest)
{
    TRY(put_cpus(guest));
    registry_notify();
    return ST_OK;
}

enum status registry_ask(const struct guest *guest, const char *what)
{
    char path[64];
    char value[8];
    size_t length = 0;

    /* Linux says what it listens for. [xen/control/shutdown, control/feature-*] */
    format(path, sizeof(path), "/local/domain/%u/control/feature-%s", guest->partition, what);
    if (!guest->store || store_read(store, path, value, sizeof(value), &length) != ST_OK ||
        length != 1 || value[0] != '1')
        return ST_NO_DATA;
    TRY(put(guest, "/control/shutdown", what, NULL));
    registry_notify();
    return ST_OK;
}

static void forget(const struct guest *guest)
{
    char path[32];

    format(path, sizeof(path), "/local/domain/%u", guest->partition);
    (void)store_remove(store, path);
}

enum status registry_introduce(struct guest *guest)
{
    enum status status = fill(guest);

    if (status == ST_OK)
        status = store_introduce(store, guest->partition, guest->store);
    if (status != ST_OK)
        forget(guest);
    registry_notify();
    return status;
}

void registry_release(struct guest *guest)
{
    store_release(store, guest->partition, STORE_DROP_NODES);
    forget(guest);
    registry_notify();
}
