/* A front-end that writes what it likes into its ring and its pages, between and while the
 * back-end serves it. */
// sources: guest-drivers/service/blk.c guest-drivers/service/blk_ring.c
// sources: guest-drivers/service/xen_ring.c
// sources: guest-drivers/service/disk.c abi-tests/unit/fake_platform.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/blk.h"

#define SECTORS 64u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Input: layout, then steps of {target, bytes}: a piece of the ring page or of page 1 is
 * overwritten, then the queue is served. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static u8 medium[SECTORS * SECTOR_BYTES];
    struct blk_offer offer = {.pages = 1, .port = 7};
    struct disk disk;
    struct blk_back back;
    size_t at = 1;

    if (size < 2)
        return 0;
    fake_platform_reset();
    offer.layout = bytes[0] & 1 ? BLK_32 : BLK_64;
    memory_disk_make(&disk, medium, sizeof(medium), bytes[0] & 2 ? DISK_READONLY : 0);
    blk_back_make(&back, &disk, 1, bytes[0] & 4 ? BLK_READ_ONLY : BLK_READ_WRITE);
    if (blk_queue_open(&back, &offer) != ST_OK)
        abort();
    while (at + 4 <= size) {
        u32 offset = (u32)(bytes[at] | bytes[at + 1] << 8) % 8192;
        size_t count = MIN((size_t)bytes[at + 2], size - at - 3);

        count = MIN(count, 8192u - offset);
        memcpy(&fake_pages[0][0] + offset, bytes + at + 3, count);
        at += 3 + count;
        (void)blk_port_serve(&back, 107);
        (void)blk_continue(&back);
        if (fake_users != 0 || back.jobs != 0)
            abort();
    }
    blk_back_close(&back);
    return 0;
}
