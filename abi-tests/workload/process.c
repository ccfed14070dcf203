/* Processes and threads: fork and exec storms, pipes between many, TLS and futexes. */
#include "abi-tests/workload/test.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARALLEL 8

const char *test_storm(enum test_size size)
{
    int rounds = size == SIZE_FULL ? 60 : 8, parallel = test_parallel();

    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < parallel; i++) {
            pid_t child = fork();

            if (child < 0)
                return test_fail("fork %d of round %d", i, round);
            if (child == 0) {
                if (i % 2)
                    execl(test_program, "workload", "nothing", (char *)NULL);
                _exit(i % 2 ? 127 : 0);
            }
        }
        int status = test_reap(parallel);

        if (status)
            return test_fail("a child of round %d ended with status %#x", round, status);
    }
    return NULL;
}

struct shared_count {
    pthread_mutex_t lock;
    uint64_t value;
    int rounds;
};

static __thread uint64_t own_count;

static void *count_up(void *argument)
{
    struct shared_count *count = argument;

    for (int i = 0; i < count->rounds; i++) {
        pthread_mutex_lock(&count->lock);
        count->value++;
        own_count++;
        pthread_mutex_unlock(&count->lock);
        if (i % 64 == 0)
            sched_yield();
    }
    return (void *)(uintptr_t)own_count;
}

const char *test_threads(enum test_size size)
{
    struct shared_count count = {.rounds = size == SIZE_FULL ? 20000 : 1000};
    pthread_t threads[PARALLEL];
    uint64_t sum = 0;

    pthread_mutex_init(&count.lock, NULL);
    for (int i = 0; i < PARALLEL; i++) {
        if (pthread_create(&threads[i], NULL, count_up, &count))
            return test_fail("thread %d", i);
    }
    for (int i = 0; i < PARALLEL; i++) {
        void *result;

        pthread_join(threads[i], &result);
        sum += (uintptr_t)result;
    }
    if (sum != count.value || sum != (uint64_t)PARALLEL * (uint64_t)count.rounds)
        return test_fail("counted %llu and %llu", (unsigned long long)sum,
                         (unsigned long long)count.value);
    return NULL;
}

/* Writes `bytes` of known numbers and ends the process. */
static void write_stream(int to, size_t bytes, uint64_t seed)
{
    uint64_t block[512];

    while (bytes) {
        size_t now = bytes < sizeof(block) ? bytes : sizeof(block), sent = 0;

        for (size_t i = 0; i < 512; i++)
            block[i] = test_random(&seed);
        while (sent < now) {
            ssize_t did = write(to, (char *)block + sent, now - sent);

            if (did <= 0)
                _exit(1);
            sent += (size_t)did;
        }
        bytes -= now;
    }
    _exit(0);
}

/* Reads the stream in odd sizes and compares every byte. */
static const char *read_stream(int from, size_t bytes, uint64_t seed)
{
    uint64_t want = 0;
    size_t at = 0;

    while (at < bytes) {
        unsigned char got[1021];
        struct pollfd ready = {.fd = from, .events = POLLIN};

        if (poll(&ready, 1, 30000) != 1)
            return "nothing came through a pipe for 30 s";
        ssize_t count = read(from, got, sizeof(got));

        if (count <= 0)
            return test_fail("pipe ended at byte %zu", at);
        for (ssize_t i = 0; i < count; i++, at++) {
            if (at % 8 == 0)
                want = test_random(&seed);
            if (got[i] != (unsigned char)(want >> (at % 8 * 8)))
                return test_fail("pipe byte %zu differs", at);
        }
    }
    return NULL;
}

/* One station of the ring: adds one to the token and hands it on, `laps` times. */
static void token_station(int from, int to, int laps)
{
    uint32_t token;

    for (int i = 0; i < laps; i++) {
        if (read(from, &token, sizeof(token)) != sizeof(token))
            _exit(1);
        token++;
        if (write(to, &token, sizeof(token)) != sizeof(token))
            _exit(1);
    }
    _exit(0);
}

/* A token goes round a ring of processes: a context switch at every hop. */
static const char *token_ring(int laps)
{
    int ring[PARALLEL + 1][2];
    uint32_t token = 0;

    for (int i = 0; i <= PARALLEL; i++) {
        if (pipe(ring[i]))
            return "no pipe for the ring";
    }
    for (int i = 0; i < PARALLEL; i++) {
        if (fork() == 0)
            token_station(ring[i][0], ring[i + 1][1], laps);
    }
    for (int lap = 0; lap < laps; lap++) {
        if (write(ring[0][1], &token, sizeof(token)) != sizeof(token) ||
            read(ring[PARALLEL][0], &token, sizeof(token)) != sizeof(token))
            return test_fail("the token was lost in lap %d", lap);
    }
    for (int i = 0; i <= PARALLEL; i++) {
        close(ring[i][0]);
        close(ring[i][1]);
    }
    if (test_reap(PARALLEL))
        return "a station of the ring failed";
    return token == (uint32_t)(laps * PARALLEL) ? NULL : test_fail("token is %u", token);
}

const char *test_pipes(enum test_size size)
{
    size_t bytes = (size == SIZE_FULL ? 8u : 1u) << 20;
    int ends[2];

    if (pipe(ends))
        return "no pipe";
    pid_t child = fork();

    if (child == 0) {
        close(ends[0]);
        write_stream(ends[1], bytes, 42);
    }
    close(ends[1]);
    const char *why = read_stream(ends[0], bytes, 42);

    close(ends[0]);
    if (test_reap(1) && !why)
        why = "the writer of a pipe failed";
    return why ? why : token_ring(size == SIZE_FULL ? 400 : 40);
}
