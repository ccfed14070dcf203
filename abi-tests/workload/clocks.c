/*
 * Clocks of a guest as its programs read them, for a host that compares them with its own:
 *   stamp SECONDS  lines with three clocks, 20 in a second
 *   ring SECONDS   a thread on each CPU: none may read less than another has read before
 *   host           the host's clock, by its time service, beside that of the day
 *   vdso           the clock is read where a system call would kill the reader
 *   spin SECONDS, read SECONDS   one CPU is busy, without and with reading the clock
 */
#include "abi-tests/workload/test.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000ull
#define STAMP_US      50000
#define CPUS_MAX      64
#define VDSO_READS    1000000

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

/* Raw is the counter itself; the others follow what the kernel makes of it. */
static const char *stamp(uint64_t seconds)
{
    uint64_t end_ns = test_now_ns() + seconds * NS_PER_SECOND;

    while (test_now_ns() < end_ns) {
        unsigned long long raw = read_ns(CLOCK_MONOTONIC_RAW);
        unsigned long long monotonic = read_ns(CLOCK_MONOTONIC);

        printf("clocks: stamp %llu %llu %llu\n", raw, monotonic,
               (unsigned long long)read_ns(CLOCK_REALTIME));
        fflush(stdout);
        usleep(STAMP_US);
    }
    return NULL;
}

/* The latest time anybody has read, and in its last bits who. */
static _Atomic uint64_t latest;
static atomic_int is_over;

#define READER_BITS 6

struct reader {
    pthread_t thread;
    uint64_t index, reads, passed, backwards;
};

static void reader_pin(uint64_t cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

/* What was seen was read by another before: that is the value passed. */
static void reader_turn(struct reader *reader)
{
    uint64_t seen = atomic_load(&latest);
    uint64_t mine = read_ns(CLOCK_MONOTONIC) << READER_BITS | reader->index;

    reader->reads++;
    if (seen >> READER_BITS > mine >> READER_BITS)
        reader->backwards++;
    if (seen % (1 << READER_BITS) != reader->index)
        reader->passed++;
    while (mine > seen && !atomic_compare_exchange_weak(&latest, &seen, mine))
        ;
}

static void *reader_run(void *argument)
{
    struct reader *reader = argument;

    reader_pin(reader->index);
    while (!atomic_load(&is_over))
        reader_turn(reader);
    return NULL;
}

static const char *ring(uint64_t seconds)
{
    static struct reader readers[CPUS_MAX];
    struct reader sum = {0};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    for (long i = 0; i < cpus && i < CPUS_MAX; i++) {
        readers[i].index = (uint64_t)i;
        if (pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]))
            return "no thread";
    }
    sleep((unsigned)seconds);
    atomic_store(&is_over, 1);
    for (long i = 0; i < cpus && i < CPUS_MAX; i++) {
        pthread_join(readers[i].thread, NULL);
        sum.reads += readers[i].reads;
        sum.passed += readers[i].passed;
        sum.backwards += readers[i].backwards;
    }
    printf(
        "clocks: ring of %ld CPUs: %llu reads, %llu of them after another's, %llu backwards\n",
        cpus, (unsigned long long)sum.reads, (unsigned long long)sum.passed,
        (unsigned long long)sum.backwards);
    return sum.backwards || !sum.passed ? "a CPU reads less than another did before" : NULL;
}

/* From here on whoever asks the kernel for the time is killed. */
static int calls_forbid(void)
{
    struct sock_filter rows[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(rows) / sizeof(rows[0]), .filter = rows};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static int vdso_child(void)
{
    uint64_t before_ns = 0;

    if (calls_forbid())
        return 1;
    for (int i = 0; i < VDSO_READS; i++) {
        uint64_t now_ns = read_ns(CLOCK_MONOTONIC);

        if (now_ns < before_ns)
            return 2;
        before_ns = now_ns;
    }
    return 0;
}

static const char *vdso(uint64_t unused)
{
    int status = 0;
    pid_t child = fork();

    (void)unused;
    if (child == 0)
        _exit(vdso_child());
    waitpid(child, &status, 0);
    printf("clocks: vdso: %d reads\n", VDSO_READS);
    return status ? test_fail("the reader's end was %d", status) : NULL;
}

/* Turns, in rounds with a look at the clock that ends them. */
static uint64_t loop(uint64_t seconds, void (*turn)(void))
{
    uint64_t end_ns = test_now_ns() + seconds * NS_PER_SECOND;
    uint64_t turns = 0;

    do {
        for (int i = 0; i < 100000; i++)
            turn();
        turns += 100000;
    } while (test_now_ns() < end_ns);
    return turns;
}

static void turn_spin(void)
{
    __asm__ volatile("" ::: "memory");
}

static void turn_read(void)
{
    read_ns(CLOCK_MONOTONIC);
}

static const char *busy(const char *name, uint64_t seconds, void (*turn)(void))
{
    unsigned long long begin_ns, turns;

    printf("clocks: %s begins\n", name);
    fflush(stdout);
    begin_ns = test_now_ns();
    turns = loop(seconds, turn);
    printf("clocks: %s: %llu turns in %llu ns\n", name, turns, test_now_ns() - begin_ns);
    return NULL;
}

static const char *spin(uint64_t seconds)
{
    return busy("spin", seconds, turn_spin);
}

static const char *reading(uint64_t seconds)
{
    return busy("read", seconds, turn_read);
}

/* What the kernel makes of the host's samples, as a clock of its own: within a millisecond of
 * the clock that the samples have set. */
static const char *host(uint64_t unused)
{
    int file = open("/dev/ptp0", O_RDONLY);
    clockid_t clock = (clockid_t)(~(unsigned)file << 3 | 3); /* <linux/posix-timers.h> */
    long long least = INT64_MAX;

    (void)unused;
    if (file < 0)
        return "no /dev/ptp0";
    for (int i = 0; i < 20; i++) {
        struct timespec now;
        uint64_t before = read_ns(CLOCK_REALTIME);
        long long off;

        if (clock_gettime(clock, &now))
            return "the host's clock cannot be read";
        off =
            (long long)now.tv_sec * (long long)NS_PER_SECOND + now.tv_nsec - (long long)before;
        if (llabs(off) < llabs(least))
            least = off;
    }
    printf("clocks: host: %+lld us\n", least / 1000);
    return llabs(least) > 1000000 ? "it differs by more than a millisecond" : NULL;
}

const char *test_clocks(const char *what, const char *number)
{
    static const struct {
        const char *name;
        const char *(*run)(uint64_t seconds);
    } rows[] = {
        {"stamp", stamp}, {"ring", ring},    {"vdso", vdso},
        {"spin", spin},   {"read", reading}, {"host", host},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!strcmp(rows[i].name, what))
            return rows[i].run(strtoull(number, NULL, 10));
    return test_fail("clocks: nothing is named '%s'", what);
}
