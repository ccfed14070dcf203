/* What a network device does for the kernel, by the names `ethtool -k` has for it. */
#include "abi-tests/workload/test.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FEATURES_MAX 128u

/* Those that tests ask for. */
static const char *const names[] = {
    "rx-checksum",         "tx-checksum-ipv4",     "tx-checksum-ipv6",
    "tx-tcp-segmentation", "tx-tcp6-segmentation", "rx-lro",
};

/* The kernel's answers, each with what follows its head. */
static union {
    struct ethtool_gstrings head;
    unsigned char all[sizeof(struct ethtool_gstrings) + FEATURES_MAX * ETH_GSTRING_LEN];
} strings;

static union {
    struct ethtool_gfeatures head;
    unsigned char all[sizeof(struct ethtool_gfeatures) +
                      FEATURES_MAX / 32 * sizeof(struct ethtool_get_features_block)];
} features;

static int ask(int control, const char *device, void *command)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
    request.ifr_data = command;
    return ioctl(control, SIOCETHTOOL, &request);
}

static int is_active(const char *name)
{
    for (unsigned i = 0; i < strings.head.len; i++)
        if (strcmp((const char *)&strings.head.data[i * ETH_GSTRING_LEN], name) == 0)
            return (int)(features.head.features[i / 32].active >> i % 32 & 1);
    return 0;
}

const char *test_offloads(const char *device)
{
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    int status;

    strings.head =
        (struct ethtool_gstrings){.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES};
    features.head =
        (struct ethtool_gfeatures){.cmd = ETHTOOL_GFEATURES, .size = FEATURES_MAX / 32};
    status = ask(control, device, &strings) == 0 ? ask(control, device, &features) : -1;
    close(control);
    if (status != 0 || strings.head.len > FEATURES_MAX)
        return test_fail("%s: %s", device, strerror(errno));
    printf("offloads of %s:", device);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is_active(names[i]))
            printf(" %s", names[i]);
    printf("\n");
    return NULL;
}
