/*
 * Two guests that share pages and an event channel: peer=N names the other's domid, lend=1 the
 * one that grants. Every answer of the borrower's calls is checked, and so are the bits of the
 * lender's entries while they are in use. pair-test runs them.
 */
#include "abi-tests/kit/grant.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

enum { REF_PAGE = 8, REF_READONLY, REF_OTHERS, REF_NO_MEMORY, REF_ACCEPT, REF_UNUSED };
enum { BAD_REF = -3, BAD_HANDLE = -4, BAD_PAGE = -9, BAD_COPY = -10 };
#define MAGIC   0x456e74656e746531ull
#define REPLY   0x600d600d600d600dull
#define PATIENT 4000000u

/* What the lender's page says; the rest is a pattern. */
struct shared {
    volatile uint64_t magic, port, reply, done;
    uint8_t pattern[4096 - 32];
};

static uint8_t window[KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t window2[KIT_PAGE] __attribute__((aligned(4096)));
static struct shared page __attribute__((aligned(4096)));
static uint8_t own[KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t offered[KIT_PAGE] __attribute__((aligned(4096)));
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

static bool wait_for(const volatile uint64_t *word, uint64_t value)
{
    for (unsigned i = 0; i < PATIENT && *word != value; i++)
        yield();
    return *word == value;
}

static void lend(void)
{
    struct g_evtchn_alloc_unbound port = {.dom = G_DOMID_SELF, .remote_dom = peer};
    volatile struct kit_grant *table = kit_grant_table(window);
    uint64_t frame = kit_frame(&page);

    long result = -3;

    check("the table is mapped", table != NULL, true);
    if (!table)
        return;
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
    kit_grant_put(&table[REF_READONLY], KIT_GRANT_ACCESS | KIT_GRANT_READONLY, peer, frame);
    kit_grant_put(&table[REF_OTHERS], KIT_GRANT_ACCESS, 77, frame);
    kit_grant_put(&table[REF_NO_MEMORY], KIT_GRANT_ACCESS, peer, 0x7ffffff);
    kit_grant_put(&table[REF_ACCEPT], KIT_GRANT_ACCEPT, peer, 0);
    kit_grant_put(&table[REF_PAGE], KIT_GRANT_ACCESS, peer, frame);
    check("the peer has written", wait_for(&page.reply, REPLY), true);
    check("bits in use", table[REF_PAGE].flags,
          KIT_GRANT_ACCESS | KIT_GRANT_READING | KIT_GRANT_WRITING);
    check("bits of the read-only one", table[REF_READONLY].flags,
          KIT_GRANT_ACCESS | KIT_GRANT_READONLY | KIT_GRANT_READING);
    check("bits of the one that accepts", table[REF_ACCEPT].flags, KIT_GRANT_ACCEPT);
    check("the event came", (long)(kit_shared()->pending[port.port / 64] >> port.port % 64 & 1),
          1);
    page.done = 1;
    for (unsigned i = 0; i < PATIENT && table[REF_PAGE].flags != KIT_GRANT_ACCESS; i++)
        yield();
    check("bits afterwards", table[REF_PAGE].flags, KIT_GRANT_ACCESS);
    check("bits of the read-only one", table[REF_READONLY].flags,
          KIT_GRANT_ACCESS | KIT_GRANT_READONLY);
    check("what was copied back", page.pattern[100], 0x5a);
}

/* ---- the one that borrows ---------------------------------------------------------------- */

static int copy(uint32_t ref, uint16_t offset, uint16_t len, unsigned direction)
{
    struct kit_grant_copy io = kit_grant_copy_make(peer, ref, own, offset, len, direction);

    return kit_grant_copy(&io);
}

static void borrow_badly(void)
{
    struct kit_grant_map io;

    check("others' entry", kit_grant_map(&io, peer, REF_OTHERS, KIT_GRANT_MAP_HOST, window2),
          G_GNTST_general_error);
    check("unused entry", kit_grant_map(&io, peer, REF_UNUSED, KIT_GRANT_MAP_HOST, window2),
          G_GNTST_general_error);
    check("writing a read-only one",
          kit_grant_map(&io, peer, REF_READONLY, KIT_GRANT_MAP_HOST, window2),
          G_GNTST_general_error);
    check("beyond the table", kit_grant_map(&io, peer, 1000000, KIT_GRANT_MAP_HOST, window2),
          BAD_REF);
    check("no such domain", kit_grant_map(&io, 77, REF_PAGE, KIT_GRANT_MAP_HOST, window2),
          G_GNTST_bad_domain);
    check("no flags", kit_grant_map(&io, peer, REF_PAGE, 0, window2), BAD_REF);
    check("no memory there",
          kit_grant_map(&io, peer, REF_NO_MEMORY, KIT_GRANT_MAP_HOST, window2), BAD_PAGE);
    io.handle = 12345;
    check("bad handle", kit_grant_unmap(&io), BAD_HANDLE);
    check("copy beyond the page", copy(REF_PAGE, 4000, 97, KIT_GRANT_FROM_REF), BAD_COPY);
    check("copy to a read-only one", copy(REF_READONLY, 0, 8, KIT_GRANT_TO_REF),
          G_GNTST_general_error);
    check("copy from nothing", copy(1000000, 0, 8, KIT_GRANT_FROM_REF), BAD_REF);
}

/* Only Xen's PV guests accept pages of PV guests: here the page is gone, and nobody has it. */
static void offer_page(void)
{
    struct g_gnttab_transfer offer = {
        .mfn = kit_frame(offered), .domid = peer, .ref = REF_ACCEPT, .status = 99};

    if (kit_kind != KIT_PV)
        return;
    kit_map(offered, 0);
    check("transfer", call(G_HYPERVISOR_grant_table_op, G_GNTTABOP_transfer, &offer, 1), 0);
    check("transfer: status", offer.status, G_GNTST_general_error);
    check("the page is gone", kit_map(offered, offer.mfn << 12 | 0x63), -16);
}

static void borrow(void)
{
    struct kit_grant_map first, second;
    volatile struct shared *seen = (volatile struct shared *)(void *)window;
    struct g_evtchn_bind_interdomain bind = {.remote_dom = peer};
    int status = -1;

    check("a hole", kit_grant_hole(window), 0);
    check("another hole", kit_grant_hole(window2), 0);
    for (unsigned i = 0; i < PATIENT && status != 0; i++) {
        status = kit_grant_map(&first, peer, REF_PAGE, KIT_GRANT_MAP_HOST, window);
        yield();
    }
    check("map", status, 0);
    if (status != 0)
        return;
    check("what the lender wrote", (long)seen->magic, (long)MAGIC);
    check("the end of its page", seen->pattern[sizeof(seen->pattern) - 1],
          (uint8_t)((sizeof(seen->pattern) - 1) * 7));
    borrow_badly();
    offer_page();
    check("map read-only",
          kit_grant_map(&second, peer, REF_READONLY,
                        KIT_GRANT_MAP_HOST | KIT_GRANT_MAP_READONLY, window2),
          0);
    check("the same page", ((volatile struct shared *)(void *)window2)->magic == MAGIC, true);
    check("copy from it", copy(REF_PAGE, 0, 4096, KIT_GRANT_FROM_REF), 0);
    check("what was copied", own[32 + 50], (uint8_t)(50 * 7));
    own[32 + 100] = 0x5a;
    check("copy to it", copy(REF_PAGE, 32 + 100, 1, KIT_GRANT_TO_REF), 0);
    bind.remote_port = (uint32_t)seen->port;
    check("bind_interdomain",
          call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_interdomain, &bind, 0), 0);
    check("send", call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_send, &bind.local_port, 0), 0);
    bind.local_port = 0;
    check("bind it again",
          call(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_interdomain, &bind, 0), -22);
    seen->reply = REPLY;
    check("the lender has looked", wait_for(&seen->done, 1), true);
    check("unmap read-only", kit_grant_unmap(&second), 0);
    check("unmap", kit_grant_unmap(&first), 0);
    check("unmap again", kit_grant_unmap(&first), BAD_HANDLE);
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
