/* Any messages to the 9P server: each has one reply, as long as it says and as was agreed. */
// sources: guest-drivers/service/ninep.c guest-drivers/service/ninep_file.c
// sources: guest-drivers/service/ninep_fid.c guest-drivers/service/cpio.c
#include <stdlib.h>
#include "abi-tests/unit/cpio_archive.h"
#include "guest-drivers/service/ninep.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct cpio *tree_make(void)
{
    static struct cpio_node nodes[8];
    static struct cpio tree = {.node = nodes, .room = 8};

    if (tree.count != 0)
        return &tree;
    archive_begin();
    entry_put("a", 0040755, 1, 2, "");
    entry_put("a/b", 0100644, 2, 1, "content");
    entry_put("c", 0120777, 3, 1, "a/b");
    archive_end();
    if (cpio_index(&tree, archive, archive_used) != ST_OK)
        abort();
    return &tree;
}

/* Input: messages without their size, each behind a byte that tells how long it is. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct ninep server;
    static struct ninep_reply reply;
    u32 said;

    ninep_begin(&server, tree_make(), 8192);
    for (size_t at = 0; at < size;) {
        u8 *request = malloc(4 + 3 + 255u);
        u32 count = (u32)MIN((size_t)bytes[at], size - at - 1);

        memset(request, 0, NINEP_HEADER_BYTES);
        memcpy(request + 4, bytes + at + 1, count);
        at += 1 + count;
        count = MAX(count + 4, NINEP_HEADER_BYTES);
        request = realloc(request, count); /* so that a byte too far is seen */
        ninep_serve(&server, request, count, &reply);
        free(request);
        memcpy(&said, reply.head, 4);
        if (said != reply.head_bytes + reply.data_bytes || said > server.message_max ||
            server.message_max > 8192)
            abort();
        if (reply.data_bytes != 0 &&
            (reply.data < archive || reply.data + reply.data_bytes > archive + archive_used))
            abort();
    }
    return 0;
}
