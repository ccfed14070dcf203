/* FPU, SSE and AVX registers of several processes must survive every switch between them. */
#include "abi-tests/workload/test.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RACERS 4

/* 1 when both hold the same; else says which 16 bytes differ, for whoever hunts the fault. */
static int same(const char *what, const uint64_t *in, const uint64_t *out, int words)
{
    for (int i = 0; i < words; i++) {
        if (in[i] == out[i])
            continue;
        printf("workload: fpu %s %d: %016llx became %016llx\n", what, i / 2,
               (unsigned long long)in[i], (unsigned long long)out[i]);
        fflush(stdout);
        return 0;
    }
    return 1;
}

static int avx_usable(void)
{
    unsigned eax, ebx, ecx, edx;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE) || !(ecx & bit_AVX))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & 6) == 6;
}

/* Loads all 16 xmm registers, spins with yields in the kernel, reads them back. */
static int sse_holds(uint64_t seed)
{
    uint64_t in[32], out[32];
    long result;

    for (int i = 0; i < 32; i++)
        in[i] = test_random(&seed);
    memset(out, 0, sizeof(out));
    __asm__ volatile(
        "movups 0(%1), %%xmm0; movups 16(%1), %%xmm1; movups 32(%1), %%xmm2\n"
        "movups 48(%1), %%xmm3; movups 64(%1), %%xmm4; movups 80(%1), %%xmm5\n"
        "movups 96(%1), %%xmm6; movups 112(%1), %%xmm7; movups 128(%1), %%xmm8\n"
        "movups 144(%1), %%xmm9; movups 160(%1), %%xmm10; movups 176(%1), %%xmm11\n"
        "movups 192(%1), %%xmm12; movups 208(%1), %%xmm13; movups 224(%1), %%xmm14\n"
        "movups 240(%1), %%xmm15\n"
        "movl $24, %%eax; syscall\n" /* sched_yield */
        "movl $20000, %%ecx; 1: decl %%ecx; jnz 1b\n"
        "movups %%xmm0, 0(%2); movups %%xmm1, 16(%2); movups %%xmm2, 32(%2)\n"
        "movups %%xmm3, 48(%2); movups %%xmm4, 64(%2); movups %%xmm5, 80(%2)\n"
        "movups %%xmm6, 96(%2); movups %%xmm7, 112(%2); movups %%xmm8, 128(%2)\n"
        "movups %%xmm9, 144(%2); movups %%xmm10, 160(%2); movups %%xmm11, 176(%2)\n"
        "movups %%xmm12, 192(%2); movups %%xmm13, 208(%2); movups %%xmm14, 224(%2)\n"
        "movups %%xmm15, 240(%2)\n"
        : "=&a"(result)
        : "r"(in), "r"(out)
        : "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
          "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return same("xmm", in, out, 32);
}

/* The same for the upper halves of ymm0, ymm7 and ymm15. */
__attribute__((target("avx"))) static int avx_holds(uint64_t seed)
{
    uint64_t in[12], out[12];
    long result;

    for (int i = 0; i < 12; i++)
        in[i] = test_random(&seed);
    memset(out, 0, sizeof(out));
    __asm__ volatile("vmovups 0(%1), %%ymm0; vmovups 32(%1), %%ymm7; vmovups 64(%1), %%ymm15\n"
                     "movl $24, %%eax; syscall\n"
                     "movl $20000, %%ecx; 1: decl %%ecx; jnz 1b\n"
                     "vmovups %%ymm0, 0(%2); vmovups %%ymm7, 32(%2); vmovups %%ymm15, 64(%2)\n"
                     "vzeroupper\n"
                     : "=&a"(result)
                     : "r"(in), "r"(out)
                     : "rcx", "r11", "memory", "cc", "xmm0", "xmm7", "xmm15");
    return same("ymm half", in, out, 12);
}

/* x87 stack, control word and MXCSR. */
static int x87_holds(unsigned n)
{
    double in = 1.0 / (n + 3), out = 0;
    uint16_t control_in = (uint16_t)(0x37f | (n & 3) << 10), control_out = 0;
    uint32_t mxcsr_in = 0x1f80 | (n & 3) << 13, mxcsr_out = 0;
    long result;

    __asm__ volatile("fninit; fldcw %5; ldmxcsr %6; fldl %4\n"
                     "movl $24, %%eax; syscall\n"
                     "movl $20000, %%ecx; 1: decl %%ecx; jnz 1b\n"
                     "fstpl %0; fnstcw %1; stmxcsr %2; fninit\n"
                     : "=m"(out), "=m"(control_out), "=m"(mxcsr_out), "=&a"(result)
                     : "m"(in), "m"(control_in), "m"(mxcsr_in)
                     : "rcx", "r11", "memory", "cc");
    uint32_t normal = 0x1f80;

    __asm__ volatile("ldmxcsr %0" : : "m"(normal));
    return in == out && control_in == control_out && mxcsr_in == mxcsr_out;
}

static void race(unsigned n, unsigned rounds, int avx)
{
    for (unsigned i = 0; i < rounds; i++) {
        if (!sse_holds((uint64_t)(n + 1) << 32 | (i + 1)))
            _exit(1);
        if (!x87_holds(n))
            _exit(2);
        if (avx && !avx_holds((uint64_t)(n + 1) << 40 | (i + 1)))
            _exit(3);
    }
    _exit(0);
}

const char *test_fpu(enum test_size size)
{
    unsigned rounds = size == SIZE_FULL ? 1000 : 100;
    int avx = avx_usable();

    for (unsigned n = 0; n < RACERS; n++) {
        if (fork() == 0)
            race(n, rounds, avx);
    }
    int status = test_reap(RACERS);

    if (status)
        return test_fail("%s lost, status %#x",
                         status == 0x100   ? "xmm registers"
                         : status == 0x200 ? "x87 state"
                                           : "ymm registers",
                         status);
    return NULL;
}
