#include "guest-drivers/steward/guest_pages.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/guest_layout.h"
#include "guest-drivers/steward/registry.h"

/* Where they are mapped, by guest. */
enum window { WINDOW_CONSOLE, WINDOW_STORE, WINDOW_COUNTERS, WINDOW_FIRMWARE, WINDOWS };

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

enum status guest_counters_share(struct guest *guest, const struct elf_image *shim)
{
    struct elf_note note;
    u64 at;

    if (guest->config->type != CONFIG_PV ||
        elf_note_find(shim, XEN_NOTE_SHIM, XEN_NOTE_SHIM_CALLS, &note) != ST_OK)
        return ST_OK;
    TRY(elf_note_number(&note, &at));
    TRY(guest_borrow(guest, align_down(at, PAGE_SIZE), window_of(guest, WINDOW_COUNTERS),
                     PAGE_SIZE));
    guest->shim_calls = guest_pointer(window_of(guest, WINDOW_COUNTERS));
    return ST_OK;
}

static enum status connect(struct guest *guest, u32 *ours, u32 *theirs)
{
    struct native_partition in = {guest->partition, 0};
    struct native_port_connect_out out;

    TRY(call_port_connect(&in, &out));
    *ours = out.local_port;
    *theirs = out.remote_port;
    return ST_OK;
}

static enum status firmware_page_make(struct guest *guest)
{
    if (!guest->config->has_firmware)
        return ST_OK;
    TRY(guest_borrow(guest, FIRMWARE_GFN * PAGE_SIZE, window_of(guest, WINDOW_FIRMWARE),
                     PAGE_SIZE));
    guest->firmware = guest_pointer(window_of(guest, WINDOW_FIRMWARE));
    TRY(connect(guest, &guest->firmware_port, &guest->firmware_remote_port));
    TRY(guest_property(guest, NATIVE_FIRMWARE_GFN, FIRMWARE_GFN));
    return guest_property(guest, NATIVE_FIRMWARE_PORT, guest->firmware_remote_port);
}

/* A Hyper-V guest has none. */
static bool guest_has_store(const struct guest *guest)
{
    return registry_is_there() && guest->config->type != CONFIG_HYPERV;
}

static enum status store_share(struct guest *guest)
{
    TRY(guest_borrow(guest, STORE_GFN * PAGE_SIZE, window_of(guest, WINDOW_STORE), PAGE_SIZE));
    guest->store = guest_pointer(window_of(guest, WINDOW_STORE));
    TRY(connect(guest, &guest->store_port, &guest->store_remote_port));
    TRY(guest_property(guest, NATIVE_STORE_GFN, STORE_GFN));
    return guest_property(guest, NATIVE_STORE_PORT, guest->store_remote_port);
}

enum status guest_pages_share(struct guest *guest)
{
    TRY(guest_borrow(guest, CONSOLE_GFN * PAGE_SIZE, window_of(guest, WINDOW_CONSOLE),
                     PAGE_SIZE));
    guest->console = guest_pointer(window_of(guest, WINDOW_CONSOLE));
    TRY(connect(guest, &guest->console_port, &guest->console_remote_port));
    TRY(guest_property(guest, NATIVE_CONSOLE_GFN, CONSOLE_GFN));
    TRY(guest_property(guest, NATIVE_CONSOLE_PORT, guest->console_remote_port));
    TRY(guest_property(guest, NATIVE_SPECIAL_GFN, SPECIAL_BASE / PAGE_SIZE));
    TRY(firmware_page_make(guest));
    return guest_has_store(guest) ? store_share(guest) : ST_OK;
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
    if (guest->store) {
        guest_give_back(window_of(guest, WINDOW_STORE));
        guest->store = NULL;
    }
    if (guest->console) {
        guest_give_back(window_of(guest, WINDOW_CONSOLE));
        guest->console = NULL;
    }
    if (guest->shim_calls) {
        guest_give_back(window_of(guest, WINDOW_COUNTERS));
        guest->shim_calls = NULL;
    }
    if (guest->firmware) {
        guest_give_back(window_of(guest, WINDOW_FIRMWARE));
        guest->firmware = NULL;
    }
    port_end(&guest->firmware_port);
    port_end(&guest->console_port);
    port_end(&guest->store_port);
}
