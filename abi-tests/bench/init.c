/*
 * First process of the measurement in a real Linux: one line with the TSC, the kernel's own
 * operations, then power off. As "child" it is what exec starts: it ends at once.
 */
#include "abi-tests/bench/linux.h"

#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

int main(int count, char **words)
{
    unsigned long long tsc = __rdtsc();
    struct timespec up;

    if (count > 1 && strcmp(words[1], "child") == 0)
        return 0;
    clock_gettime(CLOCK_BOOTTIME, &up);
    printf("bench-init: tsc %llu uptime_ms %lld\n", tsc,
           (long long)up.tv_sec * 1000 + up.tv_nsec / 1000000);
    fflush(stdout);
    linux_measure("/init");
    printf("bench-init: done\n");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
