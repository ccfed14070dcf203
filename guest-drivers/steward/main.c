/*
 * The steward: the embedded root partition. Reads the manifests among its boot modules, makes
 * the guests, serves their rings, and switches the machine off when the last one has ended.
 */
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/bus.h"
#include "guest-drivers/steward/console.h"
#include "guest-drivers/steward/disk.h"
#include "guest-drivers/steward/hyperv.h"
#include "guest-drivers/steward/life.h"
#include "guest-drivers/steward/network.h"
#include "guest-drivers/steward/p9.h"
#include "guest-drivers/steward/registry.h"
#include "guest-drivers/steward/session.h"
#include "guest-drivers/steward/steward.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define FOR_EVER     (~(u64)0)
/* The machine's disks are looked at this often while they have something to do, should an
 * interrupt of theirs be lost. */
#define DISK_LOOK_NS ((u64)2000 * 1000)

struct steward steward;

u64 clock_ns(void)
{
    struct native_clock now;

    return call_clock(NULL, &now) == ST_OK ? now.now_ns : 0;
}

u64 clock_coarse_ns(void)
{
    static struct native_clock begin;

    if (begin.tsc_khz == 0 && call_clock(NULL, &begin) != ST_OK)
        return 0;
    return begin.now_ns + (__builtin_ia32_rdtsc() - begin.tsc) / begin.tsc_khz * 1000000;
}

const struct module *module_find(const char *role, struct text title)
{
    for (u32 i = 0; i < steward.module_count; i++) {
        const struct module *module = &steward.module[i];

        if (text_is(module->role, role) && (!title.at || text_equal(module->title, title)))
            return module;
    }
    return NULL;
}

/* "<role> [title]" */
static void module_name(struct module *module, const char *line)
{
    const char *blank = strchr(line, ' ');
    u64 length = strlen(line);

    module->role = (struct text){line, blank ? (u64)(blank - line) : length};
    while (blank && *blank == ' ')
        blank++;
    module->title =
        (struct text){blank ? blank : line + length, blank ? length - (u64)(blank - line) : 0};
}

static void modules_read(const struct xen_hvm_start_info *info)
{
    const struct xen_hvm_modlist_entry *entry = guest_pointer(info->modlist_paddr);

    for (u32 i = 0; i < info->nr_modules && steward.module_count < MODULES_MAX; i++) {
        struct module *module = &steward.module[steward.module_count++];

        module_name(module,
                    entry[i].cmdline_paddr ? guest_pointer(entry[i].cmdline_paddr) : "");
        module->bytes = guest_pointer(entry[i].paddr);
        module->size = entry[i].size;
        if (entry[i].paddr + entry[i].size > GUEST_WINDOW) {
            print(
                "entente: error: %.*s:0: the boot modules together are larger than 4 GiB; use "
                "smaller files\n",
                SHOW(module->title));
            module->size = 0;
        }
    }
    steward.shim = module_find("pvshim", (struct text){0});
}

static void power_off_machine(u32 code)
{
    struct native_power_off in = {.code = code};

    (void)call_power_off(&in, NULL);
}

/* The file a guest names, among the boot modules. */
static const struct module *file_find(struct config *config, enum config_key key,
                                      const char *word)
{
    struct text title = config->string[key];
    const struct module *module = module_find("file", title);

    if (!module)
        config_refuse(config, key,
                      "%s = \"%.*s\": no such file came with the boot modules; check "
                      "the path",
                      word, SHOW(title));
    else if (module->size == 0)
        config_refuse(config, key, "%s = \"%.*s\": the file is empty; copy it again", word,
                      SHOW(title));
    return module;
}

static void guest_add(struct config *config)
{
    struct guest *guest = &steward.guest[steward.guest_count];

    guest->kernel = file_find(config, KEY_KERNEL, "kernel");
    if (!config->is_refused && config->string[KEY_RAMDISK].length != 0)
        guest->ramdisk = file_find(config, KEY_RAMDISK, "ramdisk");
    if (!config->is_refused)
        disks_check(config);
    if (!config->is_refused)
        folders_check(config);
    if (!config->is_refused)
        networks_check(config);
    if (config->is_refused) {
        steward.manifest.refused++;
        memset(guest, 0, sizeof(*guest));
        return;
    }
    guest->config = config;
    guest->state = config->waits ? GUEST_DEFINED : GUEST_WAITS;
    guest->index = steward.guest_count++;
    memcpy(guest->name, config->string[KEY_NAME].at, config->string[KEY_NAME].length);
}

static void manifests_read(void)
{
    for (u32 i = 0; i < steward.module_count; i++) {
        const struct module *module = &steward.module[i];

        if (text_is(module->role, "manifest"))
            manifest_parse(&steward.manifest, module->title, (const char *)module->bytes,
                           module->size);
    }
    for (u32 i = 0; i < steward.manifest.count; i++)
        if (!steward.manifest.guest[i].is_refused)
            guest_add(&steward.manifest.guest[i]);
}

static u32 event_port(u32 event)
{
    struct native_port_event in = {event, 0};
    struct native_port out;

    if (call_port_event(&in, &out) != ST_OK)
        panic("no port for event %u", event);
    return out.port;
}

static void port_serve(u32 port)
{
    if (port == steward.device_port)
        return; /* whatever woke us, devices are looked at before we sleep again */
    if (port == steward.input_port) {
        console_input();
        control_input();
    }
    if (port == steward.ended_port)
        life_check();
    if (disks_serve(port) || networks_serve(port) || folders_serve(port) || hyperv_serve(port))
        return;
    for (u32 i = 0; i < steward.guest_count; i++) {
        struct guest *guest = &steward.guest[i];

        if (guest->state != GUEST_LIVES)
            continue;
        if (port == guest->console_port)
            console_serve(guest);
        else if (port == guest->store_port)
            registry_serve(guest);
    }
    bus_serve();
    registry_notify();
}

/* When to look again without a signal. Disks come last, so that they see what the others have
 * asked of them. */
static u64 deadline(void)
{
    u64 sessions = sessions_continue();
    u64 hyperv = hyperv_continue();
    bool is_busy = networks_continue();
    enum disks_state disks = disks_continue();
    u64 look;

    is_busy |= folders_continue();
    is_busy |= registry_continue();
    if (is_busy || disks == DISKS_BUSY)
        return 0;
    if (disks == DISKS_IDLE)
        return MIN(sessions, hyperv);
    look = clock_ns() + DISK_LOOK_NS;
    look = MIN(look, sessions);
    /* What is due at once waits for a disk. */
    return hyperv == 0 ? look : MIN(look, hyperv);
}

/* The number behind "name=" among the options, 0 without it. */
static u32 option_number(const char *options, const char *name)
{
    u64 length = strlen(name);
    u32 number = 0;

    for (; *options; options++) {
        if (strncmp(options, name, length) != 0)
            continue;
        for (options += length; *options >= '0' && *options <= '9'; options++)
            number = number * 10 + (u32)(*options - '0');
        break;
    }
    return number;
}

static void serve(void)
{
    struct native_port_wait wait = {FOR_EVER};
    struct native_port raised;

    port_serve(steward.input_port); /* what came before it was there raised nothing */
    while (!life_is_over() || life_next_round()) {
        if (call_port_wait(&wait, &raised) == ST_OK)
            port_serve(raised.port);
        wait.deadline_ns = deadline();
        if (console_is_at_prompt())
            prompt_show();
    }
}

static u32 verdict(void)
{
    u32 code = steward.manifest.refused == 0 && steward.guest_count != 0
                   ? NATIVE_POWER_SUCCESS
                   : NATIVE_POWER_GUEST_FAILED;

    for (u32 i = 0; i < steward.guest_count; i++)
        if (steward.guest[i].has_failed)
            code = NATIVE_POWER_GUEST_FAILED;
    return code;
}

void guest_main(u64 start_info)
{
    const struct xen_hvm_start_info *info = guest_pointer(start_info);
    const char *options = info->cmdline_paddr ? guest_pointer(info->cmdline_paddr) : "";

    steward.is_interactive = string_has_word(options, "interactive");
    steward.is_verbose = string_has_word(options, "loglevel=debug");
    steward.stays = string_has_word(options, "stay");
    steward.wants_times = string_has_word(options, "times");
    steward.rounds = option_number(options, "rounds=");
    modules_read(info);
    steward.input_port = event_port(NATIVE_CONSOLE_INPUT);
    steward.ended_port = event_port(NATIVE_PARTITION_ENDED);
    steward.device_port = event_port(NATIVE_DEVICE);
    if (!steward.shim)
        panic("no boot module with the role 'pvshim'");
    disks_init();
    manifests_read();
    registry_init();
    bus_init(registry_store());
    networks_init();
    if (steward.manifest.count == 0 && steward.manifest.refused == 0)
        print("entente: error: boot modules: no manifest among them; give one with the role "
              "'manifest'\n");
    for (u32 i = 0; i < steward.guest_count; i++)
        if (steward.guest[i].state == GUEST_WAITS)
            life_begin(&steward.guest[i]);
    serve();
    console_margin();
    power_off_machine(verdict());
    panic("the machine cannot be switched off");
}
