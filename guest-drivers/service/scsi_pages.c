/* What a unit says of itself: INQUIRY with its vital product data, MODE SENSE. */
#include "guest-drivers/service/scsi.h"
#include "hv/lib/string.h"

#define VENDOR  "Entente "
#define PRODUCT "Disk            "

#define NO_UNIT        0x7fu /* peripheral qualifier 3, type unknown */
#define VERSION_SPC_4  6u
#define DISCARD_BLOCKS 32768u /* of one UNMAP */
#define GRANULARITY    8u

#define PAGE_CACHING 0x08u
#define PAGE_CONTROL 0x0au
#define PAGE_ALL     0x3fu

/* Serial number, as many bytes as there are. */
static u32 page_serial(const struct scsi_unit *unit, u8 *out)
{
    u32 bytes = (u32)strnlen(unit->serial, SCSI_SERIAL_BYTES);

    memcpy(out, unit->serial, bytes);
    return bytes;
}

/* One designator: vendor and serial number, in ASCII. [SPC-4 7.8.6] */
static u32 page_identity(const struct scsi_unit *unit, u8 *out)
{
    u32 bytes = 8 + page_serial(unit, out + 12);

    out[0] = 2; /* ASCII */
    out[1] = 1; /* T10 vendor, of the unit */
    out[3] = (u8)bytes;
    memcpy(out + 4, VENDOR, 8);
    return 4 + bytes;
}

/* [SBC-3 6.6.4] */
static u32 page_limits(const struct scsi_unit *unit, u8 *out)
{
    scsi_put(out + 2, 2, GRANULARITY);
    scsi_put(out + 4, 4, SCSI_SECTORS_MAX);
    scsi_put(out + 8, 4, SCSI_SECTORS_MAX);
    if (scsi_is_thin(unit)) {
        scsi_put(out + 16, 4, DISCARD_BLOCKS);
        scsi_put(out + 20, 4, 1); /* descriptor */
        scsi_put(out + 24, 4, GRANULARITY);
    }
    return 60;
}

static u32 page_characteristics(const struct scsi_unit *unit, u8 *out)
{
    (void)unit;
    scsi_put(out, 2, 1); /* does not rotate */
    return 60;
}

static u32 page_provisioning(const struct scsi_unit *unit, u8 *out)
{
    out[1] = scsi_is_thin(unit) ? 0x80 : 0; /* UNMAP */
    out[2] = scsi_is_thin(unit) ? 2 : 0;    /* thin */
    return 4;
}

static u32 page_list(const struct scsi_unit *unit, u8 *out);

static const struct {
    u8 code;
    u32 (*write)(const struct scsi_unit *unit, u8 *out); /* what is behind the 4 first bytes */
} pages[] = {
    {0x00, page_list},   {0x80, page_serial},          {0x83, page_identity},
    {0xb0, page_limits}, {0xb1, page_characteristics}, {0xb2, page_provisioning},
};

static u32 page_list(const struct scsi_unit *unit, u8 *out)
{
    (void)unit;
    for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
        out[i] = pages[i].code;
    return ARRAY_SIZE(pages);
}

static enum scsi_step vital_data(struct scsi_command *command, u32 allowed)
{
    u8 *answer = command->answer;

    for (u32 i = 0; command->unit && i < ARRAY_SIZE(pages); i++) {
        if (pages[i].code != command->cdb[2])
            continue;
        answer[1] = pages[i].code;
        scsi_put(answer + 2, 2, pages[i].write(command->unit, answer + 4));
        return scsi_answer(command, 4 + (u32)scsi_get(answer + 2, 2), allowed);
    }
    return scsi_refuse(command, command->unit ? SCSI_BAD_FIELD : SCSI_NO_UNIT);
}

enum scsi_step scsi_inquiry(struct scsi_command *command)
{
    u32 allowed = (u32)scsi_get(command->cdb + 3, 2);
    u8 *answer = command->answer;

    if (command->cdb[1] & 1)
        return vital_data(command, allowed);
    if (command->cdb[1] != 0 || command->cdb[2] != 0)
        return scsi_refuse(command, SCSI_BAD_FIELD);
    answer[0] = command->unit ? 0 : NO_UNIT;
    answer[2] = VERSION_SPC_4;
    answer[3] = 2;      /* response format */
    answer[4] = 36 - 5; /* bytes that follow */
    answer[7] = 2;      /* command queuing */
    memcpy(answer + 8, VENDOR, 8);
    memcpy(answer + 16, PRODUCT, 16);
    memcpy(answer + 32, "1   ", 4);
    return scsi_answer(command, 36, allowed);
}

/* A write cache that SYNCHRONIZE CACHE empties; nothing of it can be changed. */
static u32 mode_page(u32 page, u8 *out, bool is_value)
{
    u32 bytes = page == PAGE_CACHING ? 20 : 12;

    out[0] = (u8)page;
    out[1] = (u8)(bytes - 2);
    if (page == PAGE_CACHING && is_value)
        out[2] = 4; /* WCE */
    return bytes;
}

enum scsi_step scsi_mode_sense(struct scsi_command *command)
{
    bool is_short = command->cdb[0] == 0x1a;
    u32 head = is_short ? 4 : 8;
    u32 allowed = is_short ? command->cdb[4] : (u32)scsi_get(command->cdb + 7, 2);
    u32 page = command->cdb[2] & 0x3f;
    u32 control = command->cdb[2] >> 6; /* 0: current, 1: changeable, 2: default, 3: saved */
    u8 *answer = command->answer;
    u32 bytes = head;

    if (control == 3)
        return scsi_refuse(command, SCSI_NOT_SAVED);
    if ((page != PAGE_CACHING && page != PAGE_CONTROL && page != PAGE_ALL) ||
        (command->cdb[3] != 0 && command->cdb[3] != 0xff))
        return scsi_refuse(command, SCSI_BAD_FIELD);
    if (page != PAGE_CONTROL)
        bytes += mode_page(PAGE_CACHING, answer + bytes, control != 1);
    if (page != PAGE_CACHING)
        bytes += mode_page(PAGE_CONTROL, answer + bytes, control != 1);
    /* Writes that last are understood; block descriptors are not given. */
    answer[is_short ? 2 : 3] = (u8)(0x10 | (scsi_is_readonly(command->unit) ? 0x80 : 0));
    if (is_short)
        answer[0] = (u8)(bytes - 1);
    else
        scsi_put(answer, 2, bytes - 2);
    return scsi_answer(command, bytes, allowed);
}
