// sources: xen-adapter/store/client/handle.c xen-adapter/store/client/xs.c
// sources: xen-adapter/store/client/xs_lib.c
// libs: -pthread
/*
 * The client library before a server that answers with any bytes. Each round: a call, how
 * honest the header of its answer is, and the payload. Then the server hangs up.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenstore.h>

#include "xen-adapter/store/wire.h"

#define ROUNDS 16u

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static char path[64];
static volatile size_t seen; /* every byte of an answer is looked at */

static int listener_make(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(path, sizeof(path), "/tmp/fuzz_xs_client.%d", (int)getpid());
    unlink(path);
    strcpy(address.sun_path, path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
        listen(listener, 1))
        abort();
    setenv("XENSTORED_PATH", path, 1);
    return listener;
}

static void directory(struct xs_handle *xs)
{
    unsigned count = 0;
    char **names = xs_directory(xs, XBT_NULL, "/a", &count);

    for (unsigned i = 0; names && i < count; i++)
        seen += strlen(names[i]);
    free(names);
}

static void permissions(struct xs_handle *xs)
{
    unsigned count = 0;
    struct xs_permissions *all = xs_get_permissions(xs, XBT_NULL, "/a", &count);

    for (unsigned i = 0; all && i < count; i++)
        seen += all[i].id + all[i].perms;
    free(all);
}

static void event(struct xs_handle *xs)
{
    char **got = xs_check_watch(xs);

    free(got);
}

static void unwatch(struct xs_handle *xs)
{
    xs_unwatch(xs, "/a", "t");
}

static void value(struct xs_handle *xs)
{
    unsigned length;

    free(xs_read(xs, XBT_NULL, "/a", &length));
}

static void transaction(struct xs_handle *xs)
{
    xs_transaction_end(xs, xs_transaction_start(xs), false);
}

static void domain(struct xs_handle *xs)
{
    xs_is_domain_introduced(xs, 5);
    free(xs_get_domain_path(xs, 5));
}

static const struct {
    void (*run)(struct xs_handle *xs);
    u32 answer;
} calls[] = {
    {directory, WIRE_DIRECTORY},
    {directory, WIRE_ERROR},
    {directory, WIRE_DIRECTORY_PART},
    {permissions, WIRE_GET_PERMS},
    {event, WIRE_WATCH_EVENT},
    {unwatch, WIRE_UNWATCH},
    {value, WIRE_READ},
    {transaction, WIRE_TRANSACTION_START},
    {domain, WIRE_IS_DOMAIN_INTRODUCED},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static int listener = -1;
    u8 order[ROUNDS];
    unsigned rounds = 0;
    struct xs_handle *xs;
    int peer;

    if (listener < 0)
        listener = listener_make();
    xs = xs_open(XS_UNWATCH_FILTER);
    peer = accept(listener, NULL, NULL);
    if (!xs || peer < 0)
        abort();
    while (size >= 3 && rounds < ROUNDS) {
        u32 bytes = data[2] > size - 3 ? (u32)(size - 3) : data[2];
        struct wire_header header = {calls[data[0] % CALLS].answer, 0, 0, bytes};

        order[rounds++] = data[0];
        if (data[1] & 1)
            header.type = data[1] >> 1;
        if (data[1] == 0xfe)
            header.bytes = 0xffffffff;
        if (send(peer, &header, sizeof(header), MSG_NOSIGNAL) < 0 ||
            send(peer, data + 3, bytes, MSG_NOSIGNAL) < 0)
            abort();
        data += 3 + bytes;
        size -= 3 + bytes;
    }
    shutdown(peer, SHUT_WR);
    for (unsigned i = 0; i < rounds; i++)
        calls[order[i] % CALLS].run(xs);
    xs_close(xs);
    close(peer);
    return 0;
}
