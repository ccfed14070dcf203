/* libxenstore's calls, each one request. Contracts and prototypes: <xenstore.h> of libxen-dev.
 */
#include <xenstore.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xen-adapter/store/client/handle.h"

#define TEXT(text)                                                                             \
    {                                                                                          \
        text, (unsigned)strlen(text) + 1                                                       \
    }
#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

/* --- open and close --- */

struct xs_handle *xs_open(unsigned long flags)
{
    const char *const paths[] = {xs_daemon_socket(), "/dev/xen/xenbus", "/proc/xen/xenbus"};
    struct xs_handle *h = NULL;

    for (unsigned i = 0; i < COUNT(paths) && !h; i++)
        h = handle_open(paths[i], flags & XS_UNWATCH_FILTER);
    return h;
}

struct xs_handle *xs_daemon_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
    return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
    return xs_open(0);
}

void xs_close(struct xs_handle *h)
{
    if (h)
        handle_close(h);
}

void xs_daemon_close(struct xs_handle *h)
{
    handle_close(h);
}

void xs_daemon_destroy_postfork(struct xs_handle *h)
{
    handle_close(h);
}

/* --- requests --- */

/* Whose answer is only "OK". */
static bool ask_ok(struct xs_handle *h, enum wire_type type, xs_transaction_t t,
                   const struct part *parts, unsigned count)
{
    unsigned bytes;
    char *answer = handle_ask(h, type, t, parts, count, &bytes);

    free(answer);
    return answer != NULL;
}

static char *ask_path(struct xs_handle *h, enum wire_type type, xs_transaction_t t,
                      const char *path, unsigned *bytes)
{
    const struct part parts[] = {TEXT(path)};

    return handle_ask(h, type, t, parts, 1, bytes);
}

static bool ask_path_ok(struct xs_handle *h, enum wire_type type, xs_transaction_t t,
                        const char *path)
{
    const struct part parts[] = {TEXT(path)};

    return ask_ok(h, type, t, parts, 1);
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *length)
{
    unsigned bytes;
    char *value = ask_path(h, WIRE_READ, t, path, &bytes);

    if (value && length)
        *length = bytes;
    return value;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
              unsigned int length)
{
    const struct part parts[] = {TEXT(path), {data, length}};

    return ask_ok(h, WIRE_WRITE, t, parts, 2);
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return ask_path_ok(h, WIRE_MKDIR, t, path);
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return ask_path_ok(h, WIRE_RM, t, path);
}

/* No server has it any more. */
bool xs_restrict(struct xs_handle *h, unsigned domid)
{
    (void)h;
    (void)domid;
    return false;
}

/* --- permissions --- */

struct xs_permissions *xs_get_permissions(struct xs_handle *h, xs_transaction_t t,
                                          const char *path, unsigned int *num)
{
    unsigned bytes, count = 0;
    char *text = ask_path(h, WIRE_GET_PERMS, t, path, &bytes);
    struct xs_permissions *permissions;

    if (!text)
        return NULL;
    for (unsigned i = 0; i < bytes; i++)
        count += !text[i];
    permissions = calloc(count + (size_t)1, sizeof(*permissions));
    if (permissions && !xs_strings_to_perms(permissions, count, text)) {
        free(permissions);
        permissions = NULL;
    }
    free(text);
    if (permissions)
        *num = count;
    return permissions;
}

static char permission_letter(unsigned permissions)
{
    static const char letters[] = {'n', 'r', 'w', 'b'};

    return letters[permissions & (XS_PERM_READ | XS_PERM_WRITE)];
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
                        struct xs_permissions *permissions, unsigned int count)
{
    char text[XENSTORE_PAYLOAD_MAX];
    unsigned bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        if (bytes + MAX_STRLEN(unsigned) + 1 > sizeof(text)) {
            errno = E2BIG;
            return false;
        }
        bytes +=
            (unsigned)snprintf(text + bytes, sizeof(text) - bytes, "%c%u",
                               permission_letter(permissions[i].perms), permissions[i].id) +
            1;
    }
    const struct part parts[] = {TEXT(path), {text, bytes}};

    return ask_ok(h, WIRE_SET_PERMS, t, parts, 2);
}

/* --- watches --- */

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    const struct part parts[] = {TEXT(path), TEXT(token)};

    return ask_ok(h, WIRE_WATCH, XBT_NULL, parts, 2);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    const struct part parts[] = {TEXT(path), TEXT(token)};

    if (!ask_ok(h, WIRE_UNWATCH, XBT_NULL, parts, 2))
        return false;
    handle_drop_events(h, path, token);
    return true;
}

int xs_fileno(struct xs_handle *h)
{
    return handle_fileno(h);
}

/* The strings of a block, which it takes, in one with pointers before them. */
static char **vector_make(char *text, unsigned bytes, unsigned *count)
{
    unsigned all = 0, at = 0;
    char **vector;

    for (unsigned i = 0; i < bytes; i++)
        all += !text[i];
    vector = malloc((all + (size_t)1) * sizeof(*vector) + bytes);
    if (vector) {
        char *to = memcpy(vector + all + 1, text, bytes);

        for (unsigned i = 0; i < all; i++) {
            vector[i] = to + at;
            at += (unsigned)strlen(to + at) + 1;
        }
        vector[all] = NULL;
        *count = all;
    }
    free(text);
    return vector;
}

static char **event_next(struct xs_handle *h, enum handle_wait how, unsigned *count)
{
    unsigned bytes;
    char *text = handle_event(h, how, &bytes);

    return text ? vector_make(text, bytes, count) : NULL;
}

char **xs_check_watch(struct xs_handle *h)
{
    unsigned count;

    return event_next(h, HANDLE_POLL, &count);
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    unsigned count;
    char **vector = event_next(h, HANDLE_WAIT, &count);

    if (vector && num)
        *num = count;
    return vector;
}

/* --- directories --- */

struct listing {
    char generation[24];
    char *names;
    unsigned bytes;
    bool is_whole;
};

/* One more piece of a long list; one of another generation begins it anew. */
static bool listing_add(struct listing *list, const char *piece, unsigned bytes)
{
    unsigned head = (unsigned)strnlen(piece, bytes) + 1;
    char *names;

    if (head >= bytes || head > sizeof(list->generation)) {
        errno = EIO;
        return false;
    }
    if (strcmp(piece, list->generation)) {
        bool is_first = !list->generation[0];

        memcpy(list->generation, piece, head);
        list->bytes = 0;
        if (!is_first)
            return true;
    }
    bytes -= head;
    list->is_whole = !piece[head + bytes - 1] && (bytes == 1 || !piece[head + bytes - 2]);
    bytes -= list->is_whole;
    names = realloc(list->names, list->bytes + (size_t)bytes + 1);
    if (!names)
        return false;
    memcpy(names + list->bytes, piece + head, bytes);
    list->names = names;
    list->bytes += bytes;
    return true;
}

/* For lists that do not fit into one message. */
static char *directory_in_parts(struct xs_handle *h, xs_transaction_t t, const char *path,
                                unsigned *bytes)
{
    struct listing list = {.is_whole = false};

    while (!list.is_whole) {
        char offset[24], *piece;
        const struct part parts[] = {
            TEXT(path),
            {offset, (unsigned)snprintf(offset, sizeof(offset), "%u", list.bytes) + 1}};
        unsigned count;
        bool is_added;

        piece = handle_ask(h, WIRE_DIRECTORY_PART, t, parts, 2, &count);
        is_added = piece && listing_add(&list, piece, count);
        free(piece);
        if (!is_added) {
            free(list.names);
            return NULL;
        }
    }
    *bytes = list.bytes;
    return list.names;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    unsigned bytes = 0;
    char *names = ask_path(h, WIRE_DIRECTORY, t, path, &bytes);

    if (!names && errno == E2BIG)
        names = directory_in_parts(h, t, path, &bytes);
    return names ? vector_make(names, bytes, num) : NULL;
}

/* --- transactions --- */

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    unsigned bytes;
    char *text = ask_path(h, WIRE_TRANSACTION_START, XBT_NULL, "", &bytes);
    xs_transaction_t t = text ? (xs_transaction_t)strtoul(text, NULL, 0) : XBT_NULL;

    free(text);
    return t;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    return ask_path_ok(h, WIRE_TRANSACTION_END, t, abort ? "F" : "T");
}

/* --- domains --- */

static bool ask_domain(struct xs_handle *h, enum wire_type type, unsigned domid)
{
    char text[MAX_STRLEN(domid)];

    snprintf(text, sizeof(text), "%u", domid);
    return ask_path_ok(h, type, XBT_NULL, text);
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn,
                         unsigned int eventchn)
{
    char domain[MAX_STRLEN(domid)], frame[MAX_STRLEN(mfn)], port[MAX_STRLEN(eventchn)];

    snprintf(domain, sizeof(domain), "%u", domid);
    snprintf(frame, sizeof(frame), "%lu", mfn);
    snprintf(port, sizeof(port), "%u", eventchn);
    const struct part parts[] = {TEXT(domain), TEXT(frame), TEXT(port)};

    return ask_ok(h, WIRE_INTRODUCE, XBT_NULL, parts, 3);
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
    char domain[MAX_STRLEN(domid)], other[MAX_STRLEN(target)];

    snprintf(domain, sizeof(domain), "%u", domid);
    snprintf(other, sizeof(other), "%u", target);
    const struct part parts[] = {TEXT(domain), TEXT(other)};

    return ask_ok(h, WIRE_SET_TARGET, XBT_NULL, parts, 2);
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    return ask_domain(h, WIRE_RELEASE, domid);
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    return ask_domain(h, WIRE_RESUME, domid);
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    char text[MAX_STRLEN(domid)];
    unsigned bytes;

    snprintf(text, sizeof(text), "%u", domid);
    return ask_path(h, WIRE_GET_DOMAIN_PATH, XBT_NULL, text, &bytes);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    char text[MAX_STRLEN(domid)];
    unsigned bytes;
    char *answer;
    bool is_there;

    snprintf(text, sizeof(text), "%u", domid);
    answer = ask_path(h, WIRE_IS_DOMAIN_INTRODUCED, XBT_NULL, text, &bytes);
    is_there = answer && answer[0] == 'T';
    free(answer);
    return is_there;
}

int xs_suspend_evtchn_port(int domid)
{
    struct xs_handle *h = xs_daemon_open();
    char path[64], *text;
    int port;

    if (!h)
        return -1;
    snprintf(path, sizeof(path), "/local/domain/%d/device/suspend/event-channel", domid);
    text = xs_read(h, XBT_NULL, path, NULL);
    port = text ? atoi(text) : -1;
    free(text);
    xs_daemon_close(h);
    return port;
}

char *xs_control_command(struct xs_handle *h, const char *command, void *data,
                         unsigned int length)
{
    const struct part parts[] = {TEXT(command), {data, length}};
    unsigned bytes;

    return handle_ask(h, WIRE_CONTROL, XBT_NULL, parts, 2, &bytes);
}

char *xs_debug_command(struct xs_handle *h, const char *command, void *data,
                       unsigned int length)
{
    return xs_control_command(h, command, data, length);
}
