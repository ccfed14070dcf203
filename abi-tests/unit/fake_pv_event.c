#include "abi-tests/unit/fake_pv_event.h"

#include <string.h>

#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/time.h"

struct mmu mmu;

_Alignas(4096) u8 event_memory[EVENT_FRAMES * PAGE_SIZE];
_Alignas(4096) struct xen_shared_info event_below;
_Alignas(4096) struct xen_shared_info event_shown;
struct pv_vcpu event_vcpus[EVENT_VCPUS];
u32 event_current;
u32 event_time_updates;
int event_frame_holds[EVENT_FRAMES];

struct pv_vcpu *this_vcpu(void)
{
    return &event_vcpus[event_current];
}

struct pv_vcpu *vcpu_find(u32 id)
{
    return id < EVENT_VCPUS ? &event_vcpus[id] : NULL;
}

void time_update(struct pv_vcpu *vcpu)
{
    (void)vcpu;
    event_time_updates++;
}

enum status frame_type_get(u64 number, enum frame_type type)
{
    if (number >= 4 || type != FRAME_WRITABLE)
        return ST_INVALID;
    event_frame_holds[number]++;
    return ST_OK;
}

void frame_type_put(u64 number)
{
    event_frame_holds[number]--;
}

void event_reset(void)
{
    memset(event_memory, 0, sizeof(event_memory));
    memset(&event_below, 0, sizeof(event_below));
    memset(&event_shown, 0, sizeof(event_shown));
    memset(event_ports, 0, sizeof(event_ports));
    memset(event_vcpus, 0, sizeof(event_vcpus));
    memset(&fake_smp, 0, sizeof(fake_smp));
    mmu.direct = event_memory;
    l0_shared = &event_below;
    guest_shared = &event_shown;
    lock_is_needed = 1;
    event_current = 0;
    event_time_updates = 0;
    for (u32 i = 0; i < EVENT_VCPUS; i++) {
        event_vcpus[i].id = i;
        event_vcpu_start(&event_vcpus[i]);
    }
}

void event_below_raise(u32 port, u32 vcpu)
{
    event_below.evtchn_pending[port >> 6] |= BIT(port & 63);
    event_below.vcpu_info[vcpu].pending_sel |= BIT(port >> 6);
    event_below.vcpu_info[vcpu].upcall_pending = 1;
}
