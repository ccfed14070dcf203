// sources: xen-adapter/store/client/handle.c xen-adapter/store/client/xs.c
// sources: xen-adapter/store/client/xs_lib.c
// libs: -pthread
/* The client library before a server that breaks the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenstore.h>

#include "xen-adapter/store/wire.h"

static char path[64];
static struct xs_handle *xs;
static int server;

static int make(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(path, sizeof(path), "/tmp/test_xs_client.%d", (int)getpid());
    strcpy(address.sun_path, path);
    assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), errno);
    assert_return_code(listen(listener, 1), errno);
    setenv("XENSTORED_PATH", path, 1);
    xs = xs_open(XS_UNWATCH_FILTER);
    assert_non_null(xs);
    server = accept(listener, NULL, NULL);
    close(listener);
    unlink(path);
    return 0;
}

static int end(void **state)
{
    (void)state;
    xs_close(xs);
    close(server);
    return 0;
}

static void say(u32 type, const char *payload, u32 bytes)
{
    struct wire_header header = {.type = type, .bytes = bytes};

    assert_int_equal(send(server, &header, sizeof(header), MSG_NOSIGNAL), sizeof(header));
    assert_int_equal(send(server, payload, bytes, MSG_NOSIGNAL), bytes);
}

static void an_event_has_a_path_and_a_token(void **state)
{
    char **got;

    (void)state;
    say(WIRE_WATCH_EVENT, "/a\0t", 5);
    got = xs_check_watch(xs);
    assert_non_null(got);
    assert_string_equal(got[XS_WATCH_PATH], "/a");
    assert_string_equal(got[XS_WATCH_TOKEN], "t");
    free(got);
}

static void expect_broken(const char *payload, u32 bytes)
{
    say(WIRE_WATCH_EVENT, payload, bytes);
    say(WIRE_UNWATCH, "OK", 3);
    assert_false(xs_unwatch(xs, "/a", "t"));
    assert_int_equal(errno, EIO);
}

static void an_event_without_a_token_breaks_the_handle(void **state)
{
    (void)state;
    expect_broken("/a", 3);
}

static void an_event_without_an_end_breaks_the_handle(void **state)
{
    (void)state;
    expect_broken("/a\0t", 4);
}

static void an_event_without_any_end_breaks_the_handle(void **state)
{
    (void)state;
    expect_broken("/a", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_has_a_path_and_a_token, make, end),
        cmocka_unit_test_setup_teardown(an_event_without_a_token_breaks_the_handle, make, end),
        cmocka_unit_test_setup_teardown(an_event_without_an_end_breaks_the_handle, make, end),
        cmocka_unit_test_setup_teardown(an_event_without_any_end_breaks_the_handle, make, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
