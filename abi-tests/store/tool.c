/*
 * What xenstore-utils do, in one program above libxenstore:
 *   tool ls|list|read|exists|rm PATH...    tool write PATH VALUE...    tool chmod PATH MODE...
 *   tool watch COUNT PATH...
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

static struct xs_handle *xs;

static bool complain(const char *what, const char *path)
{
    printf("%s %s: %s\n", what, path, strerrorname_np(errno));
    return false;
}

static void rights_print(const char *path)
{
    unsigned count = 0;
    struct xs_permissions *all = xs_get_permissions(xs, XBT_NULL, path, &count);

    for (unsigned i = 0; all && i < count; i++)
        printf("%c%c%u", i ? ',' : '(', "nrwb"[all[i].perms & 3], all[i].id);
    printf(")\n");
    free(all);
}

/* A subtree: names, values and rights. */
static bool tree_print(const char *path, unsigned depth)
{
    unsigned count;
    char **names = xs_directory(xs, XBT_NULL, path, &count);

    if (!names)
        return complain("ls", path);
    for (unsigned i = 0; i < count; i++) {
        char child[XENSTORE_ABS_PATH_MAX + 1];
        char *value;

        snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "", names[i]);
        value = xs_read(xs, XBT_NULL, child, NULL);
        printf("%*s%s = \"%s\"  ", (int)depth, "", names[i], value ? value : "");
        free(value);
        rights_print(child);
        tree_print(child, depth + 1);
    }
    free(names);
    return true;
}

static bool ls(const char *path)
{
    return tree_print(path, 0);
}

static bool list(const char *path)
{
    unsigned count;
    char **names = xs_directory(xs, XBT_NULL, path, &count);

    if (!names)
        return complain("list", path);
    for (unsigned i = 0; i < count; i++)
        printf("%s\n", names[i]);
    free(names);
    return true;
}

static bool read_value(const char *path)
{
    char *value = xs_read(xs, XBT_NULL, path, NULL);

    if (!value)
        return complain("read", path);
    printf("%s\n", value);
    free(value);
    return true;
}

static bool exists(const char *path)
{
    char *value = xs_read(xs, XBT_NULL, path, NULL);

    free(value);
    return value != NULL;
}

static bool rm(const char *path)
{
    return xs_rm(xs, XBT_NULL, path) || complain("rm", path);
}

/* All pairs or none, as often as others come between. */
static bool write_values(char **words, unsigned count)
{
    bool is_well;

    do {
        xs_transaction_t t = xs_transaction_start(xs);

        is_well = t != XBT_NULL;
        for (unsigned i = 0; is_well && i + 1 < count; i += 2)
            is_well = xs_write(xs, t, words[i], words[i + 1], (unsigned)strlen(words[i + 1])) ||
                      complain("write", words[i]);
        if (t != XBT_NULL && !xs_transaction_end(xs, t, !is_well))
            is_well = errno != EAGAIN && complain("end", "");
        else
            return is_well;
    } while (errno == EAGAIN);
    return false;
}

static bool chmod_path(char **words, unsigned count)
{
    struct xs_permissions rights[8];

    for (unsigned i = 1; i < count; i++)
        if (i > 8 || !xs_strings_to_perms(&rights[i - 1], 1, words[i]))
            return complain("mode", words[i]);
    return xs_set_permissions(xs, XBT_NULL, words[0], rights, count - 1) ||
           complain("chmod", words[0]);
}

static bool watch(char **words, unsigned count)
{
    int events = atoi(words[0]);

    for (unsigned i = 1; i < count; i++)
        if (!xs_watch(xs, words[i], words[i]))
            return complain("watch", words[i]);
    while (events-- > 0) {
        unsigned all;
        char **event = xs_read_watch(xs, &all);

        if (!event)
            return complain("event", "");
        printf("%s\n", event[XS_WATCH_PATH]);
        fflush(stdout);
        free(event);
    }
    return true;
}

static bool each(bool (*what)(const char *path), char **words, unsigned count)
{
    bool is_well = true;

    for (unsigned i = 0; i < count; i++)
        is_well &= what(words[i]);
    return is_well;
}

static const struct command {
    const char *name;
    bool (*one)(const char *path);
    bool (*all)(char **words, unsigned count);
} commands[] = {{"ls", ls, NULL},
                {"list", list, NULL},
                {"read", read_value, NULL},
                {"exists", exists, NULL},
                {"rm", rm, NULL},
                {"write", NULL, write_values},
                {"chmod", NULL, chmod_path},
                {"watch", NULL, watch}};

int main(int argc, char **argv)
{
    bool is_well = false;

    xs = argc > 2 ? xs_open(0) : NULL;
    if (!xs) {
        fprintf(stderr, "tool: %s; see the head of tool.c\n", argc > 2 ? "no server" : "what?");
        return 2;
    }
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, argv[1]))
            continue;
        if (commands[i].one)
            is_well = each(commands[i].one, argv + 2, (unsigned)argc - 2);
        else
            is_well = commands[i].all(argv + 2, (unsigned)argc - 2);
    }
    xs_close(xs);
    return is_well ? 0 : 1;
}
