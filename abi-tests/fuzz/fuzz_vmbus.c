/* A guest that posts what it likes to VMBus and writes what it likes into its rings, between
 * and while they are served; a storage controller is behind the channel and its sub-channels.
 */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/storvsc.h"

#define SECTORS 64u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static u8 medium[SECTORS * SECTOR_BYTES];
static struct disk disk;
static struct guest_memory memory;
static struct vmbus bus;
static struct vmbus_channel channel;
static struct storvsc storvsc;

static void begin(u8 how)
{
    fake_vmbus_reset();
    memory_disk_make(&disk, medium, sizeof(medium), DISK_DISCARDS);
    vmbus_make(&bus, &memory);
    storvsc_make(&storvsc, &channel, 0, 8);
    if (storvsc_unit_add(&storvsc, &disk, SCSI_READ_WRITE, "x") != ST_OK ||
        vmbus_channel_offer(&bus, &channel) != ST_OK)
        abort();
    if (how & 1) {
        fake_vmbus_contact(&bus);
        (void)fake_channel_open(&bus, 1, 10, 2);
    }
    if (how & 2)
        storvsc.state = STORVSC_READY;
    if ((how & 9) == 9 && vmbus_sub_channels_offer(&channel, 2) == ST_OK)
        (void)fake_channel_open(&bus, 2, 14, 2);
    if (how & 4)
        fake_pins_max = 10;
}

/* A packet into a ring of the guest, so that not every one has to be found by chance. */
static void packet_put(const u8 *bytes, u32 count)
{
    const struct vmbus_channel *to = bus.channel[count & 2 ? 1 : 0];
    struct fake_ring out = fake_ring_at(count & 2 ? 14 : 10, 2);
    u32 more = MIN(count, 32u) & ~7u;

    if (!to || to->state != VMBUS_OPENED || out.head->write >= out.bytes)
        return;
    fake_ring_put(&out, count & 1 ? VMBUS_PACKET_GPA_DIRECT : VMBUS_PACKET_INBAND, 1, bytes,
                  more, bytes + more, count - more);
}

/* Input: how to begin, then steps of {kind, count, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t at = 1;

    if (size < 2)
        return 0;
    begin(bytes[0]);
    while (at + 2 <= size) {
        u8 kind = bytes[at];
        u32 count = (u32)MIN((size_t)bytes[at + 1], size - at - 2);
        const u8 *from = bytes + at + 2;
        u32 place = (kind >> 2) * 64u;

        at += 2 + count;
        if ((kind & 3) == 0 && vmbus_is_ready(&bus))
            vmbus_message(&bus, VMBUS_CONNECTION_5_0, from, count);
        else if ((kind & 3) == 1 && vmbus_is_ready(&bus))
            vmbus_message(&bus, VMBUS_CONNECTION_OLD, from, count);
        else if ((kind & 3) == 2)
            memcpy(fake_ram[10] + place, from, count);
        else
            packet_put(from, count);
        for (u32 relid = 1; relid <= 3; relid++)
            (void)vmbus_port_serve(&bus, FAKE_PORT + relid);
        (void)vmbus_port_serve(&bus,
                               FAKE_PORT + VMBUS_CONNECTION_EVENT - VMBUS_CONNECTION_BASE);
        (void)vmbus_continue(&bus);
        (void)vmbus_flush(&bus);
        if (bus.gpadls.used > VMBUS_FRAMES_MAX)
            abort();
    }
    vmbus_end(&bus);
    for (u32 i = 1; i < VMBUS_CHANNELS_MAX; i++)
        if (bus.channel[i])
            abort();
    if (fake_pins != 0 || fake_events != 0 || storvsc.jobs != 0)
        abort();
    return 0;
}
