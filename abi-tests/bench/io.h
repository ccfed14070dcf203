/* The measurement of disks and networks: what its parts share. */
#ifndef ABI_TESTS_BENCH_IO_H
#define ABI_TESTS_BENCH_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IO_AREA =
        16 << 20, /* bytes moved at most in one round, and the area of a disk they are on */
    IO_ROUNDS = 3,
};

struct io_work {
    const char *name;
    unsigned count;                              /* operations in one round */
    bool (*prepare)(const struct io_work *work); /* may be NULL, as check */
    bool (*round)(const struct io_work *work);   /* what is measured */
    bool (*check)(const struct io_work *work);   /* every byte of the round */
    size_t bytes;                                /* of one operation */
    unsigned flags;                              /* the part's own */
};

/* Memory of a part's own, all of it there; ends the guest if there is none. */
unsigned char *io_area(void);

/*
 * The best of IO_ROUNDS rounds: "io: NAME = TICKS for each of COUNT in ROUNDS". Between two
 * marks in QEMU's log stand the exits of a round. False, and a line that says so, when an
 * operation failed or a byte was another one.
 */
bool io_measure(const struct io_work *work);

/* Bytes that tell where they belong and which writing they are of. */
void io_fill(unsigned char *at, size_t bytes, uint64_t position, uint64_t generation);
bool io_is_filled(const unsigned char *at, size_t bytes, uint64_t position,
                  uint64_t generation);

/* The guest's roles: its disks; the answering and the measuring end of a network. */
bool io_disks(void);
bool io_serve(void);
bool io_network(void);

#endif
