#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"

enum verdict { VERDICT_NONE, VERDICT_SUCCESS, VERDICT_SKIP, VERDICT_ERROR, VERDICT_FAILURE };

extern const struct test *const kit_tests[], *const kit_tests_end[];

static enum verdict verdict;
static const char *reason;

static void raise(enum verdict to, const char *why)
{
    if (to <= verdict)
        return;
    verdict = to;
    reason = why;
}

static const char *error_name(long result)
{
    static const struct {
        long number;
        const char *name;
    } names[] = {
        {G_EPERM, "EPERM"},     {G_ENOENT, "ENOENT"},   {G_ESRCH, "ESRCH"},
        {G_E2BIG, "E2BIG"},     {G_ENOMEM, "ENOMEM"},   {G_EACCES, "EACCES"},
        {G_EFAULT, "EFAULT"},   {G_EBUSY, "EBUSY"},     {G_EEXIST, "EEXIST"},
        {G_EXDEV, "EXDEV"},     {G_ENODEV, "ENODEV"},   {G_EINVAL, "EINVAL"},
        {G_ENOSPC, "ENOSPC"},   {G_ERANGE, "ERANGE"},   {G_ENOSYS, "ENOSYS"},
        {G_ENODATA, "ENODATA"}, {G_ETIME, "ETIME"},     {G_EOPNOTSUPP, "EOPNOTSUPP"},
        {G_EAGAIN, "EAGAIN"},   {G_ENOBUFS, "ENOBUFS"}, {G_EIO, "EIO"},
        {G_ENXIO, "ENXIO"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (-result == names[i].number)
            return names[i].name;
    return NULL;
}

void observe(const char *row, const char *class, long result)
{
    const char *name = error_name(result);

    if (name != NULL)
        kit_print("#= %s | %s | -%s\n", row, class, name);
    else
        kit_print("#= %s | %s | %ld\n", row, class, result);
    raise(VERDICT_SUCCESS, "");
}

void expect(const char *row, const char *class, long result, long wanted)
{
    const char *name = error_name(wanted);

    observe(row, class, result);
    if (result == wanted)
        return;
    kit_print("#! %s | %s | wanted %s%s (%ld)\n", row, class, name ? "-" : "", name ? name : "",
              wanted);
    raise(VERDICT_FAILURE, class);
}

void observe_number(const char *row, const char *class, long value)
{
    kit_print("#= %s | %s | status %ld\n", row, class, value);
    raise(VERDICT_SUCCESS, "");
}

void expect_number(const char *row, const char *class, long value, long wanted)
{
    observe_number(row, class, value);
    if (value != wanted)
        raise(VERDICT_FAILURE, class);
}

void expect_true(const char *row, const char *class, bool holds)
{
    kit_print("#= %s | %s | %s\n", row, class, holds ? "yes" : "no");
    raise(VERDICT_SUCCESS, "");
    if (!holds)
        raise(VERDICT_FAILURE, class);
}

void expect_trap(const char *row, const char *class, struct kit_trap trap, uint32_t vector)
{
    if (trap.vector == KIT_NO_TRAP)
        kit_print("#= %s | %s | no trap\n", row, class);
    else
        kit_print("#= %s | %s | trap %u(%x)\n", row, class, trap.vector, trap.error);
    raise(VERDICT_SUCCESS, "");
    if (trap.vector != vector)
        raise(VERDICT_FAILURE, class);
}

void test_error(const char *why)
{
    raise(VERDICT_ERROR, why);
}

void test_skip(const char *why)
{
    raise(VERDICT_SKIP, why);
}

static const char *unfit(const struct test *test)
{
    static const unsigned kinds[] = {[KIT_PV] = TEST_PV,
                                     [KIT_PVH] = TEST_PVH,
                                     [KIT_NATIVE] = TEST_NATIVE,
                                     [KIT_HYPERV] = TEST_HYPERV};

    if (!(test->kinds & kinds[kit_kind]))
        return "not for this type of guest";
    if ((test->kinds & TEST_GUEST) && kit_is_control_domain)
        return "a control domain is allowed more";
    return NULL;
}

static void test_report(unsigned number, const char *name)
{
    switch (verdict) {
    case VERDICT_NONE:
        kit_print("not ok %u - %s # ERROR no verdict\n", number, name);
        break;
    case VERDICT_SUCCESS:
        kit_print("ok %u - %s\n", number, name);
        break;
    case VERDICT_SKIP:
        kit_print("ok %u - %s # SKIP %s\n", number, name, reason);
        break;
    case VERDICT_ERROR:
        kit_print("not ok %u - %s # ERROR %s\n", number, name, reason);
        break;
    case VERDICT_FAILURE:
        kit_print("not ok %u - %s # FAILURE %s\n", number, name, reason);
        break;
    }
}

/* A test that ends the guest on success has its report printed before. */
void kit_main(void)
{
    unsigned number = 0;
    bool failed = false;

    kit_traps_init();
    kit_print("TAP version 13\n");
    for (const struct test *const *at = kit_tests; at < kit_tests_end; at++) {
        const struct test *test = *at;
        const char *why = unfit(test);
        if (!kit_option_holds("test", test->name, !(test->kinds & TEST_ALONE)))
            continue;
        verdict = VERDICT_NONE;
        kit_print("# test %s\n", test->name);
        if (why != NULL)
            test_skip(why);
        else
            test->run();
        test_report(++number, test->name);
        failed |= verdict != VERDICT_SUCCESS && verdict != VERDICT_SKIP;
    }
    kit_print(kit_kind == KIT_NATIVE   ? "#= native.power_off | plain | status 0\n"
              : kit_kind == KIT_HYPERV ? "#= end | power off | ends here\n"
                                       : "#= sched_op.shutdown | poweroff | ends here\n");
    kit_print("1..%u\n# end, %s\n", number, failed ? "with failures" : "all well");
}
