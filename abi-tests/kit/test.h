/*
 * Conformance tests. A test makes observations; each is one line of the signature,
 *   #= row | class | result
 * where row is the ABI row exercised (golden/rows.tsv), class what was passed, and the result
 * holds nothing that changes from run to run. Two hypervisors agree when their signatures do.
 * The verdict only rises: success, skip, error, failure; none at all is an error.
 */
#ifndef ABI_TESTS_KIT_TEST_H
#define ABI_TESTS_KIT_TEST_H

#include "abi-tests/kit/kit.h"

enum test_kind {
    TEST_PV = 1,
    TEST_PVH = 2,
    TEST_ALL = 3,
    TEST_GUEST = 4,   /* not as control domain: that one is allowed more */
    TEST_NATIVE = 16, /* the root partition */
    TEST_HYPERV = 32, /* with the Hyper-V interface */
    TEST_ALONE = 8,   /* ends or spoils the guest: only when named */
};

struct test {
    const char *name;
    unsigned kinds;
    void (*run)(void);
};

/* Tests run in the order of the source. */
#ifdef __clang__
#define TEST_ENTRY used, section(".tests")
#else
#define TEST_ENTRY used, no_reorder, section(".tests")
#endif

#define TEST(id, label, who)                                                                   \
    static void run_##id(void);                                                                \
    static const struct test test_##id = {label, who, run_##id};                               \
    static const struct test *const entry_##id __attribute__((TEST_ENTRY)) = &test_##id;       \
    static void run_##id(void)

/* An observation whose result is wanted: another one is a failure. Errors are negative. */
void expect(const char *row, const char *class, long result, long wanted);

/* An observation of a property: false is a failure. */
void expect_true(const char *row, const char *class, bool holds);

/* An observation without a wanted result: the signature alone tells. */
void observe(const char *row, const char *class, long result);

/* The same for values that are no errors: status codes, counts that may be negative. */
void expect_number(const char *row, const char *class, long value, long wanted);
void observe_number(const char *row, const char *class, long value);

/* The trap that a body ends with: "#PF(error)" or "none". */
void expect_trap(const char *row, const char *class, struct kit_trap trap, uint32_t vector);

/* The guest's setup failed, the ABI row itself was not reached. */
void test_error(const char *why);
void test_skip(const char *why);

#endif
