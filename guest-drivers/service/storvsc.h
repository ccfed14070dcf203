/*
 * The storage service of a VMBus guest: a controller with the disks of a guest as its units.
 * Commands come by any of its channels, with the pages of the guest they are about; those are
 * touched only while the command is under way.
 */
#ifndef GUEST_DRIVERS_SERVICE_STORVSC_H
#define GUEST_DRIVERS_SERVICE_STORVSC_H

#include "guest-drivers/service/scsi.h"
#include "guest-drivers/service/vmbus.h"

/* Commands of one controller that are under way at a time. */
#define STORVSC_JOBS_EACH  16u
/* Channels beside the first: one for so many processors. More of them cost the guest more
 * interrupts than they save it, see docs/decisions.md. */
#define STORVSC_VCPUS_EACH 4u

enum storvsc_state { STORVSC_CLOSED, STORVSC_BEGUN, STORVSC_READY };

struct storvsc {
    struct vmbus_channel *channel;
    struct scsi_target target;
    enum storvsc_state state;
    u16 version; /* 0: none agreed to yet */
    u32 sub_channels_max;
    u32 jobs;
    struct storvsc_job *stalled; /* waits for pages that others have in use */
    u64 requests, errors;
    u64 sectors_read, sectors_written;
};

extern const struct vmbus_service storvsc_service;

/* Makes `channel` one of this service's, without units, of a guest with so many processors;
 * vmbus_channel_offer() follows. */
void storvsc_make(struct storvsc *storvsc, struct vmbus_channel *channel, u32 instance,
                  u32 vcpus);
/* Adds the next unit: a disk with this serial number. ST_NO_SPACE. */
enum status storvsc_unit_add(struct storvsc *storvsc, struct disk *disk,
                             enum scsi_access access, const char *serial);

/* ---- between its parts ---- */

struct storvsp_packet;

/* A command, with its pages; it is answered by the channel it came by. Only while ready. */
void storvsc_execute(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                     const struct storvsp_packet *said);
enum vmbus_ready storvsc_ready(struct vmbus_channel *channel);
void storvsc_answer(struct vmbus_channel *channel, u64 transaction,
                    struct storvsp_packet *packet, u32 status);
/* Ends what came by this channel. */
void storvsc_settle(struct vmbus_channel *channel);

#endif
