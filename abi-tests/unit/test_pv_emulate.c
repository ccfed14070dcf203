/* Decoding of the privileged instructions that a PV kernel in ring 3 may use. */
// sources: xen-adapter/pv/emulate_decode.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "xen-adapter/pv/emulate.h"

static u8 *exact_memory;

struct sample {
    const char *bytes;
    u32 count;
    enum privileged_op op;
    u32 length, reg, width, value;
};

#define SAMPLE(text, ...)                                                                      \
    {                                                                                          \
        text, sizeof(text) - 1, __VA_ARGS__                                                    \
    }

static const struct sample samples[] = {
    SAMPLE("\x0f\x30", PRIVILEGED_WRMSR, 2, 0, 0, 0),
    SAMPLE("\x0f\x32\x90", PRIVILEGED_RDMSR, 2, 0, 0, 0),
    SAMPLE("\x0f\x20\xc0", PRIVILEGED_READ_CR, 3, 0, 0, 0),
    SAMPLE("\x0f\x20\xd8", PRIVILEGED_READ_CR, 3, 0, 0, 3),
    SAMPLE("\x41\x0f\x22\xe7", PRIVILEGED_WRITE_CR, 4, 15, 0, 4),
    SAMPLE("\x41\x0f\x20\xc0", PRIVILEGED_READ_CR, 4, 8, 0, 0),
    SAMPLE("\x44\x0f\x20\xc1", PRIVILEGED_READ_CR, 4, 1, 0, 8),
    SAMPLE("\x0f\x22\x18", PRIVILEGED_WRITE_CR, 3, 0, 0, 3), /* mod is ignored */
    SAMPLE("\x0f\x21\xf8", PRIVILEGED_READ_DR, 3, 0, 0, 7),
    SAMPLE("\x0f\x23\xf1", PRIVILEGED_WRITE_DR, 3, 1, 0, 6),
    SAMPLE("\x0f\x06", PRIVILEGED_CLTS, 2, 0, 0, 0),
    SAMPLE("\x0f\x01\xd1", PRIVILEGED_XSETBV, 3, 0, 0, 0),
    SAMPLE("\x0f\x01\xf9", PRIVILEGED_RDTSCP, 3, 0, 0, 0),
    SAMPLE("\x0f\x31", PRIVILEGED_RDTSC, 2, 0, 0, 0),
    SAMPLE("\x0f\xa2", PRIVILEGED_CPUID, 2, 0, 0, 0),
    SAMPLE("\x0f\x09", PRIVILEGED_WBINVD, 2, 0, 0, 0),
    SAMPLE("\xf3\x0f\x09", PRIVILEGED_WBINVD, 3, 0, 0, 0),
    SAMPLE("\xcd\x80", PRIVILEGED_INT, 2, 0, 0, 0x80),
    SAMPLE("\xcd\x03", PRIVILEGED_INT, 2, 0, 0, 3),
    SAMPLE("\xfa", PRIVILEGED_CLI_STI, 1, 0, 0, 0),
    SAMPLE("\xfb", PRIVILEGED_CLI_STI, 1, 0, 0, 0),
    SAMPLE("\xe4\x70", PRIVILEGED_IN, 2, 0, 1, 0x70),
    SAMPLE("\xe5\x71", PRIVILEGED_IN, 2, 0, 4, 0x71),
    SAMPLE("\x66\xe5\x71", PRIVILEGED_IN, 3, 0, 2, 0x71),
    SAMPLE("\xe6\x61", PRIVILEGED_OUT, 2, 0, 1, 0x61),
    SAMPLE("\xe7\x61", PRIVILEGED_OUT, 2, 0, 4, 0x61),
    SAMPLE("\xec", PRIVILEGED_IN, 1, 1, 1, 0),
    SAMPLE("\xed", PRIVILEGED_IN, 1, 1, 4, 0),
    SAMPLE("\x66\xef", PRIVILEGED_OUT, 2, 1, 2, 0),
    SAMPLE("\xee", PRIVILEGED_OUT, 1, 1, 1, 0),
    SAMPLE("\x6c", PRIVILEGED_INS, 1, 0, 0, 0),
    SAMPLE("\xf3\x6f", PRIVILEGED_INS, 2, 0, 0, 0),
};

static void test_known_encodings(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(samples); i++) {
        const struct sample *s = &samples[i];
        struct privileged p = privileged_decode((const u8 *)s->bytes, s->count);

        assert_int_equal(p.op, s->op);
        assert_int_equal(p.length, s->length);
        assert_int_equal(p.reg, s->reg);
        assert_int_equal(p.bytes, s->width);
        assert_int_equal(p.value, s->value);
    }
}

/* Decodes bytes that end where readable memory ends. */
static struct privileged decode_at_the_end(const char *bytes, u32 count)
{
    u8 *end = exact_memory + getpagesize();

    memcpy(end - count, bytes, count);
    return privileged_decode(end - count, count);
}

/* Whatever is cut off is no instruction, and nothing behind the end is read. */
static void test_truncated(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(samples); i++) {
        for (u32 count = 0; count < samples[i].length; count++)
            assert_int_equal(decode_at_the_end(samples[i].bytes, count).op, PRIVILEGED_NONE);
    }
    assert_int_equal(decode_at_the_end("\x66\x66\x66", 3).op, PRIVILEGED_NONE);
}

/* Which bytes may stand before an opcode; LOCK and everything else may not. [APM3 1.2] */
static void test_prefixes(void **state)
{
    static const u8 legacy[] = {0x66, 0x67, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0xf2, 0xf3};
    bool is_prefix[256] = {false};

    (void)state;
    for (u32 i = 0; i < sizeof(legacy); i++)
        is_prefix[legacy[i]] = true;
    for (u32 rex = 0x40; rex < 0x50; rex++)
        is_prefix[rex] = true;
    for (u32 byte = 0; byte < 256; byte++) {
        const u8 bytes[] = {(u8)byte, 0x0f, 0x09};
        struct privileged p = privileged_decode(bytes, sizeof(bytes));

        assert_true((p.op == PRIVILEGED_WBINVD && p.length == 3) == is_prefix[byte]);
    }
}

/* REX is the last prefix: what comes behind it is the opcode. */
static void test_rex_is_last(void **state)
{
    (void)state;
    assert_int_equal(privileged_decode((const u8 *)"\x66\x48\xed", 3).bytes, 2);
    assert_int_equal(privileged_decode((const u8 *)"\x48\x66\xed", 3).op, PRIVILEGED_NONE);
    assert_int_equal(privileged_decode((const u8 *)"\x48\x48\xed", 3).op, PRIVILEGED_NONE);
}

static void test_not_on_the_list(void **state)
{
    static const char *const others[] = {
        "\xf4",         /* hlt */
        "\x0f\x01\x38", /* invlpg */
        "\x0f\x01\xd0", /* xgetbv faults for its own reasons */
        "\x0f\x33",     /* rdpmc */
        "\x0f\x00\xd8", /* ltr */
        "\xe8\x01\x02", /* call, near the port opcodes */
        "\xe9\x01\x02", "\xea\x01\x02", "\xeb\x01\x02",
        "\xcf\x90\x90", "\x90\x90\x90", "\xcc\x90\x90",
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(others); i++)
        assert_int_equal(privileged_decode((const u8 *)others[i], (u32)strlen(others[i])).op,
                         PRIVILEGED_NONE);
}

/* Every first and second byte: a length never exceeds what was given. */
static void test_lengths_stay_inside(void **state)
{
    (void)state;
    for (u32 a = 0; a < 256; a++) {
        for (u32 b = 0; b < 256; b++) {
            u8 bytes[4] = {(u8)a, (u8)b, 0xc0, 0x90};
            struct privileged p = privileged_decode(bytes, sizeof(bytes));

            assert_true(p.length <= sizeof(bytes));
            assert_true((p.op == PRIVILEGED_NONE) == (p.length == 0));
        }
    }
}

/* A page with nothing behind it. */
static int map_memory(void **state)
{
    size_t size = (size_t)getpagesize();

    (void)state;
    exact_memory =
        mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return exact_memory == MAP_FAILED || mprotect(exact_memory + size, size, PROT_NONE) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_encodings), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_prefixes),        cmocka_unit_test(test_rex_is_last),
        cmocka_unit_test(test_not_on_the_list), cmocka_unit_test(test_lengths_stay_inside),
    };

    return cmocka_run_group_tests(tests, map_memory, NULL);
}
