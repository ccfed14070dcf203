#include "hv/core/vcpu.h"
#include "hv/core/frame.h"
#include "hv/core/msr.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/vlapic.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/run.h"
#include "hv/cpu/tsc.h"
#include "hv/lib/print.h"

/* A vCPU and its local APIC share one page. */
struct vcpu_page {
    struct vcpu vcpu;
    struct vlapic lapic;
};
_Static_assert(sizeof(struct vcpu_page) <= PAGE_SIZE, "a vCPU fits a page");

#define APIC_ID_STEP 2u /* as Xen numbers them [xen-pvh-hvm.md 1] */

static void timers_make(struct vcpu *vcpu)
{
    timer_make(&vcpu->timer[VCPU_TIMER_PARK], vcpu, TIMER_WAKE, VCPU_TIMER_PARK);
    timer_make(&vcpu->timer[VCPU_TIMER_LAPIC], vcpu, TIMER_LAPIC, VCPU_TIMER_LAPIC);
    timer_make(&vcpu->timer[VCPU_TIMER_SINGLE], vcpu, TIMER_RAISE_EVENT, VCPU_TIMER_SINGLE);
    timer_make(&vcpu->timer[VCPU_TIMER_PERIODIC], vcpu, TIMER_RAISE_EVENT, VCPU_TIMER_PERIODIC);
    for (u32 i = VCPU_TIMER_WATCHDOG0; i <= VCPU_TIMER_WATCHDOG1; i++)
        timer_make(&vcpu->timer[i], vcpu, TIMER_END, i);
    for (u32 i = VCPU_TIMER_FLAG0; i < VCPU_TIMERS; i++)
        timer_make(&vcpu->timer[i], vcpu, TIMER_FLAG, i);
}

enum status vcpu_make(struct partition *p, u32 id, struct vcpu **out)
{
    struct vcpu_page *page;
    hpa_t page_frame;
    hpa_t guest_frames;
    enum status status;

    if (id >= VCPU_MAX)
        return ST_INVALID;
    if (p->vcpu[id])
        return ST_EXISTS;
    TRY(frame_alloc(0, p->id, &page_frame));
    status = frame_alloc(GUEST_ORDER, p->id, &guest_frames);
    if (status != ST_OK)
        goto undo_page;
    page = phys_to_virt(page_frame);
    status = guest_make(guest_frames, p->space.npt.root, p->id, &page->vcpu.guest);
    if (status != ST_OK)
        goto undo_guest;
    msr_reset(page->vcpu.guest);
    vlapic_make(&page->lapic, id * APIC_ID_STEP);
    page->vcpu.partition = p;
    page->vcpu.id = id;
    page->vcpu.lapic = &page->lapic;
    page->vcpu.state = VCPU_DOWN;
    page->vcpu.is_paused = p->pause_count != 0;
    page->vcpu.waits_start = true;
    fair_entity_make(&page->vcpu.fair, &p->fair);
    page->vcpu.run_class = RUN_OFFLINE;
    page->vcpu.run_class_since_ns = clock_now_ns();
    timers_make(&page->vcpu);
    guest_tsc_offset_set(page->vcpu.guest, p->tsc_offset);
    p->vcpu[id] = &page->vcpu;
    p->vcpu_count++;
    *out = &page->vcpu;
    return ST_OK;
undo_guest:
    frame_free(guest_frames, GUEST_ORDER);
undo_page:
    frame_free(page_frame, 0);
    return status;
}

void vcpu_end(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    vcpu->state = VCPU_DOWN;
    sched_forget(vcpu);
    lock_drop(&queue_lock);
    for (u32 i = 0; i < VCPU_TIMERS; i++)
        timer_cancel(&vcpu->timer[i]);
    guest_end(vcpu->guest);
    vcpu->partition->vcpu[vcpu->id] = NULL;
    vcpu->partition->vcpu_count--;
}

enum status vcpu_start_pvh(struct vcpu *vcpu, u64 entry, u64 start_info)
{
    if (vcpu_is_up(vcpu))
        return ST_BUSY;
    if (entry > UINT32_MAX || start_info > UINT32_MAX)
        return ST_INVALID;
    guest_start_flat32(vcpu->guest, (u32)entry, (u32)start_info);
    vcpu->is_initialised = true;
    return vcpu_up(vcpu);
}

/* DOWN -> RUNNABLE. HOLDS(Q) */
static void rise(struct vcpu *vcpu, u32 start_asked)
{
    vcpu->state = VCPU_RUNNABLE;
    vcpu->waits_start = false;
    vcpu->start_asked = start_asked;
    vcpu_account(vcpu, RUN_WAITING, clock_now_ns());
    sched_enqueue(vcpu);
}

enum status vcpu_up(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    if (vcpu->state == VCPU_DOWN)
        rise(vcpu, 0);
    lock_drop(&queue_lock);
    return ST_OK;
}

void vcpu_signal_init(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    if (vcpu->state == VCPU_DOWN)
        vcpu->waits_start = true;
    else
        vcpu->start_asked = VCPU_ASKED_INIT;
    lock_drop(&queue_lock);
    vcpu_wake(vcpu);
}

void vcpu_signal_start(struct vcpu *vcpu, u8 page)
{
    lock_take(&queue_lock);
    if (vcpu->state == VCPU_DOWN && vcpu->waits_start)
        rise(vcpu, VCPU_ASKED_START | page);
    else if (vcpu->start_asked == VCPU_ASKED_INIT)
        vcpu->start_asked |= VCPU_ASKED_START | page;
    lock_drop(&queue_lock);
}

enum vcpu_start vcpu_take_start(struct vcpu *vcpu, u8 *page)
{
    enum vcpu_start start = VCPU_START_NONE;

    lock_take(&queue_lock);
    if (vcpu->start_asked & VCPU_ASKED_START) {
        *page = (u8)vcpu->start_asked;
        vcpu->is_initialised = true;
        start = VCPU_START_REAL;
    } else if (vcpu->start_asked) {
        vcpu->state = VCPU_DOWN;
        vcpu->waits_start = true;
        sched_dequeue(vcpu);
        start = VCPU_START_WAIT;
    }
    vcpu->start_asked = 0;
    lock_drop(&queue_lock);
    return start;
}

enum status vcpu_down(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    if (vcpu->state != VCPU_DOWN) {
        vcpu->state = VCPU_DOWN;
        if (sched_table[vcpu->cpu].current != vcpu)
            vcpu_account(vcpu, RUN_OFFLINE, clock_now_ns());
        sched_dequeue(vcpu);
    }
    lock_drop(&queue_lock);
    timer_cancel(&vcpu->timer[VCPU_TIMER_PARK]);
    return ST_OK;
}

void vcpu_park(struct vcpu *vcpu, u64 deadline_ns)
{
    bool has_parked = false;

    vcpu->has_deadline_passed = false;
    lock_take(&queue_lock);
    if (vcpu->state == VCPU_RUNNABLE && !vcpu_has_raised(vcpu)) {
        vcpu->state = VCPU_PARKED;
        if (sched_table[vcpu->cpu].current != vcpu)
            vcpu_account(vcpu, RUN_BLOCKED, clock_now_ns());
        sched_dequeue(vcpu);
        has_parked = true;
    }
    lock_drop(&queue_lock);
    if (has_parked && deadline_ns != TIME_NEVER)
        timer_arm(&vcpu->timer[VCPU_TIMER_PARK], deadline_ns);
}

void vcpu_wake(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    if (vcpu->state == VCPU_PARKED) {
        vcpu->state = VCPU_RUNNABLE;
        if (sched_table[vcpu->cpu].current != vcpu)
            vcpu_account(vcpu, RUN_WAITING, clock_now_ns());
        sched_enqueue(vcpu);
    } else {
        sched_poke(vcpu);
    }
    lock_drop(&queue_lock);
    timer_cancel(&vcpu->timer[VCPU_TIMER_PARK]);
}

void vcpu_pause(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    vcpu->is_paused = true;
    sched_dequeue(vcpu);
    lock_drop(&queue_lock);
}

void vcpu_resume(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    vcpu->is_paused = false;
    sched_enqueue(vcpu);
    lock_drop(&queue_lock);
}

void vcpu_account(struct vcpu *vcpu, enum run_class run_class, u64 now_ns)
{
    vcpu->runtime_ns[vcpu->run_class] += now_ns - vcpu->run_class_since_ns;
    vcpu->run_class = run_class;
    vcpu->run_class_since_ns = now_ns;
}

void vcpu_runtime(const struct vcpu *vcpu, u64 now_ns, u64 out[RUN_CLASSES])
{
    for (u32 i = 0; i < RUN_CLASSES; i++)
        out[i] = vcpu->runtime_ns[i];
    out[vcpu->run_class] += now_ns - vcpu->run_class_since_ns;
}
