/*
 * Xen as a xenstore daemon sees it, made of files, so that a daemon runs on any Linux: Debian's
 * own (this file preloaded, with the names of libxenctrl, libxenevtchn and libxengnttab) and
 * ours (linked). In the folder $FAKE_XEN:
 *
 *   domain-N   "running", "shutdown" or "dying"; no file: there is no such domain
 *   ring-N     its page for xenstore; domain 0 has one as well
 *   events     datagram socket of the daemon: a u32 says who sent, a domain or FAKE_VIRQ
 *   guest-N    datagram socket of a domain: one byte for each notification
 *
 * Signatures as in <xenctrl.h>, <xenevtchn.h>, <xengnttab.h>.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
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

#define PAGE  4096u
#define PORTS 4096u

static int events = -1;
static uint32_t peer_of[PORTS]; /* of a port: a domain or FAKE_VIRQ */
static uint32_t ports = 1;

static const char *fake_path(char *out, size_t room, const char *name, uint32_t domid)
{
    const char *folder = getenv("FAKE_XEN");
    int length = domid == FAKE_VIRQ
                     ? snprintf(out, room, "%s/%s", folder ? folder : ".", name)
                     : snprintf(out, room, "%s/%s-%u", folder ? folder : ".", name, domid);

    if (length < 0 || (size_t)length >= room) {
        fprintf(stderr, "fake_xen: FAKE_XEN=%s is too long\n", folder);
        abort();
    }
    return out;
}

static void fake_address(struct sockaddr_un *out, const char *name, uint32_t domid)
{
    memset(out, 0, sizeof(*out));
    out->sun_family = AF_UNIX;
    fake_path(out->sun_path, sizeof(out->sun_path), name, domid);
}

/* --- libxenctrl --- */

/* The first letter of the domain's state, 0 when there is no such domain. */
static char domain_state(uint32_t domid)
{
    char path[PATH_MAX], state = 0;
    FILE *file = fopen(fake_path(path, sizeof(path), "domain", domid), "r");

    if (!file)
        return 0;
    if (fread(&state, 1, 1, file) != 1)
        state = 'r';
    fclose(file);
    return state;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
                                unsigned open_flags)
{
    static int interface;

    (void)logger;
    (void)dombuild_logger;
    (void)open_flags;
    return (xc_interface *)&interface;
}

int xc_interface_close(xc_interface *xch)
{
    (void)xch;
    return 0;
}

#if XEN_DOMCTL_INTERFACE_VERSION <= 0x15 /* Xen 4.17 has it, and its xenstored needs it */
/* The first domains from this one on. */
int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    unsigned int found = 0;

    (void)xch;
    for (uint32_t domid = first; domid < FAKE_DOMAINS && found < max; domid++) {
        char state = domain_state(domid);

        if (!state)
            continue;
        memset(&info[found], 0, sizeof(*info));
        info[found].domid = domid;
        info[found].running = state == 'r';
        info[found].shutdown = state == 's';
        info[found].dying = state == 'd';
        found++;
    }
    return (int)found;
}
#endif

int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid, xc_domaininfo_t *info)
{
    char state = domain_state(domid);

    (void)xch;
    if (!state) {
        errno = ESRCH;
        return -1;
    }
    info->domain = (domid_t)domid;
    info->flags = state == 'r'   ? XEN_DOMINF_running
                  : state == 's' ? XEN_DOMINF_shutdown
                                 : XEN_DOMINF_dying;
    return 0;
}

/* --- libxenevtchn --- */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    static int handle;
    struct sockaddr_un address;

    (void)logger;
    (void)flags;
    fake_address(&address, "events", FAKE_VIRQ);
    unlink(address.sun_path);
    events = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (events < 0 || bind(events, (struct sockaddr *)&address, sizeof(address)))
        return NULL;
    return (xenevtchn_handle *)&handle;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned flags)
{
    (void)fd;
    return xenevtchn_open(logger, flags);
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    (void)xce;
    return events;
}

static xenevtchn_port_or_error_t port_bind(uint32_t peer)
{
    if (ports == PORTS) {
        errno = ENOSPC;
        return -1;
    }
    peer_of[ports] = peer;
    return (xenevtchn_port_or_error_t)ports++;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
                                                     evtchn_port_t remote)
{
    (void)xce;
    (void)remote;
    if (!domain_state(domid)) {
        errno = ESRCH;
        return -1;
    }
    return port_bind(domid);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
    (void)xce;
    (void)virq;
    return port_bind(FAKE_VIRQ);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    if (port < PORTS)
        peer_of[port] = FAKE_NOBODY;
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    struct sockaddr_un address;

    (void)xce;
    if (port >= ports || peer_of[port] >= FAKE_DOMAINS)
        return 0;
    fake_address(&address, "guest", peer_of[port]);
    /* A guest that does not listen, or has not yet heard the last one, loses nothing. */
    (void)sendto(events, "", 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof(address));
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    uint32_t sender;

    (void)xce;
    if (recv(events, &sender, sizeof(sender), 0) != sizeof(sender))
        return -1;
    for (uint32_t port = ports - 1; port; port--)
        if (peer_of[port] == sender)
            return (xenevtchn_port_or_error_t)port;
    return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce;
    (void)port;
    return 0;
}

/* --- libxengnttab --- */

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned flags)
{
    static int handle;

    (void)logger;
    (void)flags;
    return (xengnttab_handle *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
    (void)xgt;
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t count)
{
    (void)xgt;
    (void)count;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
    char path[PATH_MAX];
    int file = open(fake_path(path, sizeof(path), "ring", domid), O_RDWR | O_CLOEXEC);
    void *page;

    (void)xgt;
    (void)ref;
    if (file < 0)
        return NULL;
    page = mmap(NULL, PAGE, prot, MAP_SHARED, file, 0);
    close(file);
    return page == MAP_FAILED ? NULL : page;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
    (void)xgt;
    return munmap(start, count * (size_t)PAGE);
}

/* --- what the first domain's kernel shows --- */

int open(const char *path, int flags, ...)
{
    static int (*real_open)(const char *, int, ...);
    char other[PATH_MAX];
    va_list arguments;
    int mode;

    va_start(arguments, flags);
    mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, int) : 0;
    va_end(arguments);
    if (!real_open)
        *(void **)&real_open = dlsym(RTLD_NEXT, "open");
    if (!strcmp(path, "/proc/xen/xsd_kva"))
        path = fake_path(other, sizeof(other), "ring", 0);
    else if (!strcmp(path, "/proc/xen/xsd_port"))
        path = fake_path(other, sizeof(other), "port", 0);
    return real_open(path, flags, mode);
}
