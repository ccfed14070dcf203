#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"

#define STAGE_PAGES 16u

uint64_t fuzz_arena_frame[ARENA_PAGES];

static uint64_t state;
static uint32_t stage_used; /* what one step has placed lies side by side */
static uint8_t stage[STAGE_PAGES][KIT_PAGE] __attribute__((aligned(4096)));

/* Frames that hold our code, stack and page tables, in front of the arena and behind it. */
static struct span {
    uint64_t first, last;
} ours[2];

void fuzz_seed(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15ull + 0x1234567;
    for (unsigned i = 0; i < 8; i++)
        fuzz_random();
}

uint64_t fuzz_random(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}

uint32_t fuzz_below(uint32_t limit)
{
    return (uint32_t)((fuzz_random() >> 32) * limit >> 32);
}

static void span_add(struct span *span, uint64_t frame)
{
    if (span->last == 0 || frame < span->first)
        span->first = frame;
    if (frame > span->last)
        span->last = frame;
}

void fuzz_values_init(void)
{
    uint64_t end = (uintptr_t)fuzz_arena + ARENA_BYTES;

    for (unsigned i = 0; i < ARENA_PAGES; i++)
        fuzz_arena_frame[i] = kit_frame(fuzz_arena[i]);
    for (uint64_t at = FUZZ_IMAGE; at < (uintptr_t)fuzz_arena; at += KIT_PAGE)
        span_add(&ours[0], kit_frame((const void *)(uintptr_t)at));
    if (kit_kind != KIT_PV)
        return;
    /* the p2m list, start_info, page tables and first stack follow the image */
    uint64_t tables = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
    tables += *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_nr_pt_frames) *
              KIT_PAGE;
    for (uint64_t at = end; at < tables; at += KIT_PAGE)
        span_add(&ours[1], kit_frame((const void *)(uintptr_t)at));
}

static bool is_ours(uint64_t frame)
{
    for (unsigned i = 0; i < 2; i++)
        if (ours[i].last != 0 && frame >= ours[i].first && frame <= ours[i].last)
            return true;
    return false;
}

bool fuzz_is_ours(uint64_t address)
{
    return address >= FUZZ_IMAGE && address < (uintptr_t)fuzz_arena;
}

static bool is_forbidden(uint64_t value)
{
    return fuzz_is_ours(value) || is_ours(value) || is_ours(value >> 12) ||
           is_ours((value & 0x000ffffffffff000ull) >> 12);
}

uint64_t fuzz_frame(void)
{
    uint64_t frame;

    switch (fuzz_below(16)) {
    case 0:
        frame = fuzz_random();
        break;
    case 1:
        frame = fuzz_random() & 0xffff;
        break;
    case 2:
        frame = 0xfeff8 + fuzz_below(8);
        break;
    case 3:
        frame = 1ull << fuzz_below(64);
        break;
    default:
        return fuzz_arena_frame[fuzz_below(ARENA_PAGES)];
    }
    return is_forbidden(frame) ? fuzz_arena_frame[0] : frame;
}

uint16_t fuzz_domid(void)
{
    static const uint16_t odd[] = {0, 1, G_DOMID_IO, G_DOMID_XEN, G_DOMID_INVALID, 0x7fff};

    if (fuzz_one_in(4))
        return odd[fuzz_below(sizeof(odd) / sizeof(odd[0]))];
    if (fuzz_one_in(8))
        return (uint16_t)fuzz_below(16);
    return fuzz_one_in(32) ? (uint16_t)fuzz_random() : G_DOMID_SELF;
}

uint32_t fuzz_port(void)
{
    switch (fuzz_below(8)) {
    case 0:
        return (uint32_t)fuzz_random();
    case 1:
        return 1u << fuzz_below(18);
    default:
        return fuzz_below(40);
    }
}

uint64_t fuzz_pointer(void)
{
    static const uint64_t odd[] = {
        0,
        1,
        0x800000000000ull,
        0x7ffffffffff8ull,
        0x7ffffffff000ull,
        ~0ull,
        ~7ull,
        ~4095ull,
        KIT_UNMAPPED,
        KIT_HYPERVISOR,
        0xffff800000000000ull,
        0xffff7ffffffffffcull,
        0xffff820000000000ull,
        0xffff828000000000ull,
        0xffff828800000000ull,
        0xffff829000000000ull,
        0xffff87fffffffff8ull,
        0xffff880000000000ull,
        0xfee00000,
        0xfeffc000,
        0xf0000000,
        0xfffffff8,
        0x100000000ull,
        0x100000,
        0xfffffff000ull,
    };
    uint64_t in_arena = (uintptr_t)fuzz_arena + fuzz_below(ARENA_BYTES);

    if (fuzz_one_in(3))
        return odd[fuzz_below(sizeof(odd) / sizeof(odd[0]))];
    if (fuzz_one_in(4))
        return (in_arena & ~4095ull) - fuzz_below(16);
    return fuzz_one_in(4) ? in_arena : in_arena & ~7ull;
}

uint64_t fuzz_value(void)
{
    uint64_t value;

    switch (fuzz_below(16)) {
    case 0:
        return 0;
    case 1:
        value = ~0ull;
        break;
    case 2:
    case 3:
        return fuzz_below(64);
    case 4:
        value = 1ull << fuzz_below(64);
        break;
    case 5:
        value = (1ull << fuzz_below(64)) - 1;
        break;
    case 6:
        value = fuzz_random();
        break;
    case 7:
        value = (uint32_t)fuzz_random();
        break;
    case 8:
    case 9:
        value = fuzz_pointer();
        break;
    case 10:
        return fuzz_frame() << 12 | fuzz_below(4096);
    case 11:
        value = fuzz_domid(); /* a machine address of ours, of a PV guest's first frames */
        break;
    case 12:
        value = fuzz_below(0x20000);
        break;
    case 13:
        value = 0x8000000000000000ull >> fuzz_below(4);
        break;
    default:
        return fuzz_frame();
    }
    return is_forbidden(value) ? fuzz_arena_frame[1] : value;
}

/* One change to a copy of the aligned word around it; never a part that completes a name of
 * ours.
 */
static void bytes_mutate(uint8_t *bytes, size_t size)
{
    for (uint32_t times = 1 + fuzz_below(3); times > 0; times--) {
        uint64_t word = 0, value = fuzz_value();
        size_t width = (size_t)1 << fuzz_below(4);
        size_t at = fuzz_below((uint32_t)(size + 7) / 8) * 8;
        size_t count = size - at < 8 ? size - at : 8;
        size_t inside = fuzz_below(8) & ~(width - 1);
        memcpy(&word, bytes + at, count);
        memcpy((uint8_t *)&word + inside, &value, width);
        if (!is_forbidden(word) && !is_forbidden((uint32_t)word))
            memcpy(bytes + at, &word, count);
    }
}

void fuzz_place_begin(void)
{
    stage_used = fuzz_below(KIT_PAGE);
}

uint64_t fuzz_place(const void *bytes, size_t size, enum fuzz_bytes how)
{
    uint8_t *at;

    if (size == 0)
        return fuzz_pointer();
    if (stage_used + 2 * size + KIT_PAGE > sizeof(stage))
        stage_used = 0;
    if (fuzz_one_in(8)) /* across the end of a page */
        stage_used = ((stage_used + (uint32_t)size + KIT_PAGE) & ~(KIT_PAGE - 1)) -
                     fuzz_below((uint32_t)size);
    else
        stage_used = (stage_used + 15) & ~7u;
    if (fuzz_one_in(8))
        stage_used += fuzz_below(8);
    at = stage[0] + stage_used;
    stage_used += (uint32_t)size;
    if (fuzz_one_in(32)) {
        uint8_t *torn = KIT_TORN(size);
        memcpy(torn, bytes, size / 2);
        return (uintptr_t)torn;
    }
    if (how == FUZZ_EXACT) {
        memcpy(at, bytes, size);
        return (uintptr_t)at;
    }
    memcpy(at, bytes, size);
    if (fuzz_one_in(4))
        bytes_mutate(at, size);
    return fuzz_one_in(24) ? fuzz_pointer() : (uintptr_t)at;
}
