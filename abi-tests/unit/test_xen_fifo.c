// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
// libs: -pthread
/* FIFO event channels of an HVM guest, from the control block to a reset of all ports. */
#include <pthread.h>

#include "abi-tests/unit/xen_ports.h"

#define CONTROL_GFN 30u
#define ARRAY_GFN   31u /* two pages of event words */
#define OFFSET_LAST (4096u - sizeof(struct xen_fifo_control_block))

static s64 control_set(u32 vcpu, u64 gfn, u32 offset)
{
    struct xen_evtchn_init_control in = {.control_gfn = gfn, .offset = offset, .vcpu = vcpu};

    return CALL(init_control, in);
}

/* vCPU 0's control block lies at the start of its page, vCPU 1's at the end. */
static struct xen_fifo_control_block *control_of(u32 vcpu)
{
    return fake_guest((CONTROL_GFN << PAGE_SHIFT) + (vcpu ? OFFSET_LAST : 0));
}

static u32 *word_of(u32 port)
{
    return fake_guest((ARRAY_GFN << PAGE_SHIFT) + port * 4);
}

static s64 array_add(u64 gfn)
{
    struct xen_evtchn_expand_array in = {.array_gfn = gfn};

    return CALL(expand_array, in);
}

static s64 priority_set(u32 port, u32 priority)
{
    struct xen_evtchn_set_priority in = {.port = port, .priority = priority};

    return CALL(set_priority, in);
}

static void fifo_start(void)
{
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(control_set(1, CONTROL_GFN, OFFSET_LAST), 0);
    assert_int_equal(array_add(ARRAY_GFN), 0);
}

/* A port that may be moved between vCPUs. */
static u32 port_make(u32 vcpu, u32 priority)
{
    u32 port;

    assert_int_equal(unbound_make(&port), 0);
    assert_int_equal(move(port, vcpu), 0);
    assert_int_equal(priority_set(port, priority), 0);
    return port;
}

static void raise(u32 port)
{
    assert_int_equal(op_port_raise(&fake_partition, port), ST_OK);
    for (u32 i = 0; i < FAKE_VCPUS; i++)
        xen_deliver(&fake_vcpu[i]);
}

/* The guest takes the only event of a queue. */
static void consume(u32 vcpu, u32 priority, u32 port)
{
    struct xen_fifo_control_block *control = control_of(vcpu);

    assert_int_equal(control->ready, 1u << priority);
    assert_int_equal(control->head[priority], port);
    assert_int_equal(*word_of(port), XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    *word_of(port) = 0;
    control->head[priority] = 0;
    control->ready = 0;
}

static void test_control_blocks(void **state)
{
    struct xen_port_data data = {.virq_plus_1 = XEN_VIRQ_DEBUG + 1, .priority = 3};
    struct op_port_status raw;
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(debug_make(&port), 0);
    assert_int_equal(op_port_data_set(&fake_partition, port, xen_port_data_pack(data)), ST_OK);
    memset(fake_guest(CONTROL_GFN << PAGE_SHIFT), 0xff, PAGE_SIZE);
    assert_int_equal(control_set(FAKE_VCPUS, CONTROL_GFN, 0), -XEN_ENOENT);
    assert_int_equal(control_set(0, CONTROL_GFN, OFFSET_LAST + 8), -XEN_EINVAL);
    assert_int_equal(control_set(0, 1ull << 52 | CONTROL_GFN, 0), -XEN_EINVAL);
    fake_is_full = true;
    assert_int_equal(control_set(1, CONTROL_GFN, 0), -XEN_ENOMEM);
    fake_is_full = false;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(control_of(0)->ready, 0);
    assert_int_equal(control_of(0)->head[15], 0);
    assert_int_equal(control_set(0, CONTROL_GFN, 0), -XEN_EINVAL);
    assert_int_equal(control_set(1, CONTROL_GFN, OFFSET_LAST), 0);
    assert_int_equal(control_of(1)->head[15], 0);
    assert_int_equal(array_add(1ull << 52 | ARRAY_GFN), -XEN_EINVAL);
    /* every port begins at the middle priority */
    assert_int_equal(op_port_status(&fake_partition, port, &raw), ST_OK);
    data = xen_port_data_unpack(raw.data);
    assert_int_equal(data.priority, XEN_FIFO_PRIORITY_DEFAULT);
    assert_int_equal(data.virq_plus_1, XEN_VIRQ_DEBUG + 1);
}

static void test_priority_refused(void **state)
{
    u32 port;

    (void)state;
    fifo_start();
    port = port_make(0, XEN_FIFO_PRIORITY_MIN);
    assert_int_equal(priority_set(port, XEN_FIFO_PRIORITY_MIN + 1), -XEN_EINVAL);
    assert_int_equal(priority_set(port + 1, 1), -XEN_EACCES);
    assert_int_equal(priority_set(64, 1), -XEN_EINVAL);
}

/* Signalled before their words are there, they come with their words and no earlier. */
static void test_events_before_their_words(void **state)
{
    u8 *pending;
    u32 port;

    (void)state;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    for (port = 0; port < 1025;)
        assert_int_equal(unbound_make(&port), 0);
    pending = xen_shared_pending(xen_vcpu_get(&fake_vcpu[0])->domain);
    raise(75);
    raise(1024);
    assert_int_equal(pending[75 / 8], 1u << 75 % 8);
    assert_int_equal(pending[1024 / 8], 1);
    assert_int_equal(array_add(ARRAY_GFN), 0);
    assert_int_equal(pending[75 / 8], 0);
    assert_int_equal(pending[1024 / 8], 1);
    xen_deliver(&fake_vcpu[0]);
    consume(0, 7, 75);
    assert_int_equal(array_add(ARRAY_GFN + 1), 0);
    xen_deliver(&fake_vcpu[0]);
    consume(0, 7, 1024);
}

/* Only a bit of `ready` that was clear is news for the vCPU. */
static void test_upcalls(void **state)
{
    struct xen_fifo_control_block *control;
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(0, 5);
    upcall(0);
    control = control_of(0);
    control->ready = 1u << 6 | 1u << 4; /* the guest is at work on others */
    raise(a);
    assert_true(upcall(0));
    raise(b);
    assert_false(upcall(0)); /* it is behind the first */
    assert_int_equal(*word_of(a), XEN_FIFO_PENDING | XEN_FIFO_LINKED | b);
    *word_of(a) = *word_of(b) = 0; /* taken, with ready not cleared yet */
    raise(a);
    assert_int_equal(control->head[5], a);
    assert_false(upcall(0));
}

/* Whatever the guest has left in the tail's word, the link is the new event. */
static void test_link_over_a_link(void **state)
{
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(0, 5);
    raise(a);
    *word_of(a) |= XEN_FIFO_BUSY | 0x155;
    raise(b);
    assert_int_equal(*word_of(a), XEN_FIFO_PENDING | XEN_FIFO_LINKED | b);
}

/* A port that was closed as the tail of a queue, and is made again with that priority. */
static void test_no_link_to_itself(void **state)
{
    struct xen_evtchn_close ended;
    u32 port;

    (void)state;
    fifo_start();
    port = port_make(0, 3);
    raise(port);
    consume(0, 3, port);
    ended.port = port;
    assert_int_equal(CALL(close, ended), 0);
    assert_int_equal(port_make(0, 3), port);
    raise(port);
    assert_int_equal(*word_of(port), XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    assert_int_equal(control_of(0)->head[3], port);
}

static volatile bool is_over;

/* A guest that masks and unmasks an event all the time. */
static void *mask_all_the_time(void *word)
{
    while (!is_over)
        __atomic_xor_fetch((u32 *)word, XEN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    return NULL;
}

/* However it goes, the next event is found: behind the last one or as the head. */
static void test_link_against_a_guest(void **state)
{
    struct xen_vcpu *xv = xen_vcpu_get(&fake_vcpu[0]);
    pthread_t thread;
    u32 last, next, lost = 0;

    (void)state;
    fifo_start();
    last = port_make(0, 5);
    next = port_make(0, 5);
    is_over = false;
    assert_int_equal(pthread_create(&thread, NULL, mask_all_the_time, word_of(last)), 0);
    for (u32 i = 0; i < 20000; i++) {
        xv->queue[5].tail = last;
        control_of(0)->head[5] = last;
        __atomic_store_n(word_of(last), XEN_FIFO_PENDING | XEN_FIFO_LINKED, __ATOMIC_SEQ_CST);
        xen_fifo_link(xv, next, 5);
        lost += (*word_of(last) & XEN_FIFO_LINK_MASK) != next && control_of(0)->head[5] != next;
        lost += (*word_of(last) & XEN_FIFO_BUSY) != 0;
    }
    is_over = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(lost, 0);
}

/* Nothing is held, and nothing has begun, when the answer cannot be written. */
static void test_control_block_not_answered(void **state)
{
    (void)state;
    fake_is_read_only = true;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), -XEN_EFAULT);
    assert_int_equal(fake_holds, 0);
    fake_is_read_only = false;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(fake_holds, 1);
}

/* A bit that nobody's port stands for is nobody's event. */
static void test_pending_without_a_port(void **state)
{
    u32 port, free;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    free = port + 3;
    xen_shared_pending(xen_vcpu_get(&fake_vcpu[0])->domain)[free / 8] |= (u8)(1u << free % 8);
    fake_vcpu[0].raised_count = 0;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(fake_vcpu[0].raised_count, 0);
}

/* An event that changes its queue while it is no queue's: both queues stay whole. */
static void test_event_changes_priority(void **state)
{
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(0, 2);
    raise(a);
    consume(0, 5, a);
    assert_int_equal(priority_set(a, 2), 0);
    raise(a);
    consume(0, 2, a);
    assert_int_equal(priority_set(a, 5), 0);
    raise(a); /* the tail of queue 2 until now */
    control_of(0)->ready = 0;
    raise(b);
    consume(0, 2, b);
    assert_int_equal(*word_of(a), XEN_FIFO_PENDING | XEN_FIFO_LINKED);
}

static void test_event_changes_vcpu(void **state)
{
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(1, 5);
    raise(a);
    consume(0, 5, a);
    assert_int_equal(move(a, 1), 0);
    raise(a);
    consume(1, 5, a);
    assert_true(upcall(1));
    assert_int_equal(move(a, 0), 0);
    raise(a); /* the tail of vCPU 1's queue until now */
    raise(b);
    consume(1, 5, b);
    consume(0, 5, a);
}

/* Without a control block there is no queue; the event is pending until there is one. */
static void test_vcpu_without_a_control_block(void **state)
{
    u32 port;

    (void)state;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(array_add(ARRAY_GFN), 0);
    port = port_make(1, 5);
    raise(port);
    assert_int_equal(*word_of(port), XEN_FIFO_PENDING);
    assert_int_equal(control_set(1, CONTROL_GFN, OFFSET_LAST), 0);
    raise(port);
    consume(1, 5, port);
}

static s64 reset(u16 domid)
{
    struct xen_evtchn_reset in = {.dom = domid};

    return CALL(reset, in);
}

static void test_reset_of_another(void **state)
{
    struct xen_evtchn_status status;
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(reset(STRANGER), -XEN_ESRCH);
    assert_int_equal(reset(0), -XEN_EPERM);
    assert_int_equal(status_of(port, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_IPI);
}

/* Every port is closed, every page given back: a second kernel starts as the first one did. */
static void test_reset(void **state)
{
    struct xen_evtchn_init_control control = {.control_gfn = 30};
    struct xen_evtchn_expand_array array = {.array_gfn = 31};
    struct xen_vcpu *vcpus[] = {xen_vcpu_get(&fake_vcpu[0]), xen_vcpu_get(&fake_vcpu[1])};
    u32 port;

    (void)state;
    for (u32 round = 0; round < 2; round++) {
        for (u32 i = 1; i < OP_PORT_MAX; i++)
            assert_int_equal(ipi_make(&port), 0);
        assert_int_equal(port, OP_PORT_MAX - 1);
        for (u32 i = 0; i < ARRAY_SIZE(vcpus); i++) {
            control.vcpu = i;
            control.offset = i * 1024;
            assert_int_equal(CALL(init_control, control), 0);
        }
        for (u32 i = 0; i < 2; i++) {
            array.array_gfn = 31 + i;
            assert_int_equal(CALL(expand_array, array), 0);
        }
        assert_int_equal(fake_holds, 4);
        assert_int_equal(vcpus[0]->domain->fifo_pages, 2);
        assert_int_equal(reset(round ? XEN_DOMID_SELF : FAKE_DOMID), 0);
        assert_int_equal(fake_holds, 0);
        assert_int_equal(vcpus[0]->domain->fifo_pages, 0);
        assert_false(vcpus[0]->domain->is_fifo);
        for (u32 i = 0; i < ARRAY_SIZE(vcpus); i++)
            assert_null(vcpus[i]->control);
    }
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(port, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_control_blocks, caller_setup),
        cmocka_unit_test_setup(test_priority_refused, caller_setup),
        cmocka_unit_test_setup(test_events_before_their_words, caller_setup),
        cmocka_unit_test_setup(test_upcalls, caller_setup),
        cmocka_unit_test_setup(test_link_over_a_link, caller_setup),
        cmocka_unit_test_setup(test_no_link_to_itself, caller_setup),
        cmocka_unit_test_setup(test_link_against_a_guest, caller_setup),
        cmocka_unit_test_setup(test_control_block_not_answered, caller_setup),
        cmocka_unit_test_setup(test_pending_without_a_port, caller_setup),
        cmocka_unit_test_setup(test_event_changes_priority, caller_setup),
        cmocka_unit_test_setup(test_event_changes_vcpu, caller_setup),
        cmocka_unit_test_setup(test_vcpu_without_a_control_block, caller_setup),
        cmocka_unit_test_setup(test_reset_of_another, caller_setup),
        cmocka_unit_test_setup(test_reset, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
