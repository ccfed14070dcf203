#include "guest-drivers/service/cpio.h"
#include "hv/lib/string.h"

/* An entry begins with a magic number and these, each eight hexadecimal digits; its name and
 * its bytes follow, both to a multiple of four. */
enum field {
    INODE,
    MODE,
    UID,
    GID,
    LINKS,
    MTIME,
    SIZE,
    DEVICE_MAJOR,
    DEVICE_MINOR,
    NODE_MAJOR,
    NODE_MINOR,
    NAME_BYTES,
    CHECK,
    FIELDS,
};
#define MAGIC        "070701"
#define MAGIC_BYTES  6u
#define DIGITS       8u
#define HEADER_BYTES (MAGIC_BYTES + FIELDS * DIGITS)
#define ALIGNMENT    4u
#define END_NAME     "TRAILER!!!"

struct entry {
    u32 field[FIELDS];
    const char *name;
    u32 name_bytes; /* without the end byte */
    const u8 *data;
};

struct walk {
    const u8 *bytes;
    u64 size;
    u64 at;
};

static u32 hex_digit(u8 c)
{
    if (c >= '0' && c <= '9')
        return c - (u32)'0';
    c |= 0x20;
    return c >= 'a' ? c - (u32)'a' + 10 : 16;
}

static enum status number_read(const u8 *digits, u32 *out)
{
    *out = 0;
    for (u32 i = 0; i < DIGITS; i++) {
        if (hex_digit(digits[i]) > 15)
            return ST_CORRUPT;
        *out = *out << 4 | hex_digit(digits[i]);
    }
    return ST_OK;
}

static enum status header_read(const u8 *header, struct entry *out)
{
    if (memcmp(header, MAGIC, MAGIC_BYTES) != 0)
        return ST_CORRUPT;
    for (u32 i = 0; i < FIELDS; i++)
        TRY(number_read(header + MAGIC_BYTES + i * DIGITS, &out->field[i]));
    return ST_OK;
}

/* The next entry; ST_NO_DATA: it was the last. */
static enum status entry_read(struct walk *walk, struct entry *out)
{
    const u8 *header = walk->bytes + walk->at;
    u64 left = walk->size - walk->at;
    u64 data_at, end;

    if (left < HEADER_BYTES)
        return ST_CORRUPT;
    TRY(header_read(header, out));
    data_at = align_up((u64)HEADER_BYTES + out->field[NAME_BYTES], ALIGNMENT);
    end = data_at + out->field[SIZE];
    if (end > left || out->field[NAME_BYTES] == 0)
        return ST_CORRUPT;
    out->name = (const char *)header + HEADER_BYTES;
    out->name_bytes = out->field[NAME_BYTES] - 1;
    if (strnlen(out->name, out->field[NAME_BYTES]) != out->name_bytes)
        return ST_CORRUPT;
    out->data = header + data_at;
    walk->at += MIN(align_up(end, ALIGNMENT), left);
    return strcmp(out->name, END_NAME) == 0 ? ST_NO_DATA : ST_OK;
}

enum status cpio_count(const u8 *bytes, u64 size, u32 *count)
{
    struct walk walk = {bytes, size, 0};
    struct entry entry;
    enum status status = entry_read(&walk, &entry);

    for (*count = 1; status == ST_OK; ++*count)
        status = entry_read(&walk, &entry);
    return status == ST_NO_DATA ? ST_OK : status;
}

/* FNV-1a. */
static u32 *bucket_of(const struct cpio *tree, u32 folder, const char *name, u32 bytes)
{
    u32 hash = 2166136261u ^ folder * 2654435761u;

    for (u32 i = 0; i < bytes; i++)
        hash = (hash ^ (u8)name[i]) * 16777619u;
    return &tree->node[hash % tree->room].bucket;
}

u32 cpio_find(const struct cpio *tree, u32 folder, const char *name, u32 bytes)
{
    u32 i = *bucket_of(tree, folder, name, bytes);

    for (; i != CPIO_NONE; i = tree->node[i].chain) {
        const struct cpio_node *node = &tree->node[i];

        if (node->parent == folder && node->name_bytes == bytes &&
            memcmp(node->name, name, bytes) == 0)
            break;
    }
    return i;
}

static void node_fill(struct cpio_node *node, const struct entry *entry)
{
    node->data = entry->data;
    node->size = entry->field[SIZE];
    node->mode = entry->field[MODE];
    node->uid = entry->field[UID];
    node->gid = entry->field[GID];
    node->links = entry->field[LINKS];
    node->mtime = entry->field[MTIME];
    node->major = entry->field[NODE_MAJOR];
    node->minor = entry->field[NODE_MINOR];
    node->inode = entry->field[INODE];
}

/* The names of one file stand one after the other, and the last has its bytes. */
static void links_join(struct cpio *tree, u32 last)
{
    const struct cpio_node *file = &tree->node[last];

    if (file->links < 2 || !cpio_is(file, CPIO_FILE))
        return;
    for (u32 i = last - 1; i > CPIO_ROOT; i--) {
        struct cpio_node *other = &tree->node[i];

        if (other->inode != file->inode || !cpio_is(other, CPIO_FILE) || other->size != 0)
            break;
        other->data = file->data;
        other->size = file->size;
        other->identity = last;
    }
}

static enum status node_add(struct cpio *tree, u32 folder, const char *name, u32 bytes,
                            const struct entry *entry)
{
    u32 index = tree->count;
    struct cpio_node *node = &tree->node[index];
    u32 *bucket = bucket_of(tree, folder, name, bytes);

    if (index == tree->room)
        return ST_NO_SPACE;
    if (cpio_find(tree, folder, name, bytes) != CPIO_NONE)
        return ST_EXISTS;
    node_fill(node, entry);
    if (cpio_is(node, CPIO_LINK) && node->size > CPIO_LINK_MAX)
        return ST_CORRUPT;
    node->name = name;
    node->name_bytes = bytes;
    node->identity = index;
    node->parent = folder;
    node->next = tree->node[folder].child;
    tree->node[folder].child = index;
    node->chain = *bucket;
    *bucket = index;
    tree->count++;
    links_join(tree, index);
    return ST_OK;
}

static bool is_name(const char *name, u64 bytes)
{
    return bytes != 0 && bytes <= CPIO_NAME_MAX && !(bytes == 1 && name[0] == '.') &&
           !(bytes == 2 && name[0] == '.' && name[1] == '.');
}

/* Every folder on the way is there already. */
static enum status path_add(struct cpio *tree, const struct entry *entry)
{
    const char *at = entry->name;
    u32 folder = CPIO_ROOT;

    if (strcmp(at, ".") == 0) {
        node_fill(&tree->node[CPIO_ROOT], entry);
        return cpio_is(&tree->node[CPIO_ROOT], CPIO_FOLDER) ? ST_OK : ST_CORRUPT;
    }
    if (strncmp(at, "./", 2) == 0)
        at += 2;
    for (;;) {
        const char *slash = strchr(at, '/');
        u64 bytes = slash ? (u64)(slash - at) : strlen(at);

        if (!is_name(at, bytes) || !cpio_is(&tree->node[folder], CPIO_FOLDER))
            return ST_CORRUPT;
        if (!slash)
            return node_add(tree, folder, at, (u32)bytes, entry);
        folder = cpio_find(tree, folder, at, (u32)bytes);
        if (folder == CPIO_NONE)
            return ST_CORRUPT;
        at = slash + 1;
    }
}

enum status cpio_index(struct cpio *tree, const u8 *bytes, u64 size)
{
    struct walk walk = {bytes, size, 0};
    struct entry entry;
    enum status status;

    if (tree->room == 0)
        return ST_NO_SPACE;
    memset(tree->node, 0, tree->room * sizeof(*tree->node));
    tree->node[CPIO_ROOT].mode = CPIO_FOLDER | 0755u;
    tree->node[CPIO_ROOT].links = 2;
    tree->count = 1;
    tree->bytes = size;
    while ((status = entry_read(&walk, &entry)) == ST_OK)
        TRY(path_add(tree, &entry));
    return status == ST_NO_DATA ? ST_OK : status;
}
