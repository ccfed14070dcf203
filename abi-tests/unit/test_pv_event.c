/* Event channels of a PV guest: two levels and FIFO, and what comes up from below. */
// sources: abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/event.c xen-adapter/pv/event_fifo.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/time.h"
#include "xen-adapter/pv/vcpu.h"

#define FRAMES 8u

struct shim shim;
struct mmu mmu;

static _Alignas(4096) u8 memory[FRAMES * PAGE_SIZE]; /* frames 0-3 are the guest's */
static _Alignas(4096) struct xen_shared_info below;
static _Alignas(4096) struct xen_shared_info shown;
static struct pv_vcpu vcpu;

struct pv_vcpu *this_vcpu(void)
{
    return &vcpu;
}

struct pv_vcpu *vcpu_find(u32 id)
{
    return id == 0 ? &vcpu : NULL;
}

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

void time_update(struct pv_vcpu *v)
{
    (void)v;
}

enum status frame_type_get(u64 number, enum frame_type type)
{
    return number < 4 && type == FRAME_WRITABLE ? ST_OK : ST_INVALID;
}

static void reset(void)
{
    memset(memory, 0, sizeof(memory));
    memset(&below, 0, sizeof(below));
    memset(&shown, 0, sizeof(shown));
    memset(event_ports, 0, sizeof(event_ports));
    mmu.direct = memory;
    l0_shared = &below;
    guest_shared = &shown;
    memset(&vcpu, 0, sizeof(vcpu));
    event_vcpu_start(&vcpu);
}

static void below_raise(u32 port)
{
    below.evtchn_pending[port >> 6] |= BIT(port & 63);
    below.vcpu_info[0].pending_sel |= BIT(port >> 6);
    below.vcpu_info[0].upcall_pending = 1;
}

static void test_two_levels(void **state)
{
    (void)state;
    reset();
    assert_false(fifo_in_use());
    event_raise(70);
    assert_int_equal(shown.evtchn_pending[1], BIT(6));
    assert_int_equal(shown.vcpu_info[0].pending_sel, BIT(1));
    assert_int_equal(shown.vcpu_info[0].upcall_pending, 1);
    assert_true(event_is_pending(70));
    /* the selector bit is set already: no second upcall */
    shown.vcpu_info[0].upcall_pending = 0;
    event_raise(71);
    assert_int_equal(shown.vcpu_info[0].upcall_pending, 0);
    event_raise(4095);
    assert_int_equal(shown.vcpu_info[0].upcall_pending, 1);
}

static void test_mask_and_unmask(void **state)
{
    (void)state;
    reset();
    shown.evtchn_mask[0] = BIT(3);
    event_raise(3);
    assert_true(event_is_pending(3));
    assert_int_equal(shown.vcpu_info[0].pending_sel, 0);
    assert_int_equal(shown.vcpu_info[0].upcall_pending, 0);
    event_unmask(3);
    assert_int_equal(shown.evtchn_mask[0], 0);
    assert_int_equal(shown.vcpu_info[0].pending_sel, 1);
    assert_int_equal(shown.vcpu_info[0].upcall_pending, 1);
    shown.vcpu_info[0].upcall_pending = 0;
    shown.vcpu_info[0].pending_sel = 0;
    event_unmask(3); /* was not masked: nothing to do */
    assert_int_equal(shown.vcpu_info[0].upcall_pending, 0);
}

static void test_upcall_carries_over(void **state)
{
    (void)state;
    reset();
    below_raise(1);
    below_raise(64);
    below_raise(4095);
    event_upcall();
    assert_int_equal(below.vcpu_info[0].upcall_pending, 0);
    assert_int_equal(below.vcpu_info[0].pending_sel, 0);
    assert_int_equal(below.evtchn_pending[0] | below.evtchn_pending[1], 0);
    assert_true(event_is_pending(1));
    assert_true(event_is_pending(64));
    assert_true(event_is_pending(4095));
    assert_int_equal(shown.vcpu_info[0].pending_sel, BIT(0) | BIT(1) | BIT(63));
}

static void test_close_clears(void **state)
{
    (void)state;
    reset();
    event_port_bind(9, EVENT_IPI, 0);
    event_raise(9);
    event_port_close(9);
    assert_false(event_is_pending(9));
    assert_int_equal(event_ports[9].kind, EVENT_FREE);
    event_port_close(5000); /* outside: ignored */
}

/* ---- FIFO: runs after the two-level tests, for the switch is for good
 * -------------------------- */

#define CONTROL ((struct xen_fifo_control_block *)(memory + 64))
#define WORDS   ((u32 *)(memory + PAGE_SIZE))

static void test_fifo_refusals(void **state)
{
    struct xen_evtchn_init_control want = {.control_gfn = 0, .offset = 64};

    (void)state;
    reset();
    assert_int_equal(fifo_expand_array(mfn(1)), ST_NO_CALL);
    want.vcpu = 1;
    assert_int_equal(fifo_init_control(&want), ST_NO_ENTRY);
    want.vcpu = 0;
    want.offset = 4;
    assert_int_equal(fifo_init_control(&want), ST_INVALID);
    want.offset = 4096 - 64;
    assert_int_equal(fifo_init_control(&want), ST_INVALID);
    want.offset = 64;
    want.control_gfn = 5; /* not the guest's */
    assert_int_equal(fifo_init_control(&want), ST_INVALID);
    assert_false(fifo_in_use());
}

static void test_fifo_start(void **state)
{
    struct xen_evtchn_init_control want = {.control_gfn = 0, .offset = 64};

    (void)state;
    reset();
    event_raise(12); /* pending from the days of two levels */
    assert_int_equal(fifo_init_control(&want), ST_OK);
    assert_int_equal(want.link_bits, 17);
    assert_int_equal(fifo_init_control(&want), ST_INVALID);
    event_raise(13); /* before its word exists */
    assert_int_equal(fifo_expand_array(mfn(6)), ST_INVALID);
    assert_int_equal(fifo_expand_array(mfn(1)), ST_OK);
    assert_true(event_is_pending(12));
    assert_true(event_is_pending(13));
}

/* What a guest does: takes the head of a queue, follows the links, unlinks. */
static u32 consume(u32 priority)
{
    u32 port = CONTROL->head[priority];

    while (port != 0) {
        u32 next = WORDS[port] & XEN_FIFO_LINK_MASK;

        WORDS[port] &= ~(XEN_FIFO_LINK_MASK | XEN_FIFO_LINKED);
        if (WORDS[port] & XEN_FIFO_PENDING && !(WORDS[port] & XEN_FIFO_MASKED)) {
            WORDS[port] &= ~XEN_FIFO_PENDING;
            CONTROL->head[priority] = next;
            if (next == 0)
                CONTROL->ready &= ~(1u << priority);
            return port;
        }
        port = next;
    }
    CONTROL->head[priority] = 0;
    CONTROL->ready &= ~(1u << priority);
    return 0;
}

static void test_fifo_order(void **state)
{
    (void)state;
    vcpu.info->upcall_pending = 0;
    for (u32 port = 20; port < 24; port++)
        event_raise(port);
    assert_int_equal(vcpu.info->upcall_pending, 1);
    assert_int_equal(CONTROL->ready, 1u << 7);
    event_raise(21); /* pending already */
    for (u32 port = 20; port < 24; port++)
        assert_int_equal(consume(7), port);
    assert_int_equal(consume(7), 0);
}

/* The same port again, after it was the tail: the link must never point at itself. */
static void test_fifo_same_port_again(void **state)
{
    (void)state;
    for (u32 round = 0; round < 5; round++) {
        vcpu.info->upcall_pending = 0;
        event_raise(30);
        assert_int_equal(WORDS[30] & XEN_FIFO_LINK_MASK, 0);
        assert_int_equal(vcpu.info->upcall_pending, 1);
        assert_int_equal(consume(7), 30);
        assert_int_equal(consume(7), 0);
    }
}

static void test_fifo_mask(void **state)
{
    (void)state;
    vcpu.info->upcall_pending = 0;
    WORDS[40] = XEN_FIFO_MASKED;
    event_raise(40);
    assert_true(event_is_pending(40));
    assert_int_equal(WORDS[40] & XEN_FIFO_LINKED, 0);
    assert_int_equal(vcpu.info->upcall_pending, 0);
    event_unmask(40);
    assert_int_equal(vcpu.info->upcall_pending, 1);
    assert_int_equal(consume(7), 40);
}

static void test_fifo_priorities(void **state)
{
    (void)state;
    consume(7);
    event_ports[50].priority = 0;
    event_ports[51].priority = 15;
    event_raise(51);
    event_raise(50);
    event_raise(52);
    assert_int_equal(CONTROL->ready, 1u << 0 | 1u << 7 | 1u << 15);
    assert_int_equal(consume(0), 50);
    assert_int_equal(consume(7), 52);
    assert_int_equal(consume(15), 51);
    /* a change of priority while it waits takes effect the next time */
    event_raise(50);
    event_ports[50].priority = 3;
    assert_int_equal(consume(0), 50);
    event_raise(50);
    assert_int_equal(consume(3), 50);
}

/* Ports beyond the array, and random traffic: nothing is lost, nothing loops. */
static void test_fifo_traffic(void **state)
{
    u32 seed = 1;

    (void)state;
    for (u32 p = 0; p < XEN_FIFO_QUEUES; p++)
        while (consume(p) != 0)
            ;
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
    event_raise(3000); /* no word: kept */
    assert_false(event_is_pending(3000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_levels),          cmocka_unit_test(test_mask_and_unmask),
        cmocka_unit_test(test_upcall_carries_over), cmocka_unit_test(test_close_clears),
        cmocka_unit_test(test_fifo_refusals),       cmocka_unit_test(test_fifo_start),
        cmocka_unit_test(test_fifo_order),          cmocka_unit_test(test_fifo_same_port_again),
        cmocka_unit_test(test_fifo_mask),           cmocka_unit_test(test_fifo_priorities),
        cmocka_unit_test(test_fifo_traffic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
