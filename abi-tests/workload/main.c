/*
 * The workload: runs in a guest and shows that processes, memory, signals, the FPU and the
 * clock work there. `workload check|full|NAME` prints a line for each test and a last one for
 * all; `workload generate MIB` writes deterministic bytes for the compressor test, `workload
 * disk PATH DEPTH` tries a block device, `workload clocks WHAT SECONDS` is in clocks.c,
 * `workload broadcast WHAT TURNS` in broadcast.c, `workload kexec KERNEL RAMDISK WORDS` in
 * kexec.c, `workload offloads DEVICE` in offloads.c, `workload legacy PATH TURNS` in
 * legacy.c.
 */
#include "abi-tests/workload/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000ull

struct test {
    const char *name;
    test_fn *run;
};

static const struct test tests[] = {
    {"storm", test_storm},       {"threads", test_threads}, {"memory", test_memory},
    {"pipes", test_pipes},       {"signals", test_signals}, {"trace", test_trace},
    {"compat32", test_compat32}, {"fpu", test_fpu},         {"clock", test_clock},
    {"flush", test_flush},
};

#define TEST_COUNT (sizeof(tests) / sizeof(tests[0]))

const char *test_program;

const char *test_fail(const char *format, ...)
{
    static char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return text;
}

int test_parallel(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return cpus < 8 ? 8 : cpus > TEST_PARALLEL_MAX ? TEST_PARALLEL_MAX : (int)cpus;
}

int test_reap(int count)
{
    int first_bad = 0;

    for (int i = 0; i < count; i++) {
        int status = -1;

        if (wait(&status) < 0)
            status = -errno;
        if (status != 0 && first_bad == 0)
            first_bad = status;
    }
    return first_bad;
}

uint64_t test_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

/* Words from a small vocabulary: compressible, but not trivially. */
static int generate(unsigned long mib)
{
    static char block[1 << 16];
    uint64_t state = 0x9e3779b97f4a7c15ull;

    for (unsigned long i = 0; i < mib * 16; i++) {
        size_t filled = 0;

        while (filled + 8 <= sizeof(block)) {
            uint64_t word = test_random(&state) >> 40;

            word = (word & 3) ? (word & 0xff) * 0x0101010101ull : word * 0x9e3779b97f4aull;
            memcpy(block + filled, &word, 8);
            filled += 8;
        }
        if (fwrite(block, sizeof(block), 1, stdout) != 1)
            return 1;
    }
    return fflush(stdout) ? 1 : 0;
}

static int report(const char *name, const char *why, uint64_t begin_ns)
{
    uint64_t took_ms = (test_now_ns() - begin_ns) / 1000000;

    if (why)
        printf("workload: %s FAILED %s\n", name, why);
    else
        printf("workload: %s ok (%llu ms)\n", name, (unsigned long long)took_ms);
    fflush(stdout);
    return why != NULL;
}

static int run_one(const struct test *test, enum test_size size)
{
    uint64_t begin_ns = test_now_ns();

    return report(test->name, test->run(size), begin_ns);
}

static int run_disk(const char *path, const char *depth)
{
    uint64_t begin_ns = test_now_ns();

    return report("disk", test_disk(path, (uint32_t)strtoul(depth, NULL, 10)), begin_ns);
}

static int run_clocks(const char *what, const char *seconds)
{
    uint64_t begin_ns = test_now_ns();

    return report("clocks", test_clocks(what, seconds), begin_ns);
}

static int run_broadcast(const char *what, const char *turns)
{
    uint64_t begin_ns = test_now_ns();

    return report(what, test_broadcast(what, (uint32_t)strtoul(turns, NULL, 10)), begin_ns);
}

static int run_legacy(const char *path, const char *turns)
{
    uint64_t begin_ns = test_now_ns();

    return report("legacy", test_legacy(path, (uint32_t)strtoul(turns, NULL, 10)), begin_ns);
}

static int run_offloads(const char *device)
{
    uint64_t begin_ns = test_now_ns();

    return report("offloads", test_offloads(device), begin_ns);
}

static int run_kexec(const char *kernel, const char *ramdisk, const char *words)
{
    uint64_t begin_ns = test_now_ns();

    return report("kexec", test_kexec(kernel, ramdisk, words), begin_ns);
}

/* By name, or by a set's name; what SKIP=a,b in the environment names is not in a set. */
static int is_wanted(const char *what, const char *name)
{
    const char *skip = getenv("SKIP");
    size_t length = strlen(name);

    if (strcmp(what, "full") && strcmp(what, "check"))
        return !strcmp(what, name);
    for (; skip && *skip; skip += strcspn(skip, ",") + (skip[strcspn(skip, ",")] == ','))
        if (strcspn(skip, ",") == length && !strncmp(skip, name, length))
            return 0;
    return 1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "full";
    enum test_size size = strcmp(what, "check") ? SIZE_FULL : SIZE_SHORT;
    int failed = 0, matched = 0;

    test_program = "/proc/self/exe";
    if (!strcmp(what, "nothing"))
        return 0;
    if (!strcmp(what, "generate"))
        return generate(argc > 2 ? strtoul(argv[2], NULL, 10) : 50);
    if (!strcmp(what, "disk") && argc == 4)
        return run_disk(argv[2], argv[3]);
    if (!strcmp(what, "offloads") && argc == 3)
        return run_offloads(argv[2]);
    if (!strcmp(what, "legacy") && argc == 4)
        return run_legacy(argv[2], argv[3]);
    if (!strcmp(what, "kexec") && argc == 5)
        return run_kexec(argv[2], argv[3], argv[4]);
    if (!strcmp(what, "clocks") && argc == 4)
        return run_clocks(argv[2], argv[3]);
    if (!strcmp(what, "broadcast") && argc == 4)
        return run_broadcast(argv[2], argv[3]);
    for (size_t i = 0; i < TEST_COUNT; i++) {
        if (!is_wanted(what, tests[i].name))
            continue;
        matched++;
        failed += run_one(&tests[i], size);
    }
    if (!matched) {
        fprintf(stderr, "workload: no test named '%s'\n", what);
        return 2;
    }
    return failed ? 1 : 0;
}
