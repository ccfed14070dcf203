/* The 9P server, message by message. Bytes are typed from the protocol's description. */
// sources: guest-drivers/service/ninep.c guest-drivers/service/ninep_file.c
// sources: guest-drivers/service/ninep_fid.c guest-drivers/service/cpio.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/cpio_archive.h"
#include "guest-drivers/service/ninep.h"

#define NODES 128u
#define LIMIT 16384u
#define LONG  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct cpio_node nodes[NODES];
static struct cpio tree;
static struct ninep server;
static struct ninep_reply reply;

/* Nodes: 1 sub, 2 sub/file, 3 link, 4 many, then those of many. */
static void tree_make(void)
{
    char name[100];

    archive_begin();
    entry_put("sub", 0040755, 2, 2, "");
    entry_put("sub/file", 0100644, 3, 1, "content");
    entry_put("link", 0120777, 4, 1, "sub/file");
    entry_put("many", 0040755, 5, 2, "");
    for (u32 i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "many/%02u" LONG, i);
        entry_put(name, 0100644, 6 + i, 1, "");
    }
    archive_end();
    tree = (struct cpio){.node = nodes, .room = NODES};
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
}

/* A request whose size is filled in; the parts of the reply are put together. */
static u32 ask_bytes(const char *bytes, u32 count, u8 *out)
{
    static u8 request[NINEP_REQUEST_MAX];

    count += 4;
    memcpy(request, &count, 4);
    memcpy(request + 4, bytes, count - 4);
    ninep_serve(&server, request, count, &reply);
    assert_true(reply.head_bytes + reply.data_bytes <= server.message_max);
    memcpy(out, reply.head, reply.head_bytes);
    if (reply.data_bytes != 0)
        memcpy(out + reply.head_bytes, reply.data, reply.data_bytes);
    return reply.head_bytes + reply.data_bytes;
}

#define ASK(request, answer)                                                                   \
    do {                                                                                       \
        static u8 got_[LIMIT];                                                                 \
        u32 bytes_ = ask_bytes(request, sizeof(request) - 1, got_);                            \
                                                                                               \
        assert_int_equal(bytes_, sizeof(answer) - 1);                                          \
        assert_memory_equal(got_, answer, sizeof(answer) - 1);                                 \
    } while (0)

/* Rlerror with Linux's number. */
#define REFUSED(number) "\x0b\0\0\0\x07\x01\0" number "\0\0\0"
#define ENOENT_         REFUSED("\x02")
#define EBADF_          REFUSED("\x09")
#define ENOTDIR_        REFUSED("\x14")
#define EISDIR_         REFUSED("\x15")
#define EINVAL_         REFUSED("\x16")
#define EROFS_          REFUSED("\x1e")
#define ERANGE_         REFUSED("\x22")
#define EOPNOTSUPP_     REFUSED("\x5f")

#define QID(kind, path) kind "\0\0\0\0" path "\0\0\0\0\0\0\0"
#define ROOT            QID("\x80", "\0")
#define SUB             QID("\x80", "\x01")
#define FILE_           QID("\0", "\x02")
#define LINK            QID("\x02", "\x03")

/* Twalk from one fid to another, of names with their lengths. */
#define WALK(from, to, count, names) "\x6e\x01\0" from "\0\0\0" to "\0\0\0" count "\0" names
#define WALKED(size, count, qids)    size "\0\0\0\x6f\x01\0" count "\0" qids
#define OPEN(fid, flags)             "\x0c\x01\0" fid "\0\0\0" flags
#define READ_ONLY                    "\0\0\0\0"

static void attach(void)
{
    ASK("\x64\xff\xff\0\x20\0\0\x08\0"
        "9P2000.L",
        "\x15\0\0\0\x65\xff\xff\0\x20\0\0\x08\0"
        "9P2000.L");
    ASK("\x68\x01\0\x05\0\0\0\xff\xff\xff\xff\x04\0root\0\0\0\0\0\0",
        "\x14\0\0\0\x69\x01\0" ROOT);
}

static int setup(void **state)
{
    (void)state;
    tree_make();
    ninep_begin(&server, &tree, LIMIT);
    attach();
    return 0;
}

static void test_version(void **state)
{
    (void)state;
    /* No more than the connection takes; fids are gone. */
    ASK("\x64\xff\xff\xff\xff\xff\xff\x08\0"
        "9P2000.L",
        "\x15\0\0\0\x65\xff\xff\0\x40\0\0\x08\0"
        "9P2000.L");
    ASK("\x78\x01\0\x05\0\0\0", EBADF_);
    ASK("\x64\x01\0\0\x20\0\0\x06\0"
        "9P2000",
        "\x14\0\0\0\x65\x01\0\0\x20\0\0\x07\0unknown");
    ASK("\x64\x01\0\xff\x0f\0\0\x08\0"
        "9P2000.L",
        EINVAL_);
    ASK("\x64\x01\0\0\x20\0\0\x09\0"
        "9P2000.L",
        EINVAL_);
    ASK("\x64\x01\0\0\x20\0", EINVAL_);
}

static void test_attach(void **state)
{
    (void)state;
    ASK("\x68\x01\0\x05\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", EBADF_);
    ASK("\x68\x01\0\x06\0\0\0\xff\xff\xff\xff\0\0\x01\0/\0\0\0\0", "\x14\0\0\0\x69\x01\0" ROOT);
    ASK("\x68\x01\0\x07\0\0\0\xff\xff\xff\xff\0\0\x01\0s\0\0\0\0", ENOENT_);
    ASK("\x68\x01\0\x07\0\0\0\xff\xff\xff\xff\0\0\x01", EINVAL_);
    ASK("\x66\x01\0\x07\0\0\0\0\0\0\0", EOPNOTSUPP_); /* Tauth */
    ASK("\x6c\x01\0\x03\0", "\x07\0\0\0\x6d\x01\0");  /* Tflush */
}

static void test_walk(void **state)
{
    (void)state;
    ASK(WALK("\x05", "\x06", "\x02", "\x03\0sub\x04\0file"), WALKED("\x23", "\x02", SUB FILE_));
    ASK(WALK("\x05", "\x07", "\0", ""), WALKED("\x09", "\0", ""));
    ASK(WALK("\x07", "\x07", "\x01", "\x04\0link"), WALKED("\x16", "\x01", LINK));
    ASK(WALK("\x07", "\x08", "\0", ""), WALKED("\x09", "\0", ""));
    ASK(WALK("\x05", "\x09", "\x03", "\x03\0sub\x02\0..\x02\0.."),
        WALKED("\x30", "\x03", SUB ROOT ROOT));
    /* Part of the way: how far it went, and no new fid. */
    ASK(WALK("\x05", "\x0a", "\x02", "\x03\0sub\x02\0no"), WALKED("\x16", "\x01", SUB));
    ASK(WALK("\x05", "\x0a", "\x02", "\x04\0link\x02\0no"), WALKED("\x16", "\x01", LINK));
    ASK("\x78\x01\0\x0a\0\0\0", EBADF_);
    ASK(WALK("\x05", "\x0a", "\x01", "\x02\0no"), ENOENT_);
    ASK(WALK("\x06", "\x0a", "\x01", "\x02\0no"), ENOTDIR_);
    ASK(WALK("\x05", "\x06", "\0", ""), EBADF_); /* in use */
    ASK(WALK("\x0b", "\x0a", "\0", ""), EBADF_); /* not in use */
#define UP4 "\x02\0..\x02\0..\x02\0..\x02\0.."
    ASK(WALK("\x05", "\x0a", "\x11", UP4 UP4 UP4 UP4 "\x02\0.."), EINVAL_); /* above 16 */
    ASK(WALK("\x05", "\x0a", "\x01", "\x04\0su"), EINVAL_);
    ASK(WALK("\x05", "\x0a", "\x01", "\x04"), EINVAL_);
    ASK("\x78\x01\0\x06\0\0\0", "\x07\0\0\0\x79\x01\0");
    ASK("\x78\x01\0\x06\0\0\0", EBADF_);
    ASK(OPEN("\x05", READ_ONLY), "\x18\0\0\0\x0d\x01\0" ROOT "\0\0\0\0");
    ASK(WALK("\x05", "\x0a", "\0", ""), EBADF_); /* open */
}

static void test_attributes(void **state)
{
#define TIME "\0\x2c\x6b\x3a\0\0\0\0\0\0\0\0\0\0\0\0"
#define NONE "\0\0\0\0\0\0\0\0"
    (void)state;
    ASK(WALK("\x05", "\x06", "\x02", "\x03\0sub\x04\0file"), WALKED("\x23", "\x02", SUB FILE_));
    ASK("\x18\x01\0\x06\0\0\0\xff\x07\0\0\0\0\0\0",
        "\xa0\0\0\0\x19\x01\0\xff\x07\0\0\0\0\0\0" FILE_
        "\xa4\x81\0\0\xe8\x03\0\0\x64\0\0\0\x01\0\0\0\0\0\0\0\x01\x08\0\0\0\0\0\0"
        "\x07\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\x01\0\0\0\0\0\0\0" TIME TIME TIME NONE NONE NONE
            NONE);
    ASK("\x08\x01\0\x06\0\0\0",
        "\x43\0\0\0\x09\x01\0\x97\x19\x02\x01\0\x10\0\0\x02\0\0\0\0\0\0\0" NONE NONE
        "\x19\0\0\0\0\0\0\0" NONE NONE "\xff\0\0\0");
    ASK("\x16\x01\0\x06\0\0\0", EINVAL_);
    ASK(WALK("\x05", "\x07", "\x01", "\x04\0link"), WALKED("\x16", "\x01", LINK));
    ASK("\x16\x01\0\x07\0\0\0", "\x11\0\0\0\x17\x01\0\x08\0sub/file");
    ASK("\x1e\x01\0\x06\0\0\0\x08\0\0\0\x01\0s", EOPNOTSUPP_); /* Txattrwalk */
}

/* A link's target that does not fit a message. */
static void test_long_link(void **state)
{
    static char target[4096];
    static u8 got[LIMIT];

    (void)state;
    memset(target, 't', 4095);
    archive_begin();
    entry_put("link", 0120777, 4, 1, target);
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    for (u32 i = 0; i < 2; i++) {
        ninep_begin(&server, &tree, i == 0 ? 4095 + 9 : 4095 + 8);
        (void)ask_bytes("\x64\xff\xff\0\x20\0\0\x08\0"
                        "9P2000.L",
                        17, got);
        ASK("\x68\x01\0\x05\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0",
            "\x14\0\0\0\x69\x01\0" ROOT);
        ASK(WALK("\x05", "\x05", "\x01", "\x04\0link"),
            WALKED("\x16", "\x01", QID("\x02", "\x01")));
        if (i == 0) {
            assert_int_equal(ask_bytes("\x16\x01\0\x05\0\0\0", 7, got), 4095 + 9);
            assert_memory_equal(got + 9, target, 4095);
        } else {
            ASK("\x16\x01\0\x05\0\0\0", ERANGE_);
        }
    }
}

#define READ(fid, offset, count) "\x74\x01\0" fid "\0\0\0" offset "\0\0\0\0\0\0\0" count

static void test_read(void **state)
{
    (void)state;
    ASK(WALK("\x05", "\x06", "\x02", "\x03\0sub\x04\0file"), WALKED("\x23", "\x02", SUB FILE_));
    ASK(READ("\x06", "\0", "\x07\0\0\0"), EBADF_); /* not open */
    ASK(OPEN("\x06", "\x01\0\0\0"), EROFS_);       /* O_WRONLY */
    ASK(OPEN("\x06", "\x02\0\0\0"), EROFS_);       /* O_RDWR */
    ASK(OPEN("\x06", "\0\x02\0\0"), EROFS_);       /* O_TRUNC */
    ASK(OPEN("\x06", "\x40\0\0\0"), EROFS_);       /* O_CREAT */
    ASK(OPEN("\x06", "\0\x80\0\0"), "\x18\0\0\0\x0d\x01\0" FILE_ "\0\0\0\0");
    ASK(OPEN("\x06", READ_ONLY), EBADF_);
    ASK(READ("\x06", "\0", "\xff\xff\xff\xff"), "\x12\0\0\0\x75\x01\0\x07\0\0\0content");
    ASK(READ("\x06", "\x03", "\x02\0\0\0"), "\x0d\0\0\0\x75\x01\0\x02\0\0\0te");
    ASK(READ("\x06", "\x07", "\x02\0\0\0"), "\x0b\0\0\0\x75\x01\0\0\0\0\0");
    ASK("\x74\x01\0\x06\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x02\0\0\0",
        "\x0b\0\0\0\x75\x01\0\0\0\0\0");
    ASK("\x74\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\x02\0\0", EINVAL_);
    ASK("\x28\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0", ENOTDIR_); /* Treaddir */
    ASK("\x32\x01\0\x06\0\0\0\0\0\0\0", "\x07\0\0\0\x33\x01\0");     /* Tfsync */
    ASK(WALK("\x05", "\x07", "\x01", "\x04\0link"), WALKED("\x16", "\x01", LINK));
    ASK(OPEN("\x07", READ_ONLY), EOPNOTSUPP_);
    ASK(OPEN("\x05", "\x02\0\0\0"), EISDIR_);
    ASK(OPEN("\x05", READ_ONLY), "\x18\0\0\0\x0d\x01\0" ROOT "\0\0\0\0");
    ASK(READ("\x05", "\0", "\x07\0\0\0"), EISDIR_);
}

/* A read longer than a message is cut to it. */
static void test_long_read(void **state)
{
    static char content[9000];
    static u8 got[LIMIT];

    (void)state;
    memset(content, 'c', sizeof(content) - 1);
    archive_begin();
    entry_put("file", 0100644, 4, 1, content);
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    attach();
    ASK(WALK("\x05", "\x06", "\x01", "\x04\0file"), WALKED("\x16", "\x01", QID("\0", "\x01")));
    ASK(OPEN("\x06", READ_ONLY), "\x18\0\0\0\x0d\x01\0" QID("\0", "\x01") "\0\0\0\0");
    assert_int_equal(ask_bytes("\x74\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 19, got),
                     8192);
    assert_memory_equal(got, "\0\x20\0\0\x75\x01\0\xf5\x1f\0\0ccc", 14);
}

#define READDIR(offset, count)         "\x28\x01\0\x05\0\0\0" offset "\0\0\0\0\0\0\0" count
#define ENTRY(qid, cookie, kind, name) qid cookie "\0\0\0\0\0\0\0" kind name

static void test_readdir(void **state)
{
    (void)state;
    ASK(READDIR("\0", "\0\x10\0\0"), EBADF_);
    ASK(OPEN("\x05", READ_ONLY), "\x18\0\0\0\x0d\x01\0" ROOT "\0\0\0\0");
    ASK(READDIR("\0", "\0\x10\0\0"),
        "\x91\0\0\0\x29\x01\0\x86\0\0\0" ENTRY(ROOT, "\x01", "\x04", "\x01\0.")
            ENTRY(ROOT, "\x02", "\x04", "\x02\0..")
                ENTRY(QID("\x80", "\x04"), "\x06", "\x04", "\x04\0many")
                    ENTRY(LINK, "\x05", "\x0a", "\x04\0link")
                        ENTRY(SUB, "\x03", "\x04", "\x03\0sub"));
    ASK(READDIR("\x05", "\0\x10\0\0"),
        "\x26\0\0\0\x29\x01\0\x1b\0\0\0" ENTRY(SUB, "\x03", "\x04", "\x03\0sub"));
    ASK(READDIR("\x02", "\x2f\0\0\0"), "\x27\0\0\0\x29\x01\0\x1c\0\0\0" ENTRY(
                                           QID("\x80", "\x04"), "\x06", "\x04", "\x04\0many"));
    /* One byte less than the second entry needs. */
    ASK(READDIR("\x05", "\x1b\0\0\0"),
        "\x26\0\0\0\x29\x01\0\x1b\0\0\0" ENTRY(SUB, "\x03", "\x04", "\x03\0sub"));
    ASK(READDIR("\x05", "\x1a\0\0\0"), EINVAL_);
    ASK(READDIR("\x03", "\0\x10\0\0"), "\x0b\0\0\0\x29\x01\0\0\0\0\0");
    ASK(READDIR("\x04", "\0\x10\0\0"), EINVAL_); /* a place in sub */
    ASK(READDIR("\x7f", "\0\x10\0\0"), EINVAL_);
    ASK("\x28\x01\0\x05\0\0\0\0\0\0\0\0\0\0\x80\0\x10\0\0", EINVAL_);
}

/* A folder in several messages: each name once. */
static void test_long_readdir(void **state)
{
    static u8 got[LIMIT];
    u8 request[] = "\x28\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0";
    u32 seen = 0;

    (void)state;
    ASK(WALK("\x05", "\x06", "\x01", "\x04\0many"),
        WALKED("\x16", "\x01", QID("\x80", "\x04")));
    ASK(OPEN("\x06", READ_ONLY), "\x18\0\0\0\x0d\x01\0" QID("\x80", "\x04") "\0\0\0\0");
    for (;;) {
        u32 bytes = ask_bytes((char *)request, sizeof(request) - 1, got);
        u32 at = 11;

        assert_true(bytes <= 256 + 11);
        if (bytes == 11)
            break;
        for (; at < bytes; at += 24u + got[at + 22]) {
            memcpy(request + 7, got + at + 13, 8);
            seen++;
        }
        assert_int_equal(at, bytes);
    }
    assert_int_equal(seen, 22);
}

/* Whatever writes. */
static void test_writes(void **state)
{
    static const u8 writing[] = {14, 16, 18, 20, 26, 32, 70, 72, 74, 76, 118};

    (void)state;
    for (u32 i = 0; i < sizeof(writing); i++) {
        char request[] = "?\x01\0\x05\0\0\0\0\0\0\0\0\0\0\0";
        static u8 got[LIMIT];

        request[0] = (char)writing[i];
        assert_int_equal(ask_bytes(request, sizeof(request) - 1, got), 11);
        assert_memory_equal(got, EROFS_, 11);
    }
    ASK(WALK("\x05", "\x06", "\0", ""), WALKED("\x09", "\0", ""));
    ASK("\x7a\x01\0\x06\0\0\0", EROFS_); /* Tremove: the fid is gone all the same */
    ASK("\x78\x01\0\x06\0\0\0", EBADF_);
    ASK("\x76\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", EBADF_);
    for (u32 type = 0; type < 256; type++) {
        char request[] = "?\x01\0\x05\0\0\0";
        static u8 got[LIMIT];

        request[0] = (char)type;
        if (type % 2 != 0 || type > 122) {
            assert_int_equal(ask_bytes(request, sizeof(request) - 1, got), 11);
            assert_memory_equal(got, EOPNOTSUPP_, 11);
        }
    }
}

/* More fids than there are; then again when they were given back. */
static void test_many_fids(void **state)
{
    static u8 got[LIMIT];
    u8 walk[] = WALK("\x05", "\0", "\0", "");
    u8 clunk[] = "\x78\x01\0\0\0\0\0";

    (void)state;
    for (u32 round = 0; round < 2; round++) {
        for (u32 i = 1; i <= NINEP_FIDS; i++) {
            u32 number = i * 77777u + 100;

            memcpy(walk + 7, &number, 4);
            assert_int_equal(ask_bytes((char *)walk, sizeof(walk) - 1, got),
                             i == NINEP_FIDS ? 11 : 9);
        }
        assert_int_equal(got[7], 23); /* ENFILE */
        for (u32 i = 1; i < NINEP_FIDS; i++) {
            u32 number = i * 77777u + 100;

            memcpy(clunk + 3, &number, 4);
            assert_int_equal(ask_bytes((char *)clunk, sizeof(clunk) - 1, got), 7);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_version, setup),
        cmocka_unit_test_setup(test_attach, setup),
        cmocka_unit_test_setup(test_walk, setup),
        cmocka_unit_test_setup(test_attributes, setup),
        cmocka_unit_test_setup(test_long_link, setup),
        cmocka_unit_test_setup(test_read, setup),
        cmocka_unit_test_setup(test_long_read, setup),
        cmocka_unit_test_setup(test_readdir, setup),
        cmocka_unit_test_setup(test_long_readdir, setup),
        cmocka_unit_test_setup(test_writes, setup),
        cmocka_unit_test_setup(test_many_fids, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
