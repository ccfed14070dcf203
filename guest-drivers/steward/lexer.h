/* Words of a manifest: the tokens of xl.cfg. */
#ifndef GUEST_DRIVERS_STEWARD_LEXER_H
#define GUEST_DRIVERS_STEWARD_LEXER_H

#include "guest-drivers/steward/manifest.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BREAK, /* line break or semicolon */
    TOKEN_WORD,
    TOKEN_STRING,
    TOKEN_NUMBER,
    TOKEN_EQUAL,
    TOKEN_APPEND, /* += */
    TOKEN_COMMA,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OPEN_QUOTE, /* a string without an end */
    TOKEN_STRANGE,    /* a character that has no place here */
};

struct token {
    enum token_kind kind;
    struct text text; /* of a string: without the quotes */
    u32 line;
    u64 number;
    bool is_huge; /* the number does not fit 64 bits */
};

struct lexer {
    const char *at;
    const char *end;
    u32 line;
};

void lexer_next(struct lexer *lexer, struct token *out);
/* Goes to the end of the current line. */
void lexer_skip_line(struct lexer *lexer);

/* A decimal, octal (0...) or hexadecimal (0x...) number that fills the whole text. */
bool text_number(struct text text, u64 *out);

#endif
