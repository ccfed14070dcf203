/* An archive with bytes written over it: a tree whose every node can be found and read, or a
 * refusal. */
// sources: guest-drivers/service/cpio.c
#include <stdlib.h>
#include "abi-tests/unit/cpio_archive.h"
#include "guest-drivers/service/cpio.h"

#define NODES 16u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void node_check(const struct cpio *tree, u32 i)
{
    const struct cpio_node *node = &tree->node[i];
    volatile u8 sum = 0;

    for (u32 k = 0; k < node->size; k++)
        sum = (u8)(sum + node->data[k]);
    if (i == CPIO_ROOT)
        return;
    if (cpio_find(tree, node->parent, node->name, node->name_bytes) != i || node->parent >= i ||
        node->next >= i || node->name_bytes > CPIO_NAME_MAX ||
        !cpio_is(&tree->node[node->parent], CPIO_FOLDER))
        abort();
}

static void archive_make(void)
{
    archive_begin();
    entry_put(".", 0040755, 1, 3, "");
    entry_put("./a", 0040755, 2, 3, "");
    entry_put("./a/b", 0040755, 3, 2, "");
    entry_put("./a/b/c", 0100644, 4, 2, "");
    entry_put("./a/d", 0100644, 4, 2, "content");
    entry_put("./e", 0120777, 5, 1, "a/d");
    archive_end();
}

/* Input: how many bytes are left, then steps of {place, count, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct cpio_node nodes[NODES];
    struct cpio tree = {.node = nodes};
    enum status status;
    u8 *copy;

    if (size < 2)
        return 0;
    archive_make();
    for (size_t at = 2; at + 3 < size;) {
        size_t offset = (size_t)(bytes[at] | bytes[at + 1] << 8) % archive_used;
        size_t count = MIN(MIN((size_t)bytes[at + 2], size - at - 3), archive_used - offset);

        memcpy(archive + offset, bytes + at + 3, count);
        at += 3 + count;
    }
    size = MIN((size_t)(bytes[0] | bytes[1] << 8), archive_used);
    copy = malloc(size); /* so that a byte too far is seen */
    memcpy(copy, archive, size);
    if (cpio_count(copy, size, &tree.room) != ST_OK)
        tree.room = NODES;
    tree.room = MIN(tree.room, NODES);
    status = cpio_index(&tree, copy, size);
    if (tree.count > tree.room || (status == ST_NO_SPACE && tree.room < NODES))
        abort();
    for (u32 i = 0; i < tree.count; i++)
        node_check(&tree, i);
    free(copy);
    return 0;
}
