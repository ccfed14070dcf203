/* golden/tlfs_rows.tsv, which the conformance guest works through, against the rows of
 * tlfs.def. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hv/lib/types.h"

struct row {
    const char *kind;
    u32 number;
    char priority;
};

static const struct row rows[] = {
#define MSR(name, number, feature, prio, state, doc) {"msr", number, #prio[0]},
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    {"call", code, #prio[0]},
#include "enlight/abi/tlfs.def"
};

static void test_rows_are_the_same(void **state)
{
    FILE *file = fopen("abi-tests/golden/tlfs_rows.tsv", "r");
    char line[256], kind[8], priority;
    u32 number, count = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%c\t%7[a-z]\t%x\t", &priority, kind, &number), 3);
        assert_true(count < ARRAY_SIZE(rows));
        assert_string_equal(kind, rows[count].kind);
        assert_int_equal(number, rows[count].number);
        assert_int_equal(priority, rows[count].priority);
        count++;
    }
    fclose(file);
    assert_int_equal(count, ARRAY_SIZE(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
