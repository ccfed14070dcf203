#include "hv/cpu/power.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"

#define DEBUG_EXIT_PORT 0xf4u
#define SLEEP_ENABLE    (1u << 13)

static u16 pm1a_port;
static u8 soft_off_type;

void power_init(u16 pm1a_control_port, u8 sleep_type)
{
    pm1a_port = pm1a_control_port;
    soft_off_type = sleep_type;
}

void power_off(enum power_reason reason)
{
    insn_out32(DEBUG_EXIT_PORT, reason);
    if (pm1a_port != 0 && reason != POWER_PANIC)
        insn_out16(pm1a_port, (u16)(SLEEP_ENABLE | (u32)soft_off_type << 10));
    cpu_halt();
}
