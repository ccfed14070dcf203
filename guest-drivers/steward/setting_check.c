#include "guest-drivers/steward/setting.h"

#define MIB_KIB       1024u
#define FLOOR_MIB     64u
#define FLOOR_PART    8u
#define OVERHEAD_PART 256u /* tables for this much memory take at most one page */

u64 setting_memory_floor_mib(const struct config *config)
{
    return FLOOR_MIB + config->memory_mib / FLOOR_PART;
}

u64 setting_memory_max_mib(const struct config *config)
{
    return MAX(config->memory_mib, config->maxmem_mib);
}

static bool memory_check(const struct config *config, u64 want_mib,
                         const struct setting_memory *memory, struct out *why)
{
    u64 floor_mib = setting_memory_floor_mib(config);
    u64 max_mib = setting_memory_max_mib(config);
    u64 left_kib = memory->free_kib - MIN(memory->free_kib, memory->pledged_kib);
    u64 more_kib;

    if (want_mib < floor_mib) {
        out_print(why,
                  "memory %lu MiB is below this guest's floor, where its kernel would fail; "
                  "give at least %lu",
                  (unsigned long)want_mib, (unsigned long)floor_mib);
        return false;
    }
    if (want_mib > max_mib) {
        out_print(why,
                  "memory %lu MiB is above this guest's maximum; give at most %lu, or raise "
                  "maxmem = in its manifest and start it again",
                  (unsigned long)want_mib, (unsigned long)max_mib);
        return false;
    }
    more_kib = want_mib * MIB_KIB - MIN(want_mib * MIB_KIB, memory->now_kib);
    if (more_kib + more_kib / OVERHEAD_PART <= left_kib)
        return true;
    out_print(why,
              "memory %lu MiB needs %lu KiB more, the machine has %lu KiB left (%lu free, %lu "
              "of it promised to other guests); take memory from another guest first",
              (unsigned long)want_mib, (unsigned long)more_kib, (unsigned long)left_kib,
              (unsigned long)memory->free_kib, (unsigned long)memory->pledged_kib);
    return false;
}

static bool range_check(const char *what, u64 value, u64 least, u64 most, struct out *why)
{
    if (value >= least && value <= most)
        return true;
    out_print(why, "%s %lu is out of range; give %lu to %lu", what, (unsigned long)value,
              (unsigned long)least, (unsigned long)most);
    return false;
}

bool setting_check(const struct config *config, const struct command *command,
                   const struct setting_memory *memory, struct out *why)
{
    if (command->setting == SETTING_VCPUS && config->type == CONFIG_HYPERV) {
        out_print(why, "a Hyper-V guest keeps the CPUs it began with; change its manifest and "
                       "start it again");
        return false;
    }
    switch (command->setting) {
    case SETTING_WEIGHT:
        return range_check("weight", command->number, 1, CONFIG_WEIGHT_MAX, why);
    case SETTING_CAP:
        return range_check("cap", command->number, 0, CONFIG_CAP_MAX, why);
    case SETTING_MEMORY:
        return memory_check(config, command->number, memory, why);
    case SETTING_VCPUS:
        if (command->number >= 1 && command->number <= config->maxvcpus)
            return true;
        out_print(why,
                  "vcpus %lu: this guest has 1 to %u; for more raise maxvcpus = in its "
                  "manifest and start it again",
                  (unsigned long)command->number, config->maxvcpus);
        return false;
    case SETTINGS:
        break;
    }
    return false;
}
