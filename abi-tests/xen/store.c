/* xenstore over the guest's ring, as a guest may use it. [xen/io/xs_wire.h, xenstore.txt] */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/kit/front.h"
#include "abi-tests/kit/test.h"
#include "abi-tests/xen/store_ask.h"

#define ROW(type) "xenstore." #type
/* An observation of a request with the text's NUL at its end. */
#define ASK(type, t, class, text, wanted)                                                      \
    expect(ROW(type), class, ask(G_XS_##type, t, text), wanted)
/* The bytes as they are. */
#define ASK_RAW(type, t, class, data, bytes, wanted)                                           \
    expect(ROW(type), class, ask_raw(G_XS_##type, t, data, bytes), wanted)

static char big[G_XENSTORE_PAYLOAD_MAX];

static bool data_is(const char *text, uint32_t bytes)
{
    if (ask_bytes != bytes)
        return false;
    for (uint32_t i = 0; i < bytes; i++)
        if (ask_data[i] != text[i])
            return false;
    return true;
}

static bool is_ready(void)
{
    if (ask_begin())
        return true;
    test_skip("the guest has no xenstore");
    return false;
}

static uint32_t transaction(void)
{
    return ask(G_XS_TRANSACTION_START, 0, "") == 0 ? ask_number() : 0;
}

TEST(store_values, "store-values", TEST_ALL | TEST_GUEST)
{
    if (!is_ready())
        return;
    ASK(READ, 0, "its domid", "domid", 0);
    expect_true(ROW(READ), "a number", ask_number() > 0);
    ASK(READ, 0, "nothing there", "data/none", -G_ENOENT);
    ASK(READ, 0, "deep and not there", "data/none/none", -G_ENOENT);
    ASK(READ, 0, "two slashes", "data//x", -G_EINVAL);
    ASK(READ, 0, "slash at the end", "data/", -G_EINVAL);
    ASK(READ, 0, "bad byte", "data/a b", -G_EINVAL);
    ASK_RAW(READ, 0, "no NUL", "domid", 5, -G_EINVAL);
    ASK_RAW(READ, 0, "empty", "", 0, -G_EINVAL);
    ASK(READ, 0, "special", "@releaseDomain", -G_EINVAL);
    ASK_RAW(WRITE, 0, "a value", "data/a\0hello", 12, 0);
    ASK(READ, 0, "what was written", "data/a", 0);
    expect_true(ROW(READ), "it is that", data_is("hello", 5));
    ASK_RAW(WRITE, 0, "bytes with NUL", "data/a\0\0\1\2", 10, 0);
    ASK(READ, 0, "bytes with NUL", "data/a", 0);
    expect_true(ROW(READ), "it is those", data_is("\0\1\2", 3));
    ASK_RAW(WRITE, 0, "deep", "data/b/c/d\0x", 12, 0);
    ASK(READ, 0, "node on the way", "data/b/c", 0);
    expect_true(ROW(READ), "it is empty", data_is("", 0));
    ASK_RAW(WRITE, 0, "no NUL", "data/a", 6, -G_EINVAL);
    ASK(WRITE, 0, "read-only", "name", -G_EACCES);
    ASK(WRITE, 0, "its own root", "new", -G_EACCES);
}

TEST(store_tree, "store-tree", TEST_ALL | TEST_GUEST)
{
    if (!is_ready())
        return;
    ASK(MKDIR, 0, "new", "data/m", 0);
    ASK(MKDIR, 0, "existing", "data/m", 0);
    ASK(MKDIR, 0, "deep", "data/m/n/o", 0);
    ASK(MKDIR, 0, "not allowed", "vm/x", -G_EACCES);
    ASK(MKDIR, 0, "bad path", "data/m/", -G_EINVAL);
    ASK(DIRECTORY, 0, "one child", "data/m", 0);
    expect_true(ROW(DIRECTORY), "its name", data_is("n", 2));
    ASK(DIRECTORY, 0, "no child", "data/m/n/o", 0);
    expect_true(ROW(DIRECTORY), "no name", data_is("", 0));
    ASK(DIRECTORY, 0, "nothing there", "data/none", -G_ENOENT);
    ASK_RAW(DIRECTORY_PART, 0, "from its begin", "data/m\0000", 9, 0);
    ASK_RAW(DIRECTORY_PART, 0, "no offset", "data/m", 7, -G_EINVAL);
    ASK(RM, 0, "subtree", "data/m", 0);
    ASK(DIRECTORY, 0, "removed", "data/m", -G_ENOENT);
    ASK(RM, 0, "again", "data/m", 0);
    ASK(RM, 0, "no parent", "data/m/n", -G_ENOENT);
    ASK(RM, 0, "root", "/", -G_EACCES);
    ASK(RM, 0, "not allowed", "name", -G_EACCES);
    ASK(GET_DOMAIN_PATH, 0, "domain 5", "5", 0);
    expect_true(ROW(GET_DOMAIN_PATH), "its path", data_is("/local/domain/5", 16));
}

/* Paths of others, and requests of a toolstack. */
TEST(store_refusals, "store-refusals", TEST_ALL | TEST_GUEST)
{
    if (!is_ready())
        return;
    ASK(READ, 0, "control domain's", "/local/domain/0/name", -G_EACCES);
    ASK(READ, 0, "nobody's", "/local/domain/30000/name", -G_EACCES);
    ASK(READ, 0, "root", "/", -G_EACCES);
    ASK(DIRECTORY, 0, "all domains", "/local/domain", -G_EACCES);
    ASK(DIRECTORY, 0, "root", "/", -G_EACCES);
    ASK(WRITE, 0, "control domain's", "/local/domain/0/name", -G_EACCES);
    ASK(WRITE, 0, "at the top", "/new", -G_EACCES);
    ASK(MKDIR, 0, "at the top", "/new", -G_EACCES);
    ASK(RM, 0, "control domain's", "/local/domain/0", -G_EACCES);
    ASK(RM, 0, "all", "/local", -G_EACCES);
    ASK(GET_PERMS, 0, "root", "/", -G_EACCES);
    ASK_RAW(SET_PERMS, 0, "root", "/\0n0", 5, -G_EACCES);
    ASK_RAW(INTRODUCE, 0, "a domain", "7\0001\0001", 6, -G_EACCES);
    ASK(RELEASE, 0, "a domain", "0", -G_EACCES);
    ASK(RESUME, 0, "a domain", "0", -G_EACCES);
    ASK_RAW(SET_TARGET, 0, "a domain", "1\0000", 4, -G_EACCES);
    ASK(IS_DOMAIN_INTRODUCED, 0, "a domain", "0", -G_EACCES);
    ASK(CONTROL, 0, "a command", "help", -G_EACCES);
    expect("xenstore.unknown", "99", ask(99, 0, "x"), -G_ENOSYS);
    expect("xenstore.unknown", "event", ask(G_XS_WATCH_EVENT, 0, "x"), -G_ENOSYS);
    expect("xenstore.unknown", "error", ask(G_XS_ERROR, 0, "x"), -G_ENOSYS);
}

TEST(store_rights, "store-rights", TEST_ALL | TEST_GUEST)
{
    static char mine[32] = "data/p\0";
    uint32_t bytes;

    if (!is_ready())
        return;
    ASK_RAW(WRITE, 0, "a value", "data/p\0x", 8, 0);
    ASK(GET_PERMS, 0, "own node", "data/p", 0);
    expect_true(ROW(GET_PERMS), "owner alone", ask_data[0] == 'n');
    bytes = ask_bytes;
    memcpy(mine + 7, ask_data, bytes);
    memcpy(mine + 7 + bytes, "r0", 3);
    ASK_RAW(SET_PERMS, 0, "own node", mine, 7 + bytes + 3, 0);
    ASK(GET_PERMS, 0, "as they were set", "data/p", 0);
    expect_true(ROW(GET_PERMS), "it is those", data_is(mine + 7, bytes + 3));
    ASK_RAW(SET_PERMS, 0, "another owner", "data/p\0n0", 10, -G_EPERM);
    ASK_RAW(SET_PERMS, 0, "bad letter", "data/p\0x0", 10, -G_EINVAL);
    ASK_RAW(SET_PERMS, 0, "none", "data/p", 7, -G_EINVAL);
    ASK_RAW(SET_PERMS, 0, "not its own", "name\0n0", 8, -G_EACCES);
    ASK_RAW(SET_PERMS, 0, "six", "data/p\0n0\0r1\0r2\0r3\0r4\0r5", 25, -G_ENOSPC);
    ASK(GET_PERMS, 0, "nothing there", "data/none", -G_ENOENT);
}

TEST(store_watches, "store-watches", TEST_ALL | TEST_GUEST)
{
    if (!is_ready())
        return;
    ASK_RAW(WATCH, 0, "a folder", "data/w\0tok", 11, 0);
    expect_true(ROW(WATCH), "first event", ask_event_is("data/w", "tok"));
    ASK_RAW(WATCH, 0, "again", "data/w\0tok", 11, -G_EEXIST);
    ASK_RAW(WATCH, 0, "no token", "data/w", 7, -G_EINVAL);
    ASK_RAW(WATCH, 0, "bad path", "data/w/\0tok", 12, -G_EINVAL);
    ASK(WRITE, 0, "below the watch", "data/w/x", 0);
    expect_true(ROW(WATCH), "event of a child", ask_event_is("data/w/x", "tok"));
    ASK(WRITE, 0, "beside the watch", "data/v", 0);
    expect_true(ROW(WATCH), "no event of a neighbour", ask_is_quiet());
    ASK(RM, 0, "watched folder", "data/w", 0);
    expect_true(ROW(WATCH), "event of the end", ask_event_is("data/w", "tok"));
    ASK_RAW(WATCH, 0, "of others", "/local/domain/0\0spy", 20, 0);
    expect_true(ROW(WATCH), "first event, of others", ask_event_is("/local/domain/0", "spy"));
    ASK_RAW(WATCH, 0, "special", "@releaseDomain\0end", 19, 0);
    expect_true(ROW(WATCH), "first event, special", ask_event_is("@releaseDomain", "end"));
    ASK_RAW(UNWATCH, 0, "a folder", "data/w\0tok", 11, 0);
    ASK_RAW(UNWATCH, 0, "again", "data/w\0tok", 11, -G_ENOENT);
    ASK(RESET_WATCHES, 0, "all", "", 0);
    ASK_RAW(UNWATCH, 0, "after a reset", "@releaseDomain\0end", 19, -G_ENOENT);
    expect_true(ROW(RESET_WATCHES), "quiet", ask_is_quiet());
}

TEST(store_transactions, "store-transactions", TEST_ALL | TEST_GUEST)
{
    uint32_t t, u;

    if (!is_ready())
        return;
    ASK_RAW(WRITE, 0, "a value", "data/t\0001", 8, 0);
    t = transaction();
    expect_true(ROW(TRANSACTION_START), "a number", t != 0);
    ASK_RAW(WRITE, t, "inside", "data/t\0002", 8, 0);
    ASK(READ, 0, "outside", "data/t", 0);
    expect_true(ROW(READ), "not yet", data_is("1", 1));
    ASK(READ, t, "inside", "data/t", 0);
    expect_true(ROW(READ), "there already", data_is("2", 1));
    ASK(TRANSACTION_START, t, "inside", "", -G_EBUSY);
    ASK(TRANSACTION_END, t, "commit", "T", 0);
    ASK(READ, 0, "after the commit", "data/t", 0);
    expect_true(ROW(READ), "now", data_is("2", 1));
    ASK(TRANSACTION_END, t, "again", "T", -G_ENOENT);
    t = transaction();
    u = transaction();
    ASK_RAW(WRITE, t, "first of two", "data/t\0003", 8, 0);
    ASK_RAW(WRITE, u, "second of two", "data/t\0004", 8, 0);
    ASK(TRANSACTION_END, u, "first to end", "T", 0);
    ASK(TRANSACTION_END, t, "conflict", "T", -G_EAGAIN);
    t = transaction();
    ASK(RM, t, "inside", "data/t", 0);
    ASK(TRANSACTION_END, t, "abort", "F", 0);
    ASK(READ, 0, "after the abort", "data/t", 0);
    expect_true(ROW(READ), "the second's", data_is("4", 1));
    ASK(READ, 4711, "no such transaction", "data/t", -G_ENOENT);
    ASK(TRANSACTION_END, 0, "none", "T", -G_ENOENT);
    t = transaction();
    ASK(TRANSACTION_END, t, "neither", "X", -G_EINVAL);
    ASK(TRANSACTION_END, t, "abort after that", "F", 0);
}

/* How often of so many times a request goes well; the error of the first that does not. */
static uint32_t count_well(uint32_t type, const char *data, uint32_t bytes, uint32_t times,
                           long *error)
{
    uint32_t well = 0;

    *error = 0;
    while (well < times && *error == 0) {
        *error = ask_raw(type, 0, data, bytes);
        well += *error == 0;
    }
    return well;
}

static uint32_t watches_fill(long *error)
{
    char watch[] = "data/q\0aa";
    uint32_t well = 0;

    *error = 0;
    while (well < 300 && *error == 0) {
        watch[7] = (char)('a' + well / 26);
        watch[8] = (char)('a' + well % 26);
        *error = ask_raw(G_XS_WATCH, 0, watch, sizeof(watch));
        well += *error == 0;
    }
    return well;
}

/* Nodes of its own until there may be no more, ten folders of 200. */
static uint32_t nodes_fill(long *error)
{
    char path[] = "data/n/a/aa";
    uint32_t well = 0;

    *error = 0;
    while (well < 2000 && *error == 0) {
        path[7] = (char)('a' + well / 200);
        path[9] = (char)('a' + well % 200 / 26);
        path[10] = (char)('a' + well % 26);
        *error = ask_raw(G_XS_MKDIR, 0, path, sizeof(path));
        well += *error == 0;
    }
    return well;
}

TEST(store_quotas, "store-quotas", TEST_ALL | TEST_GUEST)
{
    uint32_t count;
    long error;

    if (!is_ready())
        return;
    memset(big, 'x', sizeof(big));
    memcpy(big, "data/q", 7);
    ASK_RAW(WRITE, 0, "2000 bytes", big, 7 + 2000, 0);
    ASK_RAW(WRITE, 0, "2100 bytes", big, 7 + 2100, -G_ENOSPC);
    ASK_RAW(WRITE, 0, "4000 bytes", big, 7 + 4000, -G_ENOSPC);
    memset(big + 5, 'x', sizeof(big) - 5);
    big[2999] = '\0';
    ASK_RAW(READ, 0, "path of 3000", big, 3000, -G_EINVAL);
    count = count_well(G_XS_TRANSACTION_START, "", 1, 50, &error);
    observe_number(ROW(TRANSACTION_START), "at once", (long)count);
    expect(ROW(TRANSACTION_START), "one more", error, -G_ENOSPC);
    count = watches_fill(&error);
    observe_number(ROW(WATCH), "at once", (long)count);
    expect(ROW(WATCH), "one more", error, -G_E2BIG);
    ASK(RESET_WATCHES, 0, "all", "", 0);
    expect_true(ROW(TRANSACTION_START), "after a reset", transaction() != 0);
    ASK(RESET_WATCHES, 0, "again", "", 0);
    count = nodes_fill(&error);
    expect_true(ROW(MKDIR), "hundreds of nodes", count > 900 && count < 1000);
    expect(ROW(MKDIR), "one more", error, -G_ENOSPC);
    ASK(WRITE, 0, "an old one at the limit", "data/n/a/aa", 0);
    ASK(RM, 0, "all of them", "data/n", 0);
    ASK(MKDIR, 0, "after that", "data/n", 0);
    ASK(RM, 0, "it", "data/n", 0);
}

/* Whether the server says this of the ring within a second. */
static bool error_becomes(uint32_t error)
{
    uint64_t end = kit_now() + 1000000000ull;

    while (kit_store_ring()->error != error && kit_now() < end)
        kit_port_await(kit_store_port(), 5000000);
    return kit_store_ring()->error == error;
}

/* The ring is of no use afterwards: these are the last, and one for each guest. */
TEST(store_garbage, "store-garbage", TEST_ALL | TEST_GUEST)
{
    static const struct g_xsd_sockmsg head = {G_XS_READ, 1, 0, G_XENSTORE_PAYLOAD_MAX + 1};

    if (!is_ready())
        return;
    ASK(READ, 0, "before", "domid", 0);
    expect_true("xenstore.ring", "too long a payload", kit_store_put(&head, sizeof(head)));
    expect_true("xenstore.ring", "is the protocol's error",
                error_becomes(G_XENSTORE_ERROR_PROTO));
}

TEST(store_index, "store-index", TEST_ALL | TEST_GUEST | TEST_ALONE)
{
    if (!is_ready())
        return;
    ASK(READ, 0, "before", "domid", 0);
    kit_store_ring()->req_prod = kit_store_ring()->req_cons + G_XENSTORE_RING_SIZE + 1;
    kit_port_send(kit_store_port());
    expect_true("xenstore.ring", "more than it holds", error_becomes(G_XENSTORE_ERROR_RINGIDX));
}
