/* Entries of p9 =, good and bad. */
// sources: guest-drivers/steward/config.c guest-drivers/steward/config_value.c
// sources: guest-drivers/steward/p9_config.c guest-drivers/steward/text.c
// sources: guest-drivers/steward/manifest.c guest-drivers/steward/lexer.c
// sources: guest-drivers/steward/keys.c hv/lib/format.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/steward/p9_config.h"
#include "hv/lib/print.h"

void print(const char *text, ...)
{
    (void)text;
}

static const char *read_entry(const char *entry, struct p9_config *out)
{
    return p9_config_read((struct text){entry, strlen(entry)}, out);
}

static void test_good(void **state)
{
    struct p9_config folder;

    (void)state;
    assert_null(read_entry("tag=share,path=/srv/share,security_model=none", &folder));
    assert_true(text_is(folder.tag, "share"));
    assert_true(text_is(folder.path, "/srv/share"));
    assert_null(
        read_entry(" path=with blanks , tag=1234567890123456789012345678901,", &folder));
    assert_true(text_is(folder.path, "with blanks"));
    assert_int_equal(folder.tag.length, 31);
    assert_null(read_entry("tag=t,path=p,backend=0,type=xen_9pfsd,max-files=9", &folder));
}

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "",
        "tag=t",
        "path=/p",
        "tag=,path=/p",
        "tag=t,path=",
        "tag=12345678901234567890123456789012,path=/p",
        "tag=t,path=/p,security_model=mapped-xattr",
        "tag=t,path=/p,colour=red",
        "t,/p",
    };
    struct p9_config folder;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        assert_non_null(read_entry(bad[i], &folder));
}

/* The key is a list like disk = and vif =. */
static void test_key(void **state)
{
    static const char file[] = "name = 'a'\nkernel = 'k'\np9 = [ 'tag=t,path=/p', 'x' ]\n";
    static struct manifest manifest;
    const struct text_list *list = &manifest.guest[0].list[KEY_P9 - KEY_DISK];

    (void)state;
    manifest_parse(&manifest, (struct text){"a.cfg", 5}, file, sizeof(file) - 1);
    assert_int_equal(manifest.refused, 0);
    assert_int_equal(list->count, 2);
    assert_true(text_is(list->item[0], "tag=t,path=/p"));
    assert_int_equal(manifest.guest[0].line[KEY_P9], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
