/* Two guests' RAM above a hypervisor that only notes what it is asked, for one test program. */
#ifndef ABI_TESTS_UNIT_GUEST_MEMORY_MACHINE_H
#define ABI_TESTS_UNIT_GUEST_MEMORY_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/guest_memory.h"
#include "guest-drivers/service/platform.h"

#define PIECE 512u /* frames */

/* ---- the hypervisor, as far as these calls go ---- */

static struct native_memory_map maps[GUEST_CHUNKS];
static u32 map_count;
static enum status map_answer, populate_answer, remove_answer;
static struct native_memory_populate populated;
static struct native_memory_remove removed;
static u32 populates, removes;

static inline u64 map_end(const struct native_memory_map *map)
{
    return map->remote_at + map->pages * PAGE_SIZE;
}

static inline enum status memory_map(const struct native_memory_map *in)
{
    if (map_answer != ST_OK)
        return map_answer;
    assert_int_equal(in->flags, NATIVE_READ | NATIVE_WRITE | NATIVE_HOLES);
    assert_in_range(in->pages, 1, PIECE);
    assert_in_range(in->local_at, GUEST_WINDOW, GUEST_MAPPED - PIECE * PAGE_SIZE);
    for (u32 i = 0; i < map_count; i++)
        assert_int_not_equal(maps[i].local_at, in->local_at);
    assert_in_range(map_count, 0, GUEST_CHUNKS - 1);
    maps[map_count++] = *in;
    return ST_OK;
}

static inline enum status memory_unmap(const struct native_memory_unmap *in)
{
    for (u32 i = 0; i < map_count; i++) {
        if (maps[i].local_at != in->local_at)
            continue;
        maps[i] = maps[--map_count];
        return ST_OK;
    }
    fail_msg("unmaps what is not mapped");
    return ST_NO_ENTRY;
}

/* Frames that somebody has borrowed stay. */
static inline enum status memory_remove(const struct native_memory_remove *in)
{
    removed = *in;
    removes++;
    for (u32 i = 0; i < map_count; i++)
        if (maps[i].partition == in->partition && maps[i].remote_at < in->at + in->bytes &&
            in->at < map_end(&maps[i]))
            return ST_BUSY;
    return remove_answer;
}

/* All that is there is in the way of what comes. */
static inline enum status memory_populate(const struct native_memory_populate *in)
{
    populated = *in;
    populates++;
    assert_int_equal(in->flags, NATIVE_READ | NATIVE_WRITE | NATIVE_EXEC);
    return populate_answer == ST_EXISTS && in->bytes == PAGE_SIZE ? ST_OK : populate_answer;
}

enum status native_invoke(u64 number, const void *in, void *out)
{
    assert_null(out);
    switch (number) {
    case NATIVE_memory_map:
        return memory_map(in);
    case NATIVE_memory_unmap:
        return memory_unmap(in);
    case NATIVE_memory_remove:
        return memory_remove(in);
    case NATIVE_memory_populate:
        return memory_populate(in);
    default:
        fail_msg("call %lu", (unsigned long)number);
        return ST_NO_CALL;
    }
}

static bool has_memory;

void *platform_memory(u64 bytes)
{
    return has_memory ? calloc(1, bytes) : NULL; /* for ever */
}

/* ---- the guests ---- */

/* 3 pieces and 100 frames; 2 pieces from 4 GiB on; more may come behind 8 GiB. */
#define LOW   (3 * PIECE + 100)
#define HIGH  (1u << 20)
#define ADDED (2u << 20)

static u64 away[64];
static struct guest_memory guest, other;

static inline int setup(void **state)
{
    (void)state;
    map_count = populates = removes = 0;
    map_answer = populate_answer = remove_answer = ST_OK;
    has_memory = true;
    memset(away, 0, sizeof(away));
    guest = (struct guest_memory){.partition = 3,
                                  .limit = 4,
                                  .frames = {.low = LOW,
                                             .high_begin = HIGH,
                                             .high = 2 * PIECE,
                                             .more_begin = ADDED,
                                             .room = 64 * 64,
                                             .away = away}};
    other = (struct guest_memory){.partition = 4, .limit = 4, .frames = {.low = LOW}};
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    guest_memory_end(&guest);
    guest_memory_end(&other);
    return map_count != 0 || guest.used != 0 || other.used != 0;
}

static inline u8 *page_get(struct guest_memory *memory, u64 gfn)
{
    u8 *at = NULL;

    assert_int_equal(guest_page_get(memory, gfn, &at), ST_OK);
    return at;
}

static inline enum status get_status(struct guest_memory *memory, u64 gfn)
{
    u8 *at;

    return guest_page_get(memory, gfn, &at);
}

static inline void touch(u64 piece)
{
    page_get(&guest, piece * PIECE);
    guest_page_put(&guest, piece * PIECE);
}

/* What is mapped of a guest at its frame; NULL: nothing. */
static inline const struct native_memory_map *map_of(const struct guest_memory *memory, u64 gfn)
{
    for (u32 i = 0; i < map_count; i++)
        if (maps[i].partition == memory->partition && maps[i].remote_at <= gfn * PAGE_SIZE &&
            gfn * PAGE_SIZE < map_end(&maps[i]))
            return &maps[i];
    return NULL;
}

/* A page is where its piece is mapped. */
static inline void place_expect(const u8 *at, const struct guest_memory *memory, u64 gfn)
{
    const struct native_memory_map *map = map_of(memory, gfn);

    assert_non_null(map);
    assert_int_equal((u64)(uintptr_t)at, map->local_at + gfn * PAGE_SIZE - map->remote_at);
}

#endif
