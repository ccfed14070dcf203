/* The calls of <xenstore_lib.h>, and those that ask nobody. */
#include <xenstore.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *xs_daemon_rundir(void)
{
    const char *folder = getenv("XENSTORED_RUNDIR");

    return folder ? folder : "/var/run/xenstored";
}

const char *xs_daemon_socket(void)
{
    static char path[PATH_MAX];
    const char *chosen = getenv("XENSTORED_PATH");

    if (chosen)
        return chosen;
    if (snprintf(path, sizeof(path), "%s/socket", xs_daemon_rundir()) >= (int)sizeof(path))
        return NULL;
    return path;
}

const char *xs_daemon_socket_ro(void)
{
    return xs_daemon_socket();
}

bool xs_write_all(int fd, const void *data, unsigned int length)
{
    const char *at = data;

    while (length) {
        ssize_t count = write(fd, at, length);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        length -= (unsigned)count;
    }
    return true;
}

bool xs_strings_to_perms(struct xs_permissions *permissions, unsigned int count,
                         const char *strings)
{
    static const char letters[] = "nrwb";

    for (unsigned i = 0; i < count; i++) {
        const char *letter = strchr(letters, strings[0]);
        char *end;

        if (!strings[0] || !letter) {
            errno = EINVAL;
            return false;
        }
        permissions[i].perms = (unsigned)(letter - letters);
        permissions[i].id = (unsigned)strtol(strings + 1, &end, 0);
        if (end == strings + 1 || *end) {
            errno = EINVAL;
            return false;
        }
        strings = end + 1;
    }
    return true;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    size_t length = strlen(parent);

    return !strncmp(parent, child, length) && (!child[length] || child[length] == '/');
}
