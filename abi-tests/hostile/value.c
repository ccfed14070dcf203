/* Numbers and bytes that could be mistakes. */
#include "abi-tests/hostile/hostile.h"

struct kit_chance hostile_chance;

uint64_t hostile_value(void)
{
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return ~0ull;
    case 2:
        return 1ull << below(64);
    case 3:
        return (1ull << below(64)) - 1;
    case 4:
        return kit_random(&hostile_chance);
    case 5:
        return kit_random(&hostile_chance) & 0xffffffff;
    case 6:
        return 8 + below(64); /* a reference that may be one */
    default:
        return below(300);
    }
}

void hostile_scribble(volatile void *at, uint32_t bytes)
{
    volatile uint8_t *to = at;
    uint32_t first = below(bytes), count = 1 + below(one_in(8) ? bytes : 8);

    for (uint32_t i = first; i < bytes && i < first + count; i++)
        to[i] = (uint8_t)kit_random(&hostile_chance);
}
