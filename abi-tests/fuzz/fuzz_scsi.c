/* Command blocks and parameters of any kind; what comes out keeps to the disk and the answer.
 */
// sources: guest-drivers/service/scsi.c guest-drivers/service/scsi_pages.c
#include <stdlib.h>
#include <string.h>
#include "guest-drivers/service/scsi.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct scsi_command *command, enum scsi_step step)
{
    bool is_write = command->op == DISK_WRITE || command->op == DISK_DISCARD;

    if (command->answer_bytes > SCSI_ANSWER_MAX ||
        command->parameter_bytes > SCSI_PARAMETERS_MAX)
        abort();
    if (step == SCSI_ANSWERED && command->status == SCSI_CHECK_CONDITION &&
        (command->answer_bytes != 0 || command->sense[0] != 0x70))
        abort();
    if (step != SCSI_WORKS || command->op == DISK_FLUSH)
        return;
    if (command->sector + command->sectors > command->unit->disk->sectors ||
        command->sector + command->sectors < command->sector || command->sectors == 0)
        abort();
    if (is_write && scsi_is_readonly(command->unit))
        abort();
}

/* Input: unit, command block, parameters. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct disk disk = {.sectors = 5000, .flags = DISK_DISCARDS};
    static struct disk large = {.sectors = (u64)1 << 40, .flags = DISK_READONLY};
    struct scsi_target target = {.unit = {{&disk, SCSI_READ_WRITE, "12345678901234567890"},
                                          {&large, SCSI_READ_WRITE, ""},
                                          {&disk, SCSI_READ_ONLY, "x"}}};
    struct scsi_command command;
    u8 cdb[SCSI_CDB_BYTES] = {0};
    u8 parameters[SCSI_PARAMETERS_MAX] = {0};
    enum scsi_step step;

    if (size < 2)
        return 0;
    memcpy(cdb, bytes + 1, MIN(size - 1, sizeof(cdb)));
    if (size > 1 + sizeof(cdb))
        memcpy(parameters, bytes + 1 + sizeof(cdb),
               MIN(size - 1 - sizeof(cdb), sizeof(parameters)));
    step = scsi_begin(&command, &target, bytes[0], cdb);
    check(&command, step);
    if (step == SCSI_ASKS)
        check(&command, scsi_parameters(&command, parameters));
    return 0;
}
