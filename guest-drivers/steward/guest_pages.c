#include "guest-drivers/steward/guest_pages.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/guest_layout.h"
#include "guest-drivers/steward/registry.h"

/* Where they are mapped, by guest. */
enum window { WINDOW_CONSOLE, WINDOW_STORE, WINDOW_COUNTERS, WINDOW_FIRMWARE, WINDOWS };

/* A page that has a port, and by which properties the guest's adapter knows both. */
struct shared {
    u64 gfn;
    enum native_property page, port;
};

enum status guest_borrow(struct guest *guest, u64 at, u64 local_at, u64 bytes)
{
    struct native_memory_map in = {guest->partition, NATIVE_READ | NATIVE_WRITE, at, local_at,
                                   bytes / PAGE_SIZE};

    return call_memory_map(&in, NULL);
}

void guest_give_back(u64 local_at)
{
    struct native_memory_unmap in = {local_at};

    (void)call_memory_unmap(&in, NULL);
}

enum status guest_property(struct guest *guest, enum native_property which, u64 value)
{
    struct native_property_set in = {guest->partition, (u32)which, value};

    return call_property_set(&in, NULL);
}

static u64 window_of(const struct guest *guest, enum window which)
{
    return GUEST_WINDOW + (guest->index * WINDOWS + which) * PAGE_SIZE;
}

static enum status window_borrow(struct guest *guest, enum window which, u64 at)
{
    return guest_borrow(guest, at, window_of(guest, which), PAGE_SIZE);
}

enum status guest_counters_share(struct guest *guest, const struct elf_image *shim)
{
    struct elf_note note;
    u64 at;

    if (guest->config->type != CONFIG_PV ||
        elf_note_find(shim, XEN_NOTE_SHIM, XEN_NOTE_SHIM_CALLS, &note) != ST_OK)
        return ST_OK;
    TRY(elf_note_number(&note, &at));
    TRY(window_borrow(guest, WINDOW_COUNTERS, align_down(at, PAGE_SIZE)));
    guest->shim_calls = guest_pointer(window_of(guest, WINDOW_COUNTERS));
    return ST_OK;
}

/* A pair of ports, and what the guest's adapter is told of the page and of its end. */
static enum status port_share(struct guest *guest, const struct shared *shared, u32 *ours,
                              u32 *theirs)
{
    struct native_partition in = {guest->partition, 0};
    struct native_port_connect_out out;

    TRY(call_port_connect(&in, &out));
    *ours = out.local_port;
    *theirs = out.remote_port;
    TRY(guest_property(guest, shared->page, shared->gfn));
    return guest_property(guest, shared->port, out.remote_port);
}

static enum status console_share(struct guest *guest)
{
    static const struct shared shared = {CONSOLE_GFN, NATIVE_CONSOLE_GFN, NATIVE_CONSOLE_PORT};

    TRY(window_borrow(guest, WINDOW_CONSOLE, CONSOLE_GFN * PAGE_SIZE));
    guest->console = guest_pointer(window_of(guest, WINDOW_CONSOLE));
    TRY(port_share(guest, &shared, &guest->console_port, &guest->console_remote_port));
    return guest_property(guest, NATIVE_SPECIAL_GFN, SPECIAL_BASE / PAGE_SIZE);
}

static enum status firmware_share(struct guest *guest)
{
    static const struct shared shared = {FIRMWARE_GFN, NATIVE_FIRMWARE_GFN,
                                         NATIVE_FIRMWARE_PORT};
    u32 theirs;

    TRY(window_borrow(guest, WINDOW_FIRMWARE, FIRMWARE_GFN * PAGE_SIZE));
    guest->firmware = guest_pointer(window_of(guest, WINDOW_FIRMWARE));
    return port_share(guest, &shared, &guest->firmware_port, &theirs);
}

static enum status store_share(struct guest *guest)
{
    static const struct shared shared = {STORE_GFN, NATIVE_STORE_GFN, NATIVE_STORE_PORT};

    TRY(window_borrow(guest, WINDOW_STORE, STORE_GFN * PAGE_SIZE));
    guest->store = guest_pointer(window_of(guest, WINDOW_STORE));
    return port_share(guest, &shared, &guest->store_port, &guest->store_remote_port);
}

enum status guest_pages_share(struct guest *guest)
{
    TRY(console_share(guest));
    if (guest->config->has_firmware)
        TRY(firmware_share(guest));
    /* A Hyper-V guest has no xenstore. */
    if (registry_is_there() && guest->config->type != CONFIG_HYPERV)
        TRY(store_share(guest));
    return ST_OK;
}

static void port_end(u32 *port)
{
    struct native_port in = {*port, 0};

    if (*port != 0)
        (void)call_port_close(&in, NULL);
    *port = 0;
}

void guest_pages_release(struct guest *guest)
{
    const void *const mapped[WINDOWS] = {
        [WINDOW_CONSOLE] = guest->console,
        [WINDOW_STORE] = guest->store,
        [WINDOW_COUNTERS] = guest->shim_calls,
        [WINDOW_FIRMWARE] = guest->firmware,
    };

    for (u32 i = 0; i < WINDOWS; i++)
        if (mapped[i])
            guest_give_back(window_of(guest, (enum window)i));
    guest->console = NULL;
    guest->store = NULL;
    guest->shim_calls = NULL;
    guest->firmware = NULL;
    port_end(&guest->firmware_port);
    port_end(&guest->console_port);
    port_end(&guest->store_port);
}
