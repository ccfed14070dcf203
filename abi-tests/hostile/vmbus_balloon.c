/*
 * test=balloon ms=N seed=N: a driver of dynamic memory that gives pages as it is asked, checks
 * that they go and come back zeroed, and in between gives what is no page of its own, gives
 * twice, gives rings, answers what nobody asked, closes, or (die=1) ends with pages away.
 */
#include "abi-tests/golden/tlfs_numbers.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/tlfs/vmbus.h"
#include "abi-tests/kit/test.h"

#define AREA       0x2000u /* pages from here on are given: 32 MiB to 72 MiB */
#define AREA_PAGES 0x2800u
#define RANGES     64u
#define PATTERN    0x5a5aa5a50f0ff0f0ull
#define GONE       (~0ull) /* what a page that is not there reads as */
#define IDLE       50000ull
#define GOING      20000000ull /* 2 s for a page to go */

static uint8_t ring[VMBUS_RING_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static struct vmbus_channel channel = {.gpadl = 0x99, .pages = ring};
static uint8_t is_away[AREA_PAGES];
static uint64_t gone, back, lies;

static struct {
    struct b_packet_head head;
    uint16_t type, bytes;
    uint32_t transaction;
    uint64_t words[RANGES + 1];
} out;
static uint64_t in[300];

static volatile uint64_t *page_at(uint64_t gfn)
{
    return (volatile uint64_t *)(gfn * KIT_PAGE);
}

static void complain(const char *what, uint64_t gfn)
{
    static uint32_t count;

    if (count++ < 8)
        kit_print("hostile: NOT %s, page %lx: %lx\n", what, gfn, *page_at(gfn));
}

/* What is in out.words, so many of them. */
static void say(uint32_t type, uint32_t words)
{
    out.type = (uint16_t)type;
    out.bytes = (uint16_t)(8 + 8 * words);
    out.transaction++;
    out.head = (struct b_packet_head){.type = B_PACKET_INBAND,
                                      .head_words = 2,
                                      .words = (uint16_t)(3 + words),
                                      .transaction = out.transaction};
    vmbus_put(&channel, &out.head);
    vmbus_signal(&channel);
}

static bool hear(uint64_t patience)
{
    uint64_t end = vmbus_now() + patience;
    struct b_packet_head head;

    do
        if (vmbus_get(&channel, &head, in, sizeof(in)))
            return true;
    while (vmbus_now() < end);
    return false;
}

/* ---- what is given ----------------------------------------------------------------------- */

static bool area_is_here(uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (is_away[first + i])
            return false;
    return true;
}

/* Honest ranges of at most so many pages together; how many ranges. Each begins with a
 * pattern, by which it is seen to go. */
static uint32_t ranges_choose(uint64_t most)
{
    uint32_t count = 1 + below(RANGES - 1), used = 0;

    for (uint32_t i = 0; i < count && most != 0; i++) {
        uint32_t pages = one_in(4) ? 512 : 1 + below(8);
        uint32_t first = below(AREA_PAGES - 512);
        if (pages == 512)
            first &= ~511u;
        if (pages > most || !area_is_here(first, pages))
            continue;
        *page_at(AREA + first) = PATTERN;
        memset(is_away + first, 1, pages);
        out.words[++used] = B_DYNMEM_RANGE(AREA + first, pages);
        most -= pages;
    }
    return used;
}

static void ranges_await(uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        uint64_t gfn = out.words[i] & 0xffffffffff, end = vmbus_now() + GOING;
        while (*page_at(gfn) != GONE && vmbus_now() < end)
            ;
        if (*page_at(gfn) != GONE)
            complain("taken", gfn);
        gone++;
    }
}

/* No RAM, wrapping, gone already, our ring, more than anybody asks for. */
static uint64_t range_lie(void)
{
    switch (below(6)) {
    case 0:
        return hostile_value();
    case 1:
        return B_DYNMEM_RANGE((uintptr_t)ring / KIT_PAGE + below(VMBUS_RING_PAGES), 1);
    case 2:
        return B_DYNMEM_RANGE(0x6000 - below(4), 1 + below(8)); /* across the end */
    case 3:
        return B_DYNMEM_RANGE(AREA, AREA_PAGES | 0x800000);
    case 4:
        return B_DYNMEM_RANGE(AREA + below(AREA_PAGES), 0);
    default:
        for (uint32_t i = 0; i < AREA_PAGES; i++)
            if (is_away[i])
                return B_DYNMEM_RANGE(AREA + i, 1);
        return 0;
    }
}

/* Lies alone, so that none of them is mistaken for an honest one. */
static void lie(void)
{
    uint32_t count = 1 + below(8);

    for (uint32_t i = 1; i <= count; i++)
        out.words[i] = range_lie();
    out.words[0] = (uint64_t)((one_in(4) ? (uint32_t)hostile_value() : count << 1) | 1) << 32;
    say(B_DYNMEM_BALLOON_ANSWER, count);
    lies++;
    if (*(volatile uint64_t *)(volatile void *)ring[0] == GONE)
        complain("kept", (uintptr_t)ring[0] / KIT_PAGE);
}

/* In some messages; between them lies, after which the rest of this request is not vouched
 * for. */
static void balloon_serve(uint64_t asked)
{
    bool is_sure = true;

    for (uint32_t rounds = 1 + below(8); rounds > 0 && asked != 0; rounds--) {
        uint32_t count;
        if (one_in(4)) {
            lie();
            is_sure = false;
        }
        if (!is_sure)
            break;
        count = ranges_choose(asked);
        for (uint32_t i = 1; i <= count; i++)
            asked -= out.words[i] >> 40;
        out.words[0] = (uint64_t)(count << 1 | 1) << 32;
        say(B_DYNMEM_BALLOON_ANSWER, 1 + count);
        ranges_await(count);
    }
    out.words[0] = 0;
    if (!one_in(16)) /* else it never ends */
        say(B_DYNMEM_BALLOON_ANSWER, 1);
}

/* ---- what comes back --------------------------------------------------------------------- */

static void page_back(uint64_t gfn)
{
    if (gfn - AREA >= AREA_PAGES || !is_away[gfn - AREA])
        return;
    if (*page_at(gfn) != 0)
        complain("zeroed", gfn);
    is_away[gfn - AREA] = 0;
    back++;
}

static void unballoon_serve(uint32_t ranges)
{
    for (uint32_t i = 0; i < ranges && i < 256; i++)
        for (uint64_t page = 0; page < in[2 + i] >> 40; page++)
            page_back((in[2 + i] & 0xffffffffff) + page);
    for (uint32_t times = one_in(8) ? below(3) : 1; times > 0; times--)
        say(B_DYNMEM_UNBALLOON_ANSWER, 0);
}

/* When the channel was closed what was away is there again, as far as there is memory. */
static void area_check(void)
{
    for (uint32_t i = 0; i < AREA_PAGES; i++)
        if (is_away[i] && *page_at(AREA + i) != GONE)
            page_back(AREA + i);
}

/* ---- the driver -------------------------------------------------------------------------- */

static void message_serve(void)
{
    uint32_t type = (uint16_t)in[0];

    if (type == B_DYNMEM_BALLOON) {
        balloon_serve((uint32_t)in[1]);
    } else if (type == B_DYNMEM_UNBALLOON) {
        unballoon_serve((uint32_t)(in[1] >> 32));
    } else if (type == B_DYNMEM_HOT_ADD) {
        out.words[0] = one_in(2) ? in[1] >> 40 | 1ull << 32 : hostile_value();
        say(B_DYNMEM_HOT_ADD_ANSWER, 1);
    }
}

static void nonsense_say(void)
{
    uint32_t words = below(RANGES);

    for (uint32_t i = 0; i < words; i++)
        out.words[i] = hostile_value();
    say(one_in(2) ? below(14) : (uint32_t)hostile_value(), words);
    if (one_in(4))
        hostile_scribble(ring[1], KIT_PAGE);
}

static bool driver_begin(void)
{
    channel.relid = 0;
    if (!vmbus_connect())
        return false;
    area_check();
    for (uint32_t i = 0; i < vmbus_offer_count; i++)
        if (vmbus_offers[i].interface == B_INTERFACE_DYNMEM)
            channel.relid = vmbus_offers[i].relid;
    if (channel.relid == 0 || !vmbus_open(&channel))
        return false;
    out.words[0] = one_in(8) ? hostile_value() : B_DYNMEM_2_0;
    say(B_DYNMEM_VERSION, 1);
    out.words[0] = one_in(8) ? hostile_value() : 3 | 7 << 2;
    say(B_DYNMEM_CAPABILITIES, 3);
    return true;
}

static void driver_end(void)
{
    struct b_message message = {.type = B_UNLOAD};

    if (one_in(2)) {
        vmbus_close(&channel);
    } else if (one_in(2)) {
        vmbus_post(&message, 8);
        vmbus_await(B_UNLOAD_RESPONSE, &message);
    }
}

static bool away_any(void)
{
    return !area_is_here(0, AREA_PAGES);
}

TEST(balloon, "balloon", TEST_HYPERV | TEST_ALONE)
{
    uint64_t seed = kit_option("seed", 1) + 64 * (vmbus_now() / 10000), lives = 0;
    uint64_t end = vmbus_now() + kit_option("ms", 3000) * 10000;

    hostile_chance = kit_chance_of(seed);
    kit_print("hostile: balloon, seed %lu\n", seed);
    for (; vmbus_now() < end && driver_begin(); lives++) {
        uint64_t over = vmbus_now() + (5 + below(20)) * 1000000;
        while (vmbus_now() < over && vmbus_now() < end)
            if (hear(IDLE))
                message_serve();
            else if (one_in(400))
                nonsense_say();
        if (kit_option("die", 0) != 0 && away_any())
            __asm__ volatile("outb %b0, %w1" ::"a"(1), "d"(T_PORT_RESET));
        driver_end();
    }
    kit_print("hostile: end, balloon: %lu drivers, %lu ranges gone, %lu pages back, %lu lies\n",
              lives, gone, back, lies);
    expect_true("hostile", "the guest is there afterwards", true);
}
