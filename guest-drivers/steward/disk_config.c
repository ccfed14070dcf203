#include "guest-drivers/steward/disk_config.h"
#include "guest-drivers/steward/lexer.h"
#include "guest-drivers/steward/text.h"
#include "hv/lib/string.h"

#define MAJOR_XVD     202u
#define MAJOR_SD      8u
#define EXTENDED      ((u32)1 << 28)
#define DISKS_MAX     ((u32)1 << 20)
#define PARTITION_MAX 255u

struct reader {
    struct disk_config *out;
    bool has_prefix; /* "file:" says the format, so none follows */
    bool has_format;
    bool has_access;
};

static u32 vdev_number(char kind, u32 disk, u32 part)
{
    static const u8 hd_majors[] = {3, 22, 33, 34, 56, 57, 88, 89, 90, 91};

    if (kind == 'h' && disk / 2 < sizeof(hd_majors) && part < 64)
        return (u32)hd_majors[disk / 2] << 8 | (disk % 2) << 6 | part;
    if (kind == 's' && disk < 16 && part < 16)
        return MAJOR_SD << 8 | disk << 4 | part;
    if (kind == 'x' && disk < 16 && part < 16)
        return MAJOR_XVD << 8 | disk << 4 | part;
    return EXTENDED | disk << 8 | part;
}

/* "xvda", "sdb1", "hdc", or a number. */
static bool vdev_read(struct text text, u32 *out)
{
    u32 disk = 0;
    u32 part = 0;
    u64 number;
    struct text rest;
    u64 i = 0;

    if (text_number(text, &number)) {
        *out = (u32)number;
        return number <= UINT32_MAX;
    }
    if (!text_begins(text, "xvd", &rest) && !text_begins(text, "sd", &rest) &&
        !text_begins(text, "hd", &rest))
        return false;
    for (; i < rest.length && rest.at[i] >= 'a' && rest.at[i] <= 'z'; i++) {
        disk = disk * 26 + (u32)(rest.at[i] - 'a') + 1;
        if (disk > DISKS_MAX)
            return false;
    }
    if (i == 0)
        return false;
    for (; i < rest.length; i++) {
        if (rest.at[i] < '0' || rest.at[i] > '9')
            return false;
        part = part * 10 + (u32)(rest.at[i] - '0');
        if (part > PARTITION_MAX)
            return false;
    }
    *out = vdev_number(text.at[0], disk - 1, part);
    return true;
}

static bool format_is_known(struct text text)
{
    static const char *const formats[] = {"raw", "aio",  "qcow", "qcow2",
                                          "vhd", "vhdx", "qed",  "empty"};

    for (u32 i = 0; i < ARRAY_SIZE(formats); i++)
        if (text_is(text, formats[i]))
            return true;
    return text.length == 0;
}

static const char *set_format(struct reader *reader, struct text value)
{
    reader->has_format = true;
    reader->out->is_raw = value.length == 0 || text_is(value, "raw") || text_is(value, "aio");
    if (reader->out->is_raw || text_is(value, "qcow2") || text_is(value, "vhd") ||
        text_is(value, "vhdx"))
        return NULL;
    return "raw, qcow2, vhd and vhdx images are served here; convert it: qemu-img convert";
}

static const char *set_vdev(struct reader *reader, struct text value)
{
    struct disk_config *out = reader->out;
    u64 length = value.length;

    if (length > 6 && memcmp(value.at + length - 6, ":cdrom", 6) == 0) {
        out->is_cdrom = true;
        out->is_readonly = true;
        value.length -= 6;
    }
    out->vdev = value;
    return vdev_read(value, &out->number) ? NULL
                                          : "no such virtual device; write for example xvda";
}

static const char *set_access(struct reader *reader, struct text value)
{
    reader->has_access = true;
    reader->out->is_readonly = text_is(value, "r") || text_is(value, "ro");
    if (reader->out->is_readonly || text_is(value, "w") || text_is(value, "rw"))
        return NULL;
    return "the access is \"r\" or \"w\"; write one of them";
}

static void set_target(struct reader *reader, struct text value)
{
    static const char *const prefixes[] = {
        "file:", "phy:", "raw:", "aio:", "tap:", "tap2:", "qdisk:"};
    bool is_again = true;

    while (is_again) {
        is_again = false;
        for (u32 i = 0; i < ARRAY_SIZE(prefixes); i++) {
            if (text_begins(value, prefixes[i], &value)) {
                reader->has_prefix = true;
                is_again = true;
            }
        }
    }
    reader->out->target = value;
}

/* A value without a key: target, format, vdev, access, in this order. */
static const char *read_position(struct reader *reader, struct text value)
{
    struct disk_config *out = reader->out;

    if (!out->target.at) {
        set_target(reader, value);
        return NULL;
    }
    if (!reader->has_prefix && !reader->has_format && !out->vdev.at && format_is_known(value))
        return set_format(reader, value);
    if (!out->vdev.at)
        return set_vdev(reader, value);
    if (!reader->has_access)
        return set_access(reader, value);
    return "too many values; the order is target, format, vdev, access";
}

static const char *read_word(struct reader *reader, struct text word)
{
    static const char *const keys[] = {"backendtype=", "backend=", "script=", "removable="};
    static const char *const words[] = {"discard", "no-discard", "direct-io-safe",
                                        "devtype=disk"};
    struct text value;

    if (text_begins(word, "vdev=", &value))
        return set_vdev(reader, value);
    if (text_begins(word, "format=", &value))
        return set_format(reader, value);
    if (text_begins(word, "access=", &value))
        return set_access(reader, value);
    if (text_is(word, "cdrom") || text_is(word, "devtype=cdrom")) {
        reader->out->is_cdrom = true;
        reader->out->is_readonly = true;
        return NULL;
    }
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        if (text_begins(word, keys[i], &value))
            return NULL;
    for (u32 i = 0; i < ARRAY_SIZE(words); i++)
        if (text_is(word, words[i]))
            return NULL;
    if (memchr(word.at, '=', word.length))
        return "an unknown key; see xl-disk-configuration(5)";
    return read_position(reader, word);
}

const char *disk_config_read(struct text entry, struct disk_config *out)
{
    struct reader reader = {.out = out};
    const char *trouble = NULL;

    memset(out, 0, sizeof(*out));
    out->is_raw = true;
    while (!trouble && entry.length != 0) {
        struct text rest;

        /* The target may hold commas: it is all of the rest. */
        if (text_begins(text_trim(entry), "target=", &rest)) {
            set_target(&reader, rest);
            break;
        }
        trouble = read_word(&reader, text_trim(text_take(&entry, ',')));
    }
    if (trouble)
        return trouble;
    if (out->target.length == 0)
        return "no target; write 'file:/path,xvda,w' or 'format=raw,vdev=xvda,target=/path'";
    return out->vdev.length == 0 ? "no virtual device; add for example xvda" : NULL;
}
