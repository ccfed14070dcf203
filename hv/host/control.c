/*
 * control: gives one command to a running machine over its control line, a Unix socket.
 *
 *   control SOCKET WORD...
 *
 * CAN ends what an earlier client left behind, and its echo says that the steward listens: a
 * machine that has just been switched on loses what comes before, so it is said again. Then the
 * command goes as one line. The answer ends with ACK (exit code 0) or NAK (1).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ACK = 0x06, NAK = 0x15, CAN = 0x18, AGAIN_MS = 500, AGAIN_MAX = 120, FOR_EVER = -1 };
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
    (void)number;
    is_interrupted = 1;
}

static int fail(const char *path, const char *what, const char *fix)
{
    fprintf(stderr, "entente: error: %s: %s; %s\n", path, what, fix);
    return EXIT_FAILED;
}

static int line_open(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int line = socket(AF_UNIX, SOCK_STREAM, 0);

    if (line < 0 || strlen(path) >= sizeof(name.sun_path))
        return -1;
    memcpy(name.sun_path, path, strlen(path));
    return connect(line, (struct sockaddr *)&name, sizeof(name)) == 0 ? line : -1;
}

static int send_all(int line, const char *bytes, size_t count)
{
    while (count != 0) {
        ssize_t sent = send(line, bytes, count, MSG_NOSIGNAL);

        if (sent <= 0)
            return -1;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

/* Passes what comes to `to` (NULL: nowhere) up to one of the bytes `ends`, which it returns; -1
 * when nothing comes in time or the line has ended. */
static int receive(int line, FILE *to, const char *ends, int timeout_ms)
{
    struct pollfd waits = {.fd = line, .events = POLLIN};
    char bytes[4096];

    while (!is_interrupted && poll(&waits, 1, timeout_ms) > 0) {
        ssize_t count = recv(line, bytes, sizeof(bytes), 0);

        if (count <= 0)
            return -1;
        for (ssize_t i = 0; i < count; i++) {
            if (bytes[i] != 0 && strchr(ends, bytes[i]) != NULL)
                return bytes[i];
            if (to != NULL && bytes[i] != CAN) /* an echo that came late */
                fputc(bytes[i], to);
        }
        if (to != NULL)
            fflush(to);
    }
    return -1;
}

/* False: the machine says nothing for a minute, or has ended. */
static int steward_await(int line)
{
    const char cancel = CAN, can[] = {CAN, 0};

    for (int i = 0; i < AGAIN_MAX && !is_interrupted; i++) {
        if (send_all(line, &cancel, 1) != 0)
            return 0;
        if (receive(line, NULL, can, AGAIN_MS) == CAN)
            return 1;
    }
    return 0;
}

/* The words with blanks between them, as one line. */
static int command_send(int line, char *const *words)
{
    for (; *words != NULL; words++)
        if (send_all(line, *words, strlen(*words)) != 0 ||
            send_all(line, words[1] != NULL ? " " : "\n", 1) != 0)
            return -1;
    return 0;
}

int main(int count, char **words)
{
    const char cancel = CAN, ends[] = {ACK, NAK, 0};
    struct sigaction action = {.sa_handler = interrupt};
    int line, end;

    if (count < 3) {
        fprintf(stderr, "usage: control SOCKET WORD...\n");
        return EXIT_USAGE;
    }
    line = line_open(words[1]);
    if (line < 0)
        return fail(words[1], strerror(errno),
                    "is the machine on, and was it started with this CONTROL=?");
    sigaction(SIGINT, &action, NULL);
    if (!steward_await(line))
        return fail(words[1], "the machine does not answer", "look at its console");
    if (command_send(line, words + 2) != 0)
        return fail(words[1], "the line has ended", "was the machine switched off?");
    end = receive(line, stdout, ends, FOR_EVER);
    if (is_interrupted) {
        send_all(line, &cancel, 1);
        return EXIT_INTERRUPTED;
    }
    if (end < 0)
        return fail(words[1], "the line ended before the answer",
                    "was the machine switched off?");
    return end == ACK ? EXIT_OK : EXIT_FAILED;
}
