/* Entries of vif =, good and bad. */
// sources: guest-drivers/steward/config.c guest-drivers/steward/config_value.c
// sources: guest-drivers/steward/vif_config.c guest-drivers/steward/text.c
// sources: guest-drivers/steward/manifest.c guest-drivers/steward/lexer.c
// sources: guest-drivers/steward/keys.c hv/lib/format.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/steward/vif_config.h"
#include "hv/lib/print.h"

void print(const char *text, ...)
{
    (void)text;
}

static const char *read_entry(const char *entry, struct vif_config *out)
{
    return vif_config_read((struct text){entry, strlen(entry)}, 3, out);
}

static void test_good(void **state)
{
    struct vif_config vif;

    (void)state;
    assert_null(read_entry("", &vif));
    assert_true(text_is(vif.bridge, "xenbr0"));
    assert_int_equal(vif.address, 0);
    assert_int_equal(vif.id, 3);
    assert_int_equal(vif.mtu, 1500);
    assert_int_equal(vif.strange.length, 0);
    assert_null(read_entry(" mac=00:16:3E:a1:02:ff , bridge=br1,devid=7, mtu=9000", &vif));
    assert_int_equal(vif.address, 0x00163ea102ff);
    assert_true(text_is(vif.bridge, "br1"));
    assert_int_equal(vif.id, 7);
    assert_int_equal(vif.mtu, 9000);
    assert_null(read_entry("type=vif,model=e1000,script=vif-bridge,ip=10.0.0.7,", &vif));
    assert_true(text_is(vif.ip, "10.0.0.7"));
    assert_int_equal(vif.strange.length, 0);
    assert_null(read_entry("rate=10Mb/s,bridge=b", &vif));
    assert_true(text_is(vif.strange, "rate"));
    assert_true(text_is(vif.bridge, "b"));
}

static void test_bad(void **state)
{
    static const char *const bad[] = {
        "mac=",
        "mac=00:16:3e:01:02",
        "mac=00:16:3e:01:02:0g",
        "mac=00:16:3e:01:02-03",
        "mac=00-16-3e-01-02-03",
        "mac=01:16:3e:01:02:03",
        "mac=00:00:00:00:00:00",
        "mac=00:16:3e:01:02:033",
        "bridge=",
        "bridge=123456789012345678901234567890123",
        "devid=256",
        "devid=x",
        "mtu=67",
        "mtu=65536",
    };
    struct vif_config vif;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        assert_non_null(read_entry(bad[i], &vif));
}

static void test_addresses(void **state)
{
    (void)state;
    assert_int_equal(vif_address_make("web", 0), vif_address_make("web", 0));
    assert_int_not_equal(vif_address_make("web", 0), vif_address_make("web", 1));
    assert_int_not_equal(vif_address_make("web", 0), vif_address_make("wec", 0));
    assert_int_equal(vif_address_make("web", 0) >> 23, 0x00163e << 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
