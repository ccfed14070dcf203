#include "guest-drivers/steward/out.h"
#include "hv/lib/format.h"
#include "hv/lib/string.h"

void out_put(struct out *out, const char *bytes, u64 count)
{
    u64 fits = MIN(count, (u64)(out->room - out->used));

    memcpy(out->bytes + out->used, bytes, fits);
    out->used += (u32)fits;
    out->is_cut |= fits < count;
}

void out_print(struct out *out, const char *text, ...)
{
    char line[301];
    va_list arguments;
    size_t length;

    va_start(arguments, text);
    length = format_list(line, sizeof(line), text, arguments);
    va_end(arguments);
    out_put(out, line, length);
}

void out_column(struct out *out, const char *word, u32 width)
{
    out_put(out, word, strlen(word));
    do {
        out_put(out, " ", 1);
    } while (width-- > strlen(word) + 1);
}

void out_quoted(struct out *out, const char *text)
{
    out_put(out, "\"", 1);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            out_print(out, "\\%c", *text);
        else if ((u8)*text < ' ' || (u8)*text > '~')
            out_print(out, "\\u%04x", (u8)*text);
        else
            out_put(out, text, 1);
    }
    out_put(out, "\"", 1);
}

void out_tenths(struct out *out, u64 tenths)
{
    out_print(out, "%lu.%lu", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10));
}
