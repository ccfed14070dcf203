#include "guest-drivers/steward/config.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

u32 config_line(const struct config *config, enum config_key key)
{
    u32 line = key < KEYS_USED ? config->line[key] : 0;

    return line ? line : MAX(config->line[KEY_NAME], 1u);
}

static const char *const type_names[] = {
    [CONFIG_PV] = "pv", [CONFIG_PVH] = "pvh", [CONFIG_HYPERV] = "hyperv"};

const char *config_type_name(enum config_type type)
{
    return type_names[type];
}

static void refuse_list(struct config *config, u32 line, const char *text, va_list arguments)
{
    char words[300];

    if (!config->is_refused) {
        format_list(words, sizeof(words), text, arguments);
        print("entente: error: %.*s:%u: %s\n", SHOW(config->file), line, words);
    }
    config->is_refused = true;
}

void config_refuse(struct config *config, enum config_key key, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    refuse_list(config, config_line(config, key), text, arguments);
    va_end(arguments);
}

void config_mistake(struct config *config, u32 line, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    refuse_list(config, line, text, arguments);
    va_end(arguments);
}

static u64 append(char *out, u64 room, u64 used, struct text text)
{
    for (u64 i = 0; i < text.length; i++)
        if (used + i + 1 < room)
            out[used + i] = text.at[i];
    return used + text.length;
}

/* xl's rule: cmdline wins over root and extra. [xl.cfg(5)] */
u64 config_cmdline(const struct config *config, char *out, u64 room)
{
    const struct text *string = config->string;
    u64 used = 0;

    if (config->line[KEY_CMDLINE]) {
        used = append(out, room, used, string[KEY_CMDLINE]);
    } else {
        if (string[KEY_ROOT].length != 0) {
            used = append(out, room, used, (struct text){"root=", 5});
            used = append(out, room, used, string[KEY_ROOT]);
        }
        if (used != 0 && string[KEY_EXTRA].length != 0)
            used = append(out, room, used, (struct text){" ", 1});
        used = append(out, room, used, string[KEY_EXTRA]);
    }
    if (room != 0)
        out[MIN(used, room - 1)] = 0;
    return used;
}

/* ---- when it is complete ---- */

/* pygrub reads the guest's disk on the host; here GRUB does, inside the guest. */
static void bootloader_check(struct config *guest)
{
    struct text name = guest->string[KEY_BOOTLOADER];

    if (name.length == 0 || guest->string[KEY_KERNEL].length != 0)
        return;
    for (u64 i = name.length; i > 0; i--)
        if (name.at[i - 1] == '/') {
            name = (struct text){name.at + i, name.length - i};
            break;
        }
    if (!text_is(name, CONFIG_PYGRUB))
        config_refuse(guest, KEY_BOOTLOADER,
                      "bootloader = \"%.*s\" is not served here; write \"pygrub\"",
                      SHOW(guest->string[KEY_BOOTLOADER]));
    else if (guest->type != CONFIG_PV)
        config_refuse(guest, KEY_BOOTLOADER,
                      "bootloader = \"pygrub\" is for type = \"pv\"; change one of them");
    else if (guest->list[0].count == 0)
        config_refuse(guest, KEY_BOOTLOADER,
                      "bootloader = \"pygrub\" without a disk to boot from; add disk = [ ]");
    guest->string[KEY_KERNEL] = (struct text){CONFIG_PYGRUB, sizeof(CONFIG_PYGRUB) - 1};
}

/* Of the firmware that xl knows only UEFI is there; all a guest starts is on its disk then. */
static void firmware_check(struct config *guest)
{
    static const enum config_key others[] = {KEY_KERNEL, KEY_RAMDISK, KEY_CMDLINE,
                                             KEY_ROOT,   KEY_EXTRA,   KEY_BOOTLOADER};
    struct text name = guest->string[KEY_FIRMWARE];

    if (name.length == 0)
        return;
    if (!text_is(name, CONFIG_UEFI) && !text_is(name, "ovmf"))
        config_refuse(guest, KEY_FIRMWARE,
                      "firmware = \"%.*s\" is not served here; write \"uefi\"", SHOW(name));
    else if (guest->type != CONFIG_HYPERV)
        config_refuse(guest, KEY_FIRMWARE,
                      "firmware = \"uefi\" is for type = \"hyperv\"; change one of them");
    else if (guest->list[0].count == 0)
        config_refuse(guest, KEY_FIRMWARE,
                      "firmware = \"uefi\" without a disk to boot from; add disk = [ ]");
    for (u32 i = 0; i < ARRAY_SIZE(others); i++)
        if (guest->line[others[i]])
            config_refuse(guest, others[i],
                          "%s = is not for a guest that starts by firmware; leave it out",
                          key_name(others[i]));
    guest->string[KEY_KERNEL] = (struct text){CONFIG_UEFI, sizeof(CONFIG_UEFI) - 1};
    guest->has_firmware = true;
}

static void name_check(const struct manifest *manifest, struct config *guest)
{
    struct text name = guest->string[KEY_NAME];

    if (!guest->line[KEY_NAME])
        config_refuse(guest, KEY_NAME, "a guest without a name; add name = \"...\"");
    for (const struct config *other = manifest->guest; other < guest; other++)
        if (guest->line[KEY_NAME] && text_equal(other->string[KEY_NAME], name))
            config_refuse(guest, KEY_NAME,
                          "the name \"%.*s\" is taken at %.*s:%u; choose another", SHOW(name),
                          SHOW(other->file), other->line[KEY_NAME]);
}

static void interface_check(struct config *guest)
{
    if (guest->has_viridian && guest->type == CONFIG_PV)
        config_refuse(
            guest, KEY_VIRIDIAN,
            "viridian = 1 is for type = \"pvh\"; a PV guest sees Xen only, leave it out");
    if (guest->has_tsc_control && guest->type != CONFIG_HYPERV)
        config_refuse(guest, KEY_TSC_INVARIANT,
                      "tsc_invariant = 1 is for type = \"hyperv\"; leave it out");
}

/* Numbers that are not there are filled in. */
static void numbers_check(struct config *guest)
{
    if (guest->vcpus == 0)
        guest->vcpus = 1;
    if (guest->maxvcpus == 0)
        guest->maxvcpus = guest->vcpus;
    if (guest->maxvcpus < guest->vcpus)
        config_refuse(guest, KEY_MAXVCPUS, "maxvcpus = %u is less than vcpus = %u; raise it",
                      guest->maxvcpus, guest->vcpus);
    if (!guest->line[KEY_MEMORY])
        guest->memory_mib = guest->maxmem_mib ? guest->maxmem_mib : 512;
    if (guest->cpu_weight == 0)
        guest->cpu_weight = CONFIG_WEIGHT_USUAL;
    if (guest->maxmem_mib && guest->maxmem_mib < guest->memory_mib)
        config_refuse(guest, KEY_MAXMEM, "maxmem = %lu is less than memory = %lu; raise it",
                      (unsigned long)guest->maxmem_mib, (unsigned long)guest->memory_mib);
}

static void cmdline_check(struct config *guest)
{
    u64 limit = guest->type == CONFIG_PV ? CMDLINE_PV_MAX : CMDLINE_PVH_MAX;
    u64 length = config_cmdline(guest, NULL, 0);

    if (length > limit)
        config_refuse(
            guest, guest->line[KEY_CMDLINE] ? KEY_CMDLINE : KEY_EXTRA,
            "the command line has %lu bytes, a %s guest takes at most %lu; shorten it",
            (unsigned long)length, config_type_name(guest->type), (unsigned long)limit);
}

void config_check(struct manifest *manifest, struct config *guest)
{
    name_check(manifest, guest);
    bootloader_check(guest);
    firmware_check(guest);
    if (guest->string[KEY_KERNEL].length == 0)
        config_refuse(guest, KEY_KERNEL, "guest \"%.*s\" has no kernel; add kernel = \"path\"",
                      SHOW(guest->string[KEY_NAME]));
    interface_check(guest);
    numbers_check(guest);
    cmdline_check(guest);
    if (guest->is_refused)
        manifest->refused++;
}
