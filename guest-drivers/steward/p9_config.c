#include "guest-drivers/steward/p9_config.h"
#include "guest-drivers/steward/lexer.h"
#include "guest-drivers/steward/text.h"

static const char *word_read(struct text word, struct p9_config *out)
{
    /* What only says who serves it in Xen's dom0, and limits what is written. */
    static const char *const plain[] = {
        "backend=", "type=", "max-space=", "max-files=", "max-open-files=", "auto-delete="};
    struct text value;

    if (text_begins(word, "tag=", &out->tag) || text_begins(word, "path=", &out->path))
        return NULL;
    if (text_begins(word, "security_model=", &value))
        return text_is(value, "none") ? NULL
                                      : "the only security_model is none; write it or leave "
                                        "it out";
    for (u32 i = 0; i < ARRAY_SIZE(plain); i++)
        if (text_begins(word, plain[i], &value))
            return NULL;
    return "an unknown key; see P9_SPEC_STRING in xl.cfg(5)";
}

const char *p9_config_read(struct text entry, struct p9_config *out)
{
    const char *trouble = NULL;

    *out = (struct p9_config){0};
    while (!trouble && entry.length != 0) {
        struct text word = text_trim(text_take(&entry, ','));

        if (word.length != 0)
            trouble = word_read(word, out);
    }
    if (trouble)
        return trouble;
    if (out->tag.length == 0 || out->tag.length > P9_TAG_MAX)
        return "a tag has 1 to 31 letters; write tag=share";
    return out->path.length == 0 ? "no folder; write path=/srv/share" : NULL;
}
