/*
 * The cursor of long calls: a list cut into rounds gives what it would give in one piece, every
 * extent is done once and in order, and a guest that moves the cursor between rounds only skips
 * or repeats its own extents: the call ends, with an answer that the list can have.
 */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
// break: xen-adapter/memory.c s/(i < in.nr_extents ? i <</(i < in.nr_extents ? (i + 1) <</
// break: xen-adapter/memory.c s/ + start;/;/
#include <string.h>

#include "abi-tests/model/odometer.h"
#include "abi-tests/unit/fake_grant.h"
#include "abi-tests/unit/fake_op.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/xen.h"

#define ARGUMENT 0x1000u
#define LIST     0x20000u
#define ROUND    512u /* extents a round, from memory.c; the counts below straddle it */
#define FIRST    100u /* frames that the list names */
#define BAD      (1ull << 40)

static const u64 counts[] = {1, 2, ROUND - 1, ROUND, ROUND + 1, 2 * ROUND, 2 * ROUND + 1};

/* Frame `bad` of the list (of `count`: none) is one that no guest has. */
static void list_make(u64 count, u64 bad)
{
    const struct xen_memory_reservation in = {
        .extent_start = LIST, .nr_extents = count, .domid = XEN_DOMID_SELF};

    fake_op_reset();
    fake_grant_reset();
    for (u64 i = 0; i < count; i++) {
        u64 gfn = i == bad ? BAD : FIRST + i % 16;
        memcpy(fake_guest(LIST + i * 8), &gfn, sizeof(gfn));
    }
    memcpy(fake_guest(ARGUMENT), &in, sizeof(in));
}

static void call_begin(u64 cursor)
{
    struct regs *regs = &fake_vcpu[0].regs;

    memset(regs, 0, sizeof(*regs));
    regs->rax = XENNR_memory_op;
    regs->rdi = XENOP_memory_op_populate_physmap | cursor << XEN_MEMORY_OP_EXTENT_SHIFT;
    regs->rsi = ARGUMENT;
}

static u64 cursor_now(void)
{
    return fake_vcpu[0].regs.rdi >> XEN_MEMORY_OP_EXTENT_SHIFT;
}

static void run_straight(struct odometer *o)
{
    u64 count = counts[odometer_choose(o, ARRAY_SIZE(counts))];
    const u64 places[] = {count, 0, count - 1, ROUND - 1, ROUND, ROUND + 1, 2 * ROUND};
    u64 bad = places[odometer_choose(o, ARRAY_SIZE(places))];
    u64 done = 0, rounds = 0;

    if (bad > count)
        bad = count;
    list_make(count, bad);
    call_begin(0);
    while (xen_call(&fake_vcpu[0]) == CALL_REPEAT) {
        odometer_expect(o, cursor_now() > done, "a round that is to be continued got on");
        odometer_expect(o, cursor_now() - done <= ROUND, "a round is short");
        done = cursor_now();
        odometer_expect(o, ++rounds < 8, "a call ends");
    }
    odometer_expect(o, fake_vcpu[0].regs.rax == bad, "the answer counts the extents done");
}

static void run_moved(struct odometer *o)
{
    static const u64 places[] = {0, 1, ROUND, 2 * ROUND, 2 * ROUND + 1, ~0ull >> 6};
    u64 count = counts[odometer_choose(o, ARRAY_SIZE(counts))];
    u64 rounds = 0;

    list_make(count, count);
    call_begin(places[odometer_choose(o, ARRAY_SIZE(places))]);
    while (xen_call(&fake_vcpu[0]) == CALL_REPEAT && rounds++ < 3)
        call_begin(places[odometer_choose(o, ARRAY_SIZE(places))]);
    if (rounds > 3)
        return; /* it was this guest's own will to begin again and again */
    odometer_expect(o,
                    fake_vcpu[0].regs.rax <= count || fake_vcpu[0].regs.rax == places[5] ||
                        fake_vcpu[0].regs.rax == 2 * ROUND ||
                        fake_vcpu[0].regs.rax == 2 * ROUND + 1 ||
                        fake_vcpu[0].regs.rax == ROUND,
                    "the answer is a place in the list or the cursor that was passed");
}

int main(void)
{
    static struct odometer straight, moved;

    do
        run_straight(&straight);
    while (odometer_next(&straight));
    do
        run_moved(&moved);
    while (odometer_next(&moved));
    printf("call cursor: %lu lists in rounds, %lu with the cursor moved\n",
           (unsigned long)straight.runs, (unsigned long)moved.runs);
    return 0;
}
