/* The interrupt page of version 0.13: a bit for each relid says whose a signal is; those to the
 * guest are in its first half, those to the host in its second. */
#include "guest-drivers/service/synic.h"
#include "guest-drivers/service/vmbus.h"

#define HALF_WORDS (PAGE_SIZE / 2 / sizeof(u64))

static u64 bit_of(u32 relid)
{
    return 1ull << (relid % 64);
}

enum status vmbus_interrupts_open(struct vmbus *bus, u64 address)
{
    enum status status;
    u8 *page;

    if (address % PAGE_SIZE != 0)
        return ST_INVALID;
    TRY(guest_page_get(bus->memory, address / PAGE_SIZE, &page));
    status = synic_event_connect(bus->memory->partition, VMBUS_CONNECTION_EVENT,
                                 &bus->interrupt_port);
    if (status != ST_OK) {
        guest_page_put(bus->memory, address / PAGE_SIZE);
        return status;
    }
    bus->interrupts = (u64 *)(void *)page;
    bus->interrupt_gfn = address / PAGE_SIZE;
    return ST_OK;
}

void vmbus_interrupts_close(struct vmbus *bus)
{
    if (!bus->interrupts)
        return;
    synic_event_disconnect(bus->memory->partition, VMBUS_CONNECTION_EVENT, bus->interrupt_port);
    guest_page_put(bus->memory, bus->interrupt_gfn);
    bus->interrupts = NULL;
}

bool vmbus_interrupt_take(struct vmbus *bus, u32 relid)
{
    u64 *word = &bus->interrupts[HALF_WORDS + relid / 64];

    if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit_of(relid)))
        return false;
    (void)__atomic_fetch_and(word, ~bit_of(relid), __ATOMIC_SEQ_CST);
    return true;
}

void vmbus_interrupt_set(struct vmbus *bus, u32 relid)
{
    (void)__atomic_fetch_or(&bus->interrupts[relid / 64], bit_of(relid), __ATOMIC_SEQ_CST);
    synic_flag_set(bus->memory->partition, bus->vp, bus->sint, 0);
}
