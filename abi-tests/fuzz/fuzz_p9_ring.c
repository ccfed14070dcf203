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

static struct xen_p9fs_interface *shared = (struct xen_p9fs_interface *)(void *)fake_pages[0];

/* A message whose size is right, put where the next one belongs. */
static void message_put(const uint8_t *bytes, size_t count)
{
    u32 size = (u32)count + 4;
    u8 message[4 + 255];

    memcpy(message, &size, 4);
    memcpy(message + 4, bytes, count);
    for (u32 i = 0; i < size; i++)
        fake_pages[2][shared->out_prod++ % 4096] = message[i];
}

static void back_make(struct p9_back *back)
{
    static struct cpio_node nodes[8];
    static struct cpio tree = {.node = nodes, .room = 8};

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

/* One of the types that are served, with this as its body. */
static void body_put(u32 which, const uint8_t *bytes, size_t count)
{
    static const u8 types[] = {8, 12, 22, 24, 40, 50, 100, 104, 108, 110, 116, 118, 120, 122};
    u8 message[3 + 255] = {types[which % ARRAY_SIZE(types)]};

    count = MIN(count, 252u);
    memcpy(message + 3, bytes, count);
    message_put(message, count + 3);
}

/* Fid 0 is the root, 1 a file that is open, 2 the root again, open. */
static void session_begin(struct p9_back *back)
{
    static const struct {
        const char *bytes;
        u32 count;
    } messages[] = {
        {"\x68\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 19},
        {"\x6e\0\0\0\0\0\0\x01\0\0\0\x02\0\x01\0a\x01\0b", 19},
        {"\x6e\0\0\0\0\0\0\x02\0\0\0\0\0", 13},
        {"\x0c\0\0\x01\0\0\0\0\0\0\0", 11},
        {"\x0c\0\0\x02\0\0\0\0\0\0\0", 11},
    };

    for (u32 i = 0; i < ARRAY_SIZE(messages); i++) {
        message_put((const uint8_t *)messages[i].bytes, messages[i].count);
        (void)p9_port_serve(back, 107);
        shared->in_cons = shared->in_prod;
    }
    if (back->requests != ARRAY_SIZE(messages))
        abort();
}

/* Input: steps of {place, count, bytes}: they are written there, or put as a message, then the
 * ring is served; its replies may be fetched. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct p9_back back;

    back_make(&back);
    session_begin(&back);
    for (size_t at = 0; at + 4 <= size;) {
        u32 offset = (u32)(bytes[at] | bytes[at + 1] << 8);
        size_t count = MIN((size_t)bytes[at + 2], size - at - 3);

        if (offset & 0x8000)
            body_put(offset, bytes + at + 3, count);
        else
            memcpy(&fake_pages[0][0] + offset % (PAGES * 4096), bytes + at + 3,
                   MIN(count, (size_t)(PAGES * 4096 - offset % (PAGES * 4096))));
        at += 3 + count;
        (void)p9_port_serve(&back, 107);
        if (p9_continue(&back) && back.is_broken)
            abort();
        if (offset & 0x4000)
            shared->in_cons = shared->in_prod;
    }
    p9_back_close(&back);
    if (fake_rings != 0 || fake_ports != 0)
        abort();
    return 0;
}
