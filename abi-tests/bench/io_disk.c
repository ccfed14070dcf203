/*
 * The guest's first disk past the page cache: in order, at random, 32 requests at once; a flush
 * of its second one. Every byte is compared outside of what is measured.
 */
#include "abi-tests/bench/io.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    KIB = 1024,
    DEPTH = 32,
    WRITES = 1, /* struct io_work's flags */
    RANDOM = 2,
    /* Odd, so that its multiples visit every block of a power of two once. */
    STRIDE = 1663,
    WAIT_STEP_US = 20000,
    WAIT_STEPS = 300,
};

/* Of Xen and of Hyper-V. */
static const char *const first_names[] = {"xvda", "sda"};
static const char *const second_names[] = {"xvdb", "sdb"};
static int disk = -1;
static unsigned char *area;
static uint64_t generation;
static aio_context_t context;

/* Where on the disk operation `index` is; its memory is at the same place of the area. */
static size_t place_of(const struct io_work *work, unsigned index)
{
    size_t blocks = IO_AREA / work->bytes;

    return ((work->flags & RANDOM) != 0 ? index * STRIDE % blocks : index) * work->bytes;
}

/* A new generation: in memory for a writer, on the disk for a reader. */
static bool prepare(const struct io_work *work)
{
    io_fill(area, IO_AREA, 0, ++generation);
    if ((work->flags & WRITES) != 0)
        return true;
    if (pwrite(disk, area, IO_AREA, 0) != IO_AREA)
        return false;
    memset(area, 0, IO_AREA);
    return true;
}

/* What was written is read back: only those blocks are of this generation. */
static bool check(const struct io_work *work)
{
    if ((work->flags & WRITES) != 0) {
        memset(area, 0, IO_AREA);
        if (pread(disk, area, IO_AREA, 0) != IO_AREA)
            return false;
    }
    for (unsigned i = 0; i < work->count; i++) {
        size_t at = place_of(work, i);
        if (!io_is_filled(area + at, work->bytes, at, generation))
            return false;
    }
    return true;
}

static bool round_single(const struct io_work *work)
{
    for (unsigned i = 0; i < work->count; i++) {
        size_t at = place_of(work, i);
        ssize_t got = (work->flags & WRITES) != 0
                          ? pwrite(disk, area + at, work->bytes, (off_t)at)
                          : pread(disk, area + at, work->bytes, (off_t)at);
        if (got != (ssize_t)work->bytes)
            return false;
    }
    return true;
}

static bool batch(const struct io_work *work, unsigned first)
{
    struct iocb request[DEPTH] = {0}, *list[DEPTH];
    struct io_event event[DEPTH];

    for (unsigned i = 0; i < DEPTH; i++) {
        size_t at = place_of(work, first + i);
        request[i].aio_lio_opcode =
            (work->flags & WRITES) != 0 ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
        request[i].aio_fildes = (uint32_t)disk;
        request[i].aio_buf = (uintptr_t)(area + at);
        request[i].aio_nbytes = work->bytes;
        request[i].aio_offset = (int64_t)at;
        list[i] = &request[i];
    }
    if (syscall(SYS_io_submit, context, DEPTH, list) != DEPTH ||
        syscall(SYS_io_getevents, context, DEPTH, DEPTH, event, NULL) != DEPTH)
        return false;
    for (unsigned i = 0; i < DEPTH; i++)
        if (event[i].res != (int64_t)work->bytes)
            return false;
    return true;
}

static bool round_deep(const struct io_work *work)
{
    for (unsigned first = 0; first < work->count; first += DEPTH)
        if (!batch(work, first))
            return false;
    return true;
}

static bool round_flush(const struct io_work *work)
{
    for (unsigned i = 0; i < work->count; i++)
        if (fsync(disk) != 0)
            return false;
    return true;
}

static const struct io_work works[] = {
    {"read of 4 KiB, in order", 1024, prepare, round_single, check, 4 * KIB, 0},
    {"read of 4 KiB, at random", 1024, prepare, round_single, check, 4 * KIB, RANDOM},
    {"write of 4 KiB, in order", 1024, prepare, round_single, check, 4 * KIB, WRITES},
    {"write of 4 KiB, at random", 1024, prepare, round_single, check, 4 * KIB, WRITES | RANDOM},
    {"read of 4 KiB, 32 at once", 2048, prepare, round_deep, check, 4 * KIB, RANDOM},
    {"write of 4 KiB, 32 at once", 2048, prepare, round_deep, check, 4 * KIB, WRITES | RANDOM},
    {"read of 128 KiB", 128, prepare, round_single, check, 128 * KIB, 0},
    {"write of 128 KiB", 128, prepare, round_single, check, 128 * KIB, WRITES},
    {"read of 128 KiB, 32 at once", 128, prepare, round_deep, check, 128 * KIB, 0},
    {"write of 128 KiB, 32 at once", 128, prepare, round_deep, check, 128 * KIB, WRITES},
};

static const struct io_work flush = {"flush", 256, NULL, round_flush, NULL, 0, 0};

/* Opens the disk of one of two names once it is there; the name, or NULL. */
static const char *disk_open(const char *const name[2])
{
    char path[32];

    for (unsigned step = 0; step < WAIT_STEPS; step++, usleep(WAIT_STEP_US))
        for (unsigned i = 0; i < 2; i++) {
            snprintf(path, sizeof(path), "/dev/%s", name[i]);
            disk = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
            if (disk >= 0)
                return name[i];
        }
    return NULL;
}

/* Without a cache in front of the disk Linux asks nobody to flush. */
static bool flush_is_asked_for(const char *name)
{
    char path[64], text[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/sys/block/%s/queue/write_cache", name);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    if (fgets(text, sizeof(text), file) == NULL)
        text[0] = '\0';
    fclose(file);
    return strncmp(text, "write back", strlen("write back")) == 0;
}

bool io_disks(void)
{
    const char *second;

    area = io_area();
    if (syscall(SYS_io_setup, DEPTH, &context) != 0 || disk_open(first_names) == NULL)
        return false;
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        if (!io_measure(&works[i]))
            return false;
    close(disk);
    second = disk_open(second_names);
    return second != NULL && flush_is_asked_for(second) && io_measure(&flush);
}
