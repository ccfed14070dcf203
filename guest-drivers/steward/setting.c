#include "guest-drivers/steward/setting.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/steward/builder.h"
#include "guest-drivers/steward/hyperv.h"
#include "guest-drivers/steward/registry.h"

#define PAGE_KIB 4u

static u64 memory_of(const struct guest *guest)
{
    struct native_partition in = {guest->partition, 0};
    struct native_partition_info info;

    return call_partition_info(&in, &info) == ST_OK ? info.pages * PAGE_KIB : 0;
}

static void memory_ask(const struct guest *guest, struct setting_memory *out)
{
    struct native_system_info machine;

    *out = (struct setting_memory){.now_kib = memory_of(guest)};
    if (call_system_info(NULL, &machine) == ST_OK)
        out->free_kib = machine.bytes_free >> 10;
    for (u32 i = 0; i < steward.guest_count; i++) {
        const struct guest *other = &steward.guest[i];
        u64 has_kib;

        if (other == guest || other->state != GUEST_LIVES)
            continue;
        has_kib = memory_of(other);
        out->pledged_kib += other->target_kib - MIN(other->target_kib, has_kib);
    }
}

static enum status memory_set(const struct guest *guest)
{
    if (guest->config->type != CONFIG_HYPERV)
        return registry_memory_set(guest);
    hyperv_memory_set(guest);
    return ST_OK;
}

static enum status make(struct guest *guest, const struct command *command)
{
    switch (command->setting) {
    case SETTING_WEIGHT:
        guest->config->cpu_weight = (u32)command->number;
        return guest_share_set(guest);
    case SETTING_CAP:
        guest->config->cap_percent = (u32)command->number;
        return guest_share_set(guest);
    case SETTING_MEMORY:
        guest->target_kib = command->number << 10;
        return memory_set(guest);
    case SETTING_VCPUS:
        guest->vcpus = (u32)command->number;
        return registry_vcpus_set(guest);
    case SETTINGS:
        break;
    }
    return ST_INVALID;
}

bool setting_apply(struct guest *guest, const struct command *command, struct out *why)
{
    struct setting_memory memory;
    enum status status;

    memory_ask(guest, &memory);
    if (!setting_check(guest->config, command, &memory, why))
        return false;
    status = make(guest, command);
    if (status != ST_OK)
        out_print(why, "%s; this is a mistake in Entente, please report it",
                  status_text(status));
    return status == ST_OK;
}
