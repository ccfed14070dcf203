/*
 * The FIFO ABI: an array of event words by port, and a control block for each vCPU with a ready
 * mask and the heads of 16 queues. The guest consumes heads; we append at tails that only we
 * know. [xen/event_channel.h]
 */
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/vcpu.h"

struct fifo_vcpu {
    struct xen_fifo_control_block *control;
    u32 tail[XEN_FIFO_QUEUES];
};

static struct fifo_vcpu fifo_vcpus[SHIM_VCPUS_MAX]; /* E */
static u32 *fifo_pages[XEN_FIFO_MAX_PAGES];         /* M */
static u32 fifo_page_count;                         /* E; grows after its page is there */
bool fifo_on;

static u32 *word_find(u32 port)
{
    u32 page = port / XEN_FIFO_WORDS_PER_PAGE;

    return page < fifo_page_count ? &fifo_pages[page][port % XEN_FIFO_WORDS_PER_PAGE] : NULL;
}

/*
 * Links `port` behind the word of the queue's tail. False when the guest has consumed the tail
 * (not linked any more): then the port becomes the head.
 */
static bool link_behind(u32 *tail, u32 port)
{
    u32 old = __atomic_load_n(tail, __ATOMIC_ACQUIRE);

    for (;;) {
        if (!(old & XEN_FIFO_LINKED))
            return false;
        if (__atomic_compare_exchange_n(tail, &old,
                                        (old & ~(XEN_FIFO_LINK_MASK | XEN_FIFO_BUSY)) | port,
                                        false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return true;
    }
}

/* True when the vCPU must look: the queue was empty. HOLDS(E) */
static bool queue_append(const struct pv_vcpu *vcpu, u32 priority, u32 port)
{
    struct fifo_vcpu *fifo = &fifo_vcpus[vcpu->id];
    u32 *tail = fifo->tail[priority] ? word_find(fifo->tail[priority]) : NULL;

    fifo->tail[priority] = port;
    if (tail && link_behind(tail, port))
        return false;
    __atomic_store_n(&fifo->control->head[priority], port, __ATOMIC_RELEASE);
    return !(__atomic_fetch_or(&fifo->control->ready, 1u << priority, __ATOMIC_ACQ_REL) &
             1u << priority);
}

/* A port that was the tail of its last queue has been consumed: that queue is empty. */
static void tail_forget(const struct event_port *state, u32 port)
{
    u32 *tail = &fifo_vcpus[state->linked_vcpu].tail[state->linked_priority];

    if (*tail == port)
        *tail = 0;
}

/* Pending, not masked, not linked yet: onto its queue. The vCPU to tell, or NULL. HOLDS(E) */
static struct pv_vcpu *link_locked(u32 *word, u32 port)
{
    struct event_port *state = &event_ports[port];
    struct pv_vcpu *vcpu = vcpu_find(state->vcpu);
    u32 old = __atomic_load_n(word, __ATOMIC_ACQUIRE);

    if (!vcpu || !fifo_vcpus[vcpu->id].control || (old & XEN_FIFO_MASKED))
        return NULL;
    if (__atomic_fetch_or(word, XEN_FIFO_LINKED, __ATOMIC_ACQ_REL) & XEN_FIFO_LINKED)
        return NULL;
    __atomic_fetch_and(word, ~XEN_FIFO_LINK_MASK, __ATOMIC_ACQ_REL);
    tail_forget(state, port);
    state->linked_vcpu = state->vcpu;
    state->linked_priority = state->priority;
    return queue_append(vcpu, state->priority, port) ? vcpu : NULL;
}

/* HOLDS(E): a word is written only while its page cannot be given back. */
static struct pv_vcpu *raise_locked(u32 port)
{
    u32 *word = word_find(port);

    if (!word) { /* kept for the array page that will hold it */
        __atomic_fetch_or(&guest_shared->evtchn_pending[port >> 6], BIT(port & 63),
                          __ATOMIC_ACQ_REL);
        return NULL;
    }
    if (__atomic_fetch_or(word, XEN_FIFO_PENDING, __ATOMIC_ACQ_REL) & XEN_FIFO_PENDING)
        return NULL;
    return link_locked(word, port);
}

/* HOLDS(E) */
static struct pv_vcpu *unmask_locked(u32 port)
{
    u32 *word = word_find(port);

    if (!word)
        return NULL;
    __atomic_fetch_and(word, ~XEN_FIFO_MASKED, __ATOMIC_ACQ_REL);
    if (!(__atomic_load_n(word, __ATOMIC_ACQUIRE) & XEN_FIFO_PENDING))
        return NULL;
    return link_locked(word, port);
}

void fifo_raise(u32 port)
{
    struct pv_vcpu *vcpu;

    lock_take(&event_lock);
    vcpu = raise_locked(port);
    lock_drop(&event_lock);
    if (vcpu)
        event_mark(vcpu);
}

void fifo_unmask(u32 port)
{
    struct pv_vcpu *vcpu;

    lock_take(&event_lock);
    vcpu = unmask_locked(port);
    lock_drop(&event_lock);
    if (vcpu)
        event_mark(vcpu);
}

bool fifo_is_pending(u32 port)
{
    const u32 *word = word_find(port);

    return word && (__atomic_load_n(word, __ATOMIC_ACQUIRE) & XEN_FIFO_PENDING);
}

/* A page named by a frame of the guest's: writable memory from then on, for both of us. */
static enum status page_of_guest(mfn_t frame, void **page)
{
    TRY(frame_type_get(frame.raw, FRAME_WRITABLE));
    *page = mmu.direct + (frame.raw << PAGE_SHIFT);
    return ST_OK;
}

enum status fifo_init_control(struct xen_evtchn_init_control *want)
{
    struct pv_vcpu *vcpu = vcpu_find(want->vcpu);
    void *page;

    want->link_bits = XEN_FIFO_LINK_BITS;
    if (want->vcpu >= SHIM_VCPUS_MAX || !vcpu)
        return ST_NO_ENTRY;
    if (want->offset > PAGE_SIZE - sizeof(struct xen_fifo_control_block) ||
        (want->offset & 7) != 0)
        return ST_INVALID;
    if (fifo_vcpus[want->vcpu].control)
        return ST_INVALID;
    TRY(page_of_guest(mfn(want->control_gfn), &page));
    __atomic_store_n(&fifo_vcpus[want->vcpu].control,
                     (struct xen_fifo_control_block *)((u8 *)page + want->offset),
                     __ATOMIC_RELEASE);
    if (fifo_on)
        return ST_OK;
    for (u32 i = 0; i < XEN_EVTCHN_2L_CHANNELS; i++)
        event_ports[i].priority = XEN_FIFO_PRIORITY_DEFAULT;
    fifo_on = true;
    return ST_OK;
}

/* Ports that were pending before their word was there come over with the page that holds it. */
enum status fifo_expand_array(mfn_t frame)
{
    u32 first = fifo_page_count * XEN_FIFO_WORDS_PER_PAGE;
    void *page;

    if (!fifo_on)
        return ST_NO_CALL;
    if (fifo_page_count == XEN_FIFO_MAX_PAGES)
        return ST_NO_SPACE;
    TRY(page_of_guest(frame, &page));
    fifo_pages[fifo_page_count] = page;
    __atomic_store_n(&fifo_page_count, fifo_page_count + 1, __ATOMIC_RELEASE);
    for (u32 port = first; port < first + XEN_FIFO_WORDS_PER_PAGE; port++) {
        if (port < XEN_EVTCHN_2L_CHANNELS &&
            (guest_shared->evtchn_pending[port >> 6] >> (port & 63) & 1))
            fifo_raise(port);
    }
    return ST_OK;
}

static void page_give_back(const void *page)
{
    frame_type_put((u64)((const u8 *)page - mmu.direct) >> PAGE_SHIFT);
}

/* First nobody finds the pages any more, then they are the guest's for any use again. */
void fifo_end(void)
{
    u32 pages = fifo_page_count;

    lock_take(&event_lock);
    fifo_on = false;
    fifo_page_count = 0;
    lock_drop(&event_lock);
    for (u32 i = 0; i < pages; i++)
        page_give_back(fifo_pages[i]);
    for (u32 i = 0; i < SHIM_VCPUS_MAX; i++) {
        const void *block = fifo_vcpus[i].control;

        lock_take(&event_lock);
        fifo_vcpus[i] = (struct fifo_vcpu){0};
        lock_drop(&event_lock);
        if (block)
            page_give_back(block);
    }
}
