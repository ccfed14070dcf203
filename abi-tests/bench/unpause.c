/*
 * Runs in the first domain of a real Xen, in place of `xl unpause DOMID`: lets the domain go
 * and says at which TSC. The domain's first instruction follows within a world switch. The
 * call's layout is that of xen/domctl.h; its version differs with Xen's.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

enum {
    HYPERCALL_domctl = 36,
    DOMCTL_unpausedomain = 4,
    VERSION_OLDEST = 0x14, /* Xen 4.16 */
    VERSION_NEWEST = 0x18,
};

struct domctl {
    uint32_t cmd, interface_version;
    uint16_t domain, pad[3];
    uint64_t room[64];
};

struct privcmd_hypercall {
    uint64_t op, arg[5];
};

int main(int count, char **words)
{
    static struct domctl ctl;
    struct privcmd_hypercall call = {HYPERCALL_domctl, {(uintptr_t)&ctl}};
    int file = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);

    if (count != 2 || file < 0 || mlock(&ctl, sizeof(ctl)) != 0) {
        fprintf(stderr, "usage: unpause DOMID, in Xen's first domain\n");
        return 2;
    }
    for (uint32_t version = VERSION_OLDEST; version <= VERSION_NEWEST; version++) {
        unsigned long long tsc;
        ctl = (struct domctl){.cmd = DOMCTL_unpausedomain,
                              .interface_version = version,
                              .domain = (uint16_t)atoi(words[1])};
        tsc = __rdtsc();
        if (ioctl(file, _IOC(_IOC_NONE, 'P', 0, sizeof(call)), &call) == 0) {
            printf("unpause: tsc %llu\n", tsc);
            return 0;
        }
    }
    perror("unpause");
    return 1;
}
