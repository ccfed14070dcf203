/*
 * Our xenstore server as a daemon on the host: `stored SOCKET`. Programs connect to the socket,
 * guests and Xen are what fake_xen.c makes of the files in $FAKE_XEN.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "abi-tests/store/fake_xen.h"
#include "hv/lib/status.h"
#include "xen-adapter/store/store.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define CLIENTS     64u
#define GRANT_STORE 1u /* the grant entry of a guest's page [xen/grant_table.h] */

struct client {
    int file;
    struct connection *connection;
    char in[4096];
    size_t in_bytes, in_taken;
};

struct domain {
    void *ring; /* NULL: not introduced */
    evtchn_port_t port;
    bool is_shut;
};

static struct store *store;
static struct client *clients[CLIENTS];
static struct domain domains[FAKE_DOMAINS];
static xc_interface *xen;
static xenevtchn_handle *events;
static xengnttab_handle *grants;

size_t string_copy(char *to, const char *from, size_t size);
size_t string_copy(char *to, const char *from, size_t size)
{
    snprintf(to, size, "%s", from);
    return strlen(from);
}

static void fail(const char *place, const char *text)
{
    fprintf(stderr, "stored: error: %s: %s: %s\n", place, text, strerror(errno));
    exit(1);
}

/* --- domains --- */

static enum status domain_introduce(const struct store_order *order)
{
    struct domain *domain = &domains[order->domid];
    enum status status;
    int port;

    domain->ring =
        xengnttab_map_grant_ref(grants, order->domid, GRANT_STORE, PROT_READ | PROT_WRITE);
    if (!domain->ring)
        return ST_NO_ENTRY;
    port = xenevtchn_bind_interdomain(events, order->domid, order->port);
    status = port < 0 ? ST_NO_ENTRY : store_introduce(store, order->domid, domain->ring);
    if (status != ST_OK) {
        xengnttab_unmap(grants, domain->ring, 1);
        domain->ring = NULL;
        return status;
    }
    domain->port = (evtchn_port_t)port;
    domain->is_shut = false;
    return ST_OK;
}

static void domain_release(u32 domid)
{
    struct domain *domain = &domains[domid];

    if (!domain->ring)
        return;
    store_release(store, domid, STORE_DROP_NODES);
    xenevtchn_unbind(events, domain->port);
    xengnttab_unmap(grants, domain->ring, 1);
    domain->ring = NULL;
}

static void orders_serve(void)
{
    struct store_order order;
    struct connection *client;

    while (store_take_order(store, &order, &client)) {
        enum status status = ST_OK;

        if (order.kind == STORE_ORDER_INTRODUCE)
            status = domain_introduce(&order);
        else
            domain_release(order.domid);
        store_order_done(store, client, status);
    }
}

/* Xen says that some domain has come to an end. */
static void domains_check(void)
{
    for (u32 domid = 1; domid < FAKE_DOMAINS; domid++) {
        struct domain *domain = &domains[domid];
        xc_domaininfo_t info;

        if (!domain->ring)
            continue;
        if (xc_domain_getinfo_single(xen, domid, &info) != 0 || info.flags & XEN_DOMINF_dying) {
            domain_release(domid);
        } else if (info.flags & XEN_DOMINF_shutdown && !domain->is_shut) {
            domain->is_shut = true;
            store_tell_shutdown(store);
        }
    }
}

static void event_serve(void)
{
    int port = xenevtchn_pending(events);

    if (port < 0)
        return;
    xenevtchn_unmask(events, (evtchn_port_t)port);
    for (u32 domid = 1; domid < FAKE_DOMAINS; domid++)
        if (domains[domid].ring && domains[domid].port == (evtchn_port_t)port) {
            if (store_serve(store, domid))
                xenevtchn_notify(events, domains[domid].port);
            return;
        }
    domains_check();
}

/* --- clients --- */

static void client_end(struct client **slot)
{
    store_client_end(store, (*slot)->connection);
    close((*slot)->file);
    free(*slot);
    *slot = NULL;
}

static void client_add(int listener)
{
    int file = accept(listener, NULL, NULL);
    struct client *client;

    if (file < 0)
        return;
    for (u32 i = 0; i < CLIENTS; i++) {
        if (clients[i])
            continue;
        client = calloc(1, sizeof(*client));
        if (!client || store_client_make(store, &client->connection) != ST_OK) {
            free(client);
            break;
        }
        client->file = file;
        clients[i] = client;
        return;
    }
    close(file);
}

/* Answers and events as far as the socket takes them; false when it is closed. */
static bool client_tell(struct client *client)
{
    char out[4096];
    size_t count;

    while ((count = store_client_take(store, client->connection, out, sizeof(out))) > 0)
        if (send(client->file, out, count, MSG_NOSIGNAL) != (ssize_t)count)
            return false;
    return true;
}

static void client_serve(struct client **slot)
{
    struct client *client = *slot;
    ssize_t count = read(client->file, client->in, sizeof(client->in));
    size_t taken = 0, at = 0;
    bool is_well = count > 0;

    while (is_well && at < (size_t)count) {
        is_well = store_client_put(store, client->connection, client->in + at,
                                   (size_t)count - at, &taken) == ST_OK;
        at += taken;
        orders_serve();
        is_well = client_tell(client) && is_well;
    }
    if (!is_well)
        client_end(slot);
}

/* --- the loop --- */

static int listener_make(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
        listen(listener, 8))
        fail(path, "cannot listen there");
    return listener;
}

static void others_tell(void)
{
    u32 domid;

    while (store_continue(store))
        ;
    while (store_take_notify(store, &domid))
        xenevtchn_notify(events, domains[domid].port);
    for (u32 i = 0; i < CLIENTS; i++)
        if (clients[i] && !client_tell(clients[i]))
            client_end(&clients[i]);
}

static void serve(int listener)
{
    struct pollfd wait[CLIENTS + 2];

    wait[CLIENTS] = (struct pollfd){listener, POLLIN, 0};
    wait[CLIENTS + 1] = (struct pollfd){xenevtchn_fd(events), POLLIN, 0};
    for (u32 i = 0; i < CLIENTS; i++)
        wait[i] = (struct pollfd){clients[i] ? clients[i]->file : -1, POLLIN, 0};
    if (poll(wait, CLIENTS + 2, -1) < 0)
        return;
    if (wait[CLIENTS + 1].revents)
        event_serve();
    for (u32 i = 0; i < CLIENTS; i++)
        if (wait[i].revents)
            client_serve(&clients[i]);
    if (wait[CLIENTS].revents)
        client_add(listener);
    others_tell();
}

static volatile sig_atomic_t is_ending;

static void end(int signal)
{
    (void)signal;
    is_ending = 1;
}

int main(int argc, char **argv)
{
    struct sigaction on_end = {.sa_handler = end};
    void *arena = malloc(ARENA_BYTES);
    int listener;

    if (argc != 2 || !arena || store_make(arena, ARENA_BYTES, &store) != ST_OK)
        fail("stored SOCKET", "one argument and 16 MiB of memory are needed");
    sigaction(SIGTERM, &on_end, NULL);
    sigaction(SIGINT, &on_end, NULL);
    xen = xc_interface_open(NULL, NULL, 0);
    events = xenevtchn_open(NULL, 0);
    grants = xengnttab_open(NULL, 0);
    if (!events || xenevtchn_bind_virq(events, VIRQ_DOM_EXC) < 0)
        fail("$FAKE_XEN", "no events there");
    listener = listener_make(argv[1]);
    while (!is_ending)
        serve(listener);
    for (u32 i = 0; i < CLIENTS; i++)
        if (clients[i])
            client_end(&clients[i]);
    free(arena);
    return 0;
}
