/*
 * Two guests on one switch: datagrams there and back, a TCP stream each way. The stream lands
 * in memory and is compared when the measured time is over.
 */
#include "abi-tests/bench/io.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define SERVER "10.9.0.1"
#define CLIENT "10.9.0.2"

enum {
    PORT = 5001,
    DATAGRAM = 64,
    PART = 64 << 10, /* of a stream, what one call writes */
    WAIT_STEP_US = 100000,
    WAIT_STEPS = 600,
    PATIENCE_S = 10,
    /* What the client asks for on the stream: a byte. */
    TAKE = 't',
    GIVE = 'g',
    END = 'e',
};

static unsigned char *area;
static uint64_t generation;
static int stream = -1, datagrams = -1;

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

/* eth0 with this address, once the driver has made it. */
static bool interface_up(const char *text)
{
    struct sockaddr_in address = address_of(text, 0), mask = address_of("255.255.255.0", 0);
    struct ifreq request = {.ifr_name = "eth0"};
    int control = socket(AF_INET, SOCK_DGRAM, 0);
    unsigned step = 0;

    while (ioctl(control, SIOCGIFFLAGS, &request) != 0)
        if (step++ == WAIT_STEPS || usleep(WAIT_STEP_US) != 0)
            return false;
    memcpy(&request.ifr_addr, &address, sizeof(address));
    if (ioctl(control, SIOCSIFADDR, &request) != 0)
        return false;
    memcpy(&request.ifr_netmask, &mask, sizeof(mask));
    if (ioctl(control, SIOCSIFNETMASK, &request) != 0)
        return false;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    return ioctl(control, SIOCSIFFLAGS, &request) == 0 && close(control) == 0;
}

static bool stream_send(size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        ssize_t sent = send(stream, area + at, bytes - at < PART ? bytes - at : PART, 0);
        if (sent <= 0)
            return false;
        at += (size_t)sent;
    }
    return true;
}

static bool stream_receive(size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        ssize_t got = recv(stream, area + at, bytes - at, 0);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

static bool byte_send(char byte)
{
    return send(stream, &byte, 1, 0) == 1;
}

/* '\0' when the stream is over. */
static char byte_receive(void)
{
    char byte;

    return recv(stream, &byte, 1, 0) == 1 ? byte : '\0';
}

static int socket_open(int kind)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int file = socket(AF_INET, kind, 0), on = 1;

    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (kind == SOCK_STREAM)
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return file;
}

/* The other end gives bytes to the client: they are made before it asks for them. */
static bool serve_give(void)
{
    io_fill(area, IO_AREA, 0, ++generation);
    return byte_send(GIVE) && byte_receive() == GIVE && stream_send(IO_AREA);
}

/* It says that all has come, then whether it was right. */
static bool serve_take(void)
{
    return stream_receive(IO_AREA) && byte_send(TAKE) &&
           byte_send(io_is_filled(area, IO_AREA, 0, ++generation) ? TAKE : END);
}

static bool serve_stream(void)
{
    for (;;) {
        char wish = byte_receive();
        if (wish == END)
            return true;
        if (!(wish == GIVE ? serve_give() : wish == TAKE && serve_take()))
            return false;
    }
}

static void serve_datagrams(void)
{
    unsigned char bytes[DATAGRAM];

    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        ssize_t got = recvfrom(datagrams, bytes, sizeof(bytes), 0, (void *)&from, &length);
        if (got > 0)
            sendto(datagrams, bytes, (size_t)got, 0, (void *)&from, length);
    }
}

bool io_serve(void)
{
    struct sockaddr_in any = address_of("0.0.0.0", PORT);
    int door = socket_open(SOCK_STREAM);

    area = io_area();
    datagrams = socket_open(SOCK_DGRAM);
    if (!interface_up(SERVER) || bind(datagrams, (void *)&any, sizeof(any)) != 0 ||
        bind(door, (void *)&any, sizeof(any)) != 0 || listen(door, 1) != 0)
        return false;
    if (fork() == 0)
        serve_datagrams();
    for (unsigned step = 0; stream < 0 && step < WAIT_STEPS; step++)
        stream = accept(door, NULL, NULL);
    return serve_stream();
}

static bool round_trip(const struct io_work *work)
{
    unsigned char bytes[DATAGRAM], back[DATAGRAM];

    for (unsigned i = 0; i < work->count; i++) {
        io_fill(bytes, sizeof(bytes), i, generation);
        if (send(datagrams, bytes, sizeof(bytes), 0) != DATAGRAM ||
            recv(datagrams, back, sizeof(back), 0) != DATAGRAM ||
            memcmp(bytes, back, sizeof(back)) != 0)
            return false;
    }
    return true;
}

static bool to_prepare(const struct io_work *work)
{
    (void)work;
    io_fill(area, IO_AREA, 0, ++generation);
    return true;
}

static bool to_round(const struct io_work *work)
{
    return byte_send(TAKE) && stream_send(work->count * work->bytes) && byte_receive() == TAKE;
}

static bool to_check(const struct io_work *work)
{
    (void)work;
    return byte_receive() == TAKE;
}

static bool from_prepare(const struct io_work *work)
{
    (void)work;
    generation++;
    return byte_send(GIVE) && byte_receive() == GIVE;
}

static bool from_round(const struct io_work *work)
{
    return byte_send(GIVE) && stream_receive(work->count * work->bytes);
}

static bool from_check(const struct io_work *work)
{
    return io_is_filled(area, work->count * work->bytes, 0, generation);
}

static const struct io_work works[] = {
    {"UDP, 64 bytes there and back", 1000, NULL, round_trip, NULL, DATAGRAM, 0},
    {"TCP, 64 KiB to the other guest", IO_AREA / PART, to_prepare, to_round, to_check, PART, 0},
    {"TCP, 64 KiB from the other guest", IO_AREA / PART, from_prepare, from_round, from_check,
     PART, 0},
};

/* The server may still be on its way up. */
static bool stream_open(void)
{
    struct sockaddr_in server = address_of(SERVER, PORT);

    for (unsigned step = 0; step < WAIT_STEPS; step++, usleep(WAIT_STEP_US)) {
        stream = socket_open(SOCK_STREAM);
        if (connect(stream, (void *)&server, sizeof(server)) == 0)
            return true;
        close(stream);
    }
    return false;
}

bool io_network(void)
{
    struct sockaddr_in server = address_of(SERVER, PORT);

    area = io_area();
    datagrams = socket_open(SOCK_DGRAM);
    if (!interface_up(CLIENT) || !stream_open() ||
        connect(datagrams, (void *)&server, sizeof(server)) != 0)
        return false;
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        if (!io_measure(&works[i]))
            return false;
    return byte_send(END);
}
