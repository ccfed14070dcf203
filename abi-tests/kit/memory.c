#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define EDGE_VA 0x100000000ull /* PVH: the first address above start.S's identity map */

extern uint64_t kit_pointers[512];

static uint8_t edge_pages[3][KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t shared_page[KIT_PAGE] __attribute__((aligned(4096)));

uint64_t kit_pte_of(const void *page)
{
    uint64_t pte;

    kit_pte_address(page, &pte);
    return pte;
}

uint64_t kit_frame(const void *page)
{
    if (kit_kind == KIT_PVH)
        return (uintptr_t)page >> 12;
    return (kit_pte_of(page) & 0x000ffffffffff000ull) >> 12;
}

long kit_map(const void *page, uint64_t pte)
{
    return kit_hypercall(G_HYPERVISOR_update_va_mapping, (uintptr_t)page, pte, G_UVMF_INVLPG,
                         0);
}

uint8_t *kit_edge(void)
{
    static uint64_t directory[512] __attribute__((aligned(4096)));
    static uint64_t table[512] __attribute__((aligned(4096)));
    static bool made;

    if (kit_kind == KIT_PV) {
        if (!made)
            kit_map(edge_pages[2], 0);
        made = true;
        return edge_pages[0];
    }
    table[0] = (uintptr_t)edge_pages[0] | 3;
    table[1] = (uintptr_t)edge_pages[1] | 3;
    directory[0] = (uintptr_t)table | 3;
    kit_pointers[EDGE_VA >> 30] = (uintptr_t)directory | 3;
    return (uint8_t *)EDGE_VA;
}

static void *shared_at = shared_page;

void kit_shared_moved(void *to)
{
    shared_at = to;
}

struct g_shared_info *kit_shared(void)
{
    static bool mapped;
    struct g_add_to_physmap add = {.domid = G_DOMID_SELF,
                                   .space = G_XENMAPSPACE_shared_info,
                                   .gpfn = (uintptr_t)shared_page >> 12};

    if (!mapped && kit_kind == KIT_PV)
        kit_map(shared_page,
                *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_shared_info) |
                    0x63);
    else if (!mapped)
        kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_add_to_physmap, (uintptr_t)&add, 0, 0);
    if (!mapped)
        memset(((struct g_shared_info *)shared_at)->mask, 0xff, sizeof(uint64_t[64]));
    mapped = true;
    return shared_at;
}

static struct g_vcpu_info *moved;

struct g_vcpu_info *kit_vcpu_info(void)
{
    return moved != NULL ? moved : &kit_shared()->vcpu[0];
}

void kit_vcpu_info_moved(struct g_vcpu_info *to)
{
    moved = to;
}

/* [xen/xen.h vcpu_time_info] */
uint64_t kit_now(void)
{
    volatile struct g_vcpu_time_info *time = &kit_vcpu_info()->time;
    uint64_t delta, low, high, now;
    uint32_t version;

    do {
        version = time->version;
        __asm__ volatile("" ::: "memory");
        delta = kit_tsc() - time->tsc_timestamp;
        delta = time->tsc_shift < 0 ? delta >> -time->tsc_shift : delta << time->tsc_shift;
        __asm__("mulq %3"
                : "=a"(low), "=d"(high)
                : "0"(delta), "r"((uint64_t)time->tsc_to_system_mul));
        now = time->system_time + (low >> 32 | high << 32);
        __asm__ volatile("" ::: "memory");
    } while ((version & 1) != 0 || version != time->version);
    return now;
}
