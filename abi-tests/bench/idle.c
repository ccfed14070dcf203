/*
 * Runs in the first domain of a real Xen, in place of `xl unpause DOMID`: lets that domain go,
 * waits until the machine has come to rest, and says what it did in the next minutes, by Xen's
 * own account of its idle time and of its domains (xen/sysctl.h). Then it asks the domain to
 * power off.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    HYPERCALL_sysctl = 35,
    SYSCTL_getdomaininfolist = 6,
    SYSCTL_getcpuinfo = 8,
    VERSION_OLDEST = 0x14, /* Xen 4.16 */
    VERSION_NEWEST = 0x18,
    DOMAIN_HVM = 2,  /* XEN_DOMINF_hvm_guest; PVH too */
    DOMAIN_GONE = 5, /* XEN_DOMINF_dying | XEN_DOMINF_shutdown */
    REST_STEP_S = 10,
    REST_STEPS = 200,
    REST_PERCENT = 10, /* with less than this awake everybody has booted */
    SETTLE_S = 60,
    MEASURE_S = 300,
};

struct domain_info {
    uint16_t domain, pad;
    uint32_t flags;
    uint64_t pages[6], cpu_time;
    uint64_t room[32]; /* what follows differs with the version */
};

struct sysctl {
    uint32_t cmd, interface_version;
    union {
        struct {
            uint32_t max_cpus;
            uint64_t info;
            uint32_t nr_cpus;
        } cpus;
        struct {
            uint16_t first_domain;
            uint32_t max_domains;
            uint64_t buffer;
            uint32_t num_domains;
        } domains;
        uint64_t room[16];
    };
};

struct privcmd_hypercall {
    uint64_t op, arg[5];
};

enum kind { ROOT, PV, PVH, KINDS };

static const char *const kind_names[KINDS] = {"root", "pv", "pvh"};

struct reading {
    uint64_t now_ns, idle_ns, cpu_ns[KINDS];
    unsigned domains[KINDS];
};

/* What Xen reads and writes stays in memory. */
static struct {
    struct sysctl ctl;
    struct domain_info domain;
    uint64_t idle_ns;
} shared;
static int privcmd;
static uint32_t interface_version;

static bool sysctl_ask(struct sysctl request)
{
    struct privcmd_hypercall call = {HYPERCALL_sysctl, {(uintptr_t)&shared.ctl}};

    request.interface_version = interface_version;
    shared.ctl = request;
    return ioctl(privcmd, _IOC(_IOC_NONE, 'P', 0, sizeof(call)), &call) == 0;
}

/* The machine has one CPU. */
static bool idle_read(uint64_t *ns)
{
    struct sysctl request = {.cmd = SYSCTL_getcpuinfo,
                             .cpus = {.max_cpus = 1, .info = (uintptr_t)&shared.idle_ns}};

    if (!sysctl_ask(request))
        return false;
    *ns = shared.idle_ns;
    return true;
}

static bool version_find(void)
{
    uint64_t ns;

    for (interface_version = VERSION_OLDEST; interface_version <= VERSION_NEWEST;
         interface_version++)
        if (idle_read(&ns))
            return true;
    return false;
}

static void domains_read(struct reading *out)
{
    struct sysctl request = {
        .cmd = SYSCTL_getdomaininfolist,
        .domains = {.max_domains = 1, .buffer = (uintptr_t)&shared.domain}};

    while (sysctl_ask(request) && shared.ctl.domains.num_domains == 1) {
        const struct domain_info *domain = &shared.domain;
        enum kind kind = domain->domain == 0                 ? ROOT
                         : (domain->flags & DOMAIN_HVM) != 0 ? PVH
                                                             : PV;
        request.domains.first_domain = (uint16_t)(domain->domain + 1);
        if ((domain->flags & DOMAIN_GONE) != 0)
            continue;
        out->domains[kind]++;
        out->cpu_ns[kind] += domain->cpu_time;
    }
}

static struct reading reading_take(void)
{
    struct reading reading = {0};
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    reading.now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (!idle_read(&reading.idle_ns))
        perror("idle: getcpuinfo");
    domains_read(&reading);
    return reading;
}

static bool rest_wait(void)
{
    struct reading before = reading_take();

    for (unsigned step = 0; step < REST_STEPS; step++) {
        sleep(REST_STEP_S);
        struct reading now = reading_take();
        uint64_t passed = now.now_ns - before.now_ns;
        uint64_t slept = now.idle_ns - before.idle_ns;
        if (slept < passed && (passed - slept) * 100 < passed * REST_PERCENT)
            return true;
        before = now;
    }
    return false;
}

static void measure_print(void)
{
    struct reading first = reading_take(), last;

    sleep(MEASURE_S);
    last = reading_take();
    printf("idle: time %llu slept %llu\n", (unsigned long long)(last.now_ns - first.now_ns),
           (unsigned long long)(last.idle_ns - first.idle_ns));
    for (unsigned kind = 0; kind < KINDS; kind++)
        printf("idle: %s %u cpu %llu\n", kind_names[kind], last.domains[kind],
               (unsigned long long)(last.cpu_ns[kind] - first.cpu_ns[kind]));
}

static bool xl(const char *verb, const char *domain)
{
    char command[64];

    snprintf(command, sizeof(command), "xl %s %s", verb, domain);
    return system(command) == 0;
}

int main(int count, char **words)
{
    privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    if (count != 2 || privcmd < 0 || mlock(&shared, sizeof(shared)) != 0 || !version_find()) {
        fprintf(stderr, "usage: idle DOMID, in Xen's first domain\n");
        return 2;
    }
    if (!xl("unpause", words[1]))
        return 1;
    if (rest_wait()) {
        sleep(SETTLE_S);
        measure_print();
    } else {
        printf("idle: the machine did not come to rest\n");
    }
    return xl("shutdown", words[1]) ? 0 : 1;
}
