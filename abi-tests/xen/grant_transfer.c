/*
 * GNTTABOP_transfer: only PV guests may offer a page, and the offered page is gone whatever the
 * other domain says, unless the answer is bad_page [xen/grant_table.h].
 */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define ROW "grant_table_op.transfer"

enum { NO_SUCH_DOMAIN = 0x7000, NOT_ANSWERED = 99 };

static uint8_t pages[8][KIT_PAGE] __attribute__((aligned(4096)));

static long transfer(const void *argument, uint64_t count)
{
    return kit_hypercall(G_HYPERVISOR_grant_table_op, G_GNTTABOP_transfer, (uintptr_t)argument,
                         count, 0);
}

static struct g_gnttab_transfer offer_make(uint64_t frame, uint16_t domain, uint32_t ref)
{
    return (struct g_gnttab_transfer){
        .mfn = frame, .domid = domain, .ref = ref, .status = NOT_ANSWERED};
}

/* A page of the image without its mapping: nothing refers to its frame. */
static uint64_t frame_free(void *page)
{
    uint64_t frame = kit_frame(page);

    kit_map(page, 0);
    return frame;
}

static void offer(const char *class, uint64_t frame, uint16_t domain, uint32_t ref)
{
    struct g_gnttab_transfer io = offer_make(frame, domain, ref);

    expect(ROW, class, transfer(&io, 1), 0);
    observe_number(ROW, class, io.status);
}

/* Offers a page that is in nobody's use, and tells whether it is still there. */
static void offer_free(const char *class, void *page, uint16_t domain, uint32_t ref)
{
    uint64_t frame = frame_free(page);

    offer(class, frame, domain, ref);
    observe(ROW, "the page is mapped again", kit_map(page, frame << 12 | 0x63));
}

TEST(transfer_argument, "transfer-argument", TEST_ALL | TEST_GUEST)
{
    struct g_gnttab_transfer io = offer_make(~0ull, NO_SUCH_DOMAIN, 8);
    struct g_gnttab_transfer *cross = (void *)KIT_CROSS(sizeof(io));

    *cross = io;
    observe(ROW, "nothing offered", transfer(&io, 0));
    observe(ROW, "straddling", transfer(cross, 1));
    observe(ROW, "torn", transfer(KIT_TORN(sizeof(io)), 1));
    observe(ROW, "unmapped", transfer((void *)KIT_UNMAPPED, 1));
    observe(ROW, "hypervisor", transfer((void *)KIT_HYPERVISOR, 1));
    observe(ROW, "nothing offered from nowhere", transfer((void *)KIT_UNMAPPED, 0));
    observe(ROW, "2^32-1 of them", transfer((void *)KIT_UNMAPPED, 0xffffffff));
}

TEST(transfer_page, "transfer-page", TEST_PV | TEST_GUEST)
{
    uint64_t table, pte;

    table = kit_pte_address(pages[0], &pte) >> 12;
    offer("frame 2^64-1", ~0ull, NO_SUCH_DOMAIN, 8);
    offer("frame without memory", 0xabcdefff, NO_SUCH_DOMAIN, 8);
    offer("shared_info", kit_frame(kit_shared()), NO_SUCH_DOMAIN, 8);
    offer("a page table", table, NO_SUCH_DOMAIN, 8);
    offer("a mapped page", kit_frame(pages[0]), NO_SUCH_DOMAIN, 8);
    observe(ROW, "the page is mapped again", kit_map(pages[0], kit_pte_of(pages[0])));
    kit_map(pages[0], kit_pte_of(pages[0]) & ~2ull);
    offer("a page mapped for reading", kit_frame(pages[0]), NO_SUCH_DOMAIN, 8);
    kit_map(pages[0], kit_pte_of(pages[0]) | 2);
}

TEST(transfer_domain, "transfer-domain", TEST_PV | TEST_GUEST)
{
    uint16_t self = G_DOMID_SELF;
    long before = kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_current_reservation,
                                (uintptr_t)&self, 0, 0);

    offer_free("no such domain", pages[0], NO_SUCH_DOMAIN, 8);
    offer_free("invalid domain", pages[1], G_DOMID_INVALID, 8);
    offer_free("self", pages[2], G_DOMID_SELF, 8);
    offer_free("control domain, which accepts nothing", pages[3], 0, 8);
    offer_free("control domain, no such entry", pages[4], 0, 0xffffffff);
    observe_number(ROW, "reservation is smaller by",
                   before - kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_current_reservation,
                                          (uintptr_t)&self, 0, 0));
}

TEST(transfer_several, "transfer-several", TEST_PV | TEST_GUEST)
{
    static struct g_gnttab_transfer list[3];
    struct g_gnttab_transfer *cross = (void *)KIT_TORN(2 * sizeof(list[0]));
    uint64_t frame = frame_free(pages[5]);

    list[0] = offer_make(~0ull, NO_SUCH_DOMAIN, 8);
    list[1] = offer_make(frame, NO_SUCH_DOMAIN, 8);
    list[2] = offer_make(frame, NO_SUCH_DOMAIN, 8);
    observe(ROW, "three of them", transfer(list, 3));
    observe_number(ROW, "three of them: a bad frame", list[0].status);
    observe_number(ROW, "three of them: a good one", list[1].status);
    observe_number(ROW, "three of them: the same again", list[2].status);
    cross[0] = offer_make(~0ull, NO_SUCH_DOMAIN, 8);
    observe(ROW, "the second torn off", transfer(cross, 2));
    observe_number(ROW, "the second torn off: the first", cross[0].status);
}
