/* role=revoke: pages that are taken back, changed or given away while they are in use. */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/kit/front.h"

static long memory_call(unsigned operation, uint64_t *frame)
{
    struct g_memory_reservation in = {
        .extent_start = (uintptr_t)frame, .nr_extents = 1, .domid = G_DOMID_SELF};

    return kit_hypercall(G_HYPERVISOR_memory_op, operation, (uintptr_t)&in, 0, 0);
}

/* The page itself goes, and another comes in its place. */
static void page_exchange(void)
{
    uint64_t frame = kit_frame(hostile_page[below(HOSTILE_PAGES)]);

    if (kit_kind != KIT_PVH)
        return;
    memory_call(G_XENMEM_decrease_reservation, &frame);
    if (one_in(2))
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    memory_call(G_XENMEM_populate_physmap, &frame);
}

static void entry_change(volatile struct kit_grant *entry)
{
    switch (below(6)) {
    case 0:
        entry->flags = 0;
        break;
    case 1:
        entry->flags = (uint16_t)hostile_value();
        break;
    case 2:
        entry->domain = (uint16_t)hostile_value();
        break;
    case 3:
        entry->frame = (uint32_t)hostile_frame();
        break;
    case 4:
        entry->flags ^= (uint16_t)(1u << below(16));
        break;
    default:
        kit_grant_put(entry, KIT_GRANT_ACCESS, 0,
                      kit_frame(hostile_page[below(HOSTILE_PAGES)]));
        break;
    }
}

void hostile_revoke(void)
{
    if (one_in(8))
        page_exchange();
    for (uint32_t count = 1 + below(8); count > 0; count--)
        entry_change(&kit_lend_table[below(kit_lend_count() + 16)]);
    if (one_in(64))
        hostile_scribble(kit_lend_table, KIT_PAGE);
}
