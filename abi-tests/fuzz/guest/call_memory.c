/* Calls about memory: reservations, exchanges, the physical map. */
#include "abi-tests/fuzz/guest/call.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static void reservation_make(struct fuzz_call *call)
{
    uint32_t count = fuzz_count();
    struct g_memory_reservation in = {
        .nr_extents = count,
        .extent_order = fuzz_one_in(6) ? (uint32_t)fuzz_value() : fuzz_below(2),
        .mem_flags = fuzz_one_in(4) ? (uint32_t)fuzz_value() : 0,
        .domid = fuzz_domid(),
    };

    in.extent_start = fuzz_frames_put(count, in.extent_order);
    if (count > FUZZ_BATCH)
        in.extent_start = (uintptr_t)fuzz_arena[fuzz_below(ARENA_PAGES)];
    else if (fuzz_one_in(12))
        in.extent_start = fuzz_pointer();
    call->argument[1] = fuzz_put(&in, sizeof(in));
}

static void exchange_make(struct fuzz_call *call)
{
    uint64_t words[11] = {0};
    uint32_t count = fuzz_below(4);

    for (unsigned i = 0; i < 2; i++) {
        words[4 * i + 2] = fuzz_one_in(4) ? fuzz_value() : 0;
        words[4 * i] = fuzz_frames_put(count, words[4 * i + 2]);
        words[4 * i + 1] = count;
        words[4 * i + 3] = G_DOMID_SELF;
    }
    call->argument[1] = fuzz_put(words, sizeof(words));
}

static void physmap_make(struct fuzz_call *call)
{
    struct g_add_to_physmap in = {
        .domid = fuzz_domid(),
        .size = (uint16_t)fuzz_below(4),
        .space = fuzz_below(6),
        .idx = fuzz_one_in(3) ? fuzz_below(40) : fuzz_frame(),
        .gpfn = fuzz_frame(),
    };

    call->argument[1] = fuzz_put(&in, sizeof(in));
}

static void memory_map_make(struct fuzz_call *call)
{
    struct g_memory_map in = {.nr_entries = fuzz_count() * 16, .buffer = fuzz_words_put(0)};

    call->argument[1] = fuzz_put(&in, sizeof(in));
}

void fuzz_memory_make(struct fuzz_call *call)
{
    uint16_t domid = fuzz_domid();
    struct g_remove_from_physmap gone = {.domid = domid, .gpfn = fuzz_frame()};
    uint32_t sub = fuzz_below(30);

    if (fuzz_one_in(2))
        sub = (const uint8_t[]){0, 1, 6, 7, 9, 11, 15, 23}[fuzz_below(8)];
    call->argument[0] = sub | (fuzz_one_in(6) ? fuzz_random() << 6 : 0);
    call->argument[1] = fuzz_words_put((uint32_t)fuzz_value());
    if (sub == 0 || sub == 1 || sub == 6)
        reservation_make(call);
    else if (sub == 7)
        physmap_make(call);
    else if (sub == 9 || sub == 10)
        memory_map_make(call);
    else if (sub == 11)
        exchange_make(call);
    else if (sub == 15)
        call->argument[1] = fuzz_put(&gone, sizeof(gone));
    else if (sub == 3 || sub == 4)
        call->argument[1] = fuzz_put(&domid, sizeof(domid));
}
