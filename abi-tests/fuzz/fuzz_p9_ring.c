/* A 9P front-end that writes what it likes into its page and its rings, between and while the
 * back-end serves it. */
// sources: guest-drivers/service/p9_ring.c guest-drivers/service/ninep.c
// sources: guest-drivers/service/ninep_file.c guest-drivers/service/ninep_fid.c
// sources: guest-drivers/service/cpio.c abi-tests/unit/fake_platform.c
#include <stdlib.h>
#include "abi-tests/unit/cpio_archive.h"
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/p9_ring.h"

#define PAGES 3u /* the shared one, then those for replies and for requests */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void back_make(struct p9_back *back)
{
    static struct cpio_node nodes[8];
    static struct cpio tree = {.node = nodes, .room = 8};
    struct xen_p9fs_interface *shared = (struct xen_p9fs_interface *)(void *)fake_pages[0];

    archive_begin();
    entry_put("a", 0040755, 1, 2, "");
    entry_put("a/b", 0100644, 2, 1, "content");
    archive_end();
    fake_platform_reset();
    shared->ring_order = 1;
    shared->ref[0] = 1;
    shared->ref[1] = 2;
    p9_back_make(back, &tree, 1);
    if (cpio_index(&tree, archive, archive_used) != ST_OK || p9_ring_open(back, 0, 7) != ST_OK)
        abort();
    p9_back_begin(back);
}

/* Input: steps of {place, count, bytes}: they are written there, then the ring is served. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct p9_back back;

    back_make(&back);
    for (size_t at = 0; at + 4 <= size;) {
        u32 offset = (u32)(bytes[at] | bytes[at + 1] << 8) % (PAGES * 4096);
        size_t count = MIN((size_t)bytes[at + 2], size - at - 3);

        count = MIN(count, (size_t)(PAGES * 4096 - offset));
        memcpy(&fake_pages[0][0] + offset, bytes + at + 3, count);
        at += 3 + count;
        (void)p9_port_serve(&back, 107);
        if (p9_continue(&back) && back.is_broken)
            abort();
    }
    p9_back_close(&back);
    if (fake_rings != 0 || fake_ports != 0)
        abort();
    return 0;
}
