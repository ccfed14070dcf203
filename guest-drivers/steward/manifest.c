#include "guest-drivers/steward/manifest.h"
#include "guest-drivers/steward/config.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

struct parser {
    struct manifest *manifest;
    struct text file;
    struct lexer lexer;
    struct token token;
    struct config *guest; /* NULL before the first statement */
    u32 first;            /* its first guest in the manifest */
};

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
        config_mistake(parser->guest, token->line,
                       "a string without its closing quote; add it at the end of "
                       "the line");
    else if (token->kind == TOKEN_END || token->kind == TOKEN_BREAK)
        config_mistake(parser->guest, token->line, "the line ends too early; write %s", wanted);
    else if (token->kind == TOKEN_STRANGE && (c < ' ' || c > '~'))
        config_mistake(parser->guest, token->line, "a byte 0x%x that is no text; write %s", c,
                       wanted);
    else
        config_mistake(parser->guest, token->line, "unexpected '%.*s'; write %s",
                       SHOW(token->text), wanted);
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
            config_mistake(parser->guest, line, "a list without its closing bracket; add ']'");
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

/* Inside of a list lines may end anywhere. */
static void advance_in_list(struct parser *parser)
{
    do
        advance(parser);
    while (parser->token.kind == TOKEN_BREAK);
}

/* The strings of a list of a key that is used here; the current token is its bracket. */
static bool take_list(struct parser *parser, const struct key *key)
{
    struct text_list *list = &parser->guest->list[key->id - KEY_DISK];
    u32 line = parser->token.line;

    for (;;) {
        advance_in_list(parser);
        if (parser->token.kind == TOKEN_CLOSE)
            return true;
        if (parser->token.kind == TOKEN_END) {
            config_mistake(parser->guest, line, "a list without its closing bracket; add ']'");
            return false;
        }
        if (parser->token.kind != TOKEN_STRING) {
            mistake_token(parser, "strings in quotes with commas between them");
            return false;
        }
        if (list->count == CONFIG_LIST_MAX) {
            config_mistake(parser->guest, parser->token.line,
                           "%s = has more than %u entries; use fewer", key->name,
                           CONFIG_LIST_MAX);
            return false;
        }
        list->item[list->count++] = parser->token.text;
        advance_in_list(parser);
        if (parser->token.kind == TOKEN_CLOSE)
            return true;
        if (parser->token.kind != TOKEN_COMMA) {
            mistake_token(parser, "strings in quotes with commas between them");
            return false;
        }
    }
}

/* The key that the current token names; NULL: none. */
static const struct key *key_read(struct parser *parser, u32 *index)
{
    struct text word = parser->token.text;
    const struct key *key = key_find(word, index);
    const char *near = key ? NULL : key_nearest(word);

    if (near)
        config_mistake(parser->guest, parser->token.line,
                       "unknown key \"%.*s\"; did you mean \"%s\"?", SHOW(word), near);
    else if (!key)
        config_mistake(parser->guest, parser->token.line,
                       "unknown key \"%.*s\"; see xl.cfg(5) for the keys", SHOW(word));
    return key;
}

/* Between key and value: "=" empties a list, "+=" goes on with it. */
static bool assignment_read(struct parser *parser, const struct key *key)
{
    enum token_kind kind = parser->token.kind;

    if (kind == TOKEN_APPEND && key->id != KEY_IGNORED && key->kind != VALUE_LIST) {
        config_mistake(parser->guest, parser->token.line,
                       "\"+=\" is not possible for \"%s\" here; write one whole value",
                       key->name);
        return false;
    }
    if (kind != TOKEN_EQUAL && kind != TOKEN_APPEND) {
        mistake_token(parser, "key = value");
        return false;
    }
    if (key->kind == VALUE_LIST && kind == TOKEN_EQUAL)
        parser->guest->list[key->id - KEY_DISK].count = 0;
    return true;
}

static bool value_read(struct parser *parser, const struct key *key)
{
    if (parser->token.kind == TOKEN_OPEN) {
        if (key->kind == VALUE_LIST)
            return take_list(parser, key);
        if (key->id != KEY_IGNORED)
            config_mistake(parser->guest, parser->token.line,
                           "\"%s\" takes one value, not a list; leave the brackets out",
                           key->name);
        return skip_list(parser);
    }
    if (parser->token.kind != TOKEN_STRING && parser->token.kind != TOKEN_NUMBER &&
        parser->token.kind != TOKEN_WORD) {
        mistake_token(parser, "a number or a string in quotes after \"=\"");
        return false;
    }
    if (key->id != KEY_IGNORED)
        config_value_set(parser->guest, key, &parser->token);
    return true;
}

/* One statement; the current token is its first word. Returns false to skip the line. */
static bool statement(struct parser *parser)
{
    u32 index = 0;
    const struct key *key = key_read(parser, &index);

    if (!key)
        return false;
    if (key->id == KEY_IGNORED)
        warn_ignored(parser, key, index);
    else
        parser->guest->line[key->id] = parser->token.line;
    advance(parser);
    if (!assignment_read(parser, key))
        return false;
    advance(parser);
    return value_read(parser, key);
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
        config_check(manifest, &manifest->guest[i]);
}
