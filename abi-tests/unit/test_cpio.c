/* A cpio archive as a tree: what GNU cpio writes, and what nobody should. */
// sources: guest-drivers/service/cpio.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/cpio_archive.h"
#include "guest-drivers/service/cpio.h"

#define NODES 16u

static struct cpio_node nodes[NODES];
static struct cpio tree;

static int setup(void **state)
{
    (void)state;
    archive_begin();
    tree = (struct cpio){.node = nodes, .room = NODES};
    return 0;
}

static u32 find(u32 folder, const char *name)
{
    return cpio_find(&tree, folder, name, (u32)strlen(name));
}

static void test_tree(void **state)
{
    u32 count, folder, file;

    (void)state;
    entry_put(".", 0041750, 1, 3, "");
    entry_put("./sub", 0040755, 2, 2, "");
    entry_put("./sub/file", 0100644, 3, 1, "content");
    entry_put("./link", 0120777, 4, 1, "sub/file");
    entry_put("plain", 0100600, 5, 1, "");
    archive_end();
    assert_int_equal(cpio_count(archive, archive_used, &count), ST_OK);
    assert_int_equal(count, 6);
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    assert_int_equal(tree.count, 5);
    assert_int_equal(tree.bytes, archive_used);
    assert_int_equal(nodes[CPIO_ROOT].mode, 0041750);
    assert_int_equal(nodes[CPIO_ROOT].uid, 1000);
    folder = find(CPIO_ROOT, "sub");
    file = find(folder, "file");
    assert_int_equal(nodes[file].parent, folder);
    assert_int_equal(nodes[folder].child, file);
    assert_int_equal(nodes[file].next, CPIO_NONE);
    assert_int_equal(nodes[file].size, 7);
    assert_memory_equal(nodes[file].data, "content", 7);
    assert_memory_equal(nodes[file].name, "file", 4);
    assert_int_equal(nodes[file].gid, 100);
    assert_int_equal(nodes[file].mtime, 0x3a6b2c00);
    assert_int_equal(nodes[file].major, 8);
    assert_int_equal(nodes[file].minor, 1);
    assert_memory_equal(nodes[find(CPIO_ROOT, "link")].data, "sub/file", 8);
    assert_int_equal(find(CPIO_ROOT, "file"), CPIO_NONE);
    assert_int_equal(find(CPIO_ROOT, "su"), CPIO_NONE);
    assert_int_equal(find(folder, "sub"), CPIO_NONE);
    assert_int_not_equal(find(CPIO_ROOT, "plain"), CPIO_NONE);
}

/* The names of one file: the last has the bytes. */
static void test_links(void **state)
{
    (void)state;
    entry_put("first", 0100644, 9, 3, "first");
    entry_put("other", 0100644, 7, 2, "");
    entry_put("a", 0100644, 9, 3, "");
    entry_put("b", 0100644, 9, 3, "");
    entry_put("c", 0100644, 9, 3, "shared");
    entry_put("d", 0100644, 9, 1, "");
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    for (u32 i = 3; i <= 5; i++) {
        assert_int_equal(nodes[i].size, 6);
        assert_memory_equal(nodes[i].data, "shared", 6);
        assert_int_equal(nodes[i].identity, 5);
    }
    assert_int_equal(nodes[1].identity, 1);
    assert_int_equal(nodes[1].size, 5);
    assert_int_equal(nodes[2].size, 0);
    assert_int_equal(nodes[6].size, 0);
}

static void test_two_links(void **state)
{
    (void)state;
    entry_put("a", 0100644, 9, 2, "");
    entry_put("b", 0100644, 9, 2, "both");
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    assert_int_equal(nodes[1].size, 4);
    assert_int_equal(nodes[1].identity, 2);
}

/* An archive need not say what its root is; a tree has room for it. */
static void test_root(void **state)
{
    (void)state;
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    assert_int_equal(tree.count, 1);
    assert_int_equal(nodes[CPIO_ROOT].mode, 0040755);
    assert_int_equal(nodes[CPIO_ROOT].links, 2);
    tree.room = 0;
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_NO_SPACE);
}

/* Numbers are eight hexadecimal digits, in letters of either kind, and nothing else. */
static void test_digits(void **state)
{
    static const char good[] = "0123456789abcdefABCDEF", bad[] = "/:@G`g\x10 ";

    (void)state;
    for (u32 i = 0; i < sizeof(good) - 1 + sizeof(bad); i++) {
        bool is_good = i < sizeof(good) - 1;

        setup(NULL);
        entry_put("file", 0100644, 0, 1, "");
        archive[6 + 7] = (u8)(is_good ? good[i] : bad[i - (sizeof(good) - 1)]);
        archive_end();
        assert_int_equal(cpio_index(&tree, archive, archive_used),
                         is_good ? ST_OK : ST_CORRUPT);
        if (is_good)
            assert_int_equal(nodes[1].inode, i < 16 ? i : i - 6);
    }
}

/* An inode's number of another file comes again. */
static void test_links_apart(void **state)
{
    (void)state;
    entry_put("a", 0100644, 9, 2, "one");
    entry_put("b", 0100644, 9, 2, "other");
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_OK);
    assert_int_equal(nodes[1].size, 3);
    assert_int_equal(nodes[2].size, 5);
}

static void expect(enum status status)
{
    archive_end();
    assert_int_equal(cpio_index(&tree, archive, archive_used), status);
    setup(NULL);
}

static void test_bad_entries(void **state)
{
    static char name[300];

    (void)state;
    entry_put("absent/file", 0100644, 1, 1, "");
    expect(ST_CORRUPT);
    entry_put("file", 0100644, 1, 1, "");
    entry_put("file/file", 0100644, 2, 1, "");
    expect(ST_CORRUPT);
    entry_put("file", 0100644, 1, 1, "");
    entry_put("./file", 0100644, 2, 1, "");
    expect(ST_EXISTS);
    static const char *const names[] = {"", "/a", "a/", "..", "./.", "./..", "../a", "."};
    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        entry_put(names[i], 0100644, 1, 1, "");
        expect(ST_CORRUPT);
    }
    memset(name, 'n', 255);
    entry_put(name, 0100644, 1, 1, "");
    expect(ST_OK);
    name[255] = 'n';
    entry_put(name, 0100644, 1, 1, "");
    expect(ST_CORRUPT);
    for (u32 i = 1; i <= NODES; i++) {
        char numbered[8];

        snprintf(numbered, sizeof(numbered), "%u", i);
        entry_put(numbered, 0100644, i, 1, "");
    }
    expect(ST_NO_SPACE);
}

/* Each place of a header that may break, and every place where it may end. */
static void test_bad_bytes(void **state)
{
    u32 count;

    (void)state;
    entry_put("file", 0100644, 1, 1, "content");
    archive_end();
    for (u64 size = 0; size < archive_used - 1; size++)
        if (align_up(size, 4) != archive_used) {
            u8 *copy = malloc(size); /* so that a byte too far is seen */

            memcpy(copy, archive, size);
            assert_int_equal(cpio_count(copy, size, &count), ST_CORRUPT);
            assert_int_equal(cpio_index(&tree, copy, size), ST_CORRUPT);
            free(copy);
        }
    for (u32 i = 0; i < 110; i++) {
        static const char strange[] = "@`G/: ";

        for (u32 k = 0; strange[k]; k++) {
            u8 was = archive[i];

            archive[i] = (u8)strange[k];
            assert_int_equal(cpio_index(&tree, archive, archive_used), ST_CORRUPT);
            archive[i] = was;
        }
    }
    archive[113] = 0; /* a name shorter than it says */
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_CORRUPT);
    archive[113] = 'e';
    memcpy(archive + 6 + 6 * 8, "FFFFFFFF", 8); /* more bytes than there are */
    assert_int_equal(cpio_index(&tree, archive, archive_used), ST_CORRUPT);
}

/* A symbolic link's target fits a reply. */
static void test_long_link(void **state)
{
    static char target[4097];

    (void)state;
    memset(target, 't', 4095);
    entry_put("link", 0120777, 1, 1, target);
    expect(ST_OK);
    target[4095] = 't';
    entry_put("link", 0120777, 1, 1, target);
    expect(ST_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_tree, setup),
        cmocka_unit_test_setup(test_links, setup),
        cmocka_unit_test_setup(test_two_links, setup),
        cmocka_unit_test_setup(test_root, setup),
        cmocka_unit_test_setup(test_digits, setup),
        cmocka_unit_test_setup(test_links_apart, setup),
        cmocka_unit_test_setup(test_bad_entries, setup),
        cmocka_unit_test_setup(test_bad_bytes, setup),
        cmocka_unit_test_setup(test_long_link, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
