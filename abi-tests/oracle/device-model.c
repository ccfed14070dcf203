/*
 * Stands where libxl starts a device model for an HVM guest, and emulates nothing: what a guest
 * does to a device reaches nobody. It says in xenstore that it runs, and answers libxl's
 * questions on the QMP socket that its arguments name, so that the guest is let go. [qemu
 * docs/interop/qmp-spec, xen/io/xs_wire.h]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STORE_SOCKET "/run/xenstored/socket"
#define STORE_WRITE  11u
#define GREETING                                                                               \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\": 7}, "          \
    "\"package\": \"\"}, \"capabilities\": []}}\r\n"

static int socket_make(const char *path, int (*join)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int link = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    return join(link, (const struct sockaddr *)&name, sizeof(name)) == 0 ? link : -1;
}

/* The node that libxl watches. */
static int running_tell(const char *domain)
{
    struct {
        uint32_t type, request, transaction, length;
        char text[128];
    } message = {.type = STORE_WRITE};
    int link = socket_make(STORE_SOCKET, connect);
    int path = snprintf(message.text, sizeof(message.text) - 8,
                        "/local/domain/0/device-model/%s/state", domain);

    memcpy(message.text + path + 1, "running", 7);
    message.length = (uint32_t)path + 1 + 7;
    return write(link, &message, 16 + message.length) == (ssize_t)(16 + message.length) &&
                   read(link, &message, sizeof(message)) > 0
               ? 0
               : -1;
}

static const char *result_of(const char *question)
{
    if (strstr(question, "query-status"))
        return "{\"status\": \"running\", \"singlestep\": false, \"running\": true}";
    return strstr(question, "query-c") ? "[]" : "{}"; /* -chardev, -command-line-options */
}

/* One question is one line; its id comes back with the answer. */
static void serve(FILE *in, FILE *out)
{
    static char line[4096];

    fputs(GREETING, out);
    fflush(out);
    while (fgets(line, sizeof(line), in)) {
        const char *id = strstr(line, "\"id\"");

        if (!strstr(line, "\"execute\""))
            continue;
        fprintf(out, "{\"return\": %s, \"id\": %ld}\r\n", result_of(line),
                id ? strtol(id + strcspn(id, "0123456789"), NULL, 10) : 0);
        fflush(out);
        if (strstr(line, "\"quit\""))
            exit(0);
    }
}

/* The value of "-chardev socket,id=libxl-cmd,path=...,": where to listen, or "fd=": who does.
 */
static int listen_at(const char *words)
{
    const char *path = strstr(words, ",path="), *open = strstr(words, ",fd=");
    char name[100];
    int link;

    if (!path)
        return open ? atoi(open + 4) : -1;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(path + 6, ","), path + 6);
    unlink(name);
    link = socket_make(name, bind);
    return listen(link, 1) == 0 ? link : -1;
}

int main(int count, char **words)
{
    const char *domain = NULL; /* none: libxl only asks what we are */
    int listener = -1;

    for (int i = 1; i < count; i++) {
        if (strstr(words[i], "id=libxl-cmd"))
            listener = listen_at(words[i]);
        if (strcmp(words[i - 1], "-xen-domid") == 0)
            domain = words[i];
    }
    if (listener < 0 || (domain && running_tell(domain) != 0)) {
        fprintf(stderr, "device-model: is libxl's to start, in Xen's first domain\n");
        return 2;
    }
    for (;;) {
        int link = accept(listener, NULL, NULL);

        if (link < 0)
            return 1;
        serve(fdopen(link, "r"), fdopen(dup(link), "w"));
        close(link);
    }
}
