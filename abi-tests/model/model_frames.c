/*
 * Frames lent, returned and torn down: two lenders with one page each, a borrower of both, all
 * orders of mapping, unmapping, giving up pages and ending partitions. A lent page is never
 * free while somebody maps it, a borrower sees nothing of a lender that ended, and at the end
 * every frame is back.
 */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c
// sources: hv/core/quota.c hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c
// sources: hv/cpu/npt.c
// break: hv/core/share.c s/            lent_end(p, q);/            ;/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/model/odometer.h"
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/frame.h"
#include "hv/core/share.h"
#include "hv/cpu/ptab.h"

#define MEMBERS 3u
#define STEPS   4u
#define OWN     0x200000ull /* where each has its page */
#define PLACE   0x800000ull /* where it maps the page of member n, plus n pages */

static struct partition *member[MEMBERS];
static u64 free_before;

static gpa_t place_of(u32 lender)
{
    return gpa(PLACE + lender * PAGE_SIZE);
}

static void member_begin(u32 i)
{
    static const char *const names[MEMBERS] = {"a", "b", "c"};

    member[i] = fake_partition(names[i], PARTITION_XEN, 16);
    (void)space_populate(&member[i]->space, gpa(OWN), PAGE_SIZE, SPACE_RAM);
}

static void step(struct odometer *o)
{
    u32 who = odometer_choose(o, MEMBERS);
    u32 other = (who + 1 + odometer_choose(o, 2)) % MEMBERS;

    if (member[who] == NULL)
        return;
    switch (odometer_choose(o, 4)) {
    case 0:
        if (member[other] != NULL)
            (void)share_map(member[other], gpa(OWN), member[who], place_of(other), 1,
                            SPACE_RAM);
        break;
    case 1:
        (void)share_unmap(member[who], place_of(other));
        break;
    case 2: /* gives its page up, or takes a fresh one */
        if (!share_is_lent(member[who], gpa(OWN), PAGE_SIZE) &&
            space_remove(&member[who]->space, gpa(OWN), PAGE_SIZE) != ST_OK)
            (void)space_populate(&member[who]->space, gpa(OWN), PAGE_SIZE, SPACE_RAM);
        break;
    default:
        odometer_expect(o, partition_destroy(member[who]) == ST_OK, "a partition can end");
        member[who] = NULL;
        break;
    }
}

/* Whatever a borrower maps is the page its lender has now, and the lender's by name. */
static void promises_check(const struct odometer *o)
{
    for (u32 who = 0; who < MEMBERS; who++) {
        for (u32 lender = 0; member[who] != NULL && lender < MEMBERS; lender++) {
            hpa_t seen, own;
            u32 flags;
            if (lender == who ||
                space_find(&member[who]->space, place_of(lender), &seen, &flags) != ST_OK)
                continue;
            odometer_expect(o, member[lender] != NULL, "pages of an ended lender are gone");
            odometer_expect(o, frame_owner(seen) == member[lender]->id,
                            "a mapped page is its lender's");
            odometer_expect(o,
                            space_find(&member[lender]->space, gpa(OWN), &own, &flags) ==
                                    ST_OK &&
                                own.raw == seen.raw,
                            "lender and borrower see one page");
            odometer_expect(o, share_is_lent(member[lender], gpa(OWN), PAGE_SIZE),
                            "a mapped page counts as lent");
        }
    }
}

static void run_all(void **state)
{
    static struct odometer o;

    (void)state;
    fake_machine_reset();
    (void)fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 64);
    free_before = frame_count_free();
    do {
        for (u32 i = 0; i < MEMBERS; i++)
            member_begin(i);
        for (u32 i = 0; i < STEPS; i++) {
            step(&o);
            promises_check(&o);
        }
        for (u32 i = 0; i < MEMBERS; i++) {
            if (member[i] != NULL)
                odometer_expect(&o, partition_destroy(member[i]) == ST_OK,
                                "a partition can end");
            member[i] = NULL;
            promises_check(&o);
        }
        odometer_expect(&o, frame_count_free() == free_before, "every frame comes back");
    } while (odometer_next(&o));
    printf("frames: %lu orders of lending, returning and ending\n", (unsigned long)o.runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(run_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
