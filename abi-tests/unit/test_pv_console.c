/* The shim's output through the console ring, with a reader, a slow one and none. */
// sources: xen-adapter/pv/console.c hv/lib/format.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/l0.h"

struct shim shim;
struct start start;

static _Alignas(PAGE_SIZE) u8 page[PAGE_SIZE];
static struct xen_console_ring *const ring = (struct xen_console_ring *)(void *)page;
static u32 bytes_at_yield; /* so many are read when the writer yields */
static u64 yields, kicks, shutdowns;
static jmp_buf end;

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    if (number == XENNR_sched_op && a1 == XENOP_sched_op_shutdown) {
        shutdowns++;
        longjmp(end, 1);
    }
    if (number == XENNR_event_channel_op)
        kicks++;
    if (number == XENNR_sched_op) {
        yields++;
        ring->out_cons += bytes_at_yield;
    }
    return 0;
}

bool string_has_word(const char *text, const char *word)
{
    (void)text, (void)word;
    return false;
}

static int setup(void **state)
{
    (void)state;
    memset(page, 0, sizeof(page));
    shim.xen_leaf = 0x40000000;
    shim.domain.console_mfn = mfn(((u64)page - DIRECT_VIRT) >> PAGE_SHIFT);
    yields = kicks = shutdowns = 0;
    bytes_at_yield = 0;
    return 0;
}

static void test_text(void **state)
{
    (void)state;
    shim_print("%u\n", 7u);
    assert_int_equal(ring->out_prod, 3);
    assert_memory_equal(ring->out, "7\r\n", 3);
    assert_int_equal(kicks, 1);
    assert_int_equal(yields, 0);
}

/* The indices run over the end of their 32 bits and of the ring. */
static void test_wrap(void **state)
{
    (void)state;
    ring->out_prod = ring->out_cons = ~0u;
    shim_print("ab");
    assert_int_equal(ring->out_prod, 1);
    assert_int_equal(ring->out[XEN_CONSOLE_OUT_SIZE - 1], 'a');
    assert_int_equal(ring->out[0], 'b');
}

static void test_slow_reader(void **state)
{
    (void)state;
    ring->out_prod = XEN_CONSOLE_OUT_SIZE;
    bytes_at_yield = 1;
    shim_print("abc");
    assert_int_equal(ring->out_prod, XEN_CONSOLE_OUT_SIZE + 3);
    assert_int_equal(yields, 3);
}

/* The last words of a guest that took its console away: the whole wait is one, then the end. */
static void test_no_reader(void **state)
{
    u64 waited;

    (void)state;
    ring->out_prod = XEN_CONSOLE_OUT_SIZE;
    shim_print("a");
    waited = yields;
    assert_true(waited > 0);
    if (setjmp(end) == 0)
        shim_fail("%s", "b");
    assert_int_equal(shutdowns, 1);
    assert_int_equal(yields, waited);
    assert_int_equal(ring->out_prod, XEN_CONSOLE_OUT_SIZE);
}

/* A reader that comes back is waited for as before. */
static void test_reader_again(void **state)
{
    (void)state;
    ring->out_prod = XEN_CONSOLE_OUT_SIZE;
    shim_print("a");
    ring->out_cons = 1;
    shim_print("b");
    assert_int_equal(ring->out_prod, XEN_CONSOLE_OUT_SIZE + 1);
    bytes_at_yield = 1;
    shim_print("c");
    assert_int_equal(ring->out_prod, XEN_CONSOLE_OUT_SIZE + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_text, setup),
        cmocka_unit_test_setup(test_wrap, setup),
        cmocka_unit_test_setup(test_slow_reader, setup),
        cmocka_unit_test_setup(test_no_reader, setup),
        cmocka_unit_test_setup(test_reader_again, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
