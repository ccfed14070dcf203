#include "hv/cpu/ioapic.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/ptab.h"

enum { IOAPIC_SELECT = 0x00, IOAPIC_WINDOW = 0x10, IOAPIC_REDIRECTION = 0x10 };
#define ENTRY_ACTIVE_LOW   BIT(13)
#define ENTRY_LEVEL        BIT(15)
#define INTI_POLARITY_LOW  3u
#define INTI_TRIGGER_LEVEL 12u

static volatile u8 *registers; /* NULL: there are none */

static void ioapic_write(u32 index, u32 value)
{
    *(volatile u32 *)(volatile void *)(registers + IOAPIC_SELECT) = index;
    *(volatile u32 *)(volatile void *)(registers + IOAPIC_WINDOW) = value;
}

void ioapic_init(u64 physical)
{
    insn_out8(0x21, 0xff);
    insn_out8(0xa1, 0xff);
    if (physical != 0 && ptab_map_device(hpa(physical), PAGE_SIZE) == ST_OK)
        registers = phys_to_virt(hpa(physical));
}

void ioapic_route(u32 gsi, u32 flags, u8 vector)
{
    u32 low = vector;

    if (!registers)
        return;
    if ((flags & 3) == INTI_POLARITY_LOW)
        low |= (u32)ENTRY_ACTIVE_LOW;
    if ((flags & 12) == INTI_TRIGGER_LEVEL)
        low |= (u32)ENTRY_LEVEL;
    ioapic_write(IOAPIC_REDIRECTION + gsi * 2 + 1, lapic_id() << 24);
    ioapic_write(IOAPIC_REDIRECTION + gsi * 2, low);
}
