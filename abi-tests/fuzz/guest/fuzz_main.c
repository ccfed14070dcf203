/*
 * role=fuzz seed=N calls=N: that many hypercalls with games between them; then it powers off.
 * lives=1 adds the time to the seed, for a guest that is started again whenever it ends.
 * report=N says so every N calls, trace=N prints every call from the N-th on, to look at what a
 * seed dies of.
 * role=bystander: see bystander.c.
 */
#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define EPOCH_CALLS   16384u
#define STEPS_IN_VAIN 65536u /* a guest that wrote over its own state makes no call */

static uint64_t calls_done, trace_from;
static uint64_t calls_issued; /* a step that traps before has made none */
static struct fuzz_call last; /* a call that names our own memory after all shows up here */

void fuzz_poke(void)
{
    uint8_t *page = fuzz_arena[fuzz_below(ARENA_PAGES)];
    struct g_shared_info *shared = kit_shared();
    uint32_t offset = fuzz_below(KIT_PAGE / 8) * 8;

    if (fuzz_one_in(
            4)) /* pending and mask words; the rest of the page is read-only to nobody */
        (fuzz_one_in(2) ? shared->pending : shared->mask)[fuzz_below(64)] = fuzz_value();
    else if (fuzz_one_in(8))
        *(uint64_t *)(void *)((uint8_t *)shared + offset) = fuzz_value();
    else if (fuzz_one_in(4))
        *(uint32_t *)(void *)(page + offset) ^= 1u << fuzz_below(32);
    else
        *(uint64_t *)(void *)(page + offset) = fuzz_value();
}

static void call_print(const struct fuzz_call *call)
{
    kit_print("%lu: %lx(%lx %lx %lx %lx)\n", calls_done, call->number, call->argument[0],
              call->argument[1], call->argument[2], call->argument[3]);
    for (uint32_t i = 0; i < call->batched; i++) {
        const struct g_multicall_entry *one = &fuzz_batch[i];
        kit_print("  %u: %lx(%lx %lx %lx %lx)\n", i, one->op, one->args[0], one->args[1],
                  one->args[2], one->args[3]);
    }
}

static void step(uint64_t unused)
{
    (void)unused;
    fuzz_call_begin();
    fuzz_call_make(&last, fuzz_one_in(2) ? G_HYPERVISOR_multicall : fuzz_number());
    if (calls_done >= trace_from)
        call_print(&last);
    calls_issued += 1 + last.batched;
    fuzz_call_issue(&last);
}

static void repair(uint64_t unused)
{
    (void)unused;
    fuzz_pv_repair((unsigned)last.number);
}

static void game(uint64_t unused)
{
    (void)unused;
    if (calls_done >= trace_from)
        kit_print("%lu: game\n", calls_done);
    if (kit_kind == KIT_PV)
        fuzz_pv_game();
    else
        fuzz_pvh_game();
}

static void epoch(uint64_t unused)
{
    (void)unused;
    if (kit_kind == KIT_PV)
        fuzz_pv_epoch();
    else
        fuzz_pvh_epoch();
}

/* What fuzz-guest reads; the calls before may have closed the console's port. A guest that
 * nobody hears any more would look as if it hung.
 */
static void say(const char *word)
{
    kit_console_mend();
    if (!kit_console_is_read())
        kit_exit(G_SHUTDOWN_crash);
    kit_print("fuzz: %s %lu stuck %lu\n", word, calls_done, fuzz_stuck);
}

void fuzz_main(void)
{
    uint64_t seed = kit_option("seed", 1), calls = kit_option("calls", 100000);

    uint64_t report = kit_option("report", 4096);
    uint64_t next_report = report, next_epoch = EPOCH_CALLS;

    trace_from = kit_option("trace", ~0ull);
    kit_traps_init();
    kit_shared();
    if (kit_option("lives", 0) != 0)
        seed += kit_now() / 1000000 * 64;
    fuzz_seed(seed);
    fuzz_values_init();
    if (kit_kind == KIT_PV)
        fuzz_pv_init();
    else
        fuzz_pvh_init();
    kit_console_mend();
    kit_console_patience = 1ull << 32; /* seconds, whatever else runs */
    kit_print("fuzz: seed %lu, %lu calls\n", seed, calls);
    for (uint64_t done = 0, in_vain = 0; done < calls;) {
        kit_try(step, 0);
        in_vain = calls_issued == done ? in_vain + 1 : 0;
        if (in_vain == STEPS_IN_VAIN)
            kit_exit(G_SHUTDOWN_crash);
        if (kit_kind == KIT_PV)
            kit_try(repair, 0);
        done = calls_done = calls_issued;
        if (fuzz_one_in(4))
            kit_try(game, 0);
        if (done >= next_epoch) {
            kit_try(epoch, 0);
            next_epoch = done + EPOCH_CALLS;
        }
        if (done >= next_report) {
            say("done");
            next_report = done + report;
        }
    }
    say("end");
}

void kit_main(void)
{
    if (kit_option_holds("role", "bystander", false))
        bystander_main();
    else
        fuzz_main();
}
