/* Any line as a command, any bytes as a record of a trace: one clear reason, whole lines. */
// sources: guest-drivers/steward/config.c guest-drivers/steward/config_value.c
// sources: guest-drivers/steward/command.c guest-drivers/steward/out.c
// sources: guest-drivers/steward/trace_text.c guest-drivers/steward/names.c
// sources: guest-drivers/steward/manifest.c guest-drivers/steward/lexer.c
// sources: guest-drivers/steward/keys.c hv/lib/format.c
#include <stdlib.h>
#include <string.h>
#include "guest-drivers/steward/command.h"
#include "guest-drivers/steward/trace_text.h"
#include "hv/lib/print.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

void print(const char *text, ...)
{
    (void)text;
}

static void line_try(const u8 *data, size_t size)
{
    char *line = malloc(size + 1); /* exact, so that ASAN sees one byte too far */
    char why[200];
    struct out out = {.bytes = why, .room = sizeof(why)};
    struct command command;

    memcpy(line, data, size);
    line[size] = 0;
    if (command_parse(line, &command, &out)) {
        const char *end = line + strlen(line);

        if (command.verb >= COMMANDS || command.setting >= SETTINGS || out.used != 0)
            abort();
        if (command.guest.at && (command.guest.at < line || command.guest.length == 0 ||
                                 command.guest.at + command.guest.length > end))
            abort();
    } else if (out.used == 0 || out.is_cut || memchr(why, '\n', out.used)) {
        abort();
    }
    free(line);
}

static void record_try(const u8 *data, size_t size)
{
    struct native_trace_record record = {0};
    char line[1024];
    struct out out = {.bytes = line, .room = sizeof(line)};

    memcpy(&record, data, MIN(size, sizeof(record)));
    record.data_bytes = (u8)MIN(record.data_bytes, NATIVE_TRACE_DATA);
    trace_text(&out, &record, 0, record.tsc);
    if (out.is_cut || out.used == 0 || line[out.used - 1] != '\n' ||
        memchr(line, '\n', out.used - 1))
        abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        line_try(data + 1, size - 1);
    else
        record_try(data + 1, size - 1);
    return 0;
}
