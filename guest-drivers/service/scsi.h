/*
 * SCSI disks above the disk core: command blocks in, answers or disk requests out. Nothing here
 * touches a guest's memory. [SPC-4, SBC-3]
 */
#ifndef GUEST_DRIVERS_SERVICE_SCSI_H
#define GUEST_DRIVERS_SERVICE_SCSI_H

#include "guest-drivers/service/disk.h"

#define SCSI_UNITS_MAX      16u
#define SCSI_CDB_BYTES      16u
#define SCSI_SENSE_BYTES    18u
#define SCSI_ANSWER_MAX     256u
#define SCSI_PARAMETERS_MAX 24u /* bytes a command carries that are no sectors */
#define SCSI_SERIAL_BYTES   20u
/* Sectors of a command at most, and pages they lie in at most. */
#define SCSI_SECTORS_MAX    ((DISK_PIECES_MAX - 1) * 8)

enum scsi_access { SCSI_READ_WRITE, SCSI_READ_ONLY };

struct scsi_unit {
    struct disk *disk; /* NULL: there is no such unit */
    enum scsi_access access;
    char serial[SCSI_SERIAL_BYTES + 1];
};

/* The units of a target, by their numbers. */
struct scsi_target {
    struct scsi_unit unit[SCSI_UNITS_MAX];
};

enum scsi_status { SCSI_GOOD = 0, SCSI_CHECK_CONDITION = 2 };

enum scsi_step {
    SCSI_ANSWERED, /* status, sense and answer are set */
    SCSI_ASKS,     /* parameter_bytes of the initiator's data are to be given */
    SCSI_WORKS,    /* the disk is to be asked: op, sector, sectors, is_lasting */
};

struct scsi_command {
    struct scsi_target *target;
    const struct scsi_unit *unit;
    u8 cdb[SCSI_CDB_BYTES];
    enum scsi_status status;
    u8 sense[SCSI_SENSE_BYTES];
    u8 answer[SCSI_ANSWER_MAX];
    u32 answer_bytes; /* not more than the command allows */
    u32 parameter_bytes;
    enum disk_op op;
    bool is_lasting;
    u64 sector, sectors;
};

/* Decodes a command to unit `lun`; cdb has SCSI_CDB_BYTES, zero behind its end. */
enum scsi_step scsi_begin(struct scsi_command *command, struct scsi_target *target, u32 lun,
                          const u8 *cdb);
/* Goes on with the parameters that were asked for. */
enum scsi_step scsi_parameters(struct scsi_command *command, const u8 *bytes);
/* How the disk request ended. */
void scsi_end(struct scsi_command *command, enum status status);

/* ---- between its parts ---- */

/* Sense keys with their additional codes: key << 16 | code << 8 | qualifier. [SPC-4 D.2] */
enum scsi_sense {
    SCSI_NO_SENSE = 0,
    SCSI_MEDIUM_ERROR = 0x031100,
    SCSI_PARAMETERS_LENGTH = 0x051a00,
    SCSI_NO_COMMAND = 0x052000,
    SCSI_BEYOND_END = 0x052100,
    SCSI_BAD_FIELD = 0x052400,
    SCSI_NO_UNIT = 0x052500,
    SCSI_BAD_PARAMETER = 0x052600,
    SCSI_NOT_SAVED = 0x053900,
    SCSI_PROTECTED = 0x072700,
};
void scsi_sense_put(u8 *sense, enum scsi_sense what);
enum scsi_step scsi_refuse(struct scsi_command *command, enum scsi_sense why);
/* Answers with the first `bytes` of answer[], as far as the command allows. */
enum scsi_step scsi_answer(struct scsi_command *command, u32 bytes, u32 allowed);

static inline bool scsi_is_thin(const struct scsi_unit *unit)
{
    return (unit->disk->flags & DISK_DISCARDS) && unit->access == SCSI_READ_WRITE;
}
static inline bool scsi_is_readonly(const struct scsi_unit *unit)
{
    return (unit->disk->flags & DISK_READONLY) || unit->access == SCSI_READ_ONLY;
}

/* What a unit says of itself. */
enum scsi_step scsi_inquiry(struct scsi_command *command);
enum scsi_step scsi_mode_sense(struct scsi_command *command);

/* Numbers of SCSI are big-endian. */
static inline u64 scsi_get(const u8 *from, u32 bytes)
{
    u64 value = 0;

    for (u32 i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}
static inline void scsi_put(u8 *to, u32 bytes, u64 value)
{
    for (u32 i = bytes; i != 0; i--, value >>= 8)
        to[i - 1] = (u8)value;
}

#endif
