#include "abi-tests/unit/fake_pv_forward.h"

#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/grant_map.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/mmu.h"

struct shim shim;
struct mmu mmu;
struct xen_shared_info *l0_shared;
struct xen_shared_info *guest_shared;
struct event_port event_ports[XEN_EVTCHN_2L_CHANNELS];
bool fifo_on;

struct pv_vcpu forward_vcpu;
_Alignas(8) u8 forward_guest[FORWARD_GUEST_BYTES];
u32 forward_calls;
s64 forward_answer;
u32 forward_fifo_ends, forward_ports_closed;
u32 forward_released, forward_accepted, forward_held;
u64 forward_walk_entry;

static struct xen_shared_info below_page, shown_page;

struct pv_vcpu *this_vcpu(void)
{
    return &forward_vcpu;
}

struct pv_vcpu *vcpu_find(u32 id)
{
    return id == 0 ? &forward_vcpu : NULL;
}

static bool is_guest_pointer(u64 value)
{
    return value >= (u64)forward_guest && value < (u64)forward_guest + sizeof(forward_guest);
}

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    const u64 arguments[] = {a1, a2, a3, a4, a5};

    (void)number;
    forward_calls++;
    for (u32 i = 0; i < ARRAY_SIZE(arguments); i++) {
        assert_false(is_guest_pointer(arguments[i]));
        assert_false(shim_owns_virt(arguments[i]) && arguments[i] == SHIM_ADDRESS);
    }
    return forward_answer;
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (!guest_range_ok(from, bytes) || from < 4096)
        return ST_FAULT;
    memcpy(to, (const void *)from, bytes);
    return ST_OK;
}

bool u32_from_guest(u32 *to, u64 from)
{
    return copy_from_guest(to, from, sizeof(*to)) == ST_OK;
}

enum status copy_to_guest(u64 to, const void *from, u64 bytes)
{
    if (!guest_range_ok(to, bytes) || to < 4096)
        return ST_FAULT;
    memcpy((void *)to, from, bytes);
    return ST_OK;
}

void event_upcall(void)
{
}

void event_raise(u32 port)
{
    event_ports[port].spare[0]++;
}

bool event_is_pending(u32 port)
{
    return event_ports[port].spare[0] != 0;
}

void event_unmask(u32 port)
{
    (void)port;
}

void event_wait(struct pv_vcpu *v)
{
    (void)v;
}

void event_port_bind(u32 port, enum event_kind kind, u32 to)
{
    (void)to;
    if (port < XEN_EVTCHN_2L_CHANNELS)
        event_ports[port].kind = (u8)kind;
}

void event_port_adopt(u32 port)
{
    (void)port;
}

void event_port_close(u32 port)
{
    (void)port;
    forward_ports_closed++;
}

enum status fifo_init_control(struct xen_evtchn_init_control *want)
{
    (void)want;
    return ST_OK;
}

enum status fifo_expand_array(mfn_t frame)
{
    (void)frame;
    return ST_OK;
}

/* It gives frames back. */
void fifo_end(void)
{
    assert_int_equal(memory_lock.taken, lock_is_needed);
    forward_fifo_ends++;
}

bool frame_is_guest(mfn_t frame)
{
    return frame.raw >= 16 && frame.raw < 64;
}

enum status frame_type_get(u64 number, enum frame_type type)
{
    assert_int_equal(type, FRAME_WRITABLE);
    if (!frame_is_guest(mfn(number)) || number == TABLE_FRAME)
        return ST_INVALID;
    forward_held++;
    return ST_OK;
}

void frame_type_put(u64 number)
{
    assert_true(frame_is_guest(mfn(number)) && number != TABLE_FRAME);
    forward_held--;
}

void frame_kind_set(mfn_t first, u64 count, enum frame_kind kind)
{
    (void)count, (void)kind;
    assert_true(first.raw >= shim.domain.foreign.raw);
}

enum status frame_release(mfn_t frame, bool *give)
{
    *give = true;
    forward_released += frame_is_guest(frame);
    return frame_is_guest(frame) ? ST_OK : ST_INVALID;
}

enum status frame_release_idle(mfn_t frame)
{
    bool give;

    return frame.raw == TABLE_FRAME ? ST_BUSY : frame_release(frame, &give);
}

enum status frame_reuse(mfn_t *frame)
{
    (void)frame;
    return ST_NO_MEMORY;
}

enum status frame_find_released(u32 order, u64 end, mfn_t *first)
{
    (void)order;
    *first = mfn(20);
    return end > 20 ? ST_OK : ST_NO_MEMORY;
}

enum status frame_accept(mfn_t frame, pfn_t pfn)
{
    (void)frame, (void)pfn;
    forward_accepted++;
    return ST_OK;
}

enum status mmu_walk(struct pv_vcpu *v, enum pv_mode mode, u64 va, u64 *entry)
{
    (void)v, (void)mode, (void)va;
    *entry = forward_walk_entry;
    return forward_walk_entry ? ST_OK : ST_FAULT;
}

void mmu_flush_now(struct pv_vcpu *v)
{
    v->flush = 0;
}

enum status mmu_foreign_map_va(struct pv_vcpu *v, u64 va, u64 entry)
{
    (void)v, (void)va, (void)entry;
    return ST_OK;
}

enum status mmu_foreign_map_pte(struct pv_vcpu *v, u64 machine_address, u64 entry)
{
    (void)v, (void)machine_address, (void)entry;
    return ST_OK;
}

enum status mmu_foreign_unmap_va(struct pv_vcpu *v, u64 va, mfn_t frame, u64 entry)
{
    (void)v, (void)va, (void)frame, (void)entry;
    return ST_OK;
}

enum status mmu_foreign_unmap_pte(struct pv_vcpu *v, u64 machine_address, mfn_t frame,
                                  u64 entry)
{
    (void)v, (void)machine_address, (void)frame, (void)entry;
    return ST_OK;
}

void forward_reset(void)
{
    memset(&forward_vcpu, 0, sizeof(forward_vcpu));
    memset(forward_guest, 0, sizeof(forward_guest));
    memset(event_ports, 0, sizeof(event_ports));
    l0_shared = &below_page;
    guest_shared = &shown_page;
    forward_vcpu.info = &shown_page.vcpu_info[0];
    forward_vcpu.upcall = &forward_vcpu.info->upcall_pending;
    shim.domain.foreign = mfn(1000);
    shim.domain.foreign_count = 2048;
    shim.domain.nr_pages = 48;
    shim.domain.max_pages = 48;
    shim.domain.ram_frames = 64;
    shim.domain.mfn_end = 3048;
    shim.xen_version = 0x40011;
    forward_calls = 0;
    forward_walk_entry = 0;
    forward_answer = 0;
    forward_released = forward_accepted = 0;
}
