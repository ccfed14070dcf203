/* Page tables under load: mmap, mprotect, mremap, copy on write, faults where they belong. */
#include "abi-tests/workload/test.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

static sigjmp_buf fault_jump;
static void *volatile fault_address;

static void fault_caught(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    (void)context;
    fault_address = info->si_addr;
    siglongjmp(fault_jump, 1);
}

/* 1 when a write to `at` faults there, 0 when it goes through. */
static int write_faults(volatile unsigned char *at)
{
    fault_address = NULL;
    if (sigsetjmp(fault_jump, 1))
        return fault_address == (void *)at;
    *at = 0x5a;
    return 0;
}

static void fill(unsigned char *area, size_t pages, uint64_t seed)
{
    for (size_t i = 0; i < pages; i++)
        *(uint64_t *)(void *)(area + i * PAGE + i * 8 % PAGE) = seed + i;
}

static int filled(const unsigned char *area, size_t pages, uint64_t seed)
{
    for (size_t i = 0; i < pages; i++) {
        if (*(const uint64_t *)(const void *)(area + i * PAGE + i * 8 % PAGE) != seed + i)
            return 0;
    }
    return 1;
}

/* One mapping through its whole life; `n` varies size and seed. */
static const char *churn_one(unsigned n)
{
    size_t pages = 1 + n * 37 % 600;
    unsigned char *area =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED)
        return test_fail("mmap of %zu pages", pages);
    fill(area, pages, n);
    if (mprotect(area, pages * PAGE, PROT_READ))
        return "mprotect to read-only";
    if (!write_faults(area + (pages - 1) * PAGE))
        return test_fail("a write to a read-only page went through (round %u)", n);
    if (mprotect(area, pages * PAGE, PROT_NONE) ||
        mprotect(area, pages * PAGE, PROT_READ | PROT_WRITE))
        return "mprotect back";
    area = mremap(area, pages * PAGE, (pages + 64) * PAGE, MREMAP_MAYMOVE);
    if (area == MAP_FAILED)
        return "mremap";
    if (!filled(area, pages, n))
        return test_fail("bytes lost in round %u", n);
    munmap(area, (pages + 64) * PAGE);
    if (!write_faults(area))
        return test_fail("a write to an unmapped page went through (round %u)", n);
    return NULL;
}

/* Both sides of a fork write the same pages and must not see each other. */
static const char *copy_on_write(size_t pages)
{
    unsigned char *area =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED)
        return "mmap for copy on write";
    fill(area, pages, 1000);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            if (!filled(area, pages, 1000))
                _exit(1);
            fill(area, pages, 2000u + (unsigned)i);
            _exit(filled(area, pages, 2000u + (unsigned)i) ? 0 : 2);
        }
    }
    fill(area, pages, 3000);
    int status = test_reap(4);

    if (status)
        return test_fail("a child saw other bytes, status %#x", status);
    if (!filled(area, pages, 3000))
        return "the parent saw a child's bytes";
    munmap(area, pages * PAGE);
    return NULL;
}

/* NX: code on a data page must fault, the same page made executable must run. */
static const char *execute_check(void)
{
    static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; /* mov $42,%eax; ret */
    unsigned char *area =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int (*function)(void);

    if (area == MAP_FAILED)
        return "mmap for code";
    memcpy(area, code, sizeof(code));
    memcpy(&function, &area, sizeof(function));
    fault_address = NULL;
    if (!sigsetjmp(fault_jump, 1)) {
        function();
        return "code on a data page ran (no NX)";
    }
    if (mprotect(area, PAGE, PROT_READ | PROT_EXEC))
        return "mprotect to executable";
    if (function() != 42)
        return "code gave a wrong answer";
    munmap(area, PAGE);
    return NULL;
}

const char *test_memory(enum test_size size)
{
    struct sigaction action = {.sa_sigaction = fault_caught, .sa_flags = SA_SIGINFO};
    unsigned rounds = size == SIZE_FULL ? 200 : 20;
    const char *why = NULL;

    sigaction(SIGSEGV, &action, NULL);
    for (unsigned n = 0; n < rounds && !why; n++)
        why = churn_one(n);
    if (!why)
        why = copy_on_write(size == SIZE_FULL ? 2048 : 256);
    if (!why)
        why = execute_check();
    signal(SIGSEGV, SIG_DFL);
    return why;
}
