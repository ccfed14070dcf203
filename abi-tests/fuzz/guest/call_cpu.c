/* Calls of a PV kernel about its CPU: traps, descriptors, callbacks. */
#include "abi-tests/fuzz/guest/call.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static uint64_t descriptor_any(void)
{
    static const uint64_t plain[] = {
        0,
        0x00affb000000ffff,
        0x00cff3000000ffff,
        0x00cffb000000ffff,
        0x00009b000000ffff,
        0x00008c000000ffff,
        0x0000ec00e0330000,
        0x00008900e0330067,
        0x0000820000000fff,
    };

    if (fuzz_one_in(3))
        return fuzz_value();
    return plain[fuzz_below(sizeof(plain) / sizeof(plain[0]))] ^
           (fuzz_one_in(3) ? 1ull << fuzz_below(64) : 0);
}

static void trap_table_make(struct fuzz_call *call)
{
    struct g_trap_info list[FUZZ_BATCH + 1] = {{0}};
    uint32_t count = fuzz_below(FUZZ_BATCH);

    for (uint32_t i = 0; i < count; i++) {
        list[i].vector = (uint8_t)fuzz_random();
        list[i].flags = (uint8_t)fuzz_random();
        list[i].cs = fuzz_one_in(3) ? (uint16_t)fuzz_random() : G_FLAT_RING3_CS64;
        list[i].address = fuzz_value();
    }
    call->argument[0] = fuzz_one_in(8) ? 0 : fuzz_put(list, (count + 1) * sizeof(list[0]));
}

static void callback_make(struct fuzz_call *call)
{
    struct g_callback_register in = {.type = (uint16_t)fuzz_below(9),
                                     .flags = (uint16_t)fuzz_below(4),
                                     .address = fuzz_value()};

    if (in.type == G_CALLBACKTYPE_event) /* an event without a callback ends the guest */
        in.type = fuzz_one_in(1024) ? 0 : 8;
    call->argument[0] = fuzz_one_in(8) ? fuzz_value() : 0;
    call->argument[1] = fuzz_place(&in, sizeof(in), FUZZ_EXACT);
}

static void gdt_make(struct fuzz_call *call)
{
    uint32_t count = fuzz_below(16);

    call->argument[0] = fuzz_frames_put(count + 1, 0);
    call->argument[1] = fuzz_one_in(4) ? fuzz_value() : count * 512 + fuzz_below(512);
}

void fuzz_pv_cpu_make(struct fuzz_call *call)
{
    switch (call->number) {
    case G_HYPERVISOR_set_trap_table:
        trap_table_make(call);
        break;
    case G_HYPERVISOR_set_gdt:
        gdt_make(call);
        break;
    case G_HYPERVISOR_stack_switch: /* without one the next event ends the guest */
        if (!fuzz_one_in(256))
            call->argument[1] = fuzz_kernel_stack();
        break;
    case G_HYPERVISOR_update_descriptor:
        call->argument[0] = fuzz_arena_frame[fuzz_below(ARENA_PAGES)] << 12 | fuzz_below(4096);
        if (!fuzz_one_in(8))
            call->argument[0] &= ~7ull;
        call->argument[1] = descriptor_any();
        break;
    case G_HYPERVISOR_set_debugreg:
    case G_HYPERVISOR_get_debugreg:
        call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(9);
        break;
    case G_HYPERVISOR_set_segment_base:
        call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(4);
        break;
    case G_HYPERVISOR_callback_op:
        callback_make(call);
        break;
    case G_HYPERVISOR_set_callbacks:
        if (!fuzz_one_in(1024))
            call->argument[0] = (uintptr_t)kit_event_pv;
        break;
    default:
        break;
    }
}
