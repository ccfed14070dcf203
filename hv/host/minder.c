/*
 * minder: runs QEMU, passes the serial line through byte by byte, tells the stages of the boot
 * on stderr, and never lets a run hang in silence.
 *
 *   minder [--timeout S] [--stall S] [--log FILE] [--stages FILE] [--until N:TEXT] [--quiet]
 *          -- QEMU ARGUMENT...
 *
 * --until ends QEMU, and the run well, when TEXT came in N lines.
 *
 * Exit code: 0 only when the hypervisor said that all guests ended well (QEMU exit 33),
 * 1 a guest or QEMU failed, 3 hypervisor panic, 124 time-out, 130 interrupted.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 2048,
    TAIL_LINES = 40,
    LABELS_MAX = 32,
    LABEL_BYTES = 64,
    GRACE_MS = 3000,
};

/* isa-debug-exit turns the value v into the status v << 1 | 1. */
enum { QEMU_ALL_WELL = 33, QEMU_GUEST_FAILED = 35, QEMU_PANIC = 63 };
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_PANIC = 3,
    EXIT_TIMEOUT = 124,
    EXIT_INTERRUPTED = 130
};

/* What one guest (by its prefix, "" when a guest has the line for itself) was seen doing. */
struct seen {
    char label[LABEL_BYTES];
    unsigned kernel : 1;
    unsigned user : 1;
};

struct run {
    double timeout_s;
    double stall_s;
    const char *until_text;
    unsigned long until_left;
    int quiet;
    FILE *log;
    FILE *stages;
    pid_t child;
    int serial;
    int errors;
    int signals;
    double begin_s;
    double last_output_s;
    char tail[TAIL_LINES][LINE_MAX_BYTES];
    unsigned lines;
    char line[LINE_MAX_BYTES];
    size_t line_used;
    char qemu_error[LINE_MAX_BYTES];
    struct seen seen[LABELS_MAX];
    unsigned labels;
    int guest_created;
    int terminal_saved;
    struct termios terminal;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void stage(struct run *run, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    double at_s = now_s() - run->begin_s;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!run->quiet)
        fprintf(stderr, "[%6.1fs] %s\n", at_s, text);
    if (run->stages) {
        fprintf(run->stages, "%.3f\t%s\n", at_s, text);
        fflush(run->stages);
    }
}

static const char *after(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(line, prefix, length) ? NULL : line + length;
}

/* Splits `NAME| text`; lines without a prefix belong to the label "". */
static struct seen *seen_find(struct run *run, const char **text)
{
    const char *bar = strstr(*text, "| ");
    char label[LABEL_BYTES] = "";

    if (bar && bar - *text < LABEL_BYTES && !memchr(*text, ' ', (size_t)(bar - *text))) {
        memcpy(label, *text, (size_t)(bar - *text));
        *text = bar + 2;
    }
    for (unsigned i = 0; i < run->labels; i++) {
        if (!strcmp(run->seen[i].label, label))
            return &run->seen[i];
    }
    if (run->labels == LABELS_MAX)
        return NULL;
    struct seen *fresh = &run->seen[run->labels++];

    memcpy(fresh->label, label, sizeof(label));
    return fresh;
}

/* A line of a guest: is it the first of its kernel, or of its first process? */
static void guest_line(struct run *run, const char *text)
{
    struct seen *seen = seen_find(run, &text);
    const char *space = seen && *seen->label ? " " : "";

    if (!seen)
        return;
    if (!seen->kernel && *text && run->guest_created) {
        seen->kernel = 1;
        stage(run, "guest%s%s kernel running", space, seen->label);
    }
    if (!seen->user && (strstr(text, "entente-init: first user process") ||
                        (strstr(text, "Run /") && strstr(text, " as init process")))) {
        seen->user = 1;
        stage(run, "guest%s%s first user process", space, seen->label);
    }
    /* The host's clock beside the guest's, for the comparison in hv/host/boots. */
    const char *mark = strstr(text, "workload: clock ");

    if (mark && run->stages)
        fprintf(run->stages, "%.6f\t%s\n", now_s() - run->begin_s, mark);
}

static void line_done(struct run *run)
{
    char *line = run->line;

    while (run->line_used && line[run->line_used - 1] == '\r')
        run->line_used--;
    line[run->line_used] = '\0';
    memcpy(run->tail[run->lines++ % TAIL_LINES], line, run->line_used + 1);
    run->line_used = 0;
    if (run->until_left && strstr(line, run->until_text))
        run->until_left--;

    const char *text = after(line, "entente: ");

    if (!text) {
        guest_line(run, line);
        return;
    }
    if (after(text, "hypervisor ready")) {
        stage(run, "%s", text);
    } else if (after(text, "guest ")) {
        run->guest_created |= strstr(text, " created") != NULL;
        if (strstr(text, " created") || strstr(text, " ended"))
            stage(run, "%s", text);
    }
}

static void lines_feed(struct run *run, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' || run->line_used == LINE_MAX_BYTES - 1)
            line_done(run);
        if (bytes[i] != '\n' && bytes[i] != '\0')
            run->line[run->line_used++] = bytes[i];
    }
}

static int write_all(int to, const char *bytes, size_t count)
{
    while (count) {
        ssize_t done = write(to, bytes, count);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = to, .events = POLLOUT};

            poll(&room, 1, -1);
            continue;
        }
        if (done <= 0)
            return -1;
        bytes += done;
        count -= (size_t)done;
    }
    return 0;
}

/* 1 more may come, 0 end of the serial line, -1 nobody reads our output any more. */
static int serial_pass(struct run *run)
{
    char bytes[8192];
    ssize_t count = read(run->serial, bytes, sizeof(bytes));

    if (count <= 0)
        return count < 0 && errno == EINTR ? 1 : 0;
    run->last_output_s = now_s();
    if (run->log) {
        fwrite(bytes, 1, (size_t)count, run->log);
        fflush(run->log);
    }
    if (write_all(STDOUT_FILENO, bytes, (size_t)count))
        return -1;
    lines_feed(run, bytes, (size_t)count);
    /* A prompt or a dialog ends without a line break. */
    run->line[run->line_used] = '\0';
    if (run->until_left == 1 && strstr(run->line, run->until_text))
        run->until_left = 0;
    return 1;
}

/* QEMU's own complaints go to stderr; the last one is kept for the verdict. */
static void errors_pass(struct run *run)
{
    char bytes[LINE_MAX_BYTES];
    ssize_t count = read(run->errors, bytes, sizeof(bytes) - 1);

    if (count <= 0) {
        close(run->errors);
        run->errors = -1;
        return;
    }
    write_all(STDERR_FILENO, bytes, (size_t)count);
    bytes[count] = '\0';
    bytes[strcspn(bytes, "\r\n")] = '\0';
    if (*bytes)
        memcpy(run->qemu_error, bytes, strlen(bytes) + 1);
    if (run->log)
        fprintf(run->log, "%s\n", bytes);
}

static void tail_print(const struct run *run)
{
    unsigned first = run->lines > TAIL_LINES ? run->lines - TAIL_LINES : 0;

    fprintf(stderr, "entente: last %u lines of the serial line:\n", run->lines - first);
    for (unsigned i = first; i < run->lines; i++)
        fprintf(stderr, "  %s\n", run->tail[i % TAIL_LINES]);
    if (run->line_used)
        fprintf(stderr, "  %.*s\n", (int)run->line_used, run->line);
}

static void terminal_save(struct run *run)
{
    run->terminal_saved = tcgetattr(STDIN_FILENO, &run->terminal) == 0;
}

static void terminal_restore(const struct run *run)
{
    if (run->terminal_saved)
        tcsetattr(STDIN_FILENO, TCSANOW, &run->terminal);
}

static void child_start(struct run *run, char **command)
{
    int serial[2], errors[2];

    if (pipe2(serial, O_CLOEXEC) || pipe2(errors, O_CLOEXEC)) {
        perror("entente: error: minder: pipe");
        exit(EXIT_FAILED);
    }
    run->child = fork();
    if (run->child < 0) {
        perror("entente: error: minder: fork");
        exit(EXIT_FAILED);
    }
    if (run->child == 0) {
        sigset_t none;

        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(serial[1], STDOUT_FILENO);
        dup2(errors[1], STDERR_FILENO);
        execvp(command[0], command);
        fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    close(serial[1]);
    close(errors[1]);
    run->serial = serial[0];
    run->errors = errors[0];
}

/* Ends QEMU by its pid: asks first, insists after GRACE_MS. Returns its wait status. */
static int child_end(struct run *run)
{
    int status = 0;

    kill(run->child, SIGTERM);
    for (int waited_ms = 0; waited_ms < GRACE_MS; waited_ms += 50) {
        struct timespec nap = {.tv_nsec = 50000000};

        if (waitpid(run->child, &status, WNOHANG) == run->child)
            return status;
        nanosleep(&nap, NULL);
    }
    kill(run->child, SIGKILL);
    waitpid(run->child, &status, 0);
    return status;
}

/* The verdict on a QEMU that ended by itself. */
static int verdict(const struct run *run, int status)
{
    if (WIFSIGNALED(status)) {
        fprintf(stderr,
                "entente: error: qemu: killed by signal %d (%s); was the machine out of "
                "memory? run again with less memory\n",
                WTERMSIG(status), strsignal(WTERMSIG(status)));
        return EXIT_FAILED;
    }
    switch (WEXITSTATUS(status)) {
    case QEMU_ALL_WELL:
        return EXIT_OK;
    case QEMU_GUEST_FAILED:
        fprintf(stderr,
                "entente: a guest failed or was refused; see the entente: lines above\n");
        return EXIT_FAILED;
    case QEMU_PANIC:
        fprintf(stderr,
                "entente: error: hypervisor: panic; keep the serial lines above for the "
                "report\n");
        return EXIT_PANIC;
    case 0:
        fprintf(stderr,
                "entente: error: qemu: ended before the guests did; it was quit by hand "
                "or the machine reset itself\n");
        return EXIT_FAILED;
    default:
        fprintf(stderr,
                "entente: error: qemu: exit status %d%s%s; check QEMU= and ACCEL=, or "
                "run hv/host/entente preflight\n",
                WEXITSTATUS(status), *run->qemu_error ? ": " : "", run->qemu_error);
        return EXIT_FAILED;
    }
}

static int give_up(struct run *run, const char *what, double seconds, const char *fix)
{
    child_end(run);
    terminal_restore(run);
    tail_print(run);
    fprintf(stderr, "entente: error: run: %s %.0f s; %s\n", what, seconds, fix);
    return EXIT_TIMEOUT;
}

static int until_reached(struct run *run)
{
    child_end(run);
    terminal_restore(run);
    stage(run, "reached: %s", run->until_text);
    return EXIT_OK;
}

/* Milliseconds until the next time-out, -1 for none. */
static int patience_ms(const struct run *run)
{
    double now = now_s(), left_s = 1e9;

    if (run->timeout_s > 0 && run->begin_s + run->timeout_s - now < left_s)
        left_s = run->begin_s + run->timeout_s - now;
    if (run->stall_s > 0 && run->last_output_s + run->stall_s - now < left_s)
        left_s = run->last_output_s + run->stall_s - now;
    if (left_s > 1e6)
        return -1;
    return left_s > 0 ? (int)(left_s * 1000) + 1 : 0;
}

static int signal_taken(struct run *run)
{
    struct signalfd_siginfo info;

    if (read(run->signals, &info, sizeof(info)) != sizeof(info))
        return 0;
    child_end(run);
    terminal_restore(run);
    fprintf(stderr, "entente: run interrupted by signal %u; QEMU was ended\n", info.ssi_signo);
    return 1;
}

static int run_mind(struct run *run)
{
    for (;;) {
        struct pollfd ready[3] = {
            {.fd = run->serial, .events = POLLIN},
            {.fd = run->errors, .events = POLLIN},
            {.fd = run->signals, .events = POLLIN},
        };
        int count = poll(ready, 3, patience_ms(run));

        if (count < 0 && errno != EINTR)
            return EXIT_FAILED;
        if (count > 0 && ready[2].revents && signal_taken(run))
            return EXIT_INTERRUPTED;
        if (count > 0 && ready[1].revents)
            errors_pass(run);
        if (count > 0 && ready[0].revents) {
            int more = serial_pass(run);

            if (more < 0)
                return give_up(run, "nobody reads the output any more, after",
                               now_s() - run->begin_s, "the run was ended");
            if (run->until_text && !run->until_left)
                return until_reached(run);
            if (more == 0)
                break;
        }
        if (run->timeout_s > 0 && now_s() - run->begin_s >= run->timeout_s)
            return give_up(run, "not finished after", run->timeout_s,
                           "see the last lines above, or give more with TIMEOUT=seconds");
        if (run->stall_s > 0 && now_s() - run->last_output_s >= run->stall_s)
            return give_up(run, "no output for", run->stall_s,
                           "see the last lines above, or give more with STALL=seconds");
    }
    int status = 0;

    while (run->errors >= 0)
        errors_pass(run);
    if (run->line_used)
        line_done(run);
    waitpid(run->child, &status, 0);
    terminal_restore(run);
    return verdict(run, status);
}

static FILE *file_open(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file) {
        fprintf(stderr, "entente: error: %s: %s; choose a folder that can be written\n", path,
                strerror(errno));
        exit(EXIT_FAILED);
    }
    return file;
}

/* `N:TEXT`, or only TEXT for once. */
static void until_read(struct run *run, const char *value)
{
    char *end;
    unsigned long count = strtoul(value, &end, 10);
    int counted = end != value && *end == ':';

    run->until_left = counted && count ? count : 1;
    run->until_text = counted ? end + 1 : value;
}

/* Reads the options; returns the command after `--`. */
static char **options_read(struct run *run, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (!strcmp(argv[i], "--") && i + 1 < argc)
            return argv + i + 1;
        if (!strcmp(argv[i], "--quiet")) {
            run->quiet = 1;
            continue;
        }
        if (!strcmp(argv[i], "--timeout"))
            run->timeout_s = strtod(value, NULL);
        else if (!strcmp(argv[i], "--stall"))
            run->stall_s = strtod(value, NULL);
        else if (!strcmp(argv[i], "--log"))
            run->log = file_open(value);
        else if (!strcmp(argv[i], "--until"))
            until_read(run, value);
        else if (!strcmp(argv[i], "--stages"))
            run->stages = file_open(value);
        else
            break;
        i++;
    }
    fprintf(stderr, "usage: minder [--timeout S] [--stall S] [--log FILE] [--stages FILE] "
                    "[--until N:TEXT] [--quiet] -- COMMAND...\n");
    exit(2);
}

int main(int argc, char **argv)
{
    static struct run run;
    char **command = options_read(&run, argc, argv);
    sigset_t watched;

    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGHUP);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    signal(SIGPIPE, SIG_IGN);
    run.signals = signalfd(-1, &watched, SFD_CLOEXEC);
    terminal_save(&run);
    run.begin_s = run.last_output_s = now_s();
    child_start(&run, command);
    stage(&run, "QEMU started");
    return run_mind(&run);
}
