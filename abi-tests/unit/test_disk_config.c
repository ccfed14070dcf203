/* disk = in a manifest: both syntaxes of xl, virtual device numbers, and what is wrong. */
// sources: guest-drivers/steward/config.c guest-drivers/steward/config_value.c
// sources: guest-drivers/steward/disk_config.c guest-drivers/steward/text.c guest-drivers/steward/manifest.c
// sources: guest-drivers/steward/keys.c guest-drivers/steward/lexer.c hv/lib/format.c
#include <string.h>
#include "abi-tests/unit/said.h"
#include "guest-drivers/steward/disk_config.h"

static struct manifest manifest;

static struct text text(const char *bytes)
{
    return (struct text){bytes, strlen(bytes)};
}

static void expect_good(const char *entry, const char *target, u32 number, bool is_readonly)
{
    struct disk_config disk;
    const char *trouble = disk_config_read(text(entry), &disk);

    if (trouble)
        fail_msg("%s: %s", entry, trouble);
    assert_int_equal(disk.target.length, strlen(target));
    assert_memory_equal(disk.target.at, target, strlen(target));
    assert_int_equal(disk.number, number);
    assert_int_equal(disk.is_readonly, is_readonly);
}

static void expect_bad(const char *entry, const char *trouble)
{
    struct disk_config disk;
    const char *said_now = disk_config_read(text(entry), &disk);

    if (!said_now || !strstr(said_now, trouble))
        fail_msg("%s: %s", entry, said_now ? said_now : "accepted");
}

static void test_syntaxes(void **state)
{
    (void)state;
    expect_good("file:/a/b.img,xvda,w", "/a/b.img", 51712, false);
    expect_good("phy:/dev/vg/x,xvdb1,r", "/dev/vg/x", 51729, true);
    expect_good("tap:aio:/a,sda,w", "/a", 2048, false);
    expect_good("/a,raw,xvda,rw", "/a", 51712, false);
    expect_good("/a, , xvda, ro", "/a", 51712, true);
    expect_good("/a,xvda", "/a", 51712, false);
    expect_good("format=raw,vdev=xvda,access=rw,target=/a,b", "/a,b", 51712, false);
    expect_good("vdev=hda, access=r, backendtype=qdisk, target=/a", "/a", 768, true);
    expect_good("/a,raw,hdc:cdrom,w", "/a", 5632, false);
    expect_good("/a,raw,hdc,devtype=cdrom", "/a", 5632, true);
    expect_good("raw:/a,51712,w", "/a", 51712, false);
}

static void test_numbers(void **state)
{
    (void)state;
    expect_good("/a,xvdp15", "/a", 51967, false);
    expect_good("/a,xvdq", "/a", (1u << 28) | 16 << 8, false);
    expect_good("/a,xvdaa", "/a", (1u << 28) | 26 << 8, false);
    expect_good("/a,xvda16", "/a", (1u << 28) | 16, false);
    expect_good("/a,hdd5", "/a", 22 << 8 | 64 | 5, false);
    expect_bad("/a,xvd", "no such virtual device");
    expect_bad("/a,xvda256", "no such virtual device");
    expect_bad("/a,vda", "no such virtual device");
    expect_bad("/a,xvdzzzzzzz", "no such virtual device");
}

static void test_mistakes(void **state)
{
    (void)state;
    expect_bad("", "no target");
    expect_bad("vdev=xvda", "no target");
    expect_bad("/a", "no virtual device");
    expect_good("/a,qcow2,xvda,w", "/a", 51712, false);
    expect_good("format=vhd,vdev=xvda,target=/a", "/a", 51712, false);
    expect_good("/a,vhdx,xvda,w", "/a", 51712, false);
    expect_bad("format=qed,vdev=xvda,target=/a", "raw, qcow2, vhd and vhdx");
    expect_bad("/a,raw,xvda,x", "the access");
    expect_bad("/a,raw,xvda,w,more", "too many");
    expect_bad("/a,raw,xvda,w,colour=red", "unknown key");
}

static void test_lists(void **state)
{
    struct config *guest = &manifest.guest[0];

    (void)state;
    manifest = (struct manifest){0};
    said[0] = 0;
#define HEAD "name = 'a'\nkernel = 'k'\n"
    manifest_parse(&manifest, text("a.cfg"),
                   HEAD "disk = [ 'one', # first\n  \"two\",\n]\ndisk += ['three']\n",
                   sizeof(HEAD "disk = [ 'one', # first\n  \"two\",\n]\ndisk += ['three']\n") -
                       1);
    assert_int_equal(manifest.refused, 0);
    assert_int_equal(guest->list[0].count, 3);
    assert_memory_equal(guest->list[0].item[2].at, "three", 5);
    for (u32 i = 0; i < 5; i++) {
        static const char *const bad[] = {HEAD "disk = 'one'\n", HEAD "disk = ['a' 'b']\n",
                                          HEAD "disk = ['a',", HEAD "disk = [['a']]\n",
                                          HEAD "disk = [5]\n"};

        manifest = (struct manifest){0};
        manifest_parse(&manifest, text("a.cfg"), bad[i], strlen(bad[i]));
        assert_int_equal(manifest.refused, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntaxes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
