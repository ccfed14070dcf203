/*
 * Every call of libxenstore, in a fixed order, each told in one line: two libraries above the
 * same server must tell the same. Needs a server with nothing in it and a domain 5 for it to
 * introduce.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenstore.h>

#define THREAD_WRITES 500u

static struct xs_handle *xs;

static const char *error_of(bool is_well)
{
    return is_well ? "ok" : strerrorname_np(errno);
}

static void tell_ok(const char *what, bool is_well)
{
    printf("%s: %s\n", what, error_of(is_well));
}

static void tell_text(const char *what, char *text)
{
    printf("%s: %s\n", what, text ? text : error_of(false));
    free(text);
}

static void tell_read(xs_transaction_t t, const char *path)
{
    unsigned length = 77;
    char *value = xs_read(xs, t, path, &length);

    if (value)
        printf("read %s: %u bytes, %s, then %d\n", path, length, value, value[length]);
    else
        printf("read %s: %s\n", path, error_of(false));
    free(value);
}

static void tell_vector(const char *what, char **vector, unsigned count)
{
    printf("%s:", what);
    for (unsigned i = 0; vector && i < count; i++)
        printf(" %s", vector[i]);
    printf(" %s\n", vector ? "" : error_of(false));
    free(vector);
}

static void tell_directory(const char *path)
{
    unsigned count = 0;
    char **names = xs_directory(xs, XBT_NULL, path, &count);

    printf("%u names, ", count);
    if (count > 10) {
        printf("%s ... %s\n", names[0], names[count - 1]);
        free(names);
    } else {
        tell_vector(path, names, count);
    }
}

/* --- the tree --- */

static void tree(void)
{
    char big[XENSTORE_PAYLOAD_MAX] = {0};

    tell_ok("write", xs_write(xs, XBT_NULL, "/a/b", "hello", 5));
    tell_ok("write bytes", xs_write(xs, XBT_NULL, "/a/c", "1\0002", 3));
    tell_ok("write nothing", xs_write(xs, XBT_NULL, "/a/d", "", 0));
    tell_read(XBT_NULL, "/a/b");
    tell_read(XBT_NULL, "/a/c");
    tell_read(XBT_NULL, "/a/d");
    tell_read(XBT_NULL, "/none");
    tell_read(XBT_NULL, "bad//path");
    tell_ok("write too much", xs_write(xs, XBT_NULL, "/a/e", big, sizeof(big)));
    tell_read(XBT_NULL, "/a/e");
    tell_ok("mkdir", xs_mkdir(xs, XBT_NULL, "/m/n"));
    tell_ok("mkdir again", xs_mkdir(xs, XBT_NULL, "/m/n"));
    tell_directory("/a");
    tell_directory("/m/n");
    tell_directory("/none");
    tell_ok("rm", xs_rm(xs, XBT_NULL, "/m"));
    tell_ok("rm again", xs_rm(xs, XBT_NULL, "/m/n/x"));
    tell_ok("rm root", xs_rm(xs, XBT_NULL, "/"));
    tell_directory("/m");
}

static void long_list(void)
{
    char path[64];

    for (unsigned i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "/long/a-name-of-a-node-%u", i);
        if (!xs_mkdir(xs, XBT_NULL, path))
            tell_ok(path, false);
    }
    tell_directory("/long");
    tell_ok("rm /long", xs_rm(xs, XBT_NULL, "/long"));
}

static void tell_permissions(const char *path)
{
    unsigned count = 0;
    struct xs_permissions *all = xs_get_permissions(xs, XBT_NULL, path, &count);

    printf("permissions of %s:", path);
    for (unsigned i = 0; all && i < count; i++)
        printf(" %u/%u", all[i].id, all[i].perms);
    printf(" %s\n", all ? "" : error_of(false));
    free(all);
}

static void permissions(void)
{
    struct xs_permissions some[] = {{0, XS_PERM_NONE},
                                    {5, XS_PERM_READ},
                                    {6, XS_PERM_WRITE},
                                    {7, XS_PERM_READ | XS_PERM_WRITE}};
    struct xs_permissions parsed[3] = {{99, 99}, {99, 99}, {99, 99}};

    tell_permissions("/a");
    tell_ok("set", xs_set_permissions(xs, XBT_NULL, "/a", some, 4));
    tell_permissions("/a");
    tell_ok("set none", xs_set_permissions(xs, XBT_NULL, "/a", some, 0));
    tell_ok("set of nothing", xs_set_permissions(xs, XBT_NULL, "/none", some, 1));
    tell_permissions("/none");
    tell_ok("strings", xs_strings_to_perms(parsed, 2, "r5\0b12\0"));
    printf("%u/%u %u/%u\n", parsed[0].id, parsed[0].perms, parsed[1].id, parsed[1].perms);
    tell_ok("bad letter", xs_strings_to_perms(parsed, 1, "x5"));
    tell_ok("no number", xs_strings_to_perms(parsed, 1, "r"));
    tell_ok("bad number", xs_strings_to_perms(parsed, 1, "r5x"));
    tell_ok("nothing", xs_strings_to_perms(parsed, 1, ""));
}

static void transactions(void)
{
    xs_transaction_t t = xs_transaction_start(xs);
    xs_transaction_t u = xs_transaction_start(xs);

    printf("transactions: %d\n", t != XBT_NULL && u != XBT_NULL && t != u);
    tell_ok("write in t", xs_write(xs, t, "/a/b", "t", 1));
    tell_read(t, "/a/b");
    tell_read(XBT_NULL, "/a/b");
    tell_ok("write in u", xs_write(xs, u, "/a/b", "u", 1));
    tell_ok("end u", xs_transaction_end(xs, u, false));
    tell_ok("end t", xs_transaction_end(xs, t, false));
    tell_ok("end t again", xs_transaction_end(xs, t, false));
    tell_read(XBT_NULL, "/a/b");
    t = xs_transaction_start(xs);
    tell_ok("rm in t", xs_rm(xs, t, "/a"));
    tell_ok("abandon t", xs_transaction_end(xs, t, true));
    tell_read(XBT_NULL, "/a/b");
    tell_read(4711, "/a/b");
}

/* --- watches --- */

static bool is_readable(int ms)
{
    struct pollfd wait = {.fd = xs_fileno(xs), .events = POLLIN};

    return poll(&wait, 1, ms) == 1;
}

/* As a program with a loop does it. */
static void tell_events(const char *what)
{
    char **event;

    printf("%s: readable %d:", what, is_readable(1000));
    while ((event = xs_check_watch(xs))) {
        printf(" [%s %s]", event[XS_WATCH_PATH], event[XS_WATCH_TOKEN]);
        free(event);
    }
    printf(" %s, readable %d\n", error_of(false), is_readable(50));
}

static void watches(void)
{
    unsigned count = 77;
    char **event;

    tell_ok("watch", xs_watch(xs, "/w", "one"));
    tell_events("first");
    tell_ok("watch twice", xs_watch(xs, "/w", "one"));
    tell_ok("watch bad", xs_watch(xs, "/w/", "one"));
    tell_ok("write", xs_write(xs, XBT_NULL, "/w/x", "1", 1));
    tell_ok("write", xs_write(xs, XBT_NULL, "/w/y", "1", 1));
    tell_events("two");
    tell_ok("mkdir", xs_mkdir(xs, XBT_NULL, "/w/z"));
    event = xs_read_watch(xs, &count);
    tell_vector("read", event, count);
    printf("count %u\n", count);
    tell_ok("rm", xs_rm(xs, XBT_NULL, "/w"));
    event = xs_read_watch(xs, &count);
    tell_vector("read", event, count);
    tell_ok("unwatch", xs_unwatch(xs, "/w", "one"));
    tell_ok("unwatch again", xs_unwatch(xs, "/w", "one"));
    tell_ok("write", xs_write(xs, XBT_NULL, "/w/x", "1", 1));
    event = xs_check_watch(xs);
    tell_vector("none", event, 2);
}

/* What waits when a watch is taken back is dropped by a handle that was opened so. */
static void filter(void)
{
    struct xs_handle *before = xs;
    char **event;
    unsigned count;

    xs = xs_open(XS_UNWATCH_FILTER);
    tell_ok("open", xs != NULL);
    tell_ok("watch", xs_watch(xs, "/f", "f"));
    tell_ok("watch", xs_watch(xs, "/g", "g"));
    tell_ok("write", xs_write(xs, XBT_NULL, "/f/1", "1", 1));
    tell_read(XBT_NULL, "/f/1");
    tell_ok("unwatch", xs_unwatch(xs, "/f", "f"));
    event = xs_read_watch(xs, &count);
    tell_vector("left", event, count);
    event = xs_check_watch(xs);
    tell_vector("none", event, 2);
    xs_close(xs);
    xs = before;
}

static void *events_read(void *argument)
{
    unsigned *heard = argument;
    bool is_last = false;

    while (!is_last) {
        unsigned count;
        char **event = xs_read_watch(xs, &count);

        if (!event)
            break;
        (*heard)++;
        is_last = !strcmp(event[XS_WATCH_PATH], "/thread/last");
        free(event);
    }
    return NULL;
}

static void *values_write(void *argument)
{
    char path[64];

    for (unsigned i = 0; i < THREAD_WRITES; i++) {
        snprintf(path, sizeof(path), "/thread/%s/%u", (const char *)argument, i);
        if (!xs_write(xs, XBT_NULL, path, path, (unsigned)strlen(path)))
            printf("thread: %s\n", error_of(false));
    }
    return NULL;
}

/* One thread waits for events, two ask at the same time. */
static void threads(void)
{
    pthread_t reader, writer;
    unsigned heard = 0, count;
    char **event;

    tell_ok("watch", xs_watch(xs, "/thread", "t"));
    event = xs_read_watch(xs, &count);
    tell_vector("first", event, count);
    pthread_create(&reader, NULL, events_read, &heard);
    pthread_create(&writer, NULL, values_write, "a");
    values_write("b");
    pthread_join(writer, NULL);
    tell_ok("write", xs_write(xs, XBT_NULL, "/thread/last", "", 0));
    pthread_join(reader, NULL);
    printf("heard %u\n", heard);
    tell_directory("/thread/a");
    tell_ok("unwatch", xs_unwatch(xs, "/thread", "t"));
    tell_ok("rm", xs_rm(xs, XBT_NULL, "/thread"));
}

/* --- domains --- */

static void domains(void)
{
    tell_text("path", xs_get_domain_path(xs, 5));
    printf("is 5 there: %d\n", xs_is_domain_introduced(xs, 5));
    tell_ok("introduce", xs_introduce_domain(xs, 5, 1, 1));
    printf("is 5 there: %d\n", xs_is_domain_introduced(xs, 5));
    tell_ok("target", xs_set_target(xs, 5, 0));
    tell_ok("resume", xs_resume_domain(xs, 5));
    tell_ok("resume none", xs_resume_domain(xs, 6));
    tell_ok("introduce none", xs_introduce_domain(xs, 6, 1, 1));
    printf("suspend: %d\n", xs_suspend_evtchn_port(5));
    tell_ok("write",
            xs_write(xs, XBT_NULL, "/local/domain/5/device/suspend/event-channel", "7", 1));
    printf("suspend: %d\n", xs_suspend_evtchn_port(5));
    tell_ok("release", xs_release_domain(xs, 5));
    printf("is 5 there: %d\n", xs_is_domain_introduced(xs, 5));
    tell_ok("release again", xs_release_domain(xs, 5));
    tell_text("control", xs_control_command(xs, "no-such-command", NULL, 0));
    tell_text("debug", xs_debug_command(xs, "no-such-command", NULL, 0));
    printf("restrict: %d\n", xs_restrict(xs, 5));
}

/* --- without a server --- */

static void names(void)
{
    static const char *const pairs[][2] = {
        {"/a", "/a"}, {"/a", "/a/b"}, {"/a", "/ab"}, {"/a/b", "/a"}, {"a", "/a"},
        {"", "/a"},   {"/", "/a"},    {"/", "/"},    {"a", "a/b"},   {"@x", "@x"}};
    const char *real = getenv("XENSTORED_PATH");
    char path[512];

    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        printf("is %s below %s: %d\n", pairs[i][1], pairs[i][0],
               xs_path_is_subpath(pairs[i][0], pairs[i][1]));
    snprintf(path, sizeof(path), "%s", real ? real : "");
    unsetenv("XENSTORED_PATH");
    printf("%s %s %s\n", xs_daemon_rundir(), xs_daemon_socket(), xs_daemon_socket_ro());
    setenv("XENSTORED_RUNDIR", "/nowhere", 1);
    printf("%s %s %s\n", xs_daemon_rundir(), xs_daemon_socket(), xs_daemon_socket_ro());
    tell_ok("open nowhere", xs_open(0) != NULL);
    setenv("XENSTORED_PATH", "/else/where", 1);
    printf("%s %s %s\n", xs_daemon_rundir(), xs_daemon_socket(), xs_daemon_socket_ro());
    unsetenv("XENSTORED_RUNDIR");
    setenv("XENSTORED_PATH", path, 1);
    tell_ok("write_all", xs_write_all(STDERR_FILENO, "", 0));
    tell_ok("write_all to nothing", xs_write_all(-1, "x", 1));
}

int main(void)
{
    static void (*const parts[])(void) = {tree,    long_list, permissions, transactions,
                                          watches, filter,    threads,     domains};

    setvbuf(stdout, NULL, _IOLBF, 0);
    names();
    xs = xs_open(0);
    tell_ok("open", xs != NULL);
    if (!xs)
        return 1;
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        parts[i]();
    xs_close(xs);
    xs_close(NULL);
    xs = xs_daemon_open();
    tell_read(XBT_NULL, "/a/b");
    xs_daemon_close(xs);
    xs = xs_domain_open();
    tell_read(XBT_NULL, "/a/b");
    xs_daemon_destroy_postfork(xs);
    return 0;
}
