/*
 * Messages of both kinds come through one file. Whoever waits first reads for everybody: an
 * answer goes to the thread that asked, an event to the queue.
 */
#include "xen-adapter/store/client/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenstore.h>

#define PAYLOAD_MAX XENSTORE_PAYLOAD_MAX

struct message {
    struct message *next;
    struct wire_header header;
    char data[]; /* with a NUL behind it */
};

struct xs_handle {
    int file;
    int bell;   /* eventfd: events wait in the queue */
    int fileno; /* epoll of both, made when first asked for */
    bool is_socket, drops_unwatched;
    pthread_mutex_t asking; /* one request at a time; taken before the lock */
    pthread_mutex_t lock;   /* of what follows */
    pthread_cond_t arrived;
    bool is_reading; /* some thread reads the file */
    bool is_broken;
    struct message *answer;
    struct message *first, **last; /* events */
};

/* --- the file --- */

static int socket_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && connect(file, (struct sockaddr *)&address, sizeof(address))) {
        int error = errno;

        close(file);
        errno = error;
        return -1;
    }
    return file;
}

static bool file_read(const struct xs_handle *h, void *to, size_t bytes)
{
    char *at = to;

    while (bytes) {
        ssize_t count = read(h->file, at, bytes);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        bytes -= (size_t)count;
    }
    return true;
}

static bool file_write(const struct xs_handle *h, const void *from, size_t bytes)
{
    const char *at = from;

    while (bytes) {
        ssize_t count =
            h->is_socket ? send(h->file, at, bytes, MSG_NOSIGNAL) : write(h->file, at, bytes);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        at += count;
        bytes -= (size_t)count;
    }
    return true;
}

/* --- a handle's life --- */

struct xs_handle *handle_open(const char *path, bool drops_unwatched)
{
    struct xs_handle *h;
    struct stat status;

    if (stat(path, &status))
        return NULL;
    h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->is_socket = S_ISSOCK(status.st_mode);
    h->file = h->is_socket ? socket_open(path) : open(path, O_RDWR | O_CLOEXEC);
    h->bell = h->file < 0 ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    h->fileno = -1;
    h->drops_unwatched = drops_unwatched;
    h->last = &h->first;
    pthread_mutex_init(&h->asking, NULL);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->arrived, NULL);
    if (h->bell < 0) {
        int error = errno;

        handle_close(h);
        errno = error;
        return NULL;
    }
    return h;
}

void handle_close(struct xs_handle *h)
{
    while (h->first) {
        struct message *m = h->first;

        h->first = m->next;
        free(m);
    }
    free(h->answer);
    if (h->fileno >= 0)
        close(h->fileno);
    if (h->bell >= 0)
        close(h->bell);
    if (h->file >= 0)
        close(h->file);
    pthread_cond_destroy(&h->arrived);
    pthread_mutex_destroy(&h->lock);
    pthread_mutex_destroy(&h->asking);
    free(h);
}

/* --- messages --- */

/* An event's payload is a path and a token, each with its NUL. */
static bool event_is_whole(const struct message *m)
{
    const char *end = m->data + m->header.bytes;
    const char *token = memchr(m->data, 0, m->header.bytes);

    return token && memchr(token + 1, 0, (size_t)(end - token) - 1);
}

/* NULL: the server broke the protocol or went away. */
static struct message *message_read(const struct xs_handle *h)
{
    struct wire_header header;
    struct message *m;

    if (!file_read(h, &header, sizeof(header)) || header.bytes > PAYLOAD_MAX)
        return NULL;
    m = malloc(sizeof(*m) + header.bytes + 1);
    if (!m)
        return NULL;
    m->next = NULL;
    m->header = header;
    if (!file_read(h, m->data, header.bytes)) {
        free(m);
        return NULL;
    }
    m->data[header.bytes] = 0;
    if (header.type == WIRE_WATCH_EVENT && !event_is_whole(m)) {
        free(m);
        return NULL;
    }
    return m;
}

static void event_add(struct xs_handle *h, struct message *m)
{
    *h->last = m;
    h->last = &m->next;
    eventfd_write(h->bell, 1);
}

static struct message *event_take(struct xs_handle *h)
{
    struct message *m = h->first;
    eventfd_t count;

    if (!m)
        return NULL;
    h->first = m->next;
    if (!h->first) {
        h->last = &h->first;
        eventfd_read(h->bell, &count);
    }
    return m;
}

/* With the lock: one more message has come when it returns, or the handle is broken. */
static void message_await(struct xs_handle *h)
{
    struct message *m;

    if (h->is_reading) {
        pthread_cond_wait(&h->arrived, &h->lock);
        return;
    }
    h->is_reading = true;
    pthread_mutex_unlock(&h->lock);
    m = message_read(h);
    pthread_mutex_lock(&h->lock);
    h->is_reading = false;
    if (!m) {
        h->is_broken = true;
    } else if (m->header.type == WIRE_WATCH_EVENT) {
        event_add(h, m);
    } else {
        free(h->answer);
        h->answer = m;
    }
    pthread_cond_broadcast(&h->arrived);
}

/* The bytes of a message alone, in its own block. */
static char *message_data(struct message *m, unsigned *bytes)
{
    *bytes = m->header.bytes;
    return memmove(m, m->data, m->header.bytes + (size_t)1);
}

/* --- requests --- */

static int error_number(const char *name)
{
    for (unsigned i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
        if (!strcmp(xsd_errors[i].errstring, name))
            return xsd_errors[i].errnum;
    return EINVAL;
}

static struct message *answer_await(struct xs_handle *h)
{
    struct message *m;

    pthread_mutex_lock(&h->lock);
    while (!h->answer && !h->is_broken)
        message_await(h);
    m = h->answer;
    h->answer = NULL;
    pthread_mutex_unlock(&h->lock);
    return m;
}

char *handle_ask(struct xs_handle *h, enum wire_type type, uint32_t transaction,
                 const struct part *parts, unsigned count, unsigned *bytes)
{
    struct {
        struct wire_header header;
        char data[PAYLOAD_MAX];
    } request = {.header = {type, 0, transaction, 0}};
    struct message *m = NULL;

    for (unsigned i = 0; i < count; i++) {
        if (parts[i].bytes > PAYLOAD_MAX - request.header.bytes) {
            errno = E2BIG;
            return NULL;
        }
        if (parts[i].bytes)
            memcpy(request.data + request.header.bytes, parts[i].data, parts[i].bytes);
        request.header.bytes += parts[i].bytes;
    }
    pthread_mutex_lock(&h->asking);
    if (file_write(h, &request, sizeof(request.header) + request.header.bytes))
        m = answer_await(h);
    pthread_mutex_unlock(&h->asking);
    if (m && m->header.type == type)
        return message_data(m, bytes);
    errno = m && m->header.type == WIRE_ERROR ? error_number(m->data) : EIO;
    free(m);
    return NULL;
}

/* --- events --- */

static bool has_input(const struct xs_handle *h)
{
    struct pollfd wait = {.fd = h->file, .events = POLLIN};

    return poll(&wait, 1, 0) == 1;
}

char *handle_event(struct xs_handle *h, enum handle_wait how, unsigned *bytes)
{
    struct message *m;

    pthread_mutex_lock(&h->lock);
    while (!h->first && !h->is_broken &&
           (how == HANDLE_WAIT || (!h->is_reading && has_input(h))))
        message_await(h);
    m = event_take(h);
    errno = h->is_broken ? EIO : EAGAIN;
    pthread_mutex_unlock(&h->lock);
    return m ? message_data(m, bytes) : NULL;
}

static int epoll_make(const struct xs_handle *h)
{
    struct epoll_event in = {.events = EPOLLIN};
    int all = epoll_create1(EPOLL_CLOEXEC);

    if (all >= 0 && (epoll_ctl(all, EPOLL_CTL_ADD, h->file, &in) ||
                     epoll_ctl(all, EPOLL_CTL_ADD, h->bell, &in))) {
        close(all);
        all = -1;
    }
    return all;
}

int handle_fileno(struct xs_handle *h)
{
    int all;

    pthread_mutex_lock(&h->lock);
    if (h->fileno < 0)
        h->fileno = epoll_make(h);
    all = h->fileno;
    pthread_mutex_unlock(&h->lock);
    return all;
}

void handle_drop_events(struct xs_handle *h, const char *path, const char *token)
{
    struct message **link = &h->first;
    eventfd_t count;

    if (!h->drops_unwatched)
        return;
    pthread_mutex_lock(&h->lock);
    while (*link) {
        struct message *m = *link;

        if (xs_path_is_subpath(path, m->data) &&
            !strcmp(m->data + strlen(m->data) + 1, token)) {
            *link = m->next;
            free(m);
        } else {
            link = &m->next;
        }
    }
    h->last = link;
    if (!h->first)
        eventfd_read(h->bell, &count);
    pthread_mutex_unlock(&h->lock);
}
