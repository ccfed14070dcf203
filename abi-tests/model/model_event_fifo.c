/*
 * FIFO event channels, three ports on one queue, the guest's consumer as the ABI describes it
 * [xen/event_channel.h]. Honest guest: no event is lost, whatever the order of signals, masks
 * and consumption. Guest that rewrites words, heads and ready bits: we change no word but the
 * event's and its queue's tail, and signalling always comes back.
 */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
// break: xen-adapter/event_fifo.c s/queue->tail = port;/queue->tail = 0;/
// break: xen-adapter/event_fifo.c s/if (!(word & XEN_FIFO_LINKED))/if (word == 0)/
#include <string.h>

#include "abi-tests/model/odometer.h"
#include "abi-tests/unit/fake_grant.h"
#include "abi-tests/unit/fake_op.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/event.h"
#include "xen-adapter/xen.h"

#define ARGUMENT     0x1000u
#define CONTROL_GFN  30u
#define WORDS_GFN    31u
#define PORTS        3u
#define QUEUE        7u /* XEN_FIFO_PRIORITY_DEFAULT */
#define HONEST_STEPS 7u
#define WILD_STEPS   5u

static struct xen_vcpu *xv;
static struct xen_fifo_control_block *control;
static u32 *words;
static u32 port[PORTS];

/* The consumer's own memory, and what it still has to see. */
static u32 head, ready;
static bool expected[PORTS];

static s64 call(u64 nr, u64 sub, const void *in, size_t size)
{
    struct regs *regs = &fake_vcpu[0].regs;

    memcpy(fake_guest(ARGUMENT), in, size);
    regs->rax = nr;
    regs->rdi = sub;
    regs->rsi = ARGUMENT;
    while (xen_call(&fake_vcpu[0]) == CALL_REPEAT) {
    }
    return (s64)regs->rax;
}

static bool machine_make(void)
{
    struct xen_evtchn_init_control init = {.control_gfn = CONTROL_GFN};
    struct xen_evtchn_expand_array expand = {WORDS_GFN};

    fake_op_reset();
    fake_grant_reset();
    for (u32 i = 0; i < PORTS; i++) {
        struct xen_evtchn_bind_ipi bind = {.vcpu = 0};
        if (call(XENNR_event_channel_op, XENOP_event_channel_op_bind_ipi, &bind, sizeof(bind)))
            return false;
        memcpy(&bind, fake_guest(ARGUMENT), sizeof(bind));
        port[i] = bind.port;
    }
    if (call(XENNR_event_channel_op, XENOP_event_channel_op_init_control, &init,
             sizeof(init)) ||
        call(XENNR_event_channel_op, XENOP_event_channel_op_expand_array, &expand,
             sizeof(expand)))
        return false;
    xv = xen_vcpu_get(&fake_vcpu[0]);
    control = fake_guest(CONTROL_GFN << PAGE_SHIFT);
    words = fake_guest(WORDS_GFN << PAGE_SHIFT);
    return xv != NULL;
}

static void run_begin(void)
{
    memset(control, 0, sizeof(*control));
    memset(words, 0, PAGE_SIZE);
    memset(xv->queue, 0, sizeof(xv->queue));
    memset(expected, 0, sizeof(expected));
    for (u32 i = 0; i < PORTS; i++)
        (void)op_port_data_set(&fake_partition, port[i],
                               xen_port_data_pack((struct xen_port_data){
                                   .priority = QUEUE, .last_priority = QUEUE}));
    head = ready = 0;
}

/* One event off the queue, as Linux does it. */
static void consume(void)
{
    u32 at, link, pending;

    ready |= __atomic_exchange_n(&control->ready, 0, __ATOMIC_ACQ_REL);
    if ((ready & 1u << QUEUE) == 0)
        return;
    if (head == 0)
        head = control->head[QUEUE];
    at = head;
    link = words[at] & XEN_FIFO_LINK_MASK;
    words[at] &= ~(XEN_FIFO_LINKED | XEN_FIFO_LINK_MASK);
    if (link == 0)
        ready &= ~(1u << QUEUE);
    pending = words[at] & (XEN_FIFO_PENDING | XEN_FIFO_MASKED);
    if (pending == XEN_FIFO_PENDING) {
        words[at] &= ~XEN_FIFO_PENDING;
        for (u32 i = 0; i < PORTS; i++)
            if (port[i] == at)
                expected[i] = false;
    }
    head = link;
}

static void signal(u32 which)
{
    expected[which] = true;
    xen_fifo_set_pending(xv, port[which]);
}

/* Without a raise of its own: EVTCHNOP_unmask asks for one when the event is pending. */
static void unmask(u32 which)
{
    words[port[which]] &= ~XEN_FIFO_MASKED;
    if (words[port[which]] & XEN_FIFO_PENDING)
        xen_fifo_set_pending(xv, port[which]);
}

static void honest_step(struct odometer *o)
{
    u32 move = odometer_choose(o, PORTS + 3);

    if (move < PORTS)
        signal(move);
    else if (move == PORTS)
        consume();
    else if (move == PORTS + 1)
        words[port[0]] |= XEN_FIFO_MASKED;
    else
        unmask(0);
}

static void honest_end(struct odometer *o)
{
    unmask(0);
    for (u32 i = 0; i < 4 * PORTS; i++)
        consume();
    for (u32 i = 0; i < PORTS; i++)
        odometer_expect(o, !expected[i], "an event that was signalled reaches an honest guest");
    odometer_expect(o, control->ready == 0 && ready == 0, "an emptied queue is not ready");
}

static void wild_write(struct odometer *o)
{
    const u32 links[] = {0, port[0], port[1], XEN_FIFO_LINK_MASK, 900};
    u32 which = odometer_choose(o, PORTS);

    switch (odometer_choose(o, 5)) {
    case 0:
        words[port[which]] ^= XEN_FIFO_LINKED;
        break;
    case 1:
        words[port[which]] = XEN_FIFO_LINKED | links[odometer_choose(o, ARRAY_SIZE(links))];
        break;
    case 2:
        words[port[which]] = ~0u;
        break;
    case 3:
        control->head[QUEUE] = links[odometer_choose(o, ARRAY_SIZE(links))];
        break;
    default:
        control->ready = which;
        break;
    }
}

/* Only the event's word and the tail's may change, and the tail is one of ours. */
static void wild_signal(struct odometer *o)
{
    u32 which = odometer_choose(o, PORTS);
    u32 before[PORTS], tail = xv->queue[QUEUE].tail;
    u32 zero = 0;

    for (u32 i = 0; i < PORTS; i++)
        before[i] = words[port[i]];
    xen_fifo_set_pending(xv, port[which]);
    for (u32 i = 0; i < PORTS; i++) {
        odometer_expect(o, i == which || port[i] == tail || words[port[i]] == before[i],
                        "a signal leaves the words of other events alone");
        zero |= port[i] == xv->queue[QUEUE].tail;
    }
    odometer_expect(o, zero || xv->queue[QUEUE].tail == 0, "a tail is a port of the queue");
    for (u32 i = 0; i < PAGE_SIZE / 4; i++)
        odometer_expect(o, i == port[0] || i == port[1] || i == port[2] || words[i] == 0,
                        "words without an event stay as they are");
    for (u32 i = 0; i < XEN_FIFO_QUEUES; i++)
        odometer_expect(o, i == QUEUE || control->head[i] == 0,
                        "other queues stay as they are");
}

int main(void)
{
    static struct odometer honest, wild;

    if (!machine_make()) {
        fprintf(stderr, "the model does not start\n");
        return 2;
    }
    do {
        run_begin();
        for (u32 i = 0; i < HONEST_STEPS; i++)
            honest_step(&honest);
        honest_end(&honest);
    } while (odometer_next(&honest));
    do {
        run_begin();
        for (u32 i = 0; i < WILD_STEPS; i++)
            if (i & 1)
                wild_write(&wild);
            else
                wild_signal(&wild);
    } while (odometer_next(&wild));
    printf("event fifo: %lu runs of an honest guest, %lu of one that rewrites the words\n",
           (unsigned long)honest.runs, (unsigned long)wild.runs);
    return 0;
}
