#include "guest-drivers/service/scsi.h"
#include "hv/lib/string.h"

/* [SPC-4 D.3, SBC-3 5] */
enum opcode {
    TEST_UNIT_READY = 0x00,
    REQUEST_SENSE = 0x03,
    INQUIRY = 0x12,
    MODE_SENSE_6 = 0x1a,
    READ_CAPACITY_10 = 0x25,
    READ_10 = 0x28,
    WRITE_10 = 0x2a,
    SYNCHRONIZE_CACHE_10 = 0x35,
    UNMAP = 0x42,
    MODE_SENSE_10 = 0x5a,
    READ_16 = 0x88,
    WRITE_16 = 0x8a,
    SYNCHRONIZE_CACHE_16 = 0x91,
    SERVICE_ACTION_IN = 0x9e,
    REPORT_LUNS = 0xa0,
};
#define READ_CAPACITY_16 0x10u /* service action */
#define PROTECTION_BITS  0xe0u /* cdb[1] of READ and WRITE */
#define FORCE_ACCESS     0x08u

void scsi_sense_put(u8 *sense, enum scsi_sense what)
{
    memset(sense, 0, SCSI_SENSE_BYTES);
    sense[0] = 0x70; /* fixed format, this command's */
    sense[2] = (u8)((u32)what >> 16);
    sense[7] = SCSI_SENSE_BYTES - 8;
    sense[12] = (u8)((u32)what >> 8);
    sense[13] = (u8)what;
}

enum scsi_step scsi_refuse(struct scsi_command *command, enum scsi_sense why)
{
    command->status = SCSI_CHECK_CONDITION;
    command->answer_bytes = 0;
    scsi_sense_put(command->sense, why);
    return SCSI_ANSWERED;
}

enum scsi_step scsi_answer(struct scsi_command *command, u32 bytes, u32 allowed)
{
    command->answer_bytes = MIN(bytes, allowed);
    return SCSI_ANSWERED;
}

static enum scsi_step request_sense(struct scsi_command *command)
{
    scsi_sense_put(command->answer, SCSI_NO_SENSE);
    return scsi_answer(command, SCSI_SENSE_BYTES, command->cdb[4]);
}

static enum scsi_step read_capacity_10(struct scsi_command *command)
{
    u64 last = command->unit->disk->sectors - 1;

    scsi_put(command->answer, 4, MIN(last, (u64)UINT32_MAX));
    scsi_put(command->answer + 4, 4, SECTOR_BYTES);
    return scsi_answer(command, 8, 8);
}

static enum scsi_step read_capacity_16(struct scsi_command *command)
{
    if ((command->cdb[1] & 0x1f) != READ_CAPACITY_16)
        return scsi_refuse(command, SCSI_BAD_FIELD);
    scsi_put(command->answer, 8, command->unit->disk->sectors - 1);
    scsi_put(command->answer + 8, 4, SECTOR_BYTES);
    command->answer[14] = scsi_is_thin(command->unit) ? 0x80 : 0; /* LBPME */
    return scsi_answer(command, 32, (u32)scsi_get(command->cdb + 10, 4));
}

static enum scsi_step report_luns(struct scsi_command *command)
{
    u32 allowed = (u32)scsi_get(command->cdb + 6, 4);
    u32 bytes = 0;

    if (allowed < 16)
        return scsi_refuse(command, SCSI_BAD_FIELD);
    for (u32 i = 0; i < SCSI_UNITS_MAX; i++) {
        if (!command->target->unit[i].disk)
            continue;
        command->answer[8 + bytes + 1] = (u8)i; /* flat addressing */
        bytes += 8;
    }
    scsi_put(command->answer, 4, bytes);
    return scsi_answer(command, 8 + bytes, allowed);
}
_Static_assert(8 + 8 * SCSI_UNITS_MAX <= SCSI_ANSWER_MAX, "every unit fits an answer");

/* READ and WRITE, whose numbers are at cdb + 2 and after. */
static enum scsi_step transfer(struct scsi_command *command, enum disk_op op, u32 sector_bytes,
                               u32 count_at, u32 count_bytes)
{
    const struct scsi_unit *unit = command->unit;

    command->op = op;
    command->sector = scsi_get(command->cdb + 2, sector_bytes);
    command->sectors = scsi_get(command->cdb + count_at, count_bytes);
    command->is_lasting = op == DISK_WRITE && (command->cdb[1] & FORCE_ACCESS);
    if ((command->cdb[1] & PROTECTION_BITS) || command->sectors > SCSI_SECTORS_MAX)
        return scsi_refuse(command, SCSI_BAD_FIELD);
    if (command->sector > unit->disk->sectors ||
        command->sectors > unit->disk->sectors - command->sector)
        return scsi_refuse(command, SCSI_BEYOND_END);
    if (op == DISK_WRITE && scsi_is_readonly(unit))
        return scsi_refuse(command, SCSI_PROTECTED);
    return command->sectors == 0 ? SCSI_ANSWERED : SCSI_WORKS;
}

static enum scsi_step synchronize(struct scsi_command *command)
{
    command->op = DISK_FLUSH; /* all of it, whatever part was named */
    return SCSI_WORKS;
}

static enum scsi_step unmap(struct scsi_command *command)
{
    u32 bytes = (u32)scsi_get(command->cdb + 7, 2);

    if (!scsi_is_thin(command->unit))
        return scsi_refuse(command, SCSI_NO_COMMAND);
    if (command->cdb[1] & 1) /* ANCHOR */
        return scsi_refuse(command, SCSI_BAD_FIELD);
    if (bytes == 0)
        return SCSI_ANSWERED;
    if (bytes < 8)
        return scsi_refuse(command, SCSI_PARAMETERS_LENGTH);
    command->parameter_bytes = MIN(bytes, SCSI_PARAMETERS_MAX);
    return SCSI_ASKS;
}

/* One descriptor, as the block limits say. [SBC-3 5.28] */
enum scsi_step scsi_parameters(struct scsi_command *command, const u8 *bytes)
{
    u32 described = (u32)scsi_get(bytes + 2, 2);

    if (described < 16)
        return SCSI_ANSWERED;
    if (described != 16 || command->parameter_bytes < SCSI_PARAMETERS_MAX)
        return scsi_refuse(command, SCSI_BAD_PARAMETER);
    command->op = DISK_DISCARD;
    command->sector = scsi_get(bytes + 8, 8);
    command->sectors = scsi_get(bytes + 16, 4);
    if (command->sector > command->unit->disk->sectors ||
        command->sectors > command->unit->disk->sectors - command->sector)
        return scsi_refuse(command, SCSI_BEYOND_END);
    return command->sectors == 0 ? SCSI_ANSWERED : SCSI_WORKS;
}

/* For a unit that is there. */
static enum scsi_step unit_begin(struct scsi_command *command)
{
    switch (command->cdb[0]) {
    case TEST_UNIT_READY:
        return SCSI_ANSWERED;
    case REQUEST_SENSE:
        return request_sense(command);
    case MODE_SENSE_6:
    case MODE_SENSE_10:
        return scsi_mode_sense(command);
    case READ_CAPACITY_10:
        return read_capacity_10(command);
    case SERVICE_ACTION_IN:
        return read_capacity_16(command);
    case READ_10:
        return transfer(command, DISK_READ, 4, 7, 2);
    case READ_16:
        return transfer(command, DISK_READ, 8, 10, 4);
    case WRITE_10:
        return transfer(command, DISK_WRITE, 4, 7, 2);
    case WRITE_16:
        return transfer(command, DISK_WRITE, 8, 10, 4);
    case SYNCHRONIZE_CACHE_10:
    case SYNCHRONIZE_CACHE_16:
        return synchronize(command);
    case UNMAP:
        return unmap(command);
    default:
        return scsi_refuse(command, SCSI_NO_COMMAND);
    }
}

enum scsi_step scsi_begin(struct scsi_command *command, struct scsi_target *target, u32 lun,
                          const u8 *cdb)
{
    memset(command, 0, sizeof(*command));
    command->target = target;
    command->unit = lun < SCSI_UNITS_MAX ? &target->unit[lun] : NULL;
    if (command->unit && !command->unit->disk)
        command->unit = NULL;
    memcpy(command->cdb, cdb, SCSI_CDB_BYTES);
    /* These two are answered for a unit that is not there too. [SPC-4 5.5.1] */
    if (cdb[0] == INQUIRY)
        return scsi_inquiry(command);
    if (cdb[0] == REPORT_LUNS)
        return report_luns(command);
    return command->unit ? unit_begin(command) : scsi_refuse(command, SCSI_NO_UNIT);
}

void scsi_end(struct scsi_command *command, enum status status)
{
    if (status == ST_RANGE)
        (void)scsi_refuse(command, SCSI_BEYOND_END);
    else if (status == ST_DENIED)
        (void)scsi_refuse(command, SCSI_PROTECTED);
    else if (status != ST_OK)
        (void)scsi_refuse(command, SCSI_MEDIUM_ERROR);
}
