#include "hv/lib/format.h"
#include "hv/lib/string.h"

struct sink {
    char *out;
    size_t size;
    size_t used;
};

struct spec {
    bool zero_pad;
    size_t width;
    size_t precision; /* SIZE_MAX: none given */
    u32 longs;
    char kind;
};

static void put(struct sink *sink, char c)
{
    if (sink->used + 1 < sink->size)
        sink->out[sink->used++] = c;
}

static void put_padded(struct sink *sink, const char *text, size_t length, struct spec spec)
{
    for (size_t i = length; i < spec.width; i++)
        put(sink, spec.zero_pad ? '0' : ' ');
    for (size_t i = 0; i < length; i++)
        put(sink, text[i]);
}

static void put_number(struct sink *sink, u64 value, bool negative, struct spec spec)
{
    u64 base = spec.kind == 'x' || spec.kind == 'p' ? 16 : 10;
    char digits[24];
    size_t first = sizeof(digits);

    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative)
        digits[--first] = '-';
    put_padded(sink, digits + first, sizeof(digits) - first, spec);
}

static const char *parse_spec(const char *text, struct spec *spec, va_list *arguments)
{
    *spec = (struct spec){.precision = SIZE_MAX};
    if (*text == '0') {
        spec->zero_pad = true;
        text++;
    }
    for (; *text >= '0' && *text <= '9'; text++)
        spec->width = spec->width * 10 + (size_t)(*text - '0');
    if (text[0] == '.' && text[1] == '*') {
        int precision = va_arg(*arguments, int);
        spec->precision = precision < 0 ? SIZE_MAX : (size_t)precision;
        text += 2;
    }
    for (; *text == 'l' || *text == 'z'; text++)
        spec->longs++;
    spec->kind = *text;
    return *text == '\0' ? text : text + 1;
}

static void put_argument(struct sink *sink, struct spec spec, va_list *arguments)
{
    const char *string;
    s64 number;
    char one;

    switch (spec.kind) {
    case 's':
        string = va_arg(*arguments, const char *);
        if (string == NULL)
            string = "(none)";
        put_padded(sink, string, strnlen(string, spec.precision), spec);
        break;
    case 'c':
        one = (char)va_arg(*arguments, int);
        put_padded(sink, &one, 1, spec);
        break;
    case 'd':
    case 'i':
        number = spec.longs > 0 ? va_arg(*arguments, s64) : va_arg(*arguments, int);
        put_number(sink, number < 0 ? 0 - (u64)number : (u64)number, number < 0, spec);
        break;
    case 'u':
    case 'x':
        put_number(sink, spec.longs > 0 ? va_arg(*arguments, u64) : va_arg(*arguments, u32),
                   false, spec);
        break;
    case 'p':
        put_number(sink, (u64)(uintptr_t)va_arg(*arguments, void *), false, spec);
        break;
    default:
        put(sink, spec.kind);
        break;
    }
}

size_t format_list(char *out, size_t size, const char *text, va_list arguments)
{
    struct sink sink = {.out = out, .size = size};
    struct spec spec;
    va_list own;

    va_copy(own, arguments);
    while (*text != '\0') {
        if (*text != '%') {
            put(&sink, *text++);
            continue;
        }
        text = parse_spec(text + 1, &spec, &own);
        put_argument(&sink, spec, &own);
    }
    va_end(own);
    if (size > 0)
        out[sink.used] = '\0';
    return sink.used;
}

size_t format(char *out, size_t size, const char *text, ...)
{
    va_list arguments;
    size_t used;

    va_start(arguments, text);
    used = format_list(out, size, text, arguments);
    va_end(arguments);
    return used;
}
