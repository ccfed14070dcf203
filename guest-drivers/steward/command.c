#include "guest-drivers/steward/command.h"
#include "guest-drivers/steward/lexer.h"
#include "hv/lib/string.h"

#define WORDS_MAX   6u
#define HELP_COLUMN 48u

enum follows {
    FOLLOWS_NONE,
    FOLLOWS_GUEST,
    FOLLOWS_GUEST_SECONDS,
    FOLLOWS_GUEST_KEY,
    FOLLOWS_SET
};

static const struct {
    const char *name;
    enum follows follows;
    const char *words;
    const char *text;
} commands[COMMANDS] = {
#define COMMAND(name, follows, words, text) {#name, FOLLOWS_##follows, words, text},
#include "guest-drivers/steward/commands.def"
#undef COMMAND
};

static const char *const settings[SETTINGS] = {"weight", "cap", "memory", "vcpus"};

struct words {
    u32 count;
    struct text word[WORDS_MAX];
};

/* Blanks part words; one word too many is kept in the count only. */
static void words_split(const char *line, struct words *out)
{
    out->count = 0;
    for (;;) {
        const char *begin;

        while (*line == ' ' || *line == '\t')
            line++;
        if (*line == 0)
            return;
        begin = line;
        while (*line != 0 && *line != ' ' && *line != '\t')
            line++;
        if (out->count < WORDS_MAX)
            out->word[out->count] = (struct text){begin, (u64)(line - begin)};
        out->count++;
    }
}

/* Takes the option out of the words. */
static bool json_take(struct words *words)
{
    for (u32 i = 1; i < MIN(words->count, WORDS_MAX); i++) {
        if (!text_is(words->word[i], "--json"))
            continue;
        words->count--;
        memmove(&words->word[i], &words->word[i + 1],
                (WORDS_MAX - 1 - i) * sizeof(words->word[0]));
        return true;
    }
    return false;
}

static bool verb_find(struct text word, enum command_verb *out)
{
    for (u32 i = 0; i < COMMANDS; i++) {
        if (text_is(word, commands[i].name)) {
            *out = (enum command_verb)i;
            return true;
        }
    }
    return false;
}

static bool setting_find(struct text word, enum command_setting *out)
{
    for (u32 i = 0; i < SETTINGS; i++) {
        if (text_is(word, settings[i])) {
            *out = (enum command_setting)i;
            return true;
        }
    }
    return false;
}

static bool usage(enum command_verb verb, struct out *out)
{
    out_print(out, "%s: write: %s%s%s", commands[verb].name, commands[verb].name,
              commands[verb].words[0] ? " " : "", commands[verb].words);
    return false;
}

static bool number_read(const struct words *words, u32 at, struct command *command,
                        struct out *out)
{
    if (text_number(words->word[at], &command->number))
        return true;
    out_print(out, "%s: '%.*s' is not a number; write: %s %s", commands[command->verb].name,
              SHOW(words->word[at]), commands[command->verb].name,
              commands[command->verb].words);
    return false;
}

static bool setting_read(const struct words *words, struct command *command, struct out *out)
{
    if (words->count != 4)
        return usage(command->verb, out);
    if (!setting_find(words->word[2], &command->setting)) {
        out_print(out, "set: '%.*s' cannot be set; there are weight, cap, memory and vcpus",
                  SHOW(words->word[2]));
        return false;
    }
    return number_read(words, 3, command, out);
}

static bool rest_read(const struct words *words, struct command *command, struct out *out)
{
    enum follows follows = commands[command->verb].follows;

    if (follows != FOLLOWS_NONE && words->count > 1)
        command->guest = words->word[1];
    switch (follows) {
    case FOLLOWS_NONE:
        return words->count == 1 || usage(command->verb, out);
    case FOLLOWS_GUEST:
        return words->count == 2 || usage(command->verb, out);
    case FOLLOWS_GUEST_SECONDS:
        if (words->count == 3)
            return number_read(words, 2, command, out);
        return words->count == 2 || usage(command->verb, out);
    case FOLLOWS_GUEST_KEY:
        return words->count == 3 ? number_read(words, 2, command, out)
                                 : usage(command->verb, out);
    case FOLLOWS_SET:
        break;
    }
    return setting_read(words, command, out);
}

/* What is repeated in a reason goes to a terminal. */
static bool is_text(const char *line, struct out *out)
{
    for (; *line; line++) {
        if ((*line < ' ' || *line > '~') && *line != '\t') {
            out_print(out, "a byte 0x%x that is no text; try help", (u8)*line);
            return false;
        }
    }
    return true;
}

bool command_parse(const char *line, struct command *command, struct out *out)
{
    struct words words;

    memset(command, 0, sizeof(*command));
    if (!is_text(line, out))
        return false;
    words_split(line, &words);
    command->wants_json = json_take(&words);
    if (words.count == 0) {
        out_print(out, "no command; try help");
        return false;
    }
    if (!verb_find(words.word[0], &command->verb)) {
        out_print(out, "'%.*s' is no command; try help", SHOW(words.word[0]));
        return false;
    }
    if (command->wants_json && command->verb != COMMAND_list && command->verb != COMMAND_top &&
        command->verb != COMMAND_metrics) {
        out_print(out, "%s: --json is for list, top and metrics; leave it out",
                  commands[command->verb].name);
        return false;
    }
    return rest_read(&words, command, out);
}

void command_help(struct out *out)
{
    for (u32 i = 0; i < COMMANDS; i++) {
        struct out left;
        char bytes[HELP_COLUMN + 1];

        left = (struct out){.bytes = bytes, .room = HELP_COLUMN};
        out_print(&left, "%s %s", commands[i].name, commands[i].words);
        bytes[left.used] = 0;
        out_column(out, bytes, HELP_COLUMN);
        out_print(out, "%s\n", commands[i].text);
    }
}
