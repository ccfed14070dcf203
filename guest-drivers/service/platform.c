#include "guest-drivers/service/platform.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"

/* Our addresses: rings, then single pages, then fresh memory; below and above them are other
 * windows of the steward. */
#define RING_WINDOW   (GUEST_WINDOW + ((u64)2 << 30))
#define PAGE_WINDOW   (RING_WINDOW + GRANT_RINGS * GRANT_RING_PAGES * PAGE_SIZE)
#define MEMORY_WINDOW (GUEST_WINDOW + ((u64)5 << 29))
#define MEMORY_END    (GUEST_WINDOW + ((u64)3 << 30))
#define CHAINS        4096u

struct slot {
    struct grant_pool *pool; /* NULL: free */
    u32 ref;
    u32 handle;
    u32 older, newer; /* slot + 1, in its pool by last use; newer of a free one: next free */
    u16 users;
    u16 access;
    u32 next; /* in its chain */
    u64 machine;
};
_Static_assert(PAGE_WINDOW + GRANT_SLOTS * PAGE_SIZE <= MEMORY_WINDOW, "one behind the other");
_Static_assert(MEMORY_END <= GUEST_MAPPED, "the windows are mapped");
_Static_assert(GRANT_SLOTS <= GRANT_SLOT_MAX, "slots are 16 bits");

static struct slot slots[GRANT_SLOTS];
static u32 chain[CHAINS]; /* slot + 1, by pool and reference */
static u32 fresh;         /* slots never used begin here */
static u32 first_free;

struct ring_place {
    u32 count;
    u32 handle[GRANT_RING_PAGES];
};
static struct ring_place rings[GRANT_RINGS];

static u64 slot_at(u32 index)
{
    return PAGE_WINDOW + index * PAGE_SIZE;
}

u8 *grant_page_at(u16 slot)
{
    return guest_pointer(slot_at(slot));
}

static enum status map(u32 partition, u32 ref, u32 access, u64 at,
                       struct native_grant_map_out *out)
{
    struct native_grant_map in = {.partition = partition,
                                  .ref = ref,
                                  .flags = NATIVE_READ |
                                           ((access & GRANT_TO_WRITE) ? NATIVE_WRITE : 0),
                                  .local_at = at};

    return call_grant_map(&in, out);
}

static void unmap(u32 handle, u64 at)
{
    struct native_grant_unmap in = {.handle = handle, .local_at = at};

    (void)call_grant_unmap(&in, NULL);
}

static u32 *chain_of(const struct grant_pool *pool, u32 ref)
{
    return &chain[(ref * 2654435761u + (u32)(uintptr_t)pool / 16) >> 7 & (CHAINS - 1)];
}

static u32 slot_find(const struct grant_pool *pool, u32 ref)
{
    for (u32 i = *chain_of(pool, ref); i != 0; i = slots[i - 1].next)
        if (slots[i - 1].pool == pool && slots[i - 1].ref == ref)
            return i;
    return 0;
}

static void used_unlink(struct grant_pool *pool, u32 i)
{
    struct slot *slot = &slots[i - 1];

    *(slot->older ? &slots[slot->older - 1].newer : &pool->first) = slot->newer;
    *(slot->newer ? &slots[slot->newer - 1].older : &pool->last) = slot->older;
}

static void used_append(struct grant_pool *pool, u32 i)
{
    slots[i - 1].older = pool->last;
    slots[i - 1].newer = 0;
    *(pool->last ? &slots[pool->last - 1].newer : &pool->first) = i;
    pool->last = i;
}

static void slot_end(u32 i)
{
    struct slot *slot = &slots[i - 1];
    u32 *at = chain_of(slot->pool, slot->ref);

    unmap(slot->handle, slot_at(i - 1));
    while (*at != i)
        at = &slots[*at - 1].next;
    *at = slot->next;
    used_unlink(slot->pool, i);
    slot->pool->used--;
    slot->pool = NULL;
    slot->newer = first_free;
    first_free = i;
}

/* Makes room in the pool: the one used longest ago goes. */
static bool slot_reclaim(struct grant_pool *pool)
{
    for (u32 i = pool->first; i != 0; i = slots[i - 1].newer) {
        if (slots[i - 1].users == 0) {
            slot_end(i);
            return true;
        }
    }
    return false;
}

static enum status slot_make(struct grant_pool *pool, u32 ref, u32 access, u32 *out)
{
    u32 *head = chain_of(pool, ref);
    struct slot *slot;
    struct native_grant_map_out mapped;
    u32 i;

    if (pool->used >= pool->limit && !slot_reclaim(pool))
        return ST_NO_SPACE;
    i = first_free ? first_free : fresh + 1;
    if (i > GRANT_SLOTS)
        return ST_NO_SPACE;
    slot = &slots[i - 1];
    TRY(map(pool->partition, ref, access, slot_at(i - 1), &mapped));
    if (first_free)
        first_free = slot->newer;
    else
        fresh++;
    *slot = (struct slot){.pool = pool,
                          .ref = ref,
                          .handle = mapped.handle,
                          .access = (u16)access,
                          .next = *head,
                          .machine = mapped.machine};
    *head = i;
    used_append(pool, i);
    pool->used++;
    *out = i;
    return ST_OK;
}

/* Kept pages are mapped for both, so that each serves reads and writes of the disk. */
static enum status slot_make_kept(struct grant_pool *pool, u32 ref, u32 access, u32 *out)
{
    enum status status = slot_make(pool, ref, GRANT_TO_READ | GRANT_TO_WRITE, out);

    return status == ST_DENIED && !(access & GRANT_TO_WRITE) ? slot_make(pool, ref, access, out)
                                                             : status;
}

enum status grant_page_get(struct grant_pool *pool, u32 ref, u32 access, u16 *slot)
{
    u32 i = slot_find(pool, ref);

    if (i != 0 && (access & ~(u32)slots[i - 1].access)) {
        if (slots[i - 1].users != 0)
            return ST_DENIED;
        slot_end(i);
        i = 0;
    }
    if (i == 0)
        TRY(pool->keeps ? slot_make_kept(pool, ref, access, &i)
                        : slot_make(pool, ref, access, &i));
    slots[i - 1].users++;
    *slot = (u16)(i - 1);
    return ST_OK;
}

void grant_page_put(struct grant_pool *pool, u16 slot)
{
    if (--slots[slot].users != 0)
        return;
    if (!pool->keeps) {
        slot_end(slot + 1u);
        return;
    }
    used_unlink(pool, slot + 1u);
    used_append(pool, slot + 1u);
}

void grant_pool_end(struct grant_pool *pool)
{
    while (pool->first != 0)
        slot_end(pool->first);
}

u64 machine_address(const volatile void *at)
{
    u64 local = (u64)(uintptr_t)at;
    struct native_memory_machine in = {local};
    struct native_memory_machine_out out;

    if (local - PAGE_WINDOW < GRANT_SLOTS * PAGE_SIZE)
        return slots[(local - PAGE_WINDOW) / PAGE_SIZE].machine + (local & PAGE_MASK);
    return call_memory_machine(&in, &out) == ST_OK ? out.machine : 0;
}

static u64 ring_at(u32 place, u32 page)
{
    return RING_WINDOW + (place * GRANT_RING_PAGES + page) * PAGE_SIZE;
}

void grant_ring_unmap(u32 place)
{
    while (rings[place].count != 0) {
        u32 page = --rings[place].count;

        unmap(rings[place].handle[page], ring_at(place, page));
    }
}

enum status grant_ring_map(u32 partition, const u32 *refs, u32 count, u32 *place, void **out)
{
    struct native_grant_map_out mapped;
    enum status status = ST_OK;
    u32 i = 0;

    while (i < GRANT_RINGS && rings[i].count != 0)
        i++;
    if (i == GRANT_RINGS || count > GRANT_RING_PAGES)
        return ST_NO_SPACE;
    for (u32 page = 0; page < count && status == ST_OK; page++) {
        status = map(partition, refs[page], GRANT_TO_READ | GRANT_TO_WRITE, ring_at(i, page),
                     &mapped);
        if (status == ST_OK)
            rings[i].handle[rings[i].count++] = mapped.handle;
    }
    if (status != ST_OK) {
        grant_ring_unmap(i);
        return status;
    }
    *place = i;
    *out = guest_pointer(ring_at(i, 0));
    return ST_OK;
}

_Static_assert(sizeof(struct grant_part) == sizeof(struct native_grant_copy_part) &&
                   offsetof(struct grant_part, at) ==
                       offsetof(struct native_grant_copy_part, local_at) &&
                   (int)GRANT_STORE == (int)NATIVE_GRANT_STORE &&
                   GRANT_PARTS_MAX == NATIVE_GRANT_PARTS_MAX,
               "the hypervisor reads our parts");

enum status grant_copy(u32 partition, enum grant_direction direction,
                       const struct grant_part *part, u32 count)
{
    struct native_grant_copy in = {.partition = partition,
                                   .direction = direction,
                                   .parts = (u64)(uintptr_t)part,
                                   .count = count};
    struct native_grant_copy_out out;

    TRY(call_grant_copy(&in, &out));
    return out.done == count ? ST_OK : ST_DENIED;
}

void *platform_memory(u64 bytes)
{
    static u64 used;
    struct native_memory_populate in = {0, NATIVE_READ | NATIVE_WRITE, MEMORY_WINDOW + used,
                                        align_up(bytes, PAGE_SIZE)};

    if (in.bytes > MEMORY_END - in.at || call_memory_populate(&in, NULL) != ST_OK)
        return NULL;
    used += in.bytes;
    return guest_pointer(in.at);
}

enum status port_bind(u32 partition, u32 remote_port, u32 *port)
{
    struct native_port_bind in = {partition, remote_port};
    struct native_port out;

    TRY(call_port_bind(&in, &out));
    *port = out.port;
    return ST_OK;
}

void port_unbind(u32 port)
{
    struct native_port in = {port, 0};

    if (port != 0)
        (void)call_port_close(&in, NULL);
}

void port_signal(u32 port)
{
    struct native_port in = {port, 0};

    (void)call_port_send(&in, NULL);
}
