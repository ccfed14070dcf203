#include "guest-drivers/service/bus.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"
#include "xen-adapter/store/store.h"

#define PATH_MAX (BUS_PATH_MAX + 40)
#define TOKEN    "bus"

static struct store *the_store;
static struct bus_device *devices;

void bus_init(struct store *store)
{
    the_store = store;
}

static enum status put(const char *folder, const char *key, const char *value,
                       const char *rights)
{
    char path[PATH_MAX];

    format(path, sizeof(path), "%s/%s", folder, key);
    TRY(store_write_text(the_store, path, value));
    return store_permissions_set(the_store, path, rights);
}

static void rights_of(const struct bus_device *device, bool is_front, char *out, u32 room)
{
    format(out, room, is_front ? "n%u r0" : "n0 r%u", device->partition);
}

enum status bus_put(struct bus_device *device, const char *key, const char *value)
{
    char rights[24];

    rights_of(device, false, rights, sizeof(rights));
    return put(device->back, key, value, rights);
}

enum status bus_front_put(struct bus_device *device, const char *key, const char *value)
{
    char rights[24];

    rights_of(device, true, rights, sizeof(rights));
    return put(device->front, key, value, rights);
}

enum status bus_put_number(struct bus_device *device, const char *key, u64 value)
{
    char text[24];

    format(text, sizeof(text), "%lu", (unsigned long)value);
    return bus_put(device, key, text);
}

enum status bus_front_put_number(struct bus_device *device, const char *key, u64 value)
{
    char text[24];

    format(text, sizeof(text), "%lu", (unsigned long)value);
    return bus_front_put(device, key, text);
}

void bus_state_set(struct bus_device *device, enum bus_state state)
{
    if (device->ours == state)
        return;
    device->ours = state;
    (void)bus_put_number(device, "state", (u64)state);
}

static enum status folder_make(const char *path, const char *rights)
{
    TRY(store_write_text(the_store, path, ""));
    return store_permissions_set(the_store, path, rights);
}

static enum status keys_make(struct bus_device *device)
{
    char rights[24];

    rights_of(device, false, rights, sizeof(rights));
    TRY(folder_make(device->back, rights));
    rights_of(device, true, rights, sizeof(rights));
    TRY(folder_make(device->front, rights));
    TRY(bus_put(device, "frontend", device->front));
    TRY(bus_put_number(device, "frontend-id", device->partition));
    TRY(bus_put(device, "online", "1"));
    TRY(bus_put(device, "removable", "0"));
    TRY(bus_put(device, "hotplug-status", "connected"));
    TRY(bus_put_number(device, "state", BUS_INITIALISING));
    TRY(bus_front_put(device, "backend", device->back));
    TRY(bus_front_put_number(device, "backend-id", 0));
    TRY(bus_front_put_number(device, "handle", device->id));
    return bus_front_put_number(device, "state", BUS_INITIALISING);
}

static enum status watch(struct bus_device *device)
{
    char path[PATH_MAX];

    format(path, sizeof(path), "%s/state", device->front);
    return store_watch(the_store, path, TOKEN);
}

static const char *back_kind(const struct bus_device *device)
{
    return device->back_kind ? device->back_kind : device->kind;
}

enum status bus_device_add(struct bus_device *device)
{
    enum status status;

    format(device->front, sizeof(device->front), "/local/domain/%u/device/%s/%u",
           device->partition, device->kind, device->id);
    format(device->back, sizeof(device->back), "/local/domain/0/backend/%s/%u/%u",
           back_kind(device), device->partition, device->id);
    device->ours = BUS_INITIALISING;
    device->theirs = BUS_INITIALISING;
    device->is_open = false;
    status = keys_make(device);
    if (status == ST_OK)
        status = watch(device);
    device->next = devices;
    devices = device;
    if (status != ST_OK)
        bus_device_remove(device);
    return status;
}

/* The folder of all devices of this kind of the guest: no guest of that number may come again.
 */
static void back_folder_clear(const struct bus_device *device)
{
    char path[PATH_MAX];
    char name[1];
    size_t bytes;

    format(path, sizeof(path), "/local/domain/0/backend/%s/%u", back_kind(device),
           device->partition);
    if (store_list(the_store, path, name, sizeof(name), &bytes) == ST_OK && bytes == 0)
        (void)store_remove(the_store, path);
}

void bus_device_remove(struct bus_device *device)
{
    struct bus_device **at = &devices;
    char path[PATH_MAX];

    while (*at && *at != device)
        at = &(*at)->next;
    if (*at)
        *at = device->next;
    format(path, sizeof(path), "%s/state", device->front);
    (void)store_unwatch(the_store, path, TOKEN);
    (void)store_remove(the_store, device->front);
    (void)store_remove(the_store, device->back);
    back_folder_clear(device);
}

enum status bus_get(struct bus_device *device, const char *key, char *value, u32 room)
{
    char path[PATH_MAX];
    size_t length;

    format(path, sizeof(path), "%s/%s", device->front, key);
    TRY(store_read(the_store, path, value, room - 1, &length));
    value[length] = 0;
    return ST_OK;
}

enum status bus_get_number(struct bus_device *device, const char *key, u32 max, u32 *value)
{
    char text[16];
    u64 number = 0;

    TRY(bus_get(device, key, text, sizeof(text)));
    for (const char *at = text; *at || at == text; at++) {
        if (*at < '0' || *at > '9')
            return ST_INVALID;
        number = number * 10 + (u64)(*at - '0');
        if (number > max)
            return ST_INVALID;
    }
    *value = (u32)number;
    return ST_OK;
}

enum status bus_get_of_queue(struct bus_device *device, u32 queues, u32 queue, const char *key,
                             u32 *value)
{
    char name[40];

    if (queues <= 1)
        return bus_get_number(device, key, UINT32_MAX, value);
    format(name, sizeof(name), "queue-%u/%s", queue, key);
    return bus_get_number(device, name, UINT32_MAX, value);
}

/* ---- the states -------------------------------------------------------------------------- */

static void device_close(struct bus_device *device)
{
    device->close(device);
    device->is_open = false;
}

static void device_open(struct bus_device *device)
{
    if (device->is_open || device->ours != BUS_INIT_WAIT)
        return;
    if (device->open(device) != ST_OK) {
        bus_device_close(device);
        return;
    }
    device->is_open = true;
    bus_state_set(device, BUS_CONNECTED);
}

void bus_device_close(struct bus_device *device)
{
    device_close(device);
    bus_state_set(device, BUS_CLOSING);
}

/* The front-end has stepped to another state. */
static void changed(struct bus_device *device)
{
    switch (device->theirs) {
    case BUS_INITIALISING:
        if (device->ours == BUS_CLOSED)
            bus_state_set(device, BUS_INIT_WAIT);
        break;
    case BUS_INITIALISED:
    case BUS_CONNECTED:
        device_open(device);
        break;
    case BUS_CLOSING:
        bus_device_close(device);
        break;
    case BUS_CLOSED:
    case BUS_UNKNOWN:
        device_close(device);
        bus_state_set(device, BUS_CLOSED);
        break;
    case BUS_INIT_WAIT:
    case BUS_RECONFIGURING:
    case BUS_RECONFIGURED:
        break;
    }
}

/* A front-end's folder that is gone counts as closed. */
static void state_look(struct bus_device *device)
{
    u32 state;

    if (bus_get_number(device, "state", BUS_RECONFIGURED, &state) != ST_OK)
        state = BUS_CLOSED;
    if (state == (u32)device->theirs)
        return;
    device->theirs = (enum bus_state)state;
    changed(device);
}

void bus_serve(void)
{
    static struct store_event event; /* too large for the stack */

    if (!the_store)
        return;
    while (store_take_event(the_store, &event)) {
        for (struct bus_device *device = devices; device; device = device->next) {
            u64 length = strlen(device->front);

            if (strncmp(event.path, device->front, length) == 0 &&
                (event.path[length] == '/' || event.path[length] == 0)) {
                state_look(device);
                break;
            }
        }
    }
}
