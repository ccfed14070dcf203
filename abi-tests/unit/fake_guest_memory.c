#include "abi-tests/unit/fake_guest_memory.h"

#include <stdlib.h>
#include <string.h>

_Alignas(4096) u8 fake_ram[FAKE_FRAMES][4096];
u32 fake_pins, fake_pins_max;
static u32 users[FAKE_FRAMES];

void fake_ram_reset(void)
{
    memset(fake_ram, 0, sizeof(fake_ram));
    memset(users, 0, sizeof(users));
    fake_pins = 0;
    fake_pins_max = UINT32_MAX;
}

enum status guest_page_get(struct guest_memory *memory, u64 gfn, u8 **at)
{
    if (!memory)
        abort();
    if (gfn >= FAKE_FRAMES)
        return ST_RANGE;
    if (fake_pins >= fake_pins_max)
        return ST_AGAIN;
    fake_pins++;
    users[gfn]++;
    *at = fake_ram[gfn];
    return ST_OK;
}

void guest_page_put(struct guest_memory *memory, u64 gfn)
{
    (void)memory;
    if (gfn >= FAKE_FRAMES || users[gfn] == 0)
        abort(); /* it is not in use */
    users[gfn]--;
    fake_pins--;
}
