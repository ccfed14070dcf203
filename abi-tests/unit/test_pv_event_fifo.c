/* The FIFO ABI of a PV guest: one story, from the switch to it to the reset that ends it. */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_event.c
// sources: xen-adapter/pv/event.c xen-adapter/pv/event_fifo.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_event.h"

#define OFFSET 64u /* of vCPU 0's control block in frame 0 */
#define OFFSET_LAST                                                                            \
    (4096u - sizeof(struct xen_fifo_control_block)) /* of vCPU 1's in frame 2                  \
                                                     */
#define CONTROL(n) (controls[n])
#define WORDS      ((u32 *)(event_memory + PAGE_SIZE))     /* ports 0-1023: frame 1 */
#define WORDS_NEXT ((u32 *)(event_memory + 3 * PAGE_SIZE)) /* ports 1024-2047: frame 3 */

struct shim shim;

static struct xen_fifo_control_block *const controls[EVENT_VCPUS] = {
    (struct xen_fifo_control_block *)(event_memory + OFFSET),
    (struct xen_fifo_control_block *)(event_memory + 2 * PAGE_SIZE + OFFSET_LAST),
};

void *shim_page_alloc(void)
{
    return NULL;
}

void shim_fail(const char *format, ...)
{
    (void)format;
    fail();
    for (;;)
        ;
}

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)number, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return -XEN_ENOSYS;
}

static enum status control_init(u32 vcpu, u64 frame, u32 offset, u8 *link_bits)
{
    struct xen_evtchn_init_control want = {
        .control_gfn = frame, .offset = offset, .vcpu = vcpu};
    enum status status = fifo_init_control(&want);

    if (link_bits)
        *link_bits = want.link_bits;
    return status;
}

/* What a guest does: takes the head of a queue, follows the links, unlinks. */
static u32 consume_of(u32 vcpu, u32 priority)
{
    struct xen_fifo_control_block *control = CONTROL(vcpu);
    u32 port = control->head[priority];

    while (port != 0) {
        u32 *word = port < 1024 ? &WORDS[port] : &WORDS_NEXT[port - 1024];
        u32 next = *word & XEN_FIFO_LINK_MASK;

        *word &= ~(XEN_FIFO_LINK_MASK | XEN_FIFO_LINKED);
        if (*word & XEN_FIFO_PENDING && !(*word & XEN_FIFO_MASKED)) {
            *word &= ~XEN_FIFO_PENDING;
            control->head[priority] = next;
            if (next == 0)
                control->ready &= ~(1u << priority);
            return port;
        }
        port = next;
    }
    control->head[priority] = 0;
    control->ready &= ~(1u << priority);
    return 0;
}

static u32 consume(u32 priority)
{
    return consume_of(0, priority);
}

/* Everything consumed, no upcall under way. */
static void settle(void)
{
    for (u32 v = 0; v < EVENT_VCPUS; v++) {
        for (u32 p = 0; p < XEN_FIFO_QUEUES; p++)
            while (consume_of(v, p) != 0)
                ;
        event_vcpus[v].info->upcall_pending = 0;
    }
    fake_smp.kicks = 0;
}

static bool upcall(u32 vcpu)
{
    bool was = event_vcpus[vcpu].info->upcall_pending;

    event_vcpus[vcpu].info->upcall_pending = 0;
    return was;
}

/* ---- The switch ----------------------------------------------------------- */

static void test_refusals(void **state)
{
    (void)state;
    event_reset();
    assert_int_equal(fifo_expand_array(mfn(1)), ST_NO_CALL);
    assert_int_equal(control_init(EVENT_VCPUS, 0, OFFSET, NULL), ST_NO_ENTRY);
    assert_int_equal(control_init(SHIM_VCPUS_MAX, 0, OFFSET, NULL), ST_NO_ENTRY);
    assert_int_equal(control_init(0, 0, 4, NULL), ST_INVALID);
    assert_int_equal(control_init(0, 0, OFFSET_LAST + 8, NULL), ST_INVALID);
    assert_int_equal(control_init(0, 5, OFFSET, NULL), ST_INVALID); /* not the guest's */
    assert_false(fifo_in_use());
}

static void test_start(void **state)
{
    u8 link_bits = 0;

    (void)state;
    event_reset();
    event_raise(12); /* pending from the days of two levels */
    event_ports[13].priority = 3;
    assert_int_equal(control_init(0, 0, OFFSET, &link_bits), ST_OK);
    assert_int_equal(link_bits, 17);
    assert_true(fifo_in_use());
    assert_int_equal(event_ports[13].priority, XEN_FIFO_PRIORITY_DEFAULT);
    assert_int_equal(event_ports[4095].priority, XEN_FIFO_PRIORITY_DEFAULT);
    assert_int_equal(control_init(0, 0, OFFSET, NULL), ST_INVALID); /* once for each vCPU */
    event_raise(13);                                                /* before its word exists */
    event_raise(1030);
    event_unmask(13);
    assert_false(event_is_pending(13));
    upcall(0);
    assert_int_equal(fifo_expand_array(mfn(6)), ST_INVALID);
    assert_int_equal(fifo_expand_array(mfn(1)), ST_OK);
}

/* Nothing that was signalled before the switch, or before its word was there, is lost. */
static void test_what_was_pending_comes_over(void **state)
{
    (void)state;
    assert_true(event_is_pending(12));
    assert_true(event_is_pending(13));
    assert_false(event_is_pending(14));
    assert_true(upcall(0));
    assert_int_equal(consume(7), 12);
    assert_int_equal(consume(7), 13);
    assert_int_equal(consume(7), 0);
    assert_false(event_is_pending(1030));
    assert_int_equal(fifo_expand_array(mfn(3)), ST_OK);
    assert_true(upcall(0));
    assert_int_equal(WORDS_NEXT[6], XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    assert_int_equal(consume(7), 1030);
}

/* ---- One vCPU's queues ------------------------------------------------------ */

static void test_order(void **state)
{
    (void)state;
    settle();
    for (u32 port = 20; port < 24; port++)
        event_raise(port);
    assert_true(upcall(0));
    assert_int_equal(CONTROL(0)->ready, 1u << 7);
    event_raise(21); /* pending already */
    assert_false(upcall(0));
    for (u32 port = 20; port < 24; port++)
        assert_int_equal(consume(7), port);
    assert_int_equal(consume(7), 0);
    assert_int_equal(fake_smp.kicks, 0);
}

/* The same port again, after it was the tail: the link must never point at itself. */
static void test_same_port_again(void **state)
{
    (void)state;
    settle();
    for (u32 round = 0; round < 5; round++) {
        event_raise(30);
        assert_int_equal(WORDS[30] & XEN_FIFO_LINK_MASK, 0);
        assert_true(upcall(0));
        assert_int_equal(consume(7), 30);
        assert_int_equal(consume(7), 0);
    }
}

static void test_mask(void **state)
{
    (void)state;
    settle();
    WORDS[40] = WORDS[41] = XEN_FIFO_MASKED;
    event_raise(40);
    assert_true(event_is_pending(40));
    assert_int_equal(WORDS[40], XEN_FIFO_MASKED | XEN_FIFO_PENDING);
    assert_false(upcall(0));
    event_unmask(40);
    assert_true(upcall(0));
    assert_int_equal(consume(7), 40);
    event_unmask(41); /* nothing pending */
    assert_int_equal(WORDS[41], 0);
    assert_false(upcall(0));
}

/* Masked while it is linked: it stays there, and a second signal does not link it twice. */
static void test_mask_while_linked(void **state)
{
    (void)state;
    settle();
    event_raise(42);
    event_raise(43);
    assert_true(upcall(0));
    WORDS[42] |= XEN_FIFO_MASKED;
    event_unmask(42);
    assert_false(upcall(0));
    assert_int_equal(consume(7), 42);
    assert_int_equal(consume(7), 43);
    assert_int_equal(consume(7), 0);
}

/* A guest that has set BUSY, or left bits in the link, gets a clean link all the same. */
static void test_words_rewritten(void **state)
{
    (void)state;
    settle();
    WORDS[45] = 99;
    event_raise(45);
    assert_int_equal(WORDS[45], XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    WORDS[45] |= XEN_FIFO_BUSY | 77;
    event_raise(46);
    assert_int_equal(WORDS[45], XEN_FIFO_PENDING | XEN_FIFO_LINKED | 46);
    assert_int_equal(consume(7), 45);
    assert_int_equal(consume(7), 46);
}

/* The guest unlinked the tail before it was told of the next one, which becomes the head. */
static void test_tail_was_consumed(void **state)
{
    (void)state;
    settle();
    event_raise(47);
    assert_int_equal(consume(7), 47);
    upcall(0);
    event_raise(48);
    assert_int_equal(CONTROL(0)->head[7], 48);
    assert_int_equal(WORDS[47], 0);
    assert_true(upcall(0));
    /* ready is still set: the guest looks anyhow */
    CONTROL(0)->head[7] = 0;
    WORDS[48] = 0;
    event_raise(49);
    assert_int_equal(CONTROL(0)->head[7], 49);
    assert_false(upcall(0));
}

static void test_priorities(void **state)
{
    (void)state;
    settle();
    event_ports[50].priority = 0;
    event_ports[51].priority = 15;
    event_raise(51);
    event_raise(50);
    event_raise(52);
    assert_int_equal(CONTROL(0)->ready, 1u << 0 | 1u << 7 | 1u << 15);
    assert_int_equal(consume(0), 50);
    assert_int_equal(consume(7), 52);
    assert_int_equal(consume(15), 51);
    /* a change of priority while it waits takes effect the next time */
    event_raise(50);
    event_ports[50].priority = 3;
    assert_int_equal(consume(0), 50);
    event_raise(50);
    assert_int_equal(consume(3), 50);
    /* its old queue has forgotten it: what comes there is the head */
    event_ports[53].priority = 0;
    event_raise(53);
    assert_int_equal(WORDS[50], 0);
    assert_int_equal(consume(0), 53);
}

static void test_ports_beyond_the_first_page(void **state)
{
    (void)state;
    settle();
    event_raise(1023);
    event_raise(1024);
    event_raise(2047);
    assert_int_equal(WORDS[1023], XEN_FIFO_PENDING | XEN_FIFO_LINKED | 1024);
    assert_int_equal(consume(7), 1023);
    assert_int_equal(consume(7), 1024);
    assert_int_equal(consume(7), 2047);
    event_raise(2048); /* no word: kept */
    assert_false(event_is_pending(2048));
    assert_int_equal(event_shown.evtchn_pending[32], 1);
}

/* ---- Two vCPUs ------------------------------------------------------------- */

static void test_second_vcpu(void **state)
{
    (void)state;
    settle();
    event_port_bind(60, EVENT_IPI, 1);
    event_raise(60); /* no control block yet */
    assert_int_equal(WORDS[60], XEN_FIFO_PENDING);
    assert_int_equal(control_init(1, 2, OFFSET_LAST, NULL), ST_OK);
    event_unmask(60); /* as good a reason to look again as any */
    assert_int_equal(CONTROL(1)->ready, 1u << 7);
    assert_int_equal(CONTROL(0)->ready, 0);
    assert_true(upcall(1));
    assert_false(upcall(0));
    assert_int_equal(fake_smp.kicks, 1);
    assert_int_equal(consume_of(1, 7), 60);
    event_port_bind(61, EVENT_IPI, 9); /* a vCPU that was never made */
    event_raise(61);
    assert_int_equal(WORDS[61], XEN_FIFO_PENDING);
    assert_int_equal(event_lock.taken, 0);
}

/* A port that moves to another vCPU while it is the tail of a queue leaves no trace there. */
static void test_port_moves(void **state)
{
    (void)state;
    settle();
    event_port_bind(62, EVENT_REMOTE, 1);
    event_raise(62);
    assert_int_equal(consume_of(1, 7), 62);
    event_ports[62].vcpu = 0;
    event_raise(62);
    event_port_bind(63, EVENT_REMOTE, 1);
    event_raise(63);
    assert_int_equal(WORDS[62], XEN_FIFO_PENDING | XEN_FIFO_LINKED); /* not behind it */
    assert_int_equal(consume_of(1, 7), 63);
    assert_int_equal(consume_of(0, 7), 62);
}

/* ---- Traffic --------------------------------------------------------------- */

/* Random traffic: nothing is lost, nothing loops. */
static void test_traffic(void **state)
{
    u32 seed = 1;

    (void)state;
    settle();
    for (u32 round = 0; round < 20000; round++) {
        u32 port = 100 + (seed >> 16) % 64;

        seed = seed * 1103515245u + 12345u;
        if ((seed >> 20 & 3) != 0) {
            event_raise(port);
        } else {
            u32 taken = consume(7);

            assert_true(taken == 0 || (taken >= 100 && taken < 164));
        }
    }
    for (u32 n = 0; consume(7) != 0; n++)
        assert_true(n < 64);
    for (u32 port = 100; port < 164; port++)
        assert_false(event_is_pending(port));
}

static void test_close_leaves_the_word(void **state)
{
    (void)state;
    settle();
    event_raise(70);
    event_shown.evtchn_pending[1] = BIT(6);
    event_port_close(70);
    assert_true(event_is_pending(70)); /* the word is the guest's */
    assert_int_equal(event_shown.evtchn_pending[1], BIT(6));
}

/* As many pages as the ABI has ports for, and no more. */
static void test_array_is_full(void **state)
{
    (void)state;
    for (u32 page = 2; page < XEN_FIFO_MAX_PAGES; page++)
        assert_int_equal(fifo_expand_array(mfn(1)), ST_OK);
    assert_int_equal(fifo_expand_array(mfn(1)), ST_NO_SPACE);
}

/* Back on two levels: every page is the guest's again, and all begins anew. */
static void test_end(void **state)
{
    (void)state;
    settle();
    event_raise(70); /* the tail of its queue */
    fifo_end();
    assert_false(fifo_in_use());
    assert_int_equal(event_lock.taken, 0);
    for (u32 frame = 0; frame < EVENT_FRAMES; frame++)
        assert_int_equal(event_frame_holds[frame], 0);
    memset(event_memory, 0, sizeof(event_memory));
    event_raise(80);
    assert_int_equal(WORDS[80], 0);
    assert_int_equal(event_shown.evtchn_pending[1] >> 16 & 1, 1);
    assert_int_equal(fifo_expand_array(mfn(1)), ST_NO_CALL);
    fifo_end(); /* nothing left to give back */
    assert_int_equal(event_frame_holds[0], 0);
}

static void test_begin_again(void **state)
{
    (void)state;
    event_reset();
    assert_int_equal(control_init(1, 2, OFFSET_LAST, NULL), ST_OK);
    assert_int_equal(control_init(0, 0, OFFSET, NULL), ST_OK);
    assert_int_equal(fifo_expand_array(mfn(1)), ST_OK);
    WORDS[70] = XEN_FIFO_LINKED; /* no queue's tail any more */
    event_raise(81);
    assert_int_equal(CONTROL(0)->head[7], 81);
    assert_int_equal(WORDS[70], XEN_FIFO_LINKED);
    assert_int_equal(event_frame_holds[0], 1);
    assert_int_equal(event_frame_holds[1], 1);
    assert_int_equal(event_frame_holds[2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_what_was_pending_comes_over),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_same_port_again),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_mask_while_linked),
        cmocka_unit_test(test_words_rewritten),
        cmocka_unit_test(test_tail_was_consumed),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_ports_beyond_the_first_page),
        cmocka_unit_test(test_second_vcpu),
        cmocka_unit_test(test_port_moves),
        cmocka_unit_test(test_traffic),
        cmocka_unit_test(test_close_leaves_the_word),
        cmocka_unit_test(test_array_is_full),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_begin_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
