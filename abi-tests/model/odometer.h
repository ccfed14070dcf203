/*
 * All sequences of small choices, one after the other: the loop
 *     do { model starts anew and asks choose(); } while (odometer_next(&o));
 * visits each of them once. Under CBMC choose() is any value below its limit instead, so that
 * the same model is a harness (cbmc -DMODEL_CBMC --unwind N).
 */
#ifndef ABI_TESTS_MODEL_ODOMETER_H
#define ABI_TESTS_MODEL_ODOMETER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ODOMETER_WHEELS 48u

struct odometer {
    uint32_t digit[ODOMETER_WHEELS], limit[ODOMETER_WHEELS];
    uint32_t at, count; /* wheels asked for in this run, wheels that have a digit */
    uint64_t runs;
};

#ifdef MODEL_CBMC
uint32_t nondet_uint32(void);
static inline uint32_t odometer_choose(struct odometer *o, uint32_t limit)
{
    uint32_t value = nondet_uint32();

    (void)o;
    __CPROVER_assume(value < limit);
    return value;
}
#else
static inline uint32_t odometer_choose(struct odometer *o, uint32_t limit)
{
    if (o->at == ODOMETER_WHEELS) {
        fprintf(stderr, "the model asks for more than %u choices\n", ODOMETER_WHEELS);
        exit(2);
    }
    if (o->at == o->count) {
        o->digit[o->count] = 0;
        o->limit[o->count++] = limit;
    }
    return o->digit[o->at++];
}
#endif

static inline bool odometer_next(struct odometer *o)
{
    o->runs++;
    o->at = 0;
    while (o->count > 0) {
        if (++o->digit[o->count - 1] < o->limit[o->count - 1])
            return true;
        o->count--;
    }
    return false;
}

/* A promise of the model: says which, and which choices broke it. */
static inline void odometer_expect(const struct odometer *o, bool holds, const char *promise)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\nafter:", promise);
    for (uint32_t i = 0; i < o->at; i++)
        fprintf(stderr, " %u", o->digit[i]);
    fprintf(stderr, "\n");
    exit(1);
}

#endif
