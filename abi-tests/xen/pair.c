/*
 * Two guests that share pages and an event channel: peer=N names the other's domid, lend=1 the
 * one that grants. Every answer of the borrower's calls is checked, and so are the bits of the
 * lender's entries while they are in use. pair-test runs them.
 */
#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

enum { OP_MAP, OP_UNMAP, OP_COPY = 5 };
enum { MAP_HOST = 2, MAP_READONLY = 4 };
enum { COPY_FROM_REF = 1, COPY_TO_REF = 2 };
enum { REF_PAGE = 8, REF_READONLY, REF_OTHERS, REF_NO_MEMORY, REF_UNUSED };
enum { ENTRY_ACCESS = 1, ENTRY_READONLY = 4, ENTRY_READING = 8, ENTRY_WRITING = 16 };
enum { BAD_REF = -3, BAD_HANDLE = -4, BAD_PAGE = -9, BAD_COPY = -10 };
#define MAGIC   0x456e74656e746531ull
#define REPLY   0x600d600d600d600dull
#define PATIENT 4000000u

struct map_grant {
    uint64_t host_addr;
    uint32_t flags, ref;
    uint16_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
};
struct unmap_grant {
    uint64_t host_addr, dev_bus_addr;
    uint32_t handle;
    int16_t status;
};
struct copy_side {
    uint64_t ref_or_frame;
    uint16_t dom, offset, pad[2];
};
struct copy_grant {
    struct copy_side source, dest;
    uint16_t len, flags;
    int16_t status;
};
struct entry {
    uint16_t flags, dom;
    uint32_t frame;
};

/* What the lender's page says; the rest is a pattern. */
struct shared {
    volatile uint64_t magic, port, reply, done;
    uint8_t pattern[4096 - 32];
};

static uint8_t window[KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t window2[KIT_PAGE] __attribute__((aligned(4096)));
static struct shared page __attribute__((aligned(4096)));
static uint8_t own[KIT_PAGE] __attribute__((aligned(4096)));
static uint16_t peer;
static unsigned checks, failed;

static void check(const char *what, long value, long wanted)
{
    checks++;
    if (value == wanted)
        return;
    failed++;
    kit_print("pair: %s: %ld, not %ld", what, value, wanted);
}

static long call(unsigned number, unsigned sub, void *argument, unsigned count)
{
    return kit_hypercall(number, sub, (uintptr_t)argument, count, 0);
}

static void yield(void)
{
    (void)kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
}

/* ---- the one that lends ------------------------------------------------------------------ */

static volatile struct entry *table_get(void)
{
    static uint64_t frame;
    struct g_gnttab_setup_table setup = {
        .dom = G_DOMID_SELF, .nr_frames = 1, .frame_list = (uintptr_t)&frame};
    struct g_add_to_physmap add = {
        .domid = G_DOMID_SELF, .space = G_XENMAPSPACE_grant_table, .gpfn = kit_frame(window)};

    if (kit_kind == KIT_PV) {
        check("setup_table",
              call(G_HYPERVISOR_grant_table_op, G_GNTTABOP_setup_table, &setup, 1), 0);
        check("map the table", kit_map(window, frame << 12 | 0x63), 0);
    } else {
        check("add_to_physmap", call(G_HYPERVISOR_memory_op, G_XENMEM_add_to_physmap, &add, 0),
              0);
    }
    return (volatile struct entry *)(void *)window;
}

static void entry_put(volatile struct entry *entry, uint16_t flags, uint16_t dom,
                      uint64_t frame)
{
    entry->frame = (uint32_t)frame;
    entry->dom = dom;
    __sync_synchronize();
    entry->flags = flags;
}

static bool wait_for(const volatile uint64_t *word, uint64_t value)
{
    for (unsigned i = 0; i < PATIENT && *word != value; i++)
        yield();
    return *word == value;
}

static void lend(void)
{
    struct g_evtchn_alloc_unbound port = {.dom = G_DOMID_SELF, .remote_dom = peer};
    volatile struct entry *table = table_get();
    uint64_t frame = kit_frame(&page);

    long result = -3;

    /* The peer may not be there yet. */
    for (unsigned i = 0; i < PATIENT && result == -3; i++) {
        result = call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_alloc_unbound, &port, 0);
        yield();
    }
    check("alloc_unbound", result, 0);
    for (unsigned i = 0; i < sizeof(page.pattern); i++)
        page.pattern[i] = (uint8_t)(i * 7);
    page.port = port.port;
    page.magic = MAGIC;
    entry_put(&table[REF_READONLY], ENTRY_ACCESS | ENTRY_READONLY, peer, frame);
    entry_put(&table[REF_OTHERS], ENTRY_ACCESS, 77, frame);
    entry_put(&table[REF_NO_MEMORY], ENTRY_ACCESS, peer, 0x7ffffff);
    entry_put(&table[REF_PAGE], ENTRY_ACCESS, peer, frame);
    check("the peer has written", wait_for(&page.reply, REPLY), true);
    check("bits in use", table[REF_PAGE].flags, ENTRY_ACCESS | ENTRY_READING | ENTRY_WRITING);
    check("bits of the read-only one", table[REF_READONLY].flags,
          ENTRY_ACCESS | ENTRY_READONLY | ENTRY_READING);
    check("the event came", (long)(kit_shared()->pending[port.port / 64] >> port.port % 64 & 1),
          1);
    page.done = 1;
    for (unsigned i = 0; i < PATIENT && table[REF_PAGE].flags != ENTRY_ACCESS; i++)
        yield();
    check("bits afterwards", table[REF_PAGE].flags, ENTRY_ACCESS);
    check("bits of the read-only one", table[REF_READONLY].flags,
          ENTRY_ACCESS | ENTRY_READONLY);
    check("what was copied back", page.pattern[100], 0x5a);
}

/* ---- the one that borrows ---------------------------------------------------------------- */

static int map(struct map_grant *io, uint16_t dom, uint32_t ref, uint32_t flags, void *at)
{
    *io = (struct map_grant){.flags = flags, .ref = ref, .dom = dom, .status = 99};
    io->host_addr = kit_kind == KIT_PV ? (uintptr_t)at : kit_frame(at) << 12;
    if (call(G_HYPERVISOR_grant_table_op, OP_MAP, io, 1) != 0)
        return 98;
    return io->status;
}

static int unmap(const struct map_grant *mapped)
{
    struct unmap_grant io = {
        .host_addr = mapped->host_addr, .handle = mapped->handle, .status = 99};

    if (call(G_HYPERVISOR_grant_table_op, OP_UNMAP, &io, 1) != 0)
        return 98;
    return io.status;
}

/* A hole where the grant goes, as a back-end's kernel makes it. */
static void hole_make(void *at)
{
    struct g_remove_from_physmap remove = {.domid = G_DOMID_SELF, .gpfn = kit_frame(at)};

    if (kit_kind == KIT_PVH)
        check("remove_from_physmap",
              call(G_HYPERVISOR_memory_op, G_XENMEM_remove_from_physmap, &remove, 0), 0);
}

static int copy(uint32_t ref, uint16_t offset, uint16_t len, unsigned direction)
{
    struct copy_grant io = {.len = len, .flags = (uint16_t)direction, .status = 99};
    struct copy_side far = {.ref_or_frame = ref, .dom = peer, .offset = offset};
    struct copy_side near = {
        .ref_or_frame = kit_frame(own), .dom = G_DOMID_SELF, .offset = offset};

    io.source = direction == COPY_FROM_REF ? far : near;
    io.dest = direction == COPY_FROM_REF ? near : far;
    if (call(G_HYPERVISOR_grant_table_op, OP_COPY, &io, 1) != 0)
        return 98;
    return io.status;
}

static void borrow_badly(void)
{
    struct map_grant io;

    check("others' entry", map(&io, peer, REF_OTHERS, MAP_HOST, window2),
          G_GNTST_general_error);
    check("unused entry", map(&io, peer, REF_UNUSED, MAP_HOST, window2), G_GNTST_general_error);
    check("writing a read-only one", map(&io, peer, REF_READONLY, MAP_HOST, window2),
          G_GNTST_general_error);
    check("beyond the table", map(&io, peer, 1000000, MAP_HOST, window2), BAD_REF);
    check("no such domain", map(&io, 77, REF_PAGE, MAP_HOST, window2), G_GNTST_bad_domain);
    check("no flags", map(&io, peer, REF_PAGE, 0, window2), BAD_REF);
    check("no memory there", map(&io, peer, REF_NO_MEMORY, MAP_HOST, window2), BAD_PAGE);
    io.handle = 12345;
    check("bad handle", unmap(&io), BAD_HANDLE);
    check("copy beyond the page", copy(REF_PAGE, 4000, 97, COPY_FROM_REF), BAD_COPY);
    check("copy to a read-only one", copy(REF_READONLY, 0, 8, COPY_TO_REF),
          G_GNTST_general_error);
    check("copy from nothing", copy(1000000, 0, 8, COPY_FROM_REF), BAD_REF);
}

static void borrow(void)
{
    struct map_grant first, second;
    volatile struct shared *seen = (volatile struct shared *)(void *)window;
    struct g_evtchn_bind_interdomain bind = {.remote_dom = peer};
    int status = -1;

    hole_make(window);
    hole_make(window2);
    for (unsigned i = 0; i < PATIENT && status != 0; i++) {
        status = map(&first, peer, REF_PAGE, MAP_HOST, window);
        yield();
    }
    check("map", status, 0);
    if (status != 0)
        return;
    check("what the lender wrote", (long)seen->magic, (long)MAGIC);
    check("the end of its page", seen->pattern[sizeof(seen->pattern) - 1],
          (uint8_t)((sizeof(seen->pattern) - 1) * 7));
    borrow_badly();
    check("map read-only", map(&second, peer, REF_READONLY, MAP_HOST | MAP_READONLY, window2),
          0);
    check("the same page", ((volatile struct shared *)(void *)window2)->magic == MAGIC, true);
    check("copy from it", copy(REF_PAGE, 0, 4096, COPY_FROM_REF), 0);
    check("what was copied", own[32 + 50], (uint8_t)(50 * 7));
    own[32 + 100] = 0x5a;
    check("copy to it", copy(REF_PAGE, 32 + 100, 1, COPY_TO_REF), 0);
    bind.remote_port = (uint32_t)seen->port;
    check("bind_interdomain",
          call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_interdomain, &bind, 0), 0);
    check("send", call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_send, &bind.local_port, 0), 0);
    bind.local_port = 0;
    check("bind it again",
          call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_interdomain, &bind, 0), -22);
    seen->reply = REPLY;
    check("the lender has looked", wait_for(&seen->done, 1), true);
    check("unmap read-only", unmap(&second), 0);
    check("unmap", unmap(&first), 0);
    check("unmap again", unmap(&first), BAD_HANDLE);
}

void kit_main(void)
{
    bool is_lender = kit_option("lend", 0) != 0;

    peer = (uint16_t)kit_option("peer", 0);
    (void)kit_shared();
    if (is_lender)
        lend();
    else
        borrow();
    kit_print("pair: %s: %u checks, %u failed", is_lender ? "lender" : "borrower", checks,
              failed);
}
