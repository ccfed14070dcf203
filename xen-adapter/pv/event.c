#include "xen-adapter/pv/event.h"

#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/shootdown.h"
#include "xen-adapter/pv/time.h"
#include "xen-adapter/pv/vcpu.h"

struct xen_shared_info *l0_shared;
struct xen_shared_info *guest_shared;
struct event_port event_ports[XEN_EVTCHN_2L_CHANNELS];

static void l0_shared_map(void)
{
    struct xen_add_to_physmap map = {.domid = XEN_DOMID_SELF,
                                     .space = XEN_MAPSPACE_SHARED_INFO,
                                     .gpfn = virt_to_mfn(l0_shared).raw};
    struct xen_hvm_param vector = {
        .domid = XEN_DOMID_SELF,
        .index = XEN_HVM_PARAM_CALLBACK_IRQ,
        .value = (u64)XEN_HVM_CALLBACK_VECTOR << XEN_HVM_CALLBACK_TYPE_SHIFT | VECTOR_UPCALL,
    };

    if (l0_call(XENNR_memory_op, XENOP_memory_op_add_to_physmap, (u64)&map, 0, 0, 0) != 0)
        shim_fail("the hypervisor below gives no shared_info page");
    if (l0_call(XENNR_hvm_op, XENOP_hvm_op_set_param, (u64)&vector, 0, 0, 0) != 0)
        shim_fail("the hypervisor below has no upcall by vector");
}

void event_init(void)
{
    l0_shared = shim_page_alloc();
    guest_shared = mfn_to_virt(shim.domain.shared_info);
    if (!l0_shared)
        shim_fail("no memory for the shared_info page");
    l0_shared_map();
    /* bound by whoever built the domain */
    event_port_bind(shim.domain.console_port, EVENT_REMOTE, 0);
    event_port_bind(shim.domain.store_port, EVENT_REMOTE, 0);
    for (u32 i = 0; i < XEN_LEGACY_VCPUS; i++)
        guest_shared->vcpu_info[i].upcall_mask = 1;
}

void event_vcpu_start(struct pv_vcpu *vcpu)
{
    vcpu->info = &guest_shared->vcpu_info[vcpu->id];
    vcpu->upcall = &vcpu->info->upcall_pending;
}

void event_mark(struct pv_vcpu *vcpu)
{
    __atomic_store_n(&vcpu->info->upcall_pending, 1, __ATOMIC_SEQ_CST);
    if (lock_is_needed && vcpu != this_vcpu())
        vcpu_kick(vcpu);
}

/* 1 when the bit was set already. */
static bool bit_test_and_set(u64 *words, u32 bit)
{
    u64 one = BIT(bit & 63);

    return (__atomic_fetch_or(&words[bit >> 6], one, __ATOMIC_ACQ_REL) & one) != 0;
}

static bool bit_get(const u64 *words, u32 bit)
{
    return (__atomic_load_n(&words[bit >> 6], __ATOMIC_ACQUIRE) >> (bit & 63) & 1) != 0;
}

static void selector_raise(u32 port)
{
    struct pv_vcpu *vcpu = vcpu_find(event_ports[port].vcpu);

    if (vcpu && !bit_test_and_set(&vcpu->info->pending_sel, port >> 6))
        event_mark(vcpu);
}

void event_raise(u32 port)
{
    if (event_ports[port].kind == EVENT_KICK)
        return;
    if (fifo_in_use()) {
        fifo_raise(port);
        return;
    }
    if (!bit_test_and_set(guest_shared->evtchn_pending, port) &&
        !bit_get(guest_shared->evtchn_mask, port))
        selector_raise(port);
}

bool event_is_pending(u32 port)
{
    return fifo_in_use() ? fifo_is_pending(port) : bit_get(guest_shared->evtchn_pending, port);
}

/* The pending ports of a word that are this vCPU's; L0 shows the others to their own vCPUs. */
static u64 word_take(u32 word, u32 vcpu)
{
    u64 all = __atomic_load_n(&l0_shared->evtchn_pending[word], __ATOMIC_ACQUIRE);
    u64 own = 0;

    for (u64 bits = all; bits != 0; bits &= bits - 1)
        if (event_ports[word * 64 + (u32)__builtin_ctzll(bits)].vcpu == vcpu)
            own |= bits & -bits;
    if (own != 0)
        own &= __atomic_fetch_and(&l0_shared->evtchn_pending[word], ~own, __ATOMIC_SEQ_CST);
    return own;
}

/* Drains L0's two-level pages; events that arrive meanwhile raise upcall_pending again. */
void event_upcall(void)
{
    u32 id = this_vcpu()->id;
    struct xen_vcpu_info *info = &l0_shared->vcpu_info[id];
    u64 selector;

    info->upcall_pending = 0;
    selector = __atomic_exchange_n(&info->pending_sel, 0, __ATOMIC_ACQ_REL);
    while (selector != 0) {
        u32 word = (u32)__builtin_ctzll(selector);
        u64 bits = word_take(word, id);

        selector &= selector - 1;
        for (; bits != 0; bits &= bits - 1)
            event_raise(word * 64 + (u32)__builtin_ctzll(bits));
    }
    shootdown_serve(this_vcpu());
    time_update(this_vcpu());
}

void event_wait(struct pv_vcpu *vcpu)
{
    for (;;) {
        if (__atomic_load_n(&l0_shared->vcpu_info[vcpu->id].upcall_pending, __ATOMIC_ACQUIRE))
            event_upcall();
        if (__atomic_load_n(&vcpu->upcall[0], __ATOMIC_ACQUIRE) != 0 ||
            __atomic_load_n(&vcpu->work, __ATOMIC_ACQUIRE) != 0)
            break;
        shootdown_idle_begin(vcpu);
        entry_idle();
        shootdown_idle_end(vcpu);
    }
    time_update(vcpu);
}

/* ---- Ports ------------------------------------------------------------------------------- */

void event_port_bind(u32 port, enum event_kind kind, u32 vcpu)
{
    if (port == 0 || port >= XEN_EVTCHN_2L_CHANNELS)
        return;
    event_ports[port].kind = (u8)kind;
    event_ports[port].vcpu = (u8)vcpu;
    event_ports[port].priority = XEN_FIFO_PRIORITY_DEFAULT;
}

void event_port_adopt(u32 port)
{
    u64 one = BIT(port & 63);

    if (!lock_is_needed || port >= XEN_EVTCHN_2L_CHANNELS)
        return;
    if (__atomic_fetch_and(&l0_shared->evtchn_pending[port >> 6], ~one, __ATOMIC_SEQ_CST) & one)
        event_raise(port);
}

void event_port_close(u32 port)
{
    u64 bit = BIT(port & 63);

    if (port >= XEN_EVTCHN_2L_CHANNELS)
        return;
    event_port_bind(port, EVENT_FREE, 0);
    if (!fifo_in_use())
        __atomic_fetch_and(&guest_shared->evtchn_pending[port >> 6], ~bit, __ATOMIC_ACQ_REL);
}

void event_unmask(u32 port)
{
    u64 bit = BIT(port & 63);

    if (fifo_in_use()) {
        fifo_unmask(port);
        return;
    }
    if (!(__atomic_fetch_and(&guest_shared->evtchn_mask[port >> 6], ~bit, __ATOMIC_ACQ_REL) &
          bit))
        return;
    if (bit_get(guest_shared->evtchn_pending, port))
        selector_raise(port);
}
