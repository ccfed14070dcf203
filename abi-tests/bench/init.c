/* First process of the boot measurement: one line with the TSC, then power off. */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

int main(void)
{
    unsigned long long tsc = __rdtsc();
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    printf("bench-init: tsc %llu uptime_ms %lld\n", tsc,
           (long long)up.tv_sec * 1000 + up.tv_nsec / 1000000);
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
