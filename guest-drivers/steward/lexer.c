#include "guest-drivers/steward/lexer.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static u32 digit_value(char c)
{
    if (is_digit(c))
        return (u32)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (u32)(c - 'a' + 10) : 99;
}

bool text_number(struct text text, u64 *out)
{
    u64 base = 10;
    u64 i = 0;

    *out = 0;
    if (text.length > 2 && text.at[0] == '0' && (text.at[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    } else if (text.length > 1 && text.at[0] == '0') {
        base = 8;
        i = 1;
    }
    if (i >= text.length)
        return false;
    for (; i < text.length; i++) {
        u32 digit = digit_value(text.at[i]);

        if (digit >= base || mul_overflows(*out, base, out) || add_overflows(*out, digit, out))
            return false;
    }
    return true;
}

static void skip_blanks(struct lexer *lexer)
{
    while (lexer->at < lexer->end && is_blank(*lexer->at))
        lexer->at++;
    if (lexer->at < lexer->end && *lexer->at == '#')
        while (lexer->at < lexer->end && *lexer->at != '\n')
            lexer->at++;
}

void lexer_skip_line(struct lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at != '\n')
        lexer->at++;
}

static void take_word(struct lexer *lexer, struct token *out)
{
    out->text.at = lexer->at;
    while (lexer->at < lexer->end && is_word(*lexer->at))
        lexer->at++;
    out->text.length = (u64)(lexer->at - out->text.at);
    out->kind = is_digit(*out->text.at) ? TOKEN_NUMBER : TOKEN_WORD;
    if (out->kind == TOKEN_NUMBER)
        out->is_huge = !text_number(out->text, &out->number);
}

static void take_string(struct lexer *lexer, struct token *out)
{
    char quote = *lexer->at++;

    out->text.at = lexer->at;
    while (lexer->at < lexer->end && *lexer->at != quote && *lexer->at != '\n' && *lexer->at)
        lexer->at++;
    out->text.length = (u64)(lexer->at - out->text.at);
    out->kind = TOKEN_OPEN_QUOTE;
    if (lexer->at < lexer->end && *lexer->at == quote) {
        lexer->at++;
        out->kind = TOKEN_STRING;
    }
}

static void take_sign(struct lexer *lexer, struct token *out)
{
    char c = *lexer->at++;

    out->text = (struct text){lexer->at - 1, 1};
    out->kind = TOKEN_STRANGE;
    switch (c) {
    case '\n':
        lexer->line++;
        out->kind = TOKEN_BREAK;
        break;
    case ';':
        out->kind = TOKEN_BREAK;
        break;
    case '=':
        out->kind = TOKEN_EQUAL;
        break;
    case ',':
        out->kind = TOKEN_COMMA;
        break;
    case '[':
        out->kind = TOKEN_OPEN;
        break;
    case ']':
        out->kind = TOKEN_CLOSE;
        break;
    case '+':
        if (lexer->at < lexer->end && *lexer->at == '=') {
            lexer->at++;
            out->kind = TOKEN_APPEND;
        }
        break;
    default:
        break;
    }
}

void lexer_next(struct lexer *lexer, struct token *out)
{
    skip_blanks(lexer);
    *out = (struct token){.kind = TOKEN_END, .line = lexer->line};
    if (lexer->at == lexer->end)
        return;
    if (is_word(*lexer->at))
        take_word(lexer, out);
    else if (*lexer->at == '"' || *lexer->at == '\'')
        take_string(lexer, out);
    else
        take_sign(lexer, out);
}
