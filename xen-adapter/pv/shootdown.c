#include "xen-adapter/pv/shootdown.h"

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/time.h"
#include "xen-adapter/pv/vcpu.h"

/* Turns before the time is given to L0: longer than any hold of a lock whose holder runs. */
#define TURNS_BEFORE_YIELD 256u

/* What one call to L0 signals with; a page for each vCPU. */
struct kick_batch {
    struct xen_multicall_entry entry[SHIM_VCPUS_MAX];
    struct xen_evtchn_send send[SHIM_VCPUS_MAX];
    u32 count;
};
_Static_assert(sizeof(struct kick_batch) <= PAGE_SIZE, "a batch fits a page");

static struct kick_batch *batches[SHIM_VCPUS_MAX];

static void port_make(struct pv_vcpu *vcpu)
{
    struct xen_evtchn_bind_ipi bind = {.vcpu = vcpu->id};

    if (l0_call(XENNR_event_channel_op, XENOP_event_channel_op_bind_ipi, (u64)&bind, 0, 0, 0) !=
        0)
        shim_fail("the hypervisor below gives no port for vCPU %u", vcpu->id);
    event_port_bind(bind.port, EVENT_KICK, vcpu->id);
    vcpu->kick_port = bind.port;
}

void shootdown_start(void)
{
    if (shim.vcpu_count < 2)
        return;
    for (u32 i = 0; i < shim.vcpu_count; i++) {
        if (!batches[i])
            batches[i] = shim_page_alloc();
        if (!batches[i])
            shim_fail("no memory for %u virtual CPUs; give the guest more memory",
                      shim.vcpu_count);
        port_make(vcpu_find(i));
    }
}

void shootdown_answer(struct pv_vcpu *vcpu)
{
    u32 asked = __atomic_load_n(&vcpu->flush_asked, __ATOMIC_ACQUIRE);

    /* Whoever asks after our store sees it, or we see the question: no signal is missed. */
    while (asked != vcpu->flush_done) {
        tlb_flush_all();
        __atomic_store_n(&vcpu->flush_done, asked, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        asked = __atomic_load_n(&vcpu->flush_asked, __ATOMIC_ACQUIRE);
    }
}

void shootdown_relax(u32 *tries)
{
    shootdown_serve(this_vcpu());
    __builtin_ia32_pause();
    if (++*tries % TURNS_BEFORE_YIELD == 0)
        (void)l0_call(XENNR_sched_op, XENOP_sched_op_yield, 0, 0, 0, 0);
}

void vcpu_kick(struct pv_vcpu *vcpu)
{
    struct xen_evtchn_send send = {.port = vcpu->kick_port};

    if (vcpu->kick_port != 0)
        (void)l0_call(XENNR_event_channel_op, XENOP_event_channel_op_send, (u64)&send, 0, 0, 0);
}

static void batch_add(struct kick_batch *batch, const struct pv_vcpu *vcpu)
{
    u32 i = batch->count++;

    batch->send[i].port = vcpu->kick_port;
    batch->entry[i] = (struct xen_multicall_entry){
        .op = XENNR_event_channel_op,
        .args = {XENOP_event_channel_op_send, (u64)&batch->send[i]},
    };
}

static void batch_send(struct kick_batch *batch)
{
    if (batch->count == 1)
        (void)l0_call(XENNR_event_channel_op, XENOP_event_channel_op_send, (u64)&batch->send[0],
                      0, 0, 0);
    else if (batch->count != 0)
        (void)l0_call(XENNR_multicall, (u64)batch->entry, batch->count, 0, 0, 0);
}

/* Asks; false when no signal is needed besides. *ticket: what flush_done must have reached. */
static bool ask(struct pv_vcpu *vcpu, u32 *ticket)
{
    *ticket = __atomic_add_fetch(&vcpu->flush_asked, 1, __ATOMIC_SEQ_CST);
    return !__atomic_load_n(&vcpu->is_idle, __ATOMIC_SEQ_CST);
}

static bool must_wait(const struct pv_vcpu *vcpu, u32 ticket)
{
    return (s32)(__atomic_load_n(&vcpu->flush_done, __ATOMIC_ACQUIRE) - ticket) < 0 &&
           __atomic_load_n(&vcpu->online, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&vcpu->is_idle, __ATOMIC_ACQUIRE) && time_vcpu_runs(vcpu->id);
}

void shootdown_run(u32 vcpus)
{
    const struct pv_vcpu *own = this_vcpu();
    struct kick_batch *batch = batches[own->id];
    u32 ticket[SHIM_VCPUS_MAX];
    u32 tries = 0;

    vcpus &= ~(u32)BIT(own->id);
    if (!lock_is_needed)
        return;
    batch->count = 0;
    for (u32 i = 0; i < shim.vcpu_count; i++) {
        struct pv_vcpu *vcpu = vcpu_find(i);

        if (!(vcpus & BIT(i)))
            continue;
        if (!__atomic_load_n(&vcpu->online, __ATOMIC_SEQ_CST))
            vcpus &= ~(u32)BIT(i); /* it flushes when it comes back */
        else if (ask(vcpu, &ticket[i]))
            batch_add(batch, vcpu);
    }
    batch_send(batch);
    for (u32 i = 0; i < shim.vcpu_count; i++)
        while ((vcpus & BIT(i)) && must_wait(vcpu_find(i), ticket[i]))
            shootdown_relax(&tries);
}

void shootdown_idle_begin(struct pv_vcpu *vcpu)
{
    __atomic_store_n(&vcpu->is_idle, 1, __ATOMIC_SEQ_CST);
}

void shootdown_idle_end(struct pv_vcpu *vcpu)
{
    __atomic_store_n(&vcpu->is_idle, 0, __ATOMIC_SEQ_CST);
    shootdown_serve(vcpu);
}
