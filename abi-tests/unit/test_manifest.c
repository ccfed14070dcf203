/* Manifests: what is accepted means what xl.cfg says; every mistake gives one line with its
 * place. */
// sources: guest-drivers/steward/config.c guest-drivers/steward/config_value.c
// sources: guest-drivers/steward/manifest.c guest-drivers/steward/lexer.c
// sources: guest-drivers/steward/keys.c hv/lib/format.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/said.h"
#include "guest-drivers/steward/keys.h"
#include "guest-drivers/steward/lexer.h"
#include "guest-drivers/steward/manifest.h"

static struct manifest manifest;

static int setup(void **state)
{
    (void)state;
    memset(&manifest, 0, sizeof(manifest));
    said[0] = 0;
    return 0;
}

static void parse(const char *bytes)
{
    /* An exact copy, so that ASAN sees one byte too far. */
    size_t size = strlen(bytes);
    char *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    manifest_parse(&manifest, (struct text){"a.cfg", 5}, copy, size);
    /* The guests point into the copy, which the test forgets on purpose. */
}

#define TEN  "abcdefghij"
#define BASE "name=\"g\"\nkernel=\"k\"\n"

/* One error, and it contains these words. */
static void expect_error(const char *bytes, const char *words)
{
    setup(NULL);
    parse(bytes);
    if (!strstr(said, words))
        print_error("'%s' is not in '%s'\n", words, said);
    assert_non_null(strstr(said, words));
    assert_int_equal(manifest.refused, 1);
    assert_non_null(strstr(said, "entente: error:"));
    assert_null(strstr(strstr(said, "entente: error:") + 1, "entente: error:"));
    assert_non_null(strchr(said, ';') ? strchr(said, ';') : strstr(said, "did you mean"));
}

static void expect_text(struct text text, const char *words)
{
    assert_int_equal(text.length, strlen(words));
    assert_memory_equal(text.at, words, text.length);
}

static void test_whole(void **state)
{
    const struct config *guest = &manifest.guest[0];

    (void)state;
    parse("# a comment\n"
          "type = 'pvh' ; name = \"one\" # and another\n"
          "kernel=\"/boot/vmlinuz\"\r\n"
          "ramdisk = \"/boot/initrd # not a comment\"\n"
          "memory = 0x100\n"
          "maxmem = '1024'\n"
          "vcpus = 4\n"
          "extra = 'console=hvc0 x=\"y\"'\n"
          "root = \"/dev/xvda1 ro\"\n"
          "on_poweroff = \"preserve\"\n"
          "on_crash = \"rename-restart\"\n"
          "cpu_weight = 512\n"
          "cap = 25\n"
          "maxvcpus = 8\n"
          "autostart = 0\n");
    assert_string_equal(said, "");
    assert_int_equal(manifest.count, 1);
    assert_int_equal(manifest.refused, 0);
    assert_int_equal(guest->maxvcpus, 8);
    assert_true(guest->waits);
    expect_text(guest->string[KEY_NAME], "one");
    expect_text(guest->string[KEY_KERNEL], "/boot/vmlinuz");
    expect_text(guest->string[KEY_RAMDISK], "/boot/initrd # not a comment");
    assert_int_equal(guest->type, CONFIG_PVH);
    assert_int_equal(guest->memory_mib, 256);
    assert_int_equal(guest->maxmem_mib, 1024);
    assert_int_equal(guest->vcpus, 4);
    assert_int_equal(guest->cpu_weight, 512);
    assert_int_equal(guest->cap_percent, 25);
    assert_int_equal(guest->action[KEY_ON_POWEROFF], ACTION_PRESERVE);
    assert_int_equal(guest->action[KEY_ON_REBOOT], ACTION_RESTART);
    assert_int_equal(guest->action[KEY_ON_CRASH], ACTION_RENAME_RESTART);
    assert_int_equal(config_line(guest, KEY_MEMORY), 5);
    assert_int_equal(config_line(guest, KEY_VCPUS), 7);
    assert_int_equal(config_line(guest, KEY_ON_REBOOT), 2); /* not given: the name's line */
}

static void test_cmdline(void **state)
{
    char line[64];

    (void)state;
    parse(BASE "root='/dev/xvda'\nextra='a b'\n");
    assert_int_equal(config_cmdline(&manifest.guest[0], line, sizeof(line)), 18);
    assert_string_equal(line, "root=/dev/xvda a b");
    assert_int_equal(config_cmdline(&manifest.guest[0], line, 8), 18);
    assert_string_equal(line, "root=/d");
    setup(NULL);
    parse(BASE "root='/dev/xvda'\nextra='a b'\ncmdline='c'\n");
    config_cmdline(&manifest.guest[0], line, sizeof(line));
    assert_string_equal(line, "c");
    setup(NULL);
    parse(BASE);
    assert_int_equal(config_cmdline(&manifest.guest[0], line, sizeof(line)), 0);
    assert_string_equal(line, "");
    assert_int_equal(manifest.guest[0].memory_mib, 512);
}

static void test_several_guests(void **state)
{
    (void)state;
    parse("memory = 100\nname='a'\nkernel='k'\nname='b'\nkernel='l'\nmemory=200\n"
          "name='c'\nkernel='m'");
    assert_string_equal(said, "");
    assert_int_equal(manifest.count, 3);
    assert_int_equal(manifest.guest[0].memory_mib, 100);
    assert_int_equal(manifest.guest[1].memory_mib, 200);
    expect_text(manifest.guest[2].string[KEY_KERNEL], "m");
}

static void test_one_bad_among_good(void **state)
{
    (void)state;
    parse("name='a'\nkernel='k'\nname='b'\nmemroy=5\nkernel='k'\nvcpus=9\nname='c'\nkernel='k'"
          "\n");
    assert_string_equal(said, "entente: error: a.cfg:4: unknown key \"memroy\"; did you mean "
                              "\"memory\"?\n");
    assert_int_equal(manifest.refused, 1);
    assert_false(manifest.guest[0].is_refused);
    assert_true(manifest.guest[1].is_refused);
    assert_false(manifest.guest[2].is_refused);
}

static void test_unknown_keys(void **state)
{
    (void)state;
    expect_error(BASE "memry = 5\n",
                 "a.cfg:3: unknown key \"memry\"; did you mean \"memory\"?");
    expect_error(BASE "kernal = 'x'\n", "did you mean \"kernel\"?");
    expect_error(BASE "ramdsik = 'x'\n", "did you mean \"ramdisk\"?");
    expect_error(BASE "vcpu = 1\n", "did you mean \"vcpus\"?");
    expect_error(BASE "zzzzzzzz = 1\n", "unknown key \"zzzzzzzz\"; see");
    expect_error(BASE "x = 1\n", "unknown key \"x\"");
    expect_error(BASE
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1\n",
                 "unknown key \"aaaaaaaa");
    expect_error(BASE TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "b = 1\n",
                 TEN TEN "\"; see"); /* no more of a text than a message has room for */
    expect_error(BASE "Memory = 5\n", "did you mean \"memory\"?");
}

static void test_ignored_keys_warn_once(void **state)
{
    (void)state;
    parse(BASE "vfb = [ 'bridge=br0',\n  \"mac=1\", # two lines\n ]\npci = ['a', ['b']]\n"
               "localtime = 1\nname='b'\nkernel='k'\nvfb = []\nboot='cd'\n");
    assert_int_equal(manifest.refused, 0);
    assert_int_equal(manifest.count, 2);
    assert_non_null(strstr(said, "entente: warning: a.cfg:3: \"vfb\""));
    assert_null(strstr(strstr(said, "\"vfb\"") + 1, "\"vfb\""));
    assert_non_null(strstr(said, "\"pci\""));
    assert_non_null(strstr(said, "\"boot\""));
}

static void test_syntax(void **state)
{
    (void)state;
    expect_error(BASE "memory = \"12\nvcpus=1\n",
                 "a.cfg:3: a string without its closing quote");
    expect_error(BASE "memory =\nvcpus=1\n", "a.cfg:3: the line ends too early");
    expect_error(BASE "memory 12\n", "a.cfg:3: unexpected '12'; write key = value");
    expect_error(BASE "memory\n", "a.cfg:3: the line ends too early");
    expect_error(BASE "memory = 12 13\n", "a.cfg:3: unexpected '13'");
    expect_error(BASE "= 12\n", "a.cfg:3: unexpected '='");
    expect_error(BASE "memory = [ 1, 2\n", "a.cfg:3: \"memory\" takes one value");
    expect_error(BASE "vfb = [ 1, 2\n", "a.cfg:3: a list without its closing bracket");
    expect_error(BASE "vfb = [ \"a ]\n", "closing quote");
    expect_error(BASE "memory = @\n", "unexpected '@'");
    expect_error(BASE "\001 = 5\n", "a byte 0x1 that is no text");
    expect_error(BASE "extra += 'x'\n", "\"+=\" is not possible");
    expect_error("memory = \"unfinished", "closing quote");
}

static void test_values(void **state)
{
    (void)state;
    expect_error(BASE "memory = lots\n", "memory = lots is not a number");
    expect_error(BASE "memory = 12x\n", "memory = 12x is not a number");
    expect_error(BASE "memory = 09\n", "memory = 09 is not a number");
    expect_error(BASE "memory = 99999999999999999999999\n", "is not a number");
    expect_error(BASE "memory = 0\n", "a.cfg:3: memory = 0 is not a sensible number");
    expect_error(BASE "memory = 0xffffffffffffffff\n", "sensible");
    expect_error(BASE "memory = 128\nmaxmem = 64\n", "a.cfg:4: maxmem = 64 is less");
    expect_error(BASE "vcpus = 33\n", "vcpus = 33: a guest has 1 to 32");
    expect_error(BASE "maxvcpus = 33\n", "maxvcpus = 33: a guest has 1 to 32");
    expect_error(BASE "vcpus = 4\nmaxvcpus = 2\n", "maxvcpus = 2 is less than vcpus = 4");
    expect_error(BASE "vcpus = 0\n", "vcpus = 0: a guest has 1 to 32");
    expect_error(BASE "type = \"pv\"\nviridian = 1\n", "a.cfg:4: viridian = 1 is for type");
    expect_error(BASE "type = \"pvh\"\ntsc_invariant = 1\n",
                 "a.cfg:4: tsc_invariant = 1 is for");
    expect_error(BASE "cpu_weight = 0\n", "cpu_weight = 0 is out of range; write 1 to 65535");
    expect_error(BASE "cpu_weight = 65536\n", "a.cfg:3: cpu_weight = 65536 is out of range");
    expect_error(BASE "cap = 6401\n", "cap = 6401 is out of range; write 0 for none");
    expect_error(BASE "cap = much\n", "cap = much is not a number");
    expect_error(BASE "type = 'hvm'\n", "a.cfg:3: type = \"hvm\"");
    expect_error(BASE "type = pv\n", "put it in quotes");
    expect_error(BASE "kernel = 5\n", "put it in quotes");
    expect_error(BASE "on_crash = 'explode'\n", "on_crash = \"explode\" is no action");
    expect_error("kernel='k'\nname=''\n", "a name has 1 to 63 letters");
    expect_error("kernel='k'\nname='a/b'\n", "cannot hold");
    expect_error("kernel='k'\nname='a b'\n", "cannot hold");
    expect_error("kernel='k'\nname='"
                 "0123456789012345678901234567890123456789012345678901234567890123'\n",
                 "this one 64");
}

static void test_incomplete(void **state)
{
    (void)state;
    expect_error("kernel='k'\n", "a guest without a name");
    expect_error("name='a'\n", "a.cfg:1: guest \"a\" has no kernel");
    expect_error("", "no guest in this manifest");
    expect_error("# nothing\n\n;;\n", "no guest in this manifest");
    expect_error(BASE BASE, "a.cfg:3: the name \"g\" is taken at a.cfg:1");
}

static void test_bootloader(void **state)
{
    (void)state;
    parse("name='a'\nbootloader='/usr/lib/xen-4.17/bin/pygrub'\ndisk=['d,raw,xvda,w']\n");
    assert_int_equal(manifest.refused, 0);
    assert_true(text_is(manifest.guest[0].string[KEY_KERNEL], CONFIG_PYGRUB));
    setup(NULL);
    parse("name='a'\nbootloader='pypxeboot'\nkernel='k'\n");
    assert_int_equal(manifest.refused, 0);
    assert_true(text_is(manifest.guest[0].string[KEY_KERNEL], "k"));
    expect_error("name='a'\nbootloader='pypxeboot'\n", "a.cfg:2: bootloader = \"pypxeboot\"");
    expect_error("name='a'\nbootloader='pygrub'\n", "a.cfg:2: bootloader = \"pygrub\" without");
    expect_error("name='a'\ntype='pvh'\nbootloader='pygrub'\ndisk=['d,raw,xvda,w']\n",
                 "a.cfg:3: bootloader = \"pygrub\" is for");
}

#define UEFI "name='a'\ntype='hyperv'\nfirmware='uefi'\ndisk=['d,raw,xvda,w']\n"

static void test_firmware(void **state)
{
    (void)state;
    parse(UEFI);
    assert_int_equal(manifest.refused, 0);
    assert_true(manifest.guest[0].has_firmware);
    assert_true(text_is(manifest.guest[0].string[KEY_KERNEL], CONFIG_UEFI));
    setup(NULL);
    parse("name='a'\ntype='hyperv'\nfirmware='ovmf'\ndisk=['d,raw,xvda,w']\n");
    assert_int_equal(manifest.refused, 0);
    assert_true(manifest.guest[0].has_firmware);
    setup(NULL);
    parse(BASE);
    assert_false(manifest.guest[0].has_firmware);
    expect_error("name='a'\ntype='hyperv'\nfirmware='seabios'\n",
                 "a.cfg:3: firmware = \"seabios\" is not served here; write \"uefi\"");
    expect_error("name='a'\ntype='pvh'\nfirmware='uefi'\ndisk=['d,raw,xvda,w']\n",
                 "a.cfg:3: firmware = \"uefi\" is for type = \"hyperv\"");
    expect_error("name='a'\ntype='hyperv'\nfirmware='uefi'\n",
                 "a.cfg:3: firmware = \"uefi\" without a disk");
    expect_error(UEFI "kernel='k'\n", "a.cfg:5: kernel = is not for a guest that starts by");
    expect_error(UEFI "ramdisk='k'\n", "a.cfg:5: ramdisk = is not");
    expect_error(UEFI "cmdline='k'\n", "a.cfg:5: cmdline = is not");
    expect_error(UEFI "extra='k'\n", "a.cfg:5: extra = is not");
    expect_error(UEFI "root='k'\n", "a.cfg:5: root = is not");
    expect_error(UEFI "bootloader='pygrub'\n", "a.cfg:5: bootloader");
}

static void test_same_name_in_two_files(void **state)
{
    (void)state;
    parse(BASE);
    manifest_parse(&manifest, (struct text){"b.cfg", 5}, BASE, strlen(BASE));
    assert_string_equal(said,
                        "entente: error: b.cfg:1: the name \"g\" is taken at a.cfg:1; choose "
                        "another\n");
    assert_int_equal(manifest.refused, 1);
    assert_false(manifest.guest[0].is_refused);
}

static void line_of(char *out, size_t length, const char *type)
{
    out += sprintf(out, BASE "type='%s'\ncmdline='", type);
    memset(out, 'x', length);
    strcpy(out + length, "'\n");
}

static void test_long_cmdline(void **state)
{
    char *bytes = malloc(210000);

    (void)state;
    line_of(bytes, 204800, "pv");
    expect_error(bytes,
                 "a.cfg:4: the command line has 204800 bytes, a pv guest takes at most 1023");
    line_of(bytes, 1024, "pv");
    expect_error(bytes, "1024 bytes");
    line_of(bytes, 2048, "pvh");
    expect_error(bytes, "a pvh guest takes at most 2047");
    setup(NULL);
    line_of(bytes, 2047, "pvh");
    parse(bytes);
    assert_string_equal(said, "");
    free(bytes);
}

static void test_too_many_guests(void **state)
{
    char *bytes = malloc(64 * 100);
    char *at = bytes;

    (void)state;
    for (int i = 0; i < 64; i++)
        at += sprintf(at, "name='g%d'\nkernel='k'\n", i);
    parse(bytes);
    assert_int_equal(manifest.count, MANIFEST_GUESTS_MAX);
    assert_int_equal(manifest.refused, 1);
    assert_non_null(strstr(said, "more than 32 guests"));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_whole, setup),
        cmocka_unit_test_setup(test_cmdline, setup),
        cmocka_unit_test_setup(test_several_guests, setup),
        cmocka_unit_test_setup(test_one_bad_among_good, setup),
        cmocka_unit_test_setup(test_unknown_keys, setup),
        cmocka_unit_test_setup(test_ignored_keys_warn_once, setup),
        cmocka_unit_test_setup(test_syntax, setup),
        cmocka_unit_test_setup(test_values, setup),
        cmocka_unit_test_setup(test_incomplete, setup),
        cmocka_unit_test_setup(test_bootloader, setup),
        cmocka_unit_test_setup(test_firmware, setup),
        cmocka_unit_test_setup(test_same_name_in_two_files, setup),
        cmocka_unit_test_setup(test_long_cmdline, setup),
        cmocka_unit_test_setup(test_too_many_guests, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

const char *__asan_default_options(void);
/* Guests point into the bytes of their manifest for ever. */
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
