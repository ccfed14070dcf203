/*
 * First process of a Linux guest that measures its disks or its network, as the word io=disk,
 * io=server or io=client of the command line says.
 */
#include "abi-tests/bench/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES "/mods"

/* The kernel's drivers, by the number in front of their names. */
static void modules_insert(void)
{
    struct dirent **names;
    int count = scandir(MODULES, &names, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        char path[sizeof(MODULES) + 1 + sizeof(names[i]->d_name)];
        int file;
        if (strstr(names[i]->d_name, ".ko") == NULL)
            continue;
        snprintf(path, sizeof(path), MODULES "/%s", names[i]->d_name);
        file = open(path, O_RDONLY | O_CLOEXEC);
        /* Drivers of other hypervisors find no device. */
        if (syscall(SYS_finit_module, file, "", 0) != 0 && errno != ENODEV)
            perror(path);
        close(file);
    }
}

static bool role_play(const char *role)
{
    if (strcmp(role, "disk") == 0)
        return io_disks();
    if (strcmp(role, "server") == 0)
        return io_serve();
    return io_network();
}

int main(void)
{
    const char *role = getenv("io");

    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    modules_insert();
    printf("io: %s\n", role != NULL && role_play(role) ? "done" : "FAILED");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
