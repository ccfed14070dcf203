/*
 * Translations of other CPUs: threads on every CPU read pages that one thread replaces and
 * protects all the time. When mmap() or mprotect() has returned, no CPU may use the old
 * translation. On one CPU it is a test of the same calls without a race.
 */
#include "abi-tests/workload/test.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE     4096ul
#define PAGES    8u
#define CHURNERS 2

struct page {
    _Atomic uint32_t generation;
};

static struct page *view;        /* PAGES pages, remapped all the time */
static _Atomic uint32_t retired; /* older generations are unmapped everywhere */
static _Atomic bool is_over;
static _Atomic uint32_t stale_seen; /* 1 + the stale generation that a reader found */
static _Atomic uint64_t reads;

static void pin(unsigned index)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(index % (unsigned)(cpus > 0 ? cpus : 1), &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static volatile struct page *page_at(unsigned index)
{
    return (volatile struct page *)((char *)view + index * PAGE);
}

static void *reader(void *argument)
{
    unsigned index = (unsigned)(uintptr_t)argument;

    pin(index);
    while (!is_over) {
        for (unsigned i = 0; i < PAGES; i++) {
            uint32_t limit = retired;
            uint32_t found = page_at(i)->generation;

            if ((int32_t)(found - limit) < 0)
                stale_seen = found + 1;
        }
        reads++;
        if (reads % 64 == 0)
            sched_yield();
    }
    return NULL;
}

/* Private memory that comes and goes beside it: page tables are made and torn down. */
static void *churner(void *argument)
{
    uint64_t random = 77 + (uintptr_t)argument;

    pin((unsigned)(uintptr_t)argument);
    while (!is_over) {
        size_t bytes = (1 + test_random(&random) % 64) * PAGE;
        char *area =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (area == MAP_FAILED)
            continue;
        for (size_t at = 0; at < bytes; at += PAGE)
            area[at] = (char)at;
        mprotect(area, bytes, PROT_READ);
        munmap(area, bytes);
    }
    return NULL;
}

/* Each turn maps fresh frames that carry the turn's number, then says so. */
static const char *replace_all(uint32_t turns)
{
    for (uint32_t turn = 1; turn <= turns; turn++) {
        int file = memfd_create("turn", 0);

        if (file < 0 || ftruncate(file, PAGES * PAGE))
            return "no memory file";
        for (unsigned i = 0; i < PAGES; i++)
            if (pwrite(file, &turn, sizeof(turn), (off_t)(i * PAGE)) != sizeof(turn))
                return "a memory file cannot be written";
        if (mmap(view, PAGES * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
            return "mmap over a mapping failed";
        retired = turn;
        close(file);
        if (stale_seen)
            return test_fail("turn %u: a CPU still reads generation %u", turn, stale_seen - 1);
    }
    return NULL;
}

/* ---- Writes after mprotect() ------------------------------------------------------------- */

static _Atomic uint32_t protected_turn, writes_late;
static _Thread_local sigjmp_buf fault_exit;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(fault_exit, 1);
}

/* Writes as long as it may; counts writes that succeed between `odd` and the next `even`. */
static void *writer(void *argument)
{
    pin((unsigned)(uintptr_t)argument);
    while (!is_over) {
        if (sigsetjmp(fault_exit, 1)) {
            sched_yield();
            continue;
        }
        for (int i = 0; i < 64; i++) {
            uint32_t before = protected_turn;

            page_at((unsigned)i % PAGES)->generation = before;
            /* read-only before the write began, and still in the same turn afterwards */
            if (before % 2 == 1 && protected_turn == before)
                writes_late++;
        }
    }
    return NULL;
}

static const char *protect_all(uint32_t turns)
{
    for (uint32_t turn = 0; turn < turns; turn++) {
        if (mprotect(view, PAGES * PAGE, PROT_READ))
            return "mprotect failed";
        protected_turn++;
        for (int i = 0; i < 10; i++)
            sched_yield();
        protected_turn++;
        if (mprotect(view, PAGES * PAGE, PROT_READ | PROT_WRITE))
            return "mprotect failed";
        if (writes_late)
            return test_fail("turn %u: %u writes after mprotect had returned", turn,
                             (unsigned)writes_late);
    }
    return NULL;
}

static const char *with_threads(void *(*body)(void *), const char *(*job)(uint32_t),
                                uint32_t turns)
{
    pthread_t threads[TEST_PARALLEL_MAX + CHURNERS];
    int readers = test_parallel(), count = 0;
    const char *why = NULL;

    is_over = false;
    for (; count < readers && !why; count++)
        if (pthread_create(&threads[count], NULL, body, (void *)(uintptr_t)(count + 1)))
            why = "no thread";
    for (; count < readers + CHURNERS && !why; count++)
        if (pthread_create(&threads[count], NULL, churner, (void *)(uintptr_t)count))
            why = "no thread";
    if (!why)
        why = job(turns);
    is_over = true;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return why;
}

const char *test_flush(enum test_size size)
{
    uint32_t turns = (size == SIZE_FULL ? 2400u : 240u) / (uint32_t)test_parallel();
    const char *why;

    stale_seen = 0;
    retired = 0;
    view = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (view == MAP_FAILED)
        return "no memory";
    why = with_threads(reader, replace_all, turns);
    if (why)
        return why;
    if (mmap(view, PAGES * PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return "no memory";
    signal(SIGSEGV, on_fault);
    protected_turn = 0;
    writes_late = 0;
    why = with_threads(writer, protect_all, turns / 4);
    signal(SIGSEGV, SIG_DFL);
    munmap(view, PAGES * PAGE);
    return why;
}
