/* The ruler of the micro-guests: the best of several rounds, TSC before and after. */
#ifndef ABI_TESTS_BENCH_MEASURE_H
#define ABI_TESTS_BENCH_MEASURE_H

#include "abi-tests/kit/kit.h"

/* TSC ticks for one run. */
static inline uint64_t measure(void (*run)(void), uint64_t rounds, uint64_t count)
{
    uint64_t best = UINT64_MAX;

    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t begin = kit_tsc();
        for (uint64_t i = 0; i < count; i++)
            run();
        uint64_t took = kit_tsc() - begin;
        if (took < best)
            best = took;
    }
    return best / count;
}

#endif
