#include "abi-tests/unit/fake_op.h"

#include <stdlib.h>
#include <string.h>

struct vcpu fake_vcpu[FAKE_VCPUS];
struct partition fake_partition;
u8 *fake_page[FAKE_PAGES];
enum op_mode fake_mode;
u32 fake_cpl;
u64 fake_now_ns;
char fake_log[256];
u64 fake_yields;
u32 fake_ranges;
s64 fake_holds;
bool fake_is_read_only;
bool fake_is_full;

static void *owned[4096]; /* every page given out, to free at reset */
static u32 owned_count;

static struct op_port_status ports[OP_PORT_MAX];
static bool is_raised[OP_PORT_MAX];

static u8 *page_make(void)
{
    u8 *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    if (!page || owned_count == ARRAY_SIZE(owned))
        abort();
    owned[owned_count++] = page;
    memset(page, 0, PAGE_SIZE);
    return page;
}

void fake_op_reset(void)
{
    u32 i;

    while (owned_count)
        free(owned[--owned_count]);
    memset(fake_vcpu, 0, sizeof(fake_vcpu));
    memset(&fake_partition, 0, sizeof(fake_partition));
    memset(fake_page, 0, sizeof(fake_page));
    memset(ports, 0, sizeof(ports));
    memset(is_raised, 0, sizeof(is_raised));
    memset(fake_log, 0, sizeof(fake_log));
    for (i = 0; i < FAKE_PAGES / 2; i++)
        fake_page[i] = page_make();
    fake_partition.pages = FAKE_PAGES / 2;
    for (i = 0; i < FAKE_VCPUS; i++)
        fake_vcpu[i].id = i;
    fake_vcpu[0].is_up = fake_vcpu[0].is_initialised = true;
    fake_mode = OP_MODE_64;
    fake_cpl = 0;
    fake_now_ns = 1000000;
    fake_yields = 0;
    fake_ranges = 2;
    fake_holds = 0;
    fake_is_full = fake_is_read_only = false;
}

void *fake_guest(u64 at)
{
    u64 frame = at >> PAGE_SHIFT;

    return frame < FAKE_PAGES && fake_page[frame] ? fake_page[frame] + (at & PAGE_MASK) : NULL;
}

/* --- memory --- */

static enum status copy(u64 at, void *out, const void *in, u64 bytes)
{
    u64 i;

    for (i = 0; i < bytes; i++) {
        u8 *byte = fake_guest(at + i);

        if (!byte)
            return ST_FAULT;
        if (out)
            ((u8 *)out)[i] = *byte;
        else
            *byte = ((const u8 *)in)[i];
    }
    return ST_OK;
}

enum status mem_read_pages(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
{
    (void)vcpu;
    return copy(from.raw, to, NULL, bytes);
}

enum status mem_write(struct vcpu *vcpu, gva_t to, const void *from, u64 bytes)
{
    (void)vcpu;
    return fake_is_read_only ? ST_FAULT : copy(to.raw, NULL, from, bytes);
}

void *mem_pointer(struct vcpu *vcpu, gva_t at, u64 bytes, enum mem_access access)
{
    (void)vcpu;
    (void)access;
    return (at.raw & PAGE_MASK) + bytes <= PAGE_SIZE ? fake_guest(at.raw) : NULL;
}

enum status mem_write_gpa(struct partition *p, gpa_t to, const void *from, u64 bytes)
{
    (void)p;
    return copy(to.raw, NULL, from, bytes);
}

enum status mem_translate(struct vcpu *vcpu, gva_t at, enum mem_access access, gpa_t *out)
{
    (void)vcpu;
    (void)access;
    *out = gpa(at.raw);
    return fake_guest(at.raw) ? ST_OK : ST_FAULT;
}

enum status op_memory_populate(struct partition *p, gpa_t at, u64 bytes)
{
    u64 first = at.raw >> PAGE_SHIFT, count = bytes >> PAGE_SHIFT, i;

    if (first + count > FAKE_PAGES)
        return ST_NO_MEMORY;
    for (i = first; i < first + count; i++)
        if (fake_page[i])
            return ST_EXISTS;
    for (i = first; i < first + count; i++)
        fake_page[i] = page_make();
    p->pages += count;
    return ST_OK;
}

enum status op_memory_remove(struct partition *p, gpa_t at, u64 bytes)
{
    u64 i;

    for (i = at.raw >> PAGE_SHIFT; i < (at.raw + bytes) >> PAGE_SHIFT && i < FAKE_PAGES; i++) {
        p->pages -= fake_page[i] ? 1 : 0;
        fake_page[i] = NULL;
    }
    return ST_OK;
}

enum status op_memory_move(struct partition *p, gpa_t from, gpa_t to)
{
    (void)p;
    if (!fake_guest(from.raw) || to.raw >> PAGE_SHIFT >= FAKE_PAGES)
        return ST_FAULT;
    fake_page[to.raw >> PAGE_SHIFT] = fake_page[from.raw >> PAGE_SHIFT];
    fake_page[from.raw >> PAGE_SHIFT] = NULL;
    return ST_OK;
}

enum status op_page_alloc(struct partition *p, void **page)
{
    (void)p;
    if (fake_is_full)
        return ST_NO_MEMORY;
    *page = page_make();
    return ST_OK;
}

void op_page_free(struct partition *p, void *page)
{
    (void)p;
    (void)page;
}

enum status op_memory_map_page(struct partition *p, void *page, gpa_t at)
{
    (void)p;
    if (at.raw >> PAGE_SHIFT >= FAKE_PAGES)
        return ST_NO_MEMORY;
    fake_page[at.raw >> PAGE_SHIFT] = page;
    return ST_OK;
}

enum status op_memory_unmap_page(struct partition *p, void *page, gpa_t at)
{
    (void)p;
    if (fake_page[at.raw >> PAGE_SHIFT] == page)
        fake_page[at.raw >> PAGE_SHIFT] = NULL;
    return ST_OK;
}

enum status op_memory_hold(struct partition *p, gpa_t at, void **pointer)
{
    (void)p;
    *pointer = fake_guest(at.raw);
    if (!*pointer)
        return ST_FAULT;
    fake_holds++;
    return ST_OK;
}

void op_memory_unhold(struct partition *p, void *pointer)
{
    (void)p;
    (void)pointer;
    fake_holds--;
}

bool op_memory_is_present(struct partition *p, gpa_t at)
{
    (void)p;
    return fake_guest(at.raw) != NULL;
}

u64 op_memory_pages(const struct partition *p)
{
    return p->pages;
}

u64 op_memory_pages_max(const struct partition *p)
{
    (void)p;
    return FAKE_PAGES;
}

u64 op_memory_highest_page(const struct partition *p)
{
    (void)p;
    return FAKE_PAGES / 2 - 1;
}

const struct native_memory_range *op_memory_layout(const struct partition *p, u32 *count)
{
    static const struct native_memory_range layout[] = {{0, 0x80000, 1, 0},
                                                        {0xfee00000, 0x1000, 2, 0}};

    (void)p;
    *count = fake_ranges;
    return layout;
}

/* --- partition and clock --- */

u32 op_partition_id(const struct partition *p)
{
    (void)p;
    return FAKE_DOMID;
}

const u8 *op_partition_uuid(const struct partition *p)
{
    static const u8 uuid[16] = {1, 2, 3};

    (void)p;
    return uuid;
}

struct partition *op_partition_find(u32 id)
{
    return id == FAKE_DOMID || id == 0 ? &fake_partition : NULL;
}

bool op_partition_shows(const struct partition *p, enum op_abi abi)
{
    return abi == OP_ABI_XEN || p->shows_tlfs;
}

u32 op_partition_vcpu_count(const struct partition *p)
{
    (void)p;
    return FAKE_VCPUS;
}

u64 op_partition_property(const struct partition *p, enum native_property which)
{
    (void)p;
    return 100 + (u64)which;
}

void *op_partition_abi(const struct partition *p, enum op_abi abi)
{
    (void)abi;
    return p->abi;
}

void op_partition_abi_set(struct partition *p, enum op_abi abi, void *state)
{
    (void)abi;
    p->abi = state;
}

void op_partition_shutdown(struct partition *p, enum native_end reason)
{
    p->is_ended = true;
    p->reason = reason;
}

void op_partition_watchdog(struct partition *p, u32 which, u64 deadline_ns)
{
    p->watchdog[which] = deadline_ns == OP_NEVER ? 0 : deadline_ns;
}

bool op_partition_watchdog_is_set(const struct partition *p, u32 which)
{
    return p->watchdog[which] != 0;
}

void op_partition_log(struct partition *p, const char *text, u32 bytes)
{
    u64 used = strlen(fake_log);
    u64 count = MIN((u64)bytes, sizeof(fake_log) - 1 - used);

    (void)p;
    memcpy(fake_log + used, text, count);
}

u64 op_system_bytes_total(void)
{
    return 1ull << 30;
}

u64 op_clock_now_ns(void)
{
    return fake_now_ns;
}

u64 op_clock_wall_base_ns(void)
{
    return 1700000000123456789ull;
}

void op_clock_read(const struct partition *p, struct op_clock *out)
{
    (void)p;
    *out = (struct op_clock){.tsc = fake_now_ns * 2 + 5,
                             .now_ns = fake_now_ns,
                             .tsc_khz = 2000000,
                             .tsc_offset = 5,
                             .mul = 0x80000000u,
                             .shift = 0};
}

u64 fake_call_count[NATIVE_COUNTERS];
struct native_trace_record fake_call_last;

bool trace_call(const struct vcpu *vcpu, enum trace_abi abi, u32 call)
{
    (void)vcpu;
    (void)abi;
    fake_call_count[call]++;
    return true;
}

void trace_record(const struct vcpu *vcpu, enum trace_abi abi, u32 call,
                  struct native_trace_record *record)
{
    (void)vcpu;
    record->abi = (u8)abi;
    record->call = call;
    fake_call_last = *record;
}

/* --- vCPUs --- */

u32 op_vcpu_id(const struct vcpu *vcpu)
{
    return vcpu->id;
}

struct partition *op_vcpu_partition(const struct vcpu *vcpu)
{
    (void)vcpu;
    return &fake_partition;
}

struct vcpu *op_vcpu_find(const struct partition *p, u32 id)
{
    (void)p;
    return id < FAKE_VCPUS ? &fake_vcpu[id] : NULL;
}

struct regs *op_vcpu_regs(struct vcpu *vcpu)
{
    return &vcpu->regs;
}

enum op_mode op_vcpu_mode(const struct vcpu *vcpu)
{
    (void)vcpu;
    return fake_mode;
}

u32 op_vcpu_cpl(const struct vcpu *vcpu)
{
    (void)vcpu;
    return fake_cpl;
}

void *op_vcpu_abi(const struct vcpu *vcpu, enum op_abi abi)
{
    (void)abi;
    return vcpu->abi;
}

void op_vcpu_abi_set(struct vcpu *vcpu, enum op_abi abi, void *state)
{
    (void)abi;
    vcpu->abi = state;
}

void op_vcpu_park(struct vcpu *vcpu, u64 deadline_ns)
{
    vcpu->is_parked = true;
    vcpu->park_deadline = deadline_ns;
}

void op_vcpu_yield(struct vcpu *vcpu)
{
    (void)vcpu;
    fake_yields++;
}

enum status op_vcpu_initialise(struct vcpu *vcpu, const struct op_vcpu_context *context)
{
    if (vcpu->is_initialised)
        return ST_EXISTS;
    vcpu->context = *context;
    vcpu->is_initialised = true;
    return ST_OK;
}

enum status op_vcpu_up(struct vcpu *vcpu)
{
    vcpu->is_up = true;
    return ST_OK;
}

enum status op_vcpu_down(struct vcpu *vcpu)
{
    vcpu->is_up = false;
    return ST_OK;
}

bool op_vcpu_is_initialised(const struct vcpu *vcpu)
{
    return vcpu->is_initialised;
}

bool op_vcpu_is_up(const struct vcpu *vcpu)
{
    return vcpu->is_up;
}

void op_vcpu_external_set(struct vcpu *vcpu, u8 vector)
{
    vcpu->external = vector;
}

void op_vcpu_lapic_raise(struct vcpu *vcpu, u8 vector)
{
    vcpu->lapic = vector;
    vcpu->lapic_raises++;
}

void op_vcpu_nmi(struct vcpu *vcpu)
{
    vcpu->nmis++;
}

void op_vcpu_wake(struct vcpu *vcpu)
{
    (void)vcpu;
}

void op_vcpu_timer_single(struct vcpu *vcpu, u64 deadline_ns)
{
    vcpu->single_ns = deadline_ns;
}

void op_vcpu_timer_periodic(struct vcpu *vcpu, u64 period_ns)
{
    vcpu->period_ns = period_ns;
}

void op_vcpu_timer_stop(struct vcpu *vcpu, enum op_timer which)
{
    if (which == OP_TIMER_SINGLE)
        vcpu->single_ns = 0;
    else
        vcpu->period_ns = 0;
}

void op_vcpu_runtime(const struct vcpu *vcpu, struct op_runtime *out)
{
    (void)vcpu;
    *out = (struct op_runtime){OP_RUN_RUNNING, 500, {100, 200, 300, 400}};
}

/* --- ports --- */

static enum status port_make(struct op_port_status status, u32 *number)
{
    u32 i;

    for (i = 1; i < OP_PORT_MAX; i++) {
        if (ports[i].kind != OP_PORT_FREE)
            continue;
        ports[i] = status;
        *number = i;
        return ST_OK;
    }
    return ST_NO_SPACE;
}

static bool port_is_used(u32 number)
{
    return number && number < OP_PORT_MAX && ports[number].kind != OP_PORT_FREE;
}

enum status op_port_alloc_unbound(struct partition *p, u32 remote_id, u32 *number)
{
    (void)p;
    return port_make((struct op_port_status){.kind = OP_PORT_UNBOUND, .remote_id = remote_id},
                     number);
}

enum status op_port_bind_interdomain(struct partition *p, u32 remote_id, u32 remote_port,
                                     u32 *number)
{
    (void)p;
    if (remote_id != FAKE_DOMID)
        return ST_NO_PARTITION;
    if (!port_is_used(remote_port) || ports[remote_port].kind != OP_PORT_UNBOUND)
        return ST_INVALID;
    TRY(port_make((struct op_port_status){.kind = OP_PORT_INTERDOMAIN,
                                          .remote_id = remote_id,
                                          .remote_port = remote_port},
                  number));
    ports[remote_port].kind = OP_PORT_INTERDOMAIN;
    ports[remote_port].remote_port = *number;
    return ST_OK;
}

enum status op_port_bind_event(struct partition *p, enum op_event source, u32 vcpu, u32 *number)
{
    (void)p;
    return port_make(
        (struct op_port_status){.kind = OP_PORT_EVENT, .source = source, .vcpu = vcpu}, number);
}

enum status op_port_bind_ipi(struct partition *p, u32 vcpu, u32 *number)
{
    (void)p;
    if (vcpu >= FAKE_VCPUS)
        return ST_NO_ENTRY;
    return port_make((struct op_port_status){.kind = OP_PORT_IPI, .vcpu = vcpu}, number);
}

enum status op_port_close(struct partition *p, u32 number)
{
    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    ports[number] = (struct op_port_status){0};
    is_raised[number] = false;
    return ST_OK;
}

enum status op_port_bind_vcpu(struct partition *p, u32 number, u32 vcpu)
{
    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    ports[number].vcpu = vcpu;
    return ST_OK;
}

enum status op_port_raise(struct partition *p, u32 number)
{
    struct vcpu *vcpu;

    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    vcpu = &fake_vcpu[ports[number].vcpu];
    if (!is_raised[number] && vcpu->raised_count < ARRAY_SIZE(vcpu->raised))
        vcpu->raised[vcpu->raised_count++] = number;
    is_raised[number] = true;
    return ST_OK;
}

enum status op_port_send(struct partition *p, u32 number)
{
    if (!port_is_used(number))
        return ST_INVALID;
    if (ports[number].kind == OP_PORT_UNBOUND)
        return ST_OK;
    if (ports[number].kind == OP_PORT_INTERDOMAIN)
        return op_port_raise(p, ports[number].remote_port);
    return ports[number].kind == OP_PORT_IPI ? op_port_raise(p, number) : ST_INVALID;
}

enum status op_port_status(struct partition *p, u32 number, struct op_port_status *out)
{
    (void)p;
    if (!number || number >= OP_PORT_MAX)
        return ST_INVALID;
    *out = ports[number];
    return ST_OK;
}

enum status op_port_data_set(struct partition *p, u32 number, u32 data)
{
    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    ports[number].data = data;
    return ST_OK;
}

bool op_port_take_raised(struct vcpu *vcpu, u32 *number)
{
    if (!vcpu->raised_count)
        return false;
    *number = vcpu->raised[0];
    memmove(vcpu->raised, vcpu->raised + 1, --vcpu->raised_count * sizeof(u32));
    is_raised[*number] = false;
    return true;
}

bool op_port_has_raised(const struct vcpu *vcpu)
{
    return vcpu->raised_count != 0;
}
