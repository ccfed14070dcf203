/* The self-test programs that run inside a guest: what every test of the workload shares. */
#ifndef ABI_TESTS_WORKLOAD_TEST_H
#define ABI_TESTS_WORKLOAD_TEST_H

#include <stddef.h>
#include <stdint.h>

/* How much of each test to run: `entente.check` asks for SIZE_SHORT. */
enum test_size { SIZE_SHORT, SIZE_FULL };

/* A test returns NULL when all went well, else a text that says what went wrong. */
typedef const char *test_fn(enum test_size size);

test_fn test_storm;
test_fn test_threads;
test_fn test_memory;
test_fn test_pipes;
test_fn test_signals;
test_fn test_trace;
test_fn test_compat32;
test_fn test_fpu;
test_fn test_clock;
test_fn test_flush;

/* A block device of at least `depth` extents; all its bytes are lost. */
const char *test_disk(const char *path, uint32_t depth);

/* Reads the clocks for so many seconds; what, see clocks.c. */
const char *test_clocks(const char *what, const char *number);

/* `turns` broadcasts of this kind to all other CPUs: see broadcast.c. */
const char *test_broadcast(const char *what, uint32_t turns);

/* Prints what a network device does for the kernel. */
const char *test_offloads(const char *device);

/* The disk a firmware has started from, as it saw it, with so many turns of nonsense: legacy.c.
 */
const char *test_legacy(const char *path, uint32_t turns);

/* Returns only when it did not work. */
const char *test_kexec(const char *kernel, const char *ramdisk, const char *words);

/* Says what went wrong, with numbers; the text is valid until the next call. */
const char *test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many at once: 8, or as many as there are CPUs, up to 32. */
#define TEST_PARALLEL_MAX 32
int test_parallel(void);

/* Waits for every child of this process; returns the first status that is not zero. */
int test_reap(int count);

uint64_t test_now_ns(void);

/* Deterministic numbers (xorshift64*), the same on every machine. */
uint64_t test_random(uint64_t *state);

/* Path of this very program, for tests that execute it again. */
extern const char *test_program;

#endif
