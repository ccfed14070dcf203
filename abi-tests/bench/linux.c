/*
 * Instructions for what a Linux kernel does all day, from its first process: best round of
 * each, TSC before and after. Under QEMU's -icount shift=0 one TSC tick is one instruction;
 * while the CPU is idle the clock jumps. Prints "linux: NAME = N" lines.
 */
#include "abi-tests/bench/linux.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum {
    ROUNDS = 5,
    PAGE_BYTES = 4096,
    FAULT_PAGES = 256,
    MIB = 1 << 20,
    NS_PER_MS = 1000000,
};

struct work {
    const char *name;
    unsigned count; /* operations in one round */
    void (*round)(unsigned count);
};

static const char *own_path;

static void round_syscall(unsigned count)
{
    while (count-- > 0)
        syscall(SYS_getppid);
}

static void caught(int number)
{
    (void)number;
}

static void round_signal(unsigned count)
{
    struct sigaction action = {.sa_handler = caught};

    sigaction(SIGUSR1, &action, NULL);
    while (count-- > 0)
        kill(getpid(), SIGUSR1);
}

/* The mapping is made and ended once a round: its share of a fault is below one in a hundred.
 */
static void round_fault(unsigned count)
{
    size_t bytes = (size_t)count * PAGE_BYTES;
    volatile char *at =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    madvise((void *)(uintptr_t)at, bytes, MADV_NOHUGEPAGE);
    for (size_t offset = 0; offset < bytes; offset += PAGE_BYTES)
        at[offset] = 1;
    munmap((void *)(uintptr_t)at, bytes);
}

static void round_map(unsigned count)
{
    while (count-- > 0) {
        void *at = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(at, MIB);
    }
}

static void round_map_populated(unsigned count)
{
    while (count-- > 0) {
        void *at = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        munmap(at, MIB);
    }
}

static void round_protect(unsigned count)
{
    static char area[16 * PAGE_BYTES] __attribute__((aligned(4096)));

    memset(area, 1, sizeof(area));
    while (count-- > 0)
        mprotect(area, sizeof(area), count % 2 != 0 ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void round_fork(unsigned count)
{
    while (count-- > 0) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    }
}

static void round_exec(unsigned count)
{
    char *const words[] = {(char *)(uintptr_t)own_path, (char *)(uintptr_t) "child", NULL};
    char *const none[] = {NULL};

    while (count-- > 0) {
        pid_t child = fork();
        if (child == 0) {
            execve(own_path, words, none);
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}

/* Two switches for each byte that goes there and back. */
static void round_switch(unsigned count)
{
    int there[2], back[2];
    char byte = 0;
    pid_t child;

    if (pipe(there) != 0 || pipe(back) != 0)
        return;
    child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < count / 2; i++)
            if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    for (unsigned i = 0; i < count / 2; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            break;
    waitpid(child, NULL, 0);
    for (unsigned i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
}

static const struct work works[] = {
    {"syscall (getppid)", 10000, round_syscall},
    {"signal to oneself", 2000, round_signal},
    {"page fault, anonymous", FAULT_PAGES * 4, round_fault},
    {"mmap and munmap of 1 MiB, untouched", 1000, round_map},
    {"mmap and munmap of 1 MiB, populated", 20, round_map_populated},
    {"mprotect of 16 pages", 1000, round_protect},
    {"fork + exit + wait", 40, round_fork},
    {"fork + exec + exit + wait", 20, round_exec},
    {"context switch by pipe", 2000, round_switch},
};

static long long now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* How long after its time a sleeper runs again: the least and the mean of 50 sleeps of 5 ms. */
static void timer_print(void)
{
    long long least = INT64_MAX, sum = 0;
    enum { SLEEPS = 50 };

    prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
    for (unsigned i = 0; i < SLEEPS; i++) {
        long long until = now_ns() + 5 * NS_PER_MS, late;
        struct timespec at = {until / 1000000000, until % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        late = now_ns() - until;
        least = late < least ? late : least;
        sum += late;
    }
    printf("linux: timer latency, least (ns) = %lld\n", least);
    printf("linux: timer latency, mean (ns) = %lld\n", sum / SLEEPS);
}

void linux_measure(const char *path)
{
    own_path = path;
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        unsigned long long best = UINT64_MAX;
        for (unsigned round = 0; round < ROUNDS; round++) {
            unsigned long long begin = __rdtsc(), took;
            works[i].round(works[i].count);
            took = __rdtsc() - begin;
            best = took < best ? took : best;
        }
        printf("linux: %s = %llu\n", works[i].name, best / works[i].count);
    }
    timer_print();
}
