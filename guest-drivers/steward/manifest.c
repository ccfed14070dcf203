#include "guest-drivers/steward/manifest.h"
#include "guest-drivers/steward/keys.h"
#include "guest-drivers/steward/lexer.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define MEMORY_MIB_MAX ((u64)16 << 20) /* 16 TiB */
#define SHOWN          60              /* most bytes of a text that a message shows */

/* As %.*s takes them. */
#define SHOW(text) (int)MIN((text).length, (u64)SHOWN), (text).at

struct parser {
    struct manifest *manifest;
    struct text file;
    struct lexer lexer;
    struct token token;
    struct config *guest; /* NULL before the first statement */
    u32 first;            /* its first guest in the manifest */
};

bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

bool text_equal(struct text a, struct text b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

u32 config_line(const struct config *config, enum config_key key)
{
    u32 line = key < KEYS_USED ? config->line[key] : 0;

    return line ? line : MAX(config->line[KEY_NAME], 1u);
}

static void refuse_list(struct config *config, u32 line, const char *text, va_list arguments)
{
    char words[300];

    if (!config->is_refused) {
        format_list(words, sizeof(words), text, arguments);
        print("entente: error: %.*s:%u: %s\n", SHOW(config->file), line, words);
    }
    config->is_refused = true;
}

void config_refuse(struct config *config, enum config_key key, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    refuse_list(config, config_line(config, key), text, arguments);
    va_end(arguments);
}

/* A mistake in the line of the current token. */
static void __attribute__((format(printf, 3, 4)))
mistake(struct parser *parser, u32 line, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    refuse_list(parser->guest, line, text, arguments);
    va_end(arguments);
}

static void advance(struct parser *parser)
{
    lexer_next(&parser->lexer, &parser->token);
}

/* A fresh guest for the statements that follow; false when there are too many. */
static bool guest_begin(struct parser *parser)
{
    struct manifest *manifest = parser->manifest;

    if (manifest->count == MANIFEST_GUESTS_MAX)
        return false;
    parser->guest = &manifest->guest[manifest->count++];
    memset(parser->guest, 0, sizeof(*parser->guest));
    parser->guest->file = parser->file;
    parser->guest->action[KEY_ON_REBOOT] = ACTION_RESTART;
    return true;
}

static void warn_ignored(struct parser *parser, const struct key *key, u32 index)
{
    u64 *word = &parser->manifest->warned[index / 64];

    if (!(*word & BIT(index % 64)))
        print("entente: warning: %.*s:%u: \"%s\" has no effect here and is ignored\n",
              SHOW(parser->file), parser->token.line, key->name);
    *word |= BIT(index % 64);
}

/* The text behind an unfinished or strange token, for people. */
static void mistake_token(struct parser *parser, const char *wanted)
{
    const struct token *token = &parser->token;
    u8 c = token->text.length ? (u8)token->text.at[0] : 0;

    if (token->kind == TOKEN_OPEN_QUOTE)
        mistake(parser, token->line,
                "a string without its closing quote; add it at the end of "
                "the line");
    else if (token->kind == TOKEN_END || token->kind == TOKEN_BREAK)
        mistake(parser, token->line, "the line ends too early; write %s", wanted);
    else if (token->kind == TOKEN_STRANGE && (c < ' ' || c > '~'))
        mistake(parser, token->line, "a byte 0x%x that is no text; write %s", c, wanted);
    else
        mistake(parser, token->line, "unexpected '%.*s'; write %s", SHOW(token->text), wanted);
}

static bool action_find(struct text text, enum config_action *out)
{
    static const struct {
        const char *word;
        enum config_action action;
    } actions[] = {
        {"destroy", ACTION_DESTROY},          {"restart", ACTION_RESTART},
        {"preserve", ACTION_PRESERVE},        {"rename-restart", ACTION_RENAME_RESTART},
        {"coredump-destroy", ACTION_DESTROY}, {"coredump-restart", ACTION_RESTART},
        {"soft-reset", ACTION_RESTART},
    };

    for (u32 i = 0; i < ARRAY_SIZE(actions); i++) {
        if (text_is(text, actions[i].word)) {
            *out = actions[i].action;
            return true;
        }
    }
    return false;
}

static const char *const type_names[] = {
    [CONFIG_PV] = "pv", [CONFIG_PVH] = "pvh", [CONFIG_HYPERV] = "hyperv"};

const char *config_type_name(enum config_type type)
{
    return type_names[type];
}

static void set_type(struct parser *parser, struct text value)
{
    for (u32 i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (text_is(value, type_names[i])) {
            parser->guest->type = (enum config_type)i;
            return;
        }
    }
    mistake(parser, parser->token.line,
            "type = \"%.*s\" is not a type of guest here; write \"pv\", \"pvh\" or \"hyperv\"",
            SHOW(value));
}

static void set_name(struct parser *parser, struct text value)
{
    if (value.length == 0 || value.length > CONFIG_NAME_MAX) {
        mistake(parser, parser->token.line,
                "a name has 1 to %u letters, this one %lu; shorten it or write one",
                CONFIG_NAME_MAX, (unsigned long)value.length);
        return;
    }
    for (u64 i = 0; i < value.length; i++)
        if (value.at[i] <= ' ' || value.at[i] > '~' || value.at[i] == '/' ||
            value.at[i] == '|') {
            mistake(parser, parser->token.line,
                    "a name cannot hold the character 0x%x; use letters, digits, '-', '_', '.'",
                    (u8)value.at[i]);
            return;
        }
}

static void set_string(struct parser *parser, const struct key *key, struct text value)
{
    struct config *guest = parser->guest;
    enum config_action action;

    if (key->kind == VALUE_ACTION) {
        if (action_find(value, &action))
            guest->action[key->id] = action;
        else
            mistake(
                parser, parser->token.line,
                "%s = \"%.*s\" is no action; write \"destroy\", \"restart\", \"preserve\" or "
                "\"rename-restart\"",
                key->name, SHOW(value));
        return;
    }
    guest->string[key->id] = value;
    if (key->id == KEY_TYPE)
        set_type(parser, value);
    else if (key->id == KEY_NAME)
        set_name(parser, value);
}

#define CPU_WEIGHT_USUAL 256u

/* The share of the CPUs, as xl.cfg(5) has it for its schedulers. */
static void set_share(struct parser *parser, const struct key *key, u64 value)
{
    struct config *guest = parser->guest;

    if (key->id == KEY_CAP) {
        if (value <= CONFIG_CAP_MAX)
            guest->cap_percent = (u32)value;
        else
            mistake(
                parser, parser->token.line,
                "cap = %lu is out of range; write 0 for none, or percent of one CPU up to %u",
                (unsigned long)value, CONFIG_CAP_MAX);
        return;
    }
    if (value >= 1 && value <= CONFIG_WEIGHT_MAX)
        guest->cpu_weight = (u32)value;
    else
        mistake(parser, parser->token.line,
                "cpu_weight = %lu is out of range; write 1 to %u, %u is usual",
                (unsigned long)value, CONFIG_WEIGHT_MAX, CPU_WEIGHT_USUAL);
}

static void set_number(struct parser *parser, const struct key *key, u64 value)
{
    struct config *guest = parser->guest;

    if (key->id == KEY_VCPUS || key->id == KEY_MAXVCPUS) {
        if (value == 0 || value > CONFIG_VCPUS_MAX)
            mistake(parser, parser->token.line,
                    "%s = %lu: a guest has 1 to %u virtual CPUs; write for example %s = 2",
                    key->name, (unsigned long)value, CONFIG_VCPUS_MAX, key->name);
        else
            *(key->id == KEY_VCPUS ? &guest->vcpus : &guest->maxvcpus) = (u32)value;
        return;
    }
    if (key->id == KEY_CPU_WEIGHT || key->id == KEY_CAP) {
        set_share(parser, key, value);
        return;
    }
    if (key->id == KEY_VIRIDIAN) {
        guest->has_viridian = value != 0;
        return;
    }
    if (key->id == KEY_TSC_INVARIANT) {
        guest->has_tsc_control = value != 0;
        return;
    }
    if (key->id == KEY_AUTOSTART) {
        guest->waits = value == 0;
        return;
    }
    if (value == 0 || value > MEMORY_MIB_MAX) {
        mistake(
            parser, parser->token.line,
            "%s = %lu is not a sensible number of MiB of memory; write for example %s = 512",
            key->name, (unsigned long)value, key->name);
        return;
    }
    if (key->id == KEY_MEMORY)
        guest->memory_mib = value;
    else
        guest->maxmem_mib = value;
}

/* Steps over a list, which may go over several lines and hold lists. */
static bool skip_list(struct parser *parser)
{
    u32 depth = 0;
    u32 line = parser->token.line;

    do {
        if (parser->token.kind == TOKEN_OPEN)
            depth++;
        else if (parser->token.kind == TOKEN_CLOSE)
            depth--;
        else if (parser->token.kind == TOKEN_END) {
            mistake(parser, line, "a list without its closing bracket; add ']'");
            return false;
        } else if (parser->token.kind == TOKEN_OPEN_QUOTE ||
                   parser->token.kind == TOKEN_STRANGE) {
            mistake_token(parser, "strings in quotes with commas between them");
            return false;
        }
        if (depth != 0)
            advance(parser);
    } while (depth != 0);
    return true;
}

/* The strings of a list of a key that is used here; the current token is its bracket. */
static bool take_list(struct parser *parser, const struct key *key)
{
    struct text_list *list = &parser->guest->list[key->id - KEY_DISK];
    u32 line = parser->token.line;

    for (;;) {
        advance(parser);
        while (parser->token.kind == TOKEN_BREAK)
            advance(parser);
        if (parser->token.kind == TOKEN_CLOSE)
            return true;
        if (parser->token.kind == TOKEN_END) {
            mistake(parser, line, "a list without its closing bracket; add ']'");
            return false;
        }
        if (parser->token.kind != TOKEN_STRING) {
            mistake_token(parser, "strings in quotes with commas between them");
            return false;
        }
        if (list->count == CONFIG_LIST_MAX) {
            mistake(parser, parser->token.line, "%s = has more than %u entries; use fewer",
                    key->name, CONFIG_LIST_MAX);
            return false;
        }
        list->item[list->count++] = parser->token.text;
        advance(parser);
        while (parser->token.kind == TOKEN_BREAK)
            advance(parser);
        if (parser->token.kind == TOKEN_CLOSE)
            return true;
        if (parser->token.kind != TOKEN_COMMA) {
            mistake_token(parser, "strings in quotes with commas between them");
            return false;
        }
    }
}

/* The value after "key =", for a key that is used here. */
static void value_use(struct parser *parser, const struct key *key)
{
    const struct token *token = &parser->token;
    u64 number;

    if (key->kind == VALUE_NUMBER) {
        bool is_number = token->kind == TOKEN_NUMBER && !token->is_huge;

        number = token->number;
        if (token->kind == TOKEN_STRING)
            is_number = text_number(token->text, &number);
        if (is_number)
            set_number(parser, key, number);
        else
            mistake(parser, token->line, "%s = %.*s is not a number; write for example %s = %u",
                    key->name, SHOW(token->text), key->name, key->id == KEY_VCPUS ? 1 : 512);
    } else if (key->kind == VALUE_LIST) {
        mistake(parser, token->line, "the value of \"%s\" is a list; put it in brackets",
                key->name);
    } else if (token->kind == TOKEN_STRING) {
        set_string(parser, key, token->text);
    } else {
        mistake(parser, token->line, "the value of \"%s\" is not a string; put it in quotes",
                key->name);
    }
}

/* One statement; the current token is its first word. Returns false to skip the line. */
static bool statement(struct parser *parser)
{
    struct text word = parser->token.text;
    u32 line = parser->token.line;
    u32 index = 0;
    const struct key *key = key_find(word, &index);
    const char *near;

    if (!key) {
        near = key_nearest(word);
        if (near)
            mistake(parser, line, "unknown key \"%.*s\"; did you mean \"%s\"?", SHOW(word),
                    near);
        else
            mistake(parser, line, "unknown key \"%.*s\"; see xl.cfg(5) for the keys",
                    SHOW(word));
        return false;
    }
    if (key->id == KEY_IGNORED)
        warn_ignored(parser, key, index);
    else
        parser->guest->line[key->id] = line;
    advance(parser);
    if (parser->token.kind == TOKEN_APPEND && key->id != KEY_IGNORED &&
        key->kind != VALUE_LIST) {
        mistake(parser, line, "\"+=\" is not possible for \"%s\" here; write one whole value",
                key->name);
        return false;
    }
    if (parser->token.kind != TOKEN_EQUAL && parser->token.kind != TOKEN_APPEND) {
        mistake_token(parser, "key = value");
        return false;
    }
    if (key->kind == VALUE_LIST && parser->token.kind == TOKEN_EQUAL)
        parser->guest->list[key->id - KEY_DISK].count = 0;
    advance(parser);
    if (parser->token.kind == TOKEN_OPEN) {
        if (key->kind == VALUE_LIST)
            return take_list(parser, key);
        if (key->id != KEY_IGNORED)
            mistake(parser, line, "\"%s\" takes one value, not a list; leave the brackets out",
                    key->name);
        return skip_list(parser);
    }
    if (parser->token.kind != TOKEN_STRING && parser->token.kind != TOKEN_NUMBER &&
        parser->token.kind != TOKEN_WORD) {
        mistake_token(parser, "a number or a string in quotes after \"=\"");
        return false;
    }
    if (key->id != KEY_IGNORED)
        value_use(parser, key);
    return true;
}

/* The current token begins a statement: for which guest? */
static bool guest_choose(struct parser *parser)
{
    bool is_name = text_is(parser->token.text, "name");

    if (parser->guest && !(is_name && parser->guest->line[KEY_NAME]))
        return true;
    if (guest_begin(parser))
        return true;
    print("entente: error: %.*s:%u: more than %u guests; use fewer\n", SHOW(parser->file),
          parser->token.line, MANIFEST_GUESTS_MAX);
    parser->manifest->refused++;
    return false;
}

/* pygrub reads the guest's disk on the host; here GRUB does, inside the guest. */
static void bootloader_check(struct config *guest)
{
    struct text name = guest->string[KEY_BOOTLOADER];

    if (name.length == 0 || guest->string[KEY_KERNEL].length != 0)
        return;
    for (u64 i = name.length; i > 0; i--)
        if (name.at[i - 1] == '/') {
            name = (struct text){name.at + i, name.length - i};
            break;
        }
    if (!text_is(name, CONFIG_PYGRUB))
        config_refuse(guest, KEY_BOOTLOADER,
                      "bootloader = \"%.*s\" is not served here; write \"pygrub\"",
                      SHOW(guest->string[KEY_BOOTLOADER]));
    else if (guest->type != CONFIG_PV)
        config_refuse(guest, KEY_BOOTLOADER,
                      "bootloader = \"pygrub\" is for type = \"pv\"; change one of them");
    else if (guest->list[0].count == 0)
        config_refuse(guest, KEY_BOOTLOADER,
                      "bootloader = \"pygrub\" without a disk to boot from; add disk = [ ]");
    guest->string[KEY_KERNEL] = (struct text){CONFIG_PYGRUB, sizeof(CONFIG_PYGRUB) - 1};
}

/* What can be judged when a guest is complete. */
static void guest_check(struct manifest *manifest, struct config *guest)
{
    struct text name = guest->string[KEY_NAME];
    u64 limit = guest->type == CONFIG_PV ? CMDLINE_PV_MAX : CMDLINE_PVH_MAX;
    u64 length = config_cmdline(guest, NULL, 0);

    if (!guest->line[KEY_NAME])
        config_refuse(guest, KEY_NAME, "a guest without a name; add name = \"...\"");
    for (struct config *other = manifest->guest; other < guest; other++)
        if (guest->line[KEY_NAME] && text_equal(other->string[KEY_NAME], name))
            config_refuse(guest, KEY_NAME,
                          "the name \"%.*s\" is taken at %.*s:%u; choose another", SHOW(name),
                          SHOW(other->file), other->line[KEY_NAME]);
    bootloader_check(guest);
    if (guest->string[KEY_KERNEL].length == 0)
        config_refuse(guest, KEY_KERNEL, "guest \"%.*s\" has no kernel; add kernel = \"path\"",
                      SHOW(name));
    if (guest->has_viridian && guest->type == CONFIG_PV)
        config_refuse(
            guest, KEY_VIRIDIAN,
            "viridian = 1 is for type = \"pvh\"; a PV guest sees Xen only, leave it out");
    if (guest->has_tsc_control && guest->type != CONFIG_HYPERV)
        config_refuse(guest, KEY_TSC_INVARIANT,
                      "tsc_invariant = 1 is for type = \"hyperv\"; leave it out");
    if (guest->vcpus == 0)
        guest->vcpus = 1;
    if (guest->maxvcpus == 0)
        guest->maxvcpus = guest->vcpus;
    if (guest->maxvcpus < guest->vcpus)
        config_refuse(guest, KEY_MAXVCPUS, "maxvcpus = %u is less than vcpus = %u; raise it",
                      guest->maxvcpus, guest->vcpus);
    if (!guest->line[KEY_MEMORY])
        guest->memory_mib = guest->maxmem_mib ? guest->maxmem_mib : 512;
    if (guest->cpu_weight == 0)
        guest->cpu_weight = CPU_WEIGHT_USUAL;
    if (guest->maxmem_mib && guest->maxmem_mib < guest->memory_mib)
        config_refuse(guest, KEY_MAXMEM, "maxmem = %lu is less than memory = %lu; raise it",
                      (unsigned long)guest->maxmem_mib, (unsigned long)guest->memory_mib);
    if (length > limit)
        config_refuse(
            guest, guest->line[KEY_CMDLINE] ? KEY_CMDLINE : KEY_EXTRA,
            "the command line has %lu bytes, a %s guest takes at most %lu; shorten it",
            (unsigned long)length, config_type_name(guest->type), (unsigned long)limit);
    if (guest->is_refused)
        manifest->refused++;
}

void manifest_parse(struct manifest *manifest, struct text file, const char *bytes, u64 size)
{
    struct parser parser = {
        .manifest = manifest,
        .file = file,
        .lexer = {bytes, bytes + size, 1},
        .first = manifest->count,
    };

    advance(&parser);
    while (parser.token.kind != TOKEN_END) {
        if (parser.token.kind == TOKEN_BREAK) {
            advance(&parser);
            continue;
        }
        if (!guest_choose(&parser))
            break;
        if (parser.token.kind != TOKEN_WORD) {
            mistake_token(&parser, "key = value");
            lexer_skip_line(&parser.lexer);
            advance(&parser);
            continue;
        }
        if (statement(&parser)) {
            advance(&parser);
            if (parser.token.kind != TOKEN_BREAK && parser.token.kind != TOKEN_END) {
                mistake_token(&parser, "one key = value in a line");
                lexer_skip_line(&parser.lexer);
            }
        } else if (parser.token.kind != TOKEN_BREAK && parser.token.kind != TOKEN_END) {
            lexer_skip_line(&parser.lexer);
            advance(&parser);
        }
    }
    if (manifest->count == parser.first && parser.token.kind == TOKEN_END) {
        print(
            "entente: error: %.*s:1: no guest in this manifest; it needs name = and kernel =\n",
            SHOW(file));
        manifest->refused++;
    }
    for (u32 i = parser.first; i < manifest->count; i++)
        guest_check(manifest, &manifest->guest[i]);
}

static u64 append(char *out, u64 room, u64 used, struct text text)
{
    for (u64 i = 0; i < text.length; i++)
        if (used + i + 1 < room)
            out[used + i] = text.at[i];
    return used + text.length;
}

/* xl's rule: cmdline wins over root and extra. [xl.cfg(5)] */
u64 config_cmdline(const struct config *config, char *out, u64 room)
{
    const struct text *string = config->string;
    u64 used = 0;

    if (config->line[KEY_CMDLINE]) {
        used = append(out, room, used, string[KEY_CMDLINE]);
    } else {
        if (string[KEY_ROOT].length != 0) {
            used = append(out, room, used, (struct text){"root=", 5});
            used = append(out, room, used, string[KEY_ROOT]);
        }
        if (used != 0 && string[KEY_EXTRA].length != 0)
            used = append(out, room, used, (struct text){" ", 1});
        used = append(out, room, used, string[KEY_EXTRA]);
    }
    if (room != 0)
        out[MIN(used, room - 1)] = 0;
    return used;
}
