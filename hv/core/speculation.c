#include "hv/core/speculation.h"
#include "hv/cpu/insn.h"
#include "hv/lib/print.h"

#define VENDOR_AMD   0x68747541u /* "Auth" */
#define VENDOR_HYGON 0x6f677948u /* "Hygo" */
#define VENDOR_INTEL 0x756e6547u /* "Genu" */

/*
 * Sources: AMD "Software techniques for managing speculation" (rev. 2023), "Technical guidance
 * for mitigating branch type confusion". IBPB also ends SRSO and BTC between partitions on
 * 17h-1ah.
 */
static const struct speculation_row table[] = {
    {"AMD before Zen", VENDOR_AMD, 0x0f, 0x16, true, true, true},
    {"AMD Zen, Zen 2", VENDOR_AMD, 0x17, 0x17, true, true, true},
    {"Hygon Dhyana", VENDOR_HYGON, 0x18, 0x18, true, true, true},
    {"AMD Zen 3, Zen 4", VENDOR_AMD, 0x19, 0x19, true, true, true},
    {"AMD Zen 5 and later", VENDOR_AMD, 0x1a, 0xff, true, true, true},
    {"Intel", VENDOR_INTEL, 0x06, 0xff, true, true, true},
    {"unknown CPU", 0, 0, ~0u, true, true, true},
};

static const struct speculation_row emulated = {"emulated CPU", 0, 0, 0, false, false, false};

const struct speculation_row *speculation_find(const struct speculation_cpu *cpu)
{
    if (cpu->is_emulated)
        return &emulated;
    for (u32 i = 0; i < ARRAY_SIZE(table) - 1; i++)
        if (table[i].vendor == cpu->vendor && cpu->family >= table[i].family_first &&
            cpu->family <= table[i].family_last)
            return &table[i];
    return &table[ARRAY_SIZE(table) - 1];
}

static void cpu_read(struct speculation_cpu *out)
{
    struct cpuid_leaf first = insn_cpuid(1, 0);
    u32 basic = insn_cpuid(0, 0).eax;
    u32 family = first.eax >> 8 & 0xf;

    out->vendor = insn_cpuid(0, 0).ebx;
    out->family = family == 0xf ? family + (first.eax >> 20 & 0xff) : family;
    out->is_emulated = run_is_emulated();
    if (insn_cpuid(0x80000000u, 0).eax >= 0x80000008u) {
        u32 bits = insn_cpuid(0x80000008u, 0).ebx;

        out->has_ibpb = bits & BIT(12);
        out->has_spec_ctrl = bits & (BIT(14) | BIT(15) | BIT(24));
    }
    if (basic >= 7 && (insn_cpuid(7, 0).edx & BIT(26))) {
        out->has_ibpb = true;
        out->has_spec_ctrl = true;
    }
}

void speculation_init(void)
{
    struct speculation_cpu cpu = {0};
    const struct speculation_row *row;
    struct run_speculation policy;

    cpu_read(&cpu);
    row = speculation_find(&cpu);
    policy.stuff_return_stack = row->stuff_return_stack;
    policy.barrier_on_switch = row->barrier_on_switch && cpu.has_ibpb;
    policy.switch_spec_ctrl = row->switch_spec_ctrl && cpu.has_spec_ctrl;
    run_speculation_set(&policy);
    print("speculation: %s: return stack %s, IBPB between partitions %s, SPEC_CTRL %s\n",
          row->kind, policy.stuff_return_stack ? "refilled at exits" : "left alone",
          policy.barrier_on_switch ? "on"
          : row->barrier_on_switch ? "not offered by this CPU"
                                   : "off",
          policy.switch_spec_ctrl ? "per guest" : "hidden");
}
