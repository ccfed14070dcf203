/*
 * The guest's clock: never backwards, not even between processes, and as long as the host's
 * second. The two marker lines let the host compare its own clock with the guest's.
 */
#include "abi-tests/workload/test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const char *monotonic_check(int reads)
{
    uint64_t before_ns = test_now_ns();

    for (int i = 0; i < reads; i++) {
        uint64_t now_ns = test_now_ns();

        if (now_ns < before_ns)
            return test_fail("the clock went back by %llu ns",
                             (unsigned long long)(before_ns - now_ns));
        before_ns = now_ns;
    }
    return NULL;
}

/* Two processes hand a time-stamp to and fro through shared memory. */
static const char *shared_check(int rounds)
{
    volatile uint64_t *stamp =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int backwards = 0;

    if (stamp == MAP_FAILED)
        return "mmap for the shared stamp";
    *stamp = test_now_ns();
    pid_t child = fork();

    for (int i = 0; i < rounds; i++) {
        uint64_t seen_ns = *stamp, now_ns = test_now_ns();

        backwards += now_ns < seen_ns;
        *stamp = now_ns;
        if (i % 32 == 0)
            usleep(100);
    }
    if (child == 0)
        _exit(backwards ? 1 : 0);
    if (test_reap(1) || backwards)
        return "a process saw the clock of another ahead of its own";
    return NULL;
}

static void mark(const char *what)
{
    char line[80];
    int length = snprintf(line, sizeof(line), "workload: clock %s %llu\n", what,
                          (unsigned long long)test_now_ns());

    if (write(1, line, (size_t)length) != length)
        _exit(1);
}

const char *test_clock(enum test_size size)
{
    time_t seconds = size == SIZE_FULL ? 10 : 2;
    struct timespec wait = {.tv_sec = seconds};
    const char *why = monotonic_check(size == SIZE_FULL ? 200000 : 10000);

    if (!why)
        why = shared_check(size == SIZE_FULL ? 2000 : 200);
    if (why)
        return why;
    uint64_t begin_ns = test_now_ns();

    mark("begin");
    nanosleep(&wait, NULL);
    mark("end");
    uint64_t took_ms = (test_now_ns() - begin_ns) / 1000000;

    if (took_ms < (uint64_t)seconds * 1000 || took_ms > (uint64_t)seconds * 1100 + 200)
        return test_fail("a sleep of %d s took %llu ms", (int)seconds,
                         (unsigned long long)took_ms);
    return NULL;
}
