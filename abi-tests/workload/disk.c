/*
 * `workload disk PATH DEPTH`: writes a block device, in order and at random with DEPTH requests
 * under way, past the page cache, and compares every byte that comes back. A block holds its
 * own number and generation, so one that went astray or is out of date shows.
 */
#include "abi-tests/workload/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES   4096u
#define BLOCK_WORDS   (BLOCK_BYTES / sizeof(uint64_t))
#define EXTENT_BLOCKS 64u /* the largest request; one thread owns all blocks of an extent */
#define DEPTH_MAX     64u
#define ROUNDS        1024u /* random requests, of all threads together */

struct device {
    int file;
    uint64_t blocks;
    uint32_t depth;
    uint32_t *generation; /* by block */
};

struct worker {
    const struct device *device;
    uint32_t index;
    uint64_t *buffer; /* EXTENT_BLOCKS */
    const char *why;
};

static void block_fill(uint64_t *words, uint64_t block, uint32_t generation)
{
    uint64_t state = (block + 1) * 0x9e3779b97f4a7c15ull + generation;

    words[0] = block;
    words[1] = generation;
    for (size_t i = 2; i < BLOCK_WORDS; i++)
        words[i] = test_random(&state);
}

static const char *blocks_write(const struct worker *worker, uint64_t first, uint32_t count)
{
    const struct device *device = worker->device;

    for (uint32_t i = 0; i < count; i++)
        block_fill(worker->buffer + i * BLOCK_WORDS, first + i,
                   ++device->generation[first + i]);
    if (pwrite(device->file, worker->buffer, count * BLOCK_BYTES,
               (off_t)(first * BLOCK_BYTES)) != (ssize_t)(count * BLOCK_BYTES))
        return strerror(errno);
    return NULL;
}

static const char *blocks_check(const struct worker *worker, uint64_t first, uint32_t count)
{
    const struct device *device = worker->device;
    uint64_t expected[BLOCK_WORDS];

    if (pread(device->file, worker->buffer, count * BLOCK_BYTES,
              (off_t)(first * BLOCK_BYTES)) != (ssize_t)(count * BLOCK_BYTES))
        return strerror(errno);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t *got = worker->buffer + i * BLOCK_WORDS;

        block_fill(expected, first + i, device->generation[first + i]);
        if (memcmp(got, expected, sizeof(expected)) != 0)
            return test_fail("block %llu holds block %llu of generation %llu, not %u",
                             (unsigned long long)(first + i), (unsigned long long)got[0],
                             (unsigned long long)got[1], device->generation[first + i]);
    }
    return NULL;
}

static const char *in_order(const struct worker *worker,
                            const char *(*step)(const struct worker *, uint64_t, uint32_t))
{
    const char *why = NULL;

    for (uint64_t at = 0; at < worker->device->blocks && !why; at += EXTENT_BLOCKS)
        why = step(worker, at, EXTENT_BLOCKS);
    return why;
}

static void *at_random(void *argument)
{
    struct worker *worker = argument;
    const struct device *device = worker->device;
    uint64_t owned = device->blocks / EXTENT_BLOCKS / device->depth;
    uint64_t state = worker->index + 1;

    for (uint32_t i = 0; i < ROUNDS / device->depth && !worker->why; i++) {
        uint64_t draw = test_random(&state) >> 8;
        uint64_t extent = draw % owned * device->depth + worker->index;
        uint32_t skip = (uint32_t)(draw >> 20) % EXTENT_BLOCKS;
        uint32_t count = 1 + (uint32_t)(draw >> 30) % (EXTENT_BLOCKS - skip);
        uint64_t first = extent * EXTENT_BLOCKS + skip;

        count = draw >> 40 & 1 ? count : 1;
        worker->why = draw >> 41 & 1 ? blocks_write(worker, first, count)
                                     : blocks_check(worker, first, count);
    }
    return NULL;
}

static const char *crowd(const struct device *device, struct worker *workers)
{
    pthread_t threads[DEPTH_MAX];
    const char *why = NULL;

    for (uint32_t i = 0; i < device->depth; i++)
        if (pthread_create(&threads[i], NULL, at_random, &workers[i]) != 0)
            return "no thread"; /* the process ends now */
    for (uint32_t i = 0; i < device->depth; i++) {
        pthread_join(threads[i], NULL);
        why = why ? why : workers[i].why;
    }
    return why;
}

static const char *device_open(const char *path, struct device *device)
{
    off_t bytes;

    device->file = open(path, O_RDWR | O_DIRECT);
    bytes = device->file < 0 ? -1 : lseek(device->file, 0, SEEK_END);
    if (bytes < 0)
        return test_fail("%s: %s", path, strerror(errno));
    device->blocks = (uint64_t)bytes / BLOCK_BYTES / EXTENT_BLOCKS * EXTENT_BLOCKS;
    if (device->depth == 0 || device->depth > DEPTH_MAX ||
        device->blocks / EXTENT_BLOCKS < device->depth)
        return test_fail("depth %u does not suit a device of %llu blocks", device->depth,
                         (unsigned long long)device->blocks);
    device->generation = calloc(device->blocks, sizeof(*device->generation));
    return device->generation ? NULL : "no memory";
}

const char *test_disk(const char *path, uint32_t depth)
{
    static struct worker workers[DEPTH_MAX];
    static struct device device;
    const char *why;

    device.depth = depth;
    why = device_open(path, &device);
    for (uint32_t i = 0; i < depth && !why; i++) {
        void *buffer = aligned_alloc(BLOCK_BYTES, EXTENT_BLOCKS * BLOCK_BYTES);

        workers[i] = (struct worker){.device = &device, .index = i, .buffer = buffer};
        why = buffer ? NULL : "no memory";
    }
    why = why ? why : in_order(workers, blocks_write);
    why = why ? why : in_order(workers, blocks_check);
    why = why ? why : crowd(&device, workers);
    why = why ? why : in_order(workers, blocks_check);
    if (!why && fsync(device.file) != 0)
        why = strerror(errno);
    return why;
}
