/* Pieces of texts. */
#ifndef GUEST_DRIVERS_STEWARD_TEXT_H
#define GUEST_DRIVERS_STEWARD_TEXT_H

#include "guest-drivers/steward/manifest.h"

/* True if it begins with the word; `rest` is then what follows. */
bool text_begins(struct text text, const char *word, struct text *rest);
/* Without blanks around it. */
struct text text_trim(struct text text);
/* Up to the first such letter, or all. */
struct text text_until(struct text text, char letter);
/* The same, cut off from the text together with that letter. */
struct text text_take(struct text *text, char letter);

#endif
