/*
 * role=disk|network|folder|revoke|store|ports|die seed=N steps=N: a guest whose front-ends are
 * hostile, until its last step; with die=1 it ends in the middle of one, in one of many ways.
 * The seed of a life is seed + 64 * the milliseconds since boot, and is printed; exact=1 takes
 * it as it is. role=bystander: see bystander.c.
 */
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/hostile/block.h"
#include "abi-tests/hostile/net.h"
#include "abi-tests/kit/store.h"

/* Before this step it is served for the first time, however busy the machine; afterwards who
 * does not answer has lost something that the guest spoilt. */
#define STEP_SERVED 2u
#define PATIENCE    4000000000ull
#define LIFE_S      30u /* one that has spoilt itself goes on no longer */

uint8_t hostile_page[HOSTILE_PAGES][KIT_PAGE] __attribute__((aligned(4096)));

static uint64_t steps, steps_end;

uint64_t hostile_frame(void)
{
    const void *ours[] = {block_ring[0],  &net_tx,
                          &net_rx,        kit_shared(),
                          hypercall_page, (const void *)(uintptr_t)kit_lend_table};

    switch (below(6)) {
    case 0:
        return kit_random(&hostile_chance) & 0xffffffff;
    case 1:
        return 0xfee00 + below(2) * 0x100;
    case 2:
        return kit_frame((const void *)(uintptr_t)kit_store_ring());
    case 3:
        return kit_frame(ours[below(sizeof(ours) / sizeof(ours[0]))]);
    default:
        return kit_frame(hostile_page[below(HOSTILE_PAGES)]);
    }
}

/* ---- the end ----------------------------------------------------------------------------- */

static void shut_down(uint32_t reason)
{
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_shutdown, (uintptr_t)&reason, 0, 0);
}

static void triple_fault(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none;

    if (kit_kind == KIT_PV) /* no handler */
        kit_hypercall(G_HYPERVISOR_set_trap_table, 0, 0, 0, 0);
    else
        __asm__ volatile("lidt %0" ::"m"(none));
    __asm__ volatile("ud2");
}

static void watchdog_begin(uint32_t seconds)
{
    struct g_sched_watchdog dog = {0, seconds};

    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_watchdog, (uintptr_t)&dog, 0, 0);
}

static void watchdog_end(void)
{
    watchdog_begin(1);
    for (;;)
        __asm__ volatile("pause");
}

/* The caller is in the middle of something. */
static void die(void)
{
    static const uint32_t reasons[] = {G_SHUTDOWN_poweroff, G_SHUTDOWN_reboot, G_SHUTDOWN_crash,
                                       G_SHUTDOWN_suspend};

    switch (below(4)) {
    case 0:
        triple_fault();
        break;
    case 1:
        if (one_in(4))
            watchdog_end();
        break;
    default:
        break;
    }
    for (;;)
        shut_down(reasons[below(4)]);
}

void hostile_step(void)
{
    if (++steps == STEP_SERVED)
        kit_store_patience = PATIENCE;
    if (steps < steps_end)
        return;
    if (kit_option("die", 0) != 0)
        die();
    kit_print("hostile: end, %lu steps\n", steps);
    kit_exit(G_SHUTDOWN_poweroff);
}

void hostile_lost(void)
{
    kit_print("hostile: %s after %lu steps\n", steps < STEP_SERVED ? "NO DEVICE" : "end, lost",
              steps);
    kit_exit(G_SHUTDOWN_poweroff);
}

/* ---- the roles --------------------------------------------------------------------------- */

static void disk_role(void)
{
    static const struct mood mood = {.spoils = 2, .indexes = 64, .revokes = 32, .keys = 8};

    hostile_disk(&mood);
}

static void network_role(void)
{
    static const struct mood mood = {.spoils = 2, .indexes = 64, .revokes = 32, .keys = 8};

    hostile_network(&mood);
}

static void folder_role(void)
{
    static const struct mood mood = {.spoils = 4, .indexes = 64, .revokes = 64, .keys = 8};

    hostile_folder(&mood);
}

static void any_device(const struct mood *mood)
{
    static void (*const devices[])(const struct mood *) = {hostile_disk, hostile_network,
                                                           hostile_folder};

    devices[below(3)](mood);
}

static void revoke_role(void)
{
    static const struct mood mood = {.revokes = 2};

    any_device(&mood);
}

/* Honest, until the end. */
static void die_role(void)
{
    static const struct mood mood = {0};

    any_device(&mood);
}

static const struct {
    const char *name;
    void (*run)(void);
} roles[] = {
    {"disk", disk_role},     {"network", network_role}, {"folder", folder_role},
    {"revoke", revoke_role}, {"store", hostile_store},  {"ports", hostile_ports},
    {"die", die_role},
};

static void hostile_main(unsigned role)
{
    uint64_t seed = kit_option("seed", 1);

    if (kit_option("exact", 0) == 0)
        seed += 64 * (kit_now() / 1000000);
    hostile_chance = kit_chance_of(seed);
    steps_end = kit_option("steps", 1000);
    if (kit_option("die", 0) != 0)
        steps_end = 1 + below((uint32_t)steps_end);
    watchdog_begin((uint32_t)kit_option("most", LIFE_S));
    kit_print("hostile: %s, seed %lu, %lu steps\n", roles[role].name, seed, steps_end);
    for (;;)
        roles[role].run();
}

void kit_main(void)
{
    kit_traps_init();
    kit_shared();
    kit_store_begin();
    if (!kit_lend_begin()) {
        kit_print("hostile: no grant table\n");
        kit_exit(G_SHUTDOWN_crash);
    }
    hostile_chance = kit_chance_of(kit_option("own", 1));
    if (kit_option_holds("role", "bystander", false))
        bystander_main();
    for (unsigned i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (kit_option_holds("role", roles[i].name, false))
            hostile_main(i);
}
