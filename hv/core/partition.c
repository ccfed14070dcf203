#include "hv/core/partition.h"
#include "hv/core/frame.h"
#include "hv/core/sched.h"
#include "hv/core/share.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/tsc.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

_Static_assert(sizeof(struct partition) <= PAGE_SIZE, "a partition fits a page");

static struct lock partitions_lock = LOCK_INIT(P);
static struct partition *partition_table[PARTITION_MAX]; /* P */
static u32 last_id;                                      /* P */

void partition_init(void)
{
    memset(partition_table, 0, sizeof(partition_table));
    last_id = PARTITION_MAX - 1;
}

struct partition *partition_find(u32 id)
{
    return id < PARTITION_MAX ? partition_table[id] : NULL;
}

struct partition *partition_next(u32 from)
{
    for (; from < PARTITION_MAX; from++)
        if (partition_table[from])
            return partition_table[from];
    return NULL;
}

/* A free id, as long after its last use as possible; the root's only once. HOLDS(P) */
static enum status id_find(u32 *out)
{
    if (!partition_table[PARTITION_ROOT]) {
        *out = PARTITION_ROOT;
        return ST_OK;
    }
    for (u32 i = 1; i <= PARTITION_MAX; i++) {
        u32 id = (last_id + i) % PARTITION_MAX;
        if (!partition_table[id]) {
            *out = id;
            return ST_OK;
        }
    }
    return ST_NO_SPACE;
}

static bool name_is_taken(const char *name)
{
    for (struct partition *p = partition_next(0); p; p = partition_next(p->id + 1))
        if (strcmp(p->name, name) == 0)
            return true;
    return false;
}

/* HOLDS(P) */
static enum status make_locked(const char *name, u32 flags, u64 max_pages,
                               struct partition **out)
{
    struct partition *p;
    hpa_t frame, counters;
    u32 id;

    if (name_is_taken(name))
        return ST_EXISTS;
    TRY(id_find(&id));
    TRY(frame_alloc(0, id, &frame));
    p = phys_to_virt(frame);
    if (frame_alloc(0, id, &counters) != ST_OK ||
        space_make(&p->space, id, max_pages) != ST_OK) {
        frame_free_owner_all(id);
        return ST_NO_MEMORY;
    }
    p->id = id;
    p->calls = phys_to_virt(counters);
    p->flags = flags;
    string_copy(p->name, name, sizeof(p->name));
    p->state = PARTITION_PAUSED;
    p->pause_count = 1;
    p->made_ns = clock_now_ns();
    fair_group_make(&p->fair, id == PARTITION_ROOT ? FAIR_LATENCY : FAIR_NORMAL, p->made_ns);
    partition_table[id] = p;
    last_id = id;
    *out = p;
    return ST_OK;
}

enum status partition_make(const char *name, u32 flags, u64 max_pages, struct partition **out)
{
    enum status status;

    if (strlen(name) >= PARTITION_NAME_MAX)
        return ST_TOO_BIG;
    lock_take(&partitions_lock);
    status = make_locked(name, flags, max_pages, out);
    lock_drop(&partitions_lock);
    return status;
}

static void vcpus_pause(struct partition *p)
{
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i])
            vcpu_pause(p->vcpu[i]);
}

enum status partition_pause(struct partition *p)
{
    enum status status = ST_INVALID;

    lock_take(&partitions_lock);
    if (p->state != PARTITION_ENDED) {
        vcpus_pause(p);
        if (p->state == PARTITION_RUNNING)
            p->stopped_tsc = tsc_read();
        p->pause_count++;
        p->state = PARTITION_PAUSED;
        status = ST_OK;
    }
    lock_drop(&partitions_lock);
    return status;
}

/* A Hyper-V partition's time counts while one of its vCPUs is not suspended [TLFS 12.4]: its
 * TSC goes on from where it stood. Xen's system time never stops. */
static void time_continue(struct partition *p)
{
    if (p->stopped_tsc == 0 || (p->flags & (PARTITION_XEN | PARTITION_TLFS)) != PARTITION_TLFS)
        return;
    p->tsc_offset -= tsc_read() - p->stopped_tsc;
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i])
            guest_tsc_offset_set(p->vcpu[i]->guest, p->tsc_offset);
}

enum status partition_resume(struct partition *p)
{
    enum status status = ST_INVALID;

    lock_take(&partitions_lock);
    if (p->state == PARTITION_PAUSED && --p->pause_count == 0) {
        p->state = PARTITION_RUNNING;
        time_continue(p);
        for (u32 i = 0; i < VCPU_MAX; i++)
            if (p->vcpu[i])
                vcpu_resume(p->vcpu[i]);
    }
    if (p->state != PARTITION_ENDED)
        status = ST_OK;
    lock_drop(&partitions_lock);
    return status;
}

void partition_shutdown(struct partition *p, enum end_reason reason)
{
    struct partition *root;

    if (p->id == PARTITION_ROOT)
        panic("the root partition ended: %s", end_reason_name(reason));
    lock_take(&partitions_lock);
    if (p->state != PARTITION_ENDED) {
        p->state = PARTITION_ENDED;
        p->end_reason = reason;
        vcpus_pause(p);
    }
    lock_drop(&partitions_lock);
    root = partition_find(PARTITION_ROOT);
    if (root)
        port_raise_event(root, EVENT_PARTITION_ENDED);
}

enum status partition_destroy(struct partition *p)
{
    u32 id = p->id;

    if (id == PARTITION_ROOT)
        return ST_DENIED;
    lock_take(&partitions_lock);
    p->state = PARTITION_ENDED;
    vcpus_pause(p);
    port_close_all(p);
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i])
            vcpu_end(p->vcpu[i]);
    share_end_all(p);
    partition_table[id] = NULL;
    frame_free_owner_all(id);
    lock_drop(&partitions_lock);
    return ST_OK;
}

const char *end_reason_name(enum end_reason reason)
{
    static const char *const names[END_REASONS] = {
        "poweroff", "reboot", "suspend", "crash", "watchdog", "soft reset", "triple fault"};

    return (u32)reason < END_REASONS ? names[reason] : "unknown";
}
