#ifndef ABI_TESTS_UNIT_GOLDEN_PUBLIC_H
#define ABI_TESTS_UNIT_GOLDEN_PUBLIC_H

/* How many golden facts were compared with the installed public headers, when this was
 * compiled. */
int golden_public_compared(void);

#endif
