/* Linked last: behind the arena lies nothing of ours that orders above 0 could reach. */
#include "abi-tests/fuzz/guest/fuzz.h"

/* Guest addresses are taken from a page before the arena to a page behind it as well. */
static uint8_t room[ARENA_PAGES + 2][KIT_PAGE] __attribute__((aligned(4096)));
uint8_t (*const fuzz_arena)[KIT_PAGE] = room + 1;
