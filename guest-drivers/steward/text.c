#include "guest-drivers/steward/text.h"
#include "hv/lib/string.h"

bool text_begins(struct text text, const char *word, struct text *rest)
{
    u64 length = strlen(word);

    if (text.length < length || memcmp(text.at, word, length) != 0)
        return false;
    *rest = (struct text){text.at + length, text.length - length};
    return true;
}

struct text text_trim(struct text text)
{
    while (text.length != 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.length--;
    }
    while (text.length != 0 &&
           (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
        text.length--;
    return text;
}

struct text text_until(struct text text, char letter)
{
    const char *end = memchr(text.at, letter, text.length);

    return (struct text){text.at, end ? (u64)(end - text.at) : text.length};
}

struct text text_take(struct text *text, char letter)
{
    struct text first = text_until(*text, letter);
    u64 used = MIN(first.length + 1, text->length);

    text->at += used;
    text->length -= used;
    return first;
}
