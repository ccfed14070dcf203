#include "guest-drivers/steward/p9.h"
#include "guest-drivers/service/bus.h"
#include "guest-drivers/service/p9_ring.h"
#include "guest-drivers/steward/life.h"
#include "guest-drivers/steward/p9_config.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define FOLDERS_MAX  32u /* of all guests that live */
#define ARCHIVES_MAX 16u
#define ROLE         "p9"
#define DEVICE       "folder" /* in warnings */

/* However many guests look into it, there is one. */
struct archive {
    const struct module *module; /* NULL: free */
    struct cpio tree;
};

struct folder {
    struct bus_device bus; /* first: the bus gives it back */
    struct p9_back *back;  /* made once, kept */
    struct guest *guest;   /* NULL: free */
};

static struct archive archives[ARCHIVES_MAX];
static struct folder folders[FOLDERS_MAX];
static u32 folder_count; /* those behind are free, and were always */

/* ---- archives ---------------------------------------------------------------------------- */

static const char *archive_read(struct archive *archive, const struct module *module)
{
    static const char broken[] = "its archive makes no sense; it is a mistake in the launcher";
    struct cpio *tree = &archive->tree;

    if (cpio_count(module->bytes, module->size, &tree->room) != ST_OK)
        return broken;
    tree->node = platform_memory((u64)tree->room * sizeof(*tree->node));
    if (!tree->node)
        return "it has more files than there is memory for; share a smaller folder";
    if (cpio_index(tree, module->bytes, module->size) != ST_OK)
        return broken;
    archive->module = module;
    return NULL;
}

/* NULL, or why there is none and what to do. */
static const char *archive_find(struct text path, struct archive **out)
{
    const struct module *module = module_find(ROLE, path);

    if (!module)
        return "no such folder came with the boot modules; check the path";
    for (u32 i = 0; i < ARCHIVES_MAX; i++) {
        *out = &archives[i];
        if (archives[i].module == module)
            return NULL;
        if (!archives[i].module)
            return archive_read(&archives[i], module);
    }
    return "there are too many folders; use at most 16";
}

static bool tag_is_taken(const struct text_list *list, u32 count, struct text tag)
{
    struct p9_config other;

    for (u32 i = 0; i < count; i++)
        if (!p9_config_read(list->item[i], &other) && text_equal(other.tag, tag))
            return true;
    return false;
}

void folders_check(struct config *config)
{
    const struct text_list *list = &config->list[KEY_P9 - KEY_DISK];
    struct p9_config folder;
    struct archive *archive;

    for (u32 i = 0; i < list->count && !config->is_refused; i++) {
        const char *trouble = p9_config_read(list->item[i], &folder);

        if (!trouble && config->type == CONFIG_HYPERV)
            trouble = "a Hyper-V guest has no such device; use type = \"pv\" or \"pvh\"";
        if (!trouble && tag_is_taken(list, i, folder.tag))
            trouble = "the tag is taken by another folder; choose another";
        if (!trouble)
            trouble = archive_find(folder.path, &archive);
        if (trouble)
            config_refuse(config, KEY_P9, "p9 = '%.*s': %s", SHOW(list->item[i]), trouble);
    }
}

/* ---- the bus ----------------------------------------------------------------------------- */

static enum status rings_open(struct folder *folder)
{
    struct bus_device *bus = &folder->bus;
    u32 version, rings, ref, port;
    char name[24];

    TRY(bus_get_number(bus, "version", XEN_P9FS_VERSION, &version));
    TRY(bus_get_number(bus, "num-rings", P9_RINGS_MAX, &rings));
    if (version != XEN_P9FS_VERSION || rings == 0)
        return ST_INVALID;
    for (u32 i = 0; i < rings; i++) {
        format(name, sizeof(name), "ring-ref%u", i);
        TRY(bus_get_number(bus, name, UINT32_MAX, &ref));
        format(name, sizeof(name), "event-channel-%u", i);
        TRY(bus_get_number(bus, name, UINT32_MAX, &port));
        TRY(p9_ring_open(folder->back, ref, port));
    }
    p9_back_begin(folder->back);
    return ST_OK;
}

static enum status folder_open(struct bus_device *bus)
{
    struct folder *folder = (struct folder *)(void *)bus;

    return life_rings_opened(folder->guest, DEVICE, bus->id, rings_open(folder));
}

static void folder_close(struct bus_device *bus)
{
    struct folder *folder = (struct folder *)(void *)bus;

    p9_back_close(folder->back);
}

static enum status keys_put(struct bus_device *bus, struct text tag)
{
    char name[P9_TAG_MAX + 1];

    format(name, sizeof(name), "%.*s", SHOW(tag));
    TRY(bus_front_put(bus, "tag", name));
    TRY(bus_put(bus, "security_model", "none"));
    TRY(bus_put_number(bus, "versions", XEN_P9FS_VERSION));
    TRY(bus_put_number(bus, "max-rings", P9_RINGS_MAX));
    return bus_put_number(bus, "max-ring-page-order", XEN_P9FS_ORDER_MAX);
}

static enum status folder_make(struct guest *guest, struct text entry, u32 id)
{
    struct p9_config config;
    struct archive *archive;
    struct folder *folder = folders;

    while (folder < folders + FOLDERS_MAX && folder->guest)
        folder++;
    if (folder == folders + FOLDERS_MAX)
        return ST_NO_SPACE;
    if (p9_config_read(entry, &config) || archive_find(config.path, &archive))
        return ST_NO_ENTRY;
    if (!folder->back)
        folder->back = platform_memory(sizeof(*folder->back));
    if (!folder->back)
        return ST_NO_MEMORY;
    memset(&folder->bus, 0, sizeof(folder->bus));
    folder->bus = (struct bus_device){.kind = "9pfs",
                                      .partition = guest->partition,
                                      .id = id,
                                      .open = folder_open,
                                      .close = folder_close};
    p9_back_make(folder->back, &archive->tree, guest->partition);
    TRY(bus_device_add(&folder->bus));
    folder->guest = guest;
    folder_count = MAX(folder_count, (u32)(folder - folders) + 1);
    TRY(keys_put(&folder->bus, config.tag));
    bus_state_set(&folder->bus, BUS_INIT_WAIT);
    return ST_OK;
}

enum status folders_introduce(struct guest *guest)
{
    const struct text_list *list = &guest->config->list[KEY_P9 - KEY_DISK];

    for (u32 i = 0; i < list->count; i++)
        TRY(folder_make(guest, list->item[i], i));
    return ST_OK;
}

void folders_release(struct guest *guest)
{
    for (u32 i = 0; i < folder_count; i++) {
        struct folder *folder = &folders[i];

        if (folder->guest != guest)
            continue;
        if (steward.is_verbose)
            print("entente: guest %s: folder %u: %lu requests, read %lu KiB\n", guest->name,
                  folder->bus.id, (unsigned long)folder->back->requests,
                  (unsigned long)folder->back->read_bytes >> 10);
        p9_back_close(folder->back);
        bus_device_remove(&folder->bus);
        folder->guest = NULL;
    }
}

/* ---- requests ---------------------------------------------------------------------------- */

static void broken_close(struct folder *folder)
{
    life_rings_broken(folder->guest, DEVICE, folder->bus.id);
    bus_device_close(&folder->bus);
}

bool folders_serve(u32 port)
{
    for (u32 i = 0; i < folder_count; i++)
        if (folders[i].guest && p9_port_serve(folders[i].back, port))
            return true;
    return false;
}

bool folders_continue(void)
{
    bool is_busy = false;

    for (u32 i = 0; i < folder_count; i++) {
        struct folder *folder = &folders[i];

        if (!folder->guest || !folder->bus.is_open)
            continue;
        is_busy |= p9_continue(folder->back);
        if (folder->back->is_broken)
            broken_close(folder);
    }
    return is_busy;
}
