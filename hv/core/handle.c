#include "hv/core/handle.h"

enum status handle_take(u64 *map, u32 first, u32 limit, u32 *out)
{
    for (u32 word = first / 64; word * 64 < limit; word++) {
        u64 clear = ~map[word];

        if (word == first / 64)
            clear &= ~(u64)0 << (first % 64);
        if (clear == 0)
            continue;
        *out = word * 64 + (u32)__builtin_ctzll(clear);
        if (*out >= limit)
            return ST_NO_SPACE;
        map[word] |= clear & -clear;
        return ST_OK;
    }
    return ST_NO_SPACE;
}

void handle_drop(u64 *map, u32 number)
{
    map[number / 64] &= ~BIT(number % 64);
}
