#include "guest-drivers/steward/life.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/builder.h"
#include "guest-drivers/steward/console.h"
#include "guest-drivers/steward/registry.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

/* A guest that ends this soon, this often in a row, is not started again. */
#define SHORT_LIFE_NS   ((u64)3 * 1000 * 1000 * 1000)
#define SHORT_LIVES_MAX 5u
#define WARNINGS_MAX    8u

static const char *const reason_names[NATIVE_ENDS] = {
    [NATIVE_END_POWEROFF] = "poweroff",
    [NATIVE_END_REBOOT] = "reboot",
    [NATIVE_END_SUSPEND] = "suspend",
    [NATIVE_END_CRASH] = "crash",
    [NATIVE_END_WATCHDOG] = "watchdog",
    [NATIVE_END_SOFT_RESET] = "soft reset",
    [NATIVE_END_TRIPLE_FAULT] = "crash (triple fault)",
};

static void memory_print(void)
{
    struct native_system_info info;

    if (steward.is_verbose && call_system_info(NULL, &info) == ST_OK)
        print("entente: memory: free %lu KiB\n", (unsigned long)(info.bytes_free >> 10));
}

void life_begin(struct guest *guest)
{
    guest->line_used = 0;
    guest->warnings = 0;
    guest->shim_line[0] = 0;
    console_margin();
    if (guest_build(guest) != ST_OK) {
        guest->state = GUEST_ENDED;
        guest->has_failed = true;
        return;
    }
    console_offer(guest);
}

static enum config_action action_of(const struct guest *guest, u32 reason)
{
    const enum config_action *action = guest->config->action;

    switch ((enum native_end)reason) {
    case NATIVE_END_POWEROFF:
    case NATIVE_END_SUSPEND:
        return action[KEY_ON_POWEROFF];
    case NATIVE_END_REBOOT:
        return action[KEY_ON_REBOOT];
    case NATIVE_END_WATCHDOG:
        return action[KEY_ON_WATCHDOG];
    case NATIVE_END_SOFT_RESET:
        return action[KEY_ON_SOFT_RESET];
    case NATIVE_END_CRASH:
    case NATIVE_END_TRIPLE_FAULT:
    case NATIVE_ENDS:
        break;
    }
    return action[KEY_ON_CRASH];
}

/* The manifest's line that the shim's last words are about. */
static enum config_key shim_reason_key(const struct guest *guest)
{
    if (strncmp(guest->shim_line, "kernel", 6) == 0)
        return KEY_KERNEL;
    return strncmp(guest->shim_line, "ramdisk", 7) == 0 ? KEY_RAMDISK : KEY_NAME;
}

/* What the shim said before it gave up. */
static void shim_reason_print(struct guest *guest)
{
    const char *line = guest->shim_line;

    if (line[0] == 0)
        return;
    print("entente: error: %.*s:%u: guest %s: %s\n", SHOW(guest->config->file),
          config_line(guest->config, shim_reason_key(guest)), guest->name, line);
}

static bool may_restart(struct guest *guest)
{
    bool is_short = clock_ns() - guest->began_ns < SHORT_LIFE_NS;

    guest->short_lives = is_short ? guest->short_lives + 1 : 0;
    if (guest->short_lives < SHORT_LIVES_MAX)
        return true;
    print("entente: error: %.*s:%u: guest %s ended %u times within 3 s of its start; it is not "
          "started again, see its last lines\n",
          SHOW(guest->config->file), config_line(guest->config, KEY_NAME), guest->name,
          guest->short_lives);
    guest->has_failed = true;
    return false;
}

static void guest_end(struct guest *guest, const struct native_partition_info *info)
{
    u32 reason = info->reason;
    bool has_crashed = reason == NATIVE_END_CRASH || reason == NATIVE_END_TRIPLE_FAULT;
    enum config_action action = action_of(guest, reason);
    bool had_failed = guest->has_failed;
    bool is_again;

    console_finish(guest);
    console_margin();
    if (has_crashed)
        shim_reason_print(guest);
    print("entente: guest %s ended: %s\n", guest->name,
          reason < NATIVE_ENDS ? reason_names[reason] : "unknown");
    print("entente: guest %s used %lu ms of CPU time, %lu KiB, exits %lu\n", guest->name,
          info->run_ns / 1000000, info->pages_owned * 4, info->exits);
    if (reason != NATIVE_END_POWEROFF)
        guest->has_failed = true;
    guest->state = GUEST_ENDED;
    if (action != ACTION_PRESERVE) {
        guest_clear(guest);
        memory_print();
    }
    /* A refused file is refused the next time too. */
    is_again = (action == ACTION_RESTART || action == ACTION_RENAME_RESTART) &&
               !(has_crashed && shim_reason_key(guest) != KEY_NAME) && may_restart(guest);
    if (is_again) {
        guest->state = GUEST_WAITS;
        life_begin(guest);
    }
    if (guest->state != GUEST_LIVES)
        console_leave(guest);
    else if (reason == NATIVE_END_REBOOT)
        guest->has_failed = had_failed;
}

void life_check(void)
{
    struct native_partition_info info;

    for (u32 i = 0; i < steward.guest_count; i++) {
        struct guest *guest = &steward.guest[i];
        struct native_partition in = {guest->partition, 0};

        if (guest->state == GUEST_LIVES && call_partition_info(&in, &info) == ST_OK &&
            info.state == NATIVE_ENDED)
            guest_end(guest, &info);
    }
}

enum status life_create(struct guest *guest)
{
    bool had_failed = guest->has_failed;

    if (guest->partition != 0) /* on_... = "preserve" has kept it */
        guest_clear(guest);
    guest->config->is_refused = false;
    guest->short_lives = 0;
    guest->state = GUEST_WAITS;
    life_begin(guest);
    guest->has_failed = had_failed;
    return guest->state == GUEST_LIVES ? ST_OK : ST_INVALID;
}

void life_destroy(struct guest *guest)
{
    console_finish(guest);
    console_margin();
    guest->state = GUEST_ENDED;
    guest_clear(guest);
    print("entente: guest %s destroyed\n", guest->name);
    memory_print();
    console_leave(guest);
}

bool life_may_warn(struct guest *guest)
{
    if (guest->warnings > WARNINGS_MAX)
        return false;
    if (guest->warnings++ < WARNINGS_MAX)
        return true;
    print("entente: warning: guest %s: what else its devices do wrong is not told any more\n",
          guest->name);
    return false;
}

enum status life_rings_opened(struct guest *guest, const char *device, u32 id,
                              enum status status)
{
    if (status != ST_OK && life_may_warn(guest))
        print("entente: warning: guest %s: %s %u: the front-end's rings: %s\n", guest->name,
              device, id, status_text(status));
    return status;
}

void life_rings_broken(struct guest *guest, const char *device, u32 id)
{
    if (life_may_warn(guest))
        print("entente: warning: guest %s: %s %u: its rings make no sense; it is "
              "disconnected\n",
              guest->name, device, id);
}

bool life_has_guests(void)
{
    for (u32 i = 0; i < steward.guest_count; i++)
        if (steward.guest[i].state == GUEST_LIVES || steward.guest[i].state == GUEST_WAITS)
            return true;
    return false;
}

bool life_is_over(void)
{
    if (life_has_guests())
        return false;
    return steward.wants_power_off || !(steward.stays || console_is_at_prompt());
}

/* What must be the same after each round: who ends leaves nothing behind. */
static void accounting_print(u32 round)
{
    struct native_partition root = {0, 0};
    struct native_partition_info info;
    struct native_system_info machine;

    if (call_system_info(NULL, &machine) != ST_OK || call_partition_info(&root, &info) != ST_OK)
        return;
    print("entente: after round %u: %lu bytes free, root: %lu frames, %u ports, %u shares, "
          "%lu bytes of xenstore\n",
          round, (unsigned long)machine.bytes_free, (unsigned long)info.pages_owned, info.ports,
          info.shares, (unsigned long)registry_bytes());
}

bool life_next_round(void)
{
    static u32 round;

    if (steward.rounds == 0)
        return false;
    accounting_print(++round);
    if (round == steward.rounds)
        return false;
    for (u32 i = 0; i < steward.guest_count; i++) {
        steward.guest[i].state = GUEST_WAITS;
        steward.guest[i].short_lives = 0;
        life_begin(&steward.guest[i]);
    }
    return true;
}
