#include "guest-drivers/steward/config.h"

#define MEMORY_MIB_MAX ((u64)16 << 20) /* 16 TiB */

static bool action_find(struct text text, enum config_action *out)
{
    static const struct {
        const char *word;
        enum config_action action;
    } actions[] = {
        {"destroy", ACTION_DESTROY},          {"restart", ACTION_RESTART},
        {"preserve", ACTION_PRESERVE},        {"rename-restart", ACTION_RENAME_RESTART},
        {"coredump-destroy", ACTION_DESTROY}, {"coredump-restart", ACTION_RESTART},
        {"soft-reset", ACTION_RESTART},
    };

    for (u32 i = 0; i < ARRAY_SIZE(actions); i++) {
        if (text_is(text, actions[i].word)) {
            *out = actions[i].action;
            return true;
        }
    }
    return false;
}

static void set_type(struct config *guest, u32 line, struct text value)
{
    for (u32 i = 0; i <= CONFIG_HYPERV; i++) {
        if (text_is(value, config_type_name((enum config_type)i))) {
            guest->type = (enum config_type)i;
            return;
        }
    }
    config_mistake(
        guest, line,
        "type = \"%.*s\" is not a type of guest here; write \"pv\", \"pvh\" or \"hyperv\"",
        SHOW(value));
}

static void set_name(struct config *guest, u32 line, struct text value)
{
    if (value.length == 0 || value.length > CONFIG_NAME_MAX) {
        config_mistake(guest, line,
                       "a name has 1 to %u letters, this one %lu; shorten it or write one",
                       CONFIG_NAME_MAX, (unsigned long)value.length);
        return;
    }
    for (u64 i = 0; i < value.length; i++)
        if (value.at[i] <= ' ' || value.at[i] > '~' || value.at[i] == '/' ||
            value.at[i] == '|') {
            config_mistake(
                guest, line,
                "a name cannot hold the character 0x%x; use letters, digits, '-', '_', '.'",
                (u8)value.at[i]);
            return;
        }
}

static void set_string(struct config *guest, u32 line, const struct key *key, struct text value)
{
    enum config_action action;

    if (key->kind == VALUE_ACTION) {
        if (action_find(value, &action))
            guest->action[key->id] = action;
        else
            config_mistake(
                guest, line,
                "%s = \"%.*s\" is no action; write \"destroy\", \"restart\", \"preserve\" or "
                "\"rename-restart\"",
                key->name, SHOW(value));
        return;
    }
    guest->string[key->id] = value;
    if (key->id == KEY_TYPE)
        set_type(guest, line, value);
    else if (key->id == KEY_NAME)
        set_name(guest, line, value);
}

/* The share of the CPUs, as xl.cfg(5) has it for its schedulers. */
static void set_share(struct config *guest, u32 line, const struct key *key, u64 value)
{

    if (key->id == KEY_CAP) {
        if (value <= CONFIG_CAP_MAX)
            guest->cap_percent = (u32)value;
        else
            config_mistake(
                guest, line,
                "cap = %lu is out of range; write 0 for none, or percent of one CPU up to %u",
                (unsigned long)value, CONFIG_CAP_MAX);
        return;
    }
    if (value >= 1 && value <= CONFIG_WEIGHT_MAX)
        guest->cpu_weight = (u32)value;
    else
        config_mistake(guest, line,
                       "cpu_weight = %lu is out of range; write 1 to %u, %u is usual",
                       (unsigned long)value, CONFIG_WEIGHT_MAX, CONFIG_WEIGHT_USUAL);
}

static void set_number(struct config *guest, u32 line, const struct key *key, u64 value)
{

    if (key->id == KEY_VCPUS || key->id == KEY_MAXVCPUS) {
        if (value == 0 || value > CONFIG_VCPUS_MAX)
            config_mistake(
                guest, line,
                "%s = %lu: a guest has 1 to %u virtual CPUs; write for example %s = 2",
                key->name, (unsigned long)value, CONFIG_VCPUS_MAX, key->name);
        else
            *(key->id == KEY_VCPUS ? &guest->vcpus : &guest->maxvcpus) = (u32)value;
        return;
    }
    if (key->id == KEY_CPU_WEIGHT || key->id == KEY_CAP) {
        set_share(guest, line, key, value);
        return;
    }
    if (key->id == KEY_VIRIDIAN) {
        guest->has_viridian = value != 0;
        return;
    }
    if (key->id == KEY_TSC_INVARIANT) {
        guest->has_tsc_control = value != 0;
        return;
    }
    if (key->id == KEY_AUTOSTART) {
        guest->waits = value == 0;
        return;
    }
    if (value == 0 || value > MEMORY_MIB_MAX) {
        config_mistake(
            guest, line,
            "%s = %lu is not a sensible number of MiB of memory; write for example %s = 512",
            key->name, (unsigned long)value, key->name);
        return;
    }
    if (key->id == KEY_MEMORY)
        guest->memory_mib = value;
    else
        guest->maxmem_mib = value;
}

void config_value_set(struct config *guest, const struct key *key, const struct token *token)
{
    u64 number;

    if (key->kind == VALUE_NUMBER) {
        bool is_number = token->kind == TOKEN_NUMBER && !token->is_huge;

        number = token->number;
        if (token->kind == TOKEN_STRING)
            is_number = text_number(token->text, &number);
        if (is_number)
            set_number(guest, token->line, key, number);
        else
            config_mistake(guest, token->line,
                           "%s = %.*s is not a number; write for example %s = %u", key->name,
                           SHOW(token->text), key->name, key->id == KEY_VCPUS ? 1 : 512);
    } else if (key->kind == VALUE_LIST) {
        config_mistake(guest, token->line, "the value of \"%s\" is a list; put it in brackets",
                       key->name);
    } else if (token->kind == TOKEN_STRING) {
        set_string(guest, token->line, key, token->text);
    } else {
        config_mistake(guest, token->line,
                       "the value of \"%s\" is not a string; put it in quotes", key->name);
    }
}
