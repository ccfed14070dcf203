#include "enlight/ioapic.h"

/* Registers by index. */
enum { ID, VERSION, ARBITRATION, ENTRY = 0x10 };

#define OFFSET_SELECT     0x00u
#define OFFSET_WINDOW     0x10u
#define VERSION_VALUE     (0x20u | (TLFS_IOAPIC_PINS - 1) << 16)
#define ENTRY_WRITABLE    0xff0000000001afffull /* not: delivery status, remote IRR */
#define ENTRY_LOGICAL     BIT(11)
#define ENTRY_MASKED      BIT(16)
#define ENTRY_DESTINATION 56

static u32 pin_of(u32 index)
{
    return (index - ENTRY) / 2;
}

static bool is_entry(u32 index)
{
    return index >= ENTRY && pin_of(index) < TLFS_IOAPIC_PINS;
}

void ioapic_reset(struct tlfs_ioapic *ioapic)
{
    *ioapic = (struct tlfs_ioapic){0};
    for (u32 i = 0; i < TLFS_IOAPIC_PINS; i++)
        ioapic->entry[i] = ENTRY_MASKED;
}

u32 ioapic_read(const struct tlfs_ioapic *ioapic, u32 offset)
{
    u32 index = ioapic->select;

    if (offset == OFFSET_SELECT)
        return index;
    if (offset != OFFSET_WINDOW)
        return 0;
    if (is_entry(index))
        return (u32)(ioapic->entry[pin_of(index)] >> (index & 1 ? 32 : 0));
    if (index == VERSION)
        return VERSION_VALUE;
    return index == ID || index == ARBITRATION ? ioapic->id : 0;
}

void ioapic_write(struct tlfs_ioapic *ioapic, u32 offset, u32 value)
{
    u32 shift = ioapic->select & 1 ? 32 : 0;
    u64 *entry;

    if (offset == OFFSET_SELECT) {
        ioapic->select = (u8)value;
    } else if (offset == OFFSET_WINDOW && is_entry(ioapic->select)) {
        entry = &ioapic->entry[pin_of(ioapic->select)];
        *entry = (*entry & ~((u64)UINT32_MAX << shift)) | (u64)value << shift;
        *entry &= ENTRY_WRITABLE;
    } else if (offset == OFFSET_WINDOW && ioapic->select == ID) {
        ioapic->id = value & 0x0f000000u;
    }
}

void ioapic_pulse(struct partition *p, const struct tlfs_ioapic *ioapic, u32 pin)
{
    u64 entry = ioapic->entry[pin];

    if (!(entry & ENTRY_MASKED))
        op_interrupt_send(p, (u8)entry, (u32)(entry >> ENTRY_DESTINATION),
                          entry & ENTRY_LOGICAL ? OP_TO_LOGICAL : OP_TO_PHYSICAL);
}
