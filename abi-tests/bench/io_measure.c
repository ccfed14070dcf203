/*
 * The ruler of disks and networks: TSC before and after. Under QEMU's -icount shift=0 one tick
 * is one instruction, of whichever guest, back-end or hypervisor.
 */
#include "abi-tests/bench/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#define GOLDEN_RATIO 0x9e3779b97f4a7c15ull

/* Between two of these in QEMU's log stand the exits of a round: see micro.c. */
static __attribute__((noinline)) void mark(void)
{
    uint32_t eax = 0, ecx = 0;

    __asm__ volatile(".globl bench_mark\nbench_mark: cpuid"
                     : "+a"(eax), "+c"(ecx)::"rbx", "rdx");
}

unsigned char *io_area(void)
{
    void *area = mmap(NULL, IO_AREA, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (area == MAP_FAILED) {
        perror("io: memory");
        exit(1);
    }
    return area;
}

static uint64_t word_at(uint64_t position, uint64_t generation)
{
    return (position + 1) * GOLDEN_RATIO + generation;
}

void io_fill(unsigned char *at, size_t bytes, uint64_t position, uint64_t generation)
{
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t word = word_at(position + i, generation);
        memcpy(at + i, &word, sizeof(word));
    }
}

bool io_is_filled(const unsigned char *at, size_t bytes, uint64_t position, uint64_t generation)
{
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t word = word_at(position + i, generation);
        if (memcmp(at + i, &word, sizeof(word)) != 0)
            return false;
    }
    return true;
}

/* Ticks of one round, 0 if it went wrong. */
static unsigned long long round_measure(const struct io_work *work)
{
    unsigned long long begin, took;
    bool good;

    if (work->prepare != NULL && !work->prepare(work))
        return 0;
    mark();
    begin = __rdtsc();
    good = work->round(work);
    took = __rdtsc() - begin;
    mark();
    return good && (work->check == NULL || work->check(work)) ? took : 0;
}

bool io_measure(const struct io_work *work)
{
    unsigned long long best = UINT64_MAX;

    for (unsigned round = 0; round < IO_ROUNDS; round++) {
        unsigned long long took = round_measure(work);
        if (took == 0) {
            printf("io: %s FAILED in round %u\n", work->name, round);
            return false;
        }
        best = took < best ? took : best;
    }
    printf("io: %s = %llu for each of %u in %u\n", work->name, best / work->count, work->count,
           (unsigned)IO_ROUNDS);
    return true;
}
