/*
 * What one CPU wants of all others at once, for the hypervisor to count: `workload broadcast
 * WHAT TURNS` with threads on every other CPU that read one page without end (`busy-`) or sleep
 * (`idle-`), and TURNS broadcasts by the first one: interrupts (`ipi`: membarrier(2)) or
 * flushes of a translation (`flush`: mprotect(2) of that page).
 */
#include "abi-tests/workload/test.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul

static volatile char *page;
static _Atomic bool is_over;
static _Atomic int ready;

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static void *busy(void *cpu)
{
    pin((int)(intptr_t)cpu);
    ready++;
    while (!is_over)
        (void)*page;
    return NULL;
}

static void *idle(void *cpu)
{
    pin((int)(intptr_t)cpu);
    (void)*page;
    ready++;
    while (!is_over)
        usleep(1000000);
    return NULL;
}

static const char *barriers(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++)
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
            return test_fail("membarrier %u: %s", i, strerror(errno));
    return NULL;
}

/* Linux flushes when rights are taken and when they are given. */
static const char *flushes(uint32_t turns)
{
    for (uint32_t i = 0; i < turns; i++)
        if (mprotect((void *)page, PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ))
            return test_fail("mprotect %u: %s", i, strerror(errno));
    return NULL;
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static const char *broadcasts(const char *what, uint32_t turns)
{
    uint64_t begin = now_us();
    const char *why = strcmp(what + 5, "ipi") ? flushes(turns) : barriers(turns);

    printf("broadcast: %s took %lu us a turn\n", what, (now_us() - begin) / turns);
    return why;
}

const char *test_broadcast(const char *what, uint32_t turns)
{
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), count = 1;
    void *(*body)(void *) = strncmp(what, "busy-", 5) ? idle : busy;
    pthread_t threads[TEST_PARALLEL_MAX];
    const char *why = NULL;

    if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
        return "no private expedited membarrier";
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return "no memory";
    *page = 1;
    pin(0);
    for (; count < cpus && count < TEST_PARALLEL_MAX && !why; count++)
        if (pthread_create(&threads[count], NULL, body, (void *)(intptr_t)count))
            why = "no thread";
    while (!why && ready < count - 1)
        sched_yield();
    if (!why)
        why = broadcasts(what, turns);
    is_over = true;
    for (int i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    return why;
}
