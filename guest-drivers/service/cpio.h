/*
 * A cpio archive of the kind "newc" as a tree of files: nothing is unpacked, a node points to
 * its bytes in the archive. Pure: archive and nodes are the caller's and must stay. [cpio(5)]
 */
#ifndef GUEST_DRIVERS_SERVICE_CPIO_H
#define GUEST_DRIVERS_SERVICE_CPIO_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define CPIO_ROOT     0u
#define CPIO_NONE     0u /* where the root cannot be meant: no such child */
#define CPIO_NAME_MAX 255u
#define CPIO_LINK_MAX 4095u /* bytes of a symbolic link's target */

/* The kinds of files in a mode. [stat(2)] */
#define CPIO_KIND   0170000u
#define CPIO_FOLDER 0040000u
#define CPIO_FILE   0100000u
#define CPIO_LINK   0120000u

struct cpio_node {
    const char *name; /* without an end byte */
    const u8 *data;   /* of a file, or the target of a symbolic link */
    u32 name_bytes;
    u32 size;
    u32 mode, uid, gid, links, mtime, major, minor;
    u32 inode;    /* in the archive */
    u32 identity; /* a node: the same for all names of one file */
    u32 parent;   /* the root's own is the root */
    u32 child;    /* the first; CPIO_NONE */
    u32 next;     /* child of the same parent */
    u32 bucket;   /* the first node whose name has this node's number as its hash ... */
    u32 chain;    /* ... and the one after this one there */
};

struct cpio {
    struct cpio_node *node;
    u32 count;
    u32 room;
    u64 bytes; /* of the archive */
};

/* How many nodes the archive needs. ST_CORRUPT: it is none, or it is cut off. */
enum status cpio_count(const u8 *bytes, u64 size, u32 *count);
/*
 * Fills tree->node, of which there are tree->room. ST_CORRUPT: the archive makes no sense, or
 * an entry stands before its folder; ST_EXISTS: two have one name; ST_NO_SPACE: too few nodes.
 */
enum status cpio_index(struct cpio *tree, const u8 *bytes, u64 size);

/* A child of a folder by its name; CPIO_NONE. */
u32 cpio_find(const struct cpio *tree, u32 folder, const char *name, u32 bytes);

static inline bool cpio_is(const struct cpio_node *node, u32 kind)
{
    return (node->mode & CPIO_KIND) == kind;
}

#endif
