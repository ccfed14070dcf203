/* Random numbers from a seed: a run can be made again. */
#ifndef ABI_TESTS_KIT_CHANCE_H
#define ABI_TESTS_KIT_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct kit_chance {
    uint64_t state;
};

static inline uint64_t kit_random(struct kit_chance *chance)
{
    chance->state ^= chance->state >> 12;
    chance->state ^= chance->state << 25;
    chance->state ^= chance->state >> 27;
    return chance->state * 0x2545f4914f6cdd1dull;
}

static inline struct kit_chance kit_chance_of(uint64_t seed)
{
    struct kit_chance chance = {seed * 0x9e3779b97f4a7c15ull + 0x1234567};

    for (unsigned i = 0; i < 8; i++)
        (void)kit_random(&chance);
    return chance;
}

static inline uint32_t kit_below(struct kit_chance *chance, uint32_t limit)
{
    return (uint32_t)((kit_random(chance) >> 32) * limit >> 32);
}

static inline bool kit_one_in(struct kit_chance *chance, uint32_t times)
{
    return kit_below(chance, times) == 0;
}

#endif
