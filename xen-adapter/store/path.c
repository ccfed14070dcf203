#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

static bool char_is_valid(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '/' || c == '_' || c == '@';
}

bool path_is_valid(const char *path, enum path_kind kind)
{
    size_t length = strlen(path);
    size_t i;

    if (!length || length > STORE_PATH_MAX)
        return false;
    if (path[0] == '@' && kind != PATH_NODE_OR_SPECIAL)
        return false;
    if (length > 1 && path[length - 1] == '/')
        return false;
    for (i = 0; i < length; i++)
        if (!char_is_valid(path[i]) || (path[i] == '/' && path[i + 1] == '/'))
            return false;
    return true;
}

u32 number_write(char *out, u64 value)
{
    char digits[20];
    u32 count = 0, i;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    out[count] = 0;
    return count;
}

bool number_read(const char *text, u64 *out)
{
    u64 value = 0;
    u32 i;

    for (i = 0; text[i]; i++) {
        if (text[i] < '0' || text[i] > '9' || i > 18)
            return false;
        value = value * 10 + (u64)(text[i] - '0');
    }
    *out = value;
    return i > 0;
}

static const char home[] = "/local/domain/";

/* A guest's paths are limited without the "/local/domain/N/" before them. */
static bool is_short_enough(const struct connection *c, const char *path)
{
    const char *rest = path;

    if (c->is_privileged)
        return true;
    if (!strncmp(path, home, sizeof(home) - 1)) {
        rest += sizeof(home) - 1;
        while (*rest >= '0' && *rest <= '9')
            rest++;
        rest = *rest == '/' ? rest + 1 : path;
    }
    return strlen(rest) <= GUEST_PATH_MAX;
}

enum store_error path_absolute(const struct connection *c, const char *path,
                               enum path_kind kind, char out[STORE_PATH_MAX + 1])
{
    size_t length = strlen(path);
    u32 prefix = 0;

    if (!length || length > STORE_PATH_MAX)
        return STORE_EINVAL;
    if (path[0] != '/' && path[0] != '@') {
        kind = PATH_NODE;
        memcpy(out, home, sizeof(home));
        prefix = (u32)sizeof(home) - 1;
        prefix += number_write(out + prefix, c->domid);
        out[prefix++] = '/';
    }
    if (prefix + length > STORE_PATH_MAX)
        return STORE_EINVAL;
    memcpy(out + prefix, path, length + 1);
    return path_is_valid(out, kind) && is_short_enough(c, out) ? STORE_OK : STORE_EINVAL;
}

u32 path_parent_bytes(const char *path)
{
    u32 i, slash = 0;

    if (path[0] != '/' || !path[1])
        return 0;
    for (i = 0; path[i]; i++)
        if (path[i] == '/')
            slash = i;
    return slash ? slash : 1;
}

bool path_is_below_or_same(const char *path, const char *top)
{
    size_t length = strlen(top);

    if (length == 1 && top[0] == '/')
        return path[0] == '/';
    return !strncmp(path, top, length) && (!path[length] || path[length] == '/');
}
