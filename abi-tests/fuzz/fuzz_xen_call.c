// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/*
 * Hypercalls with any registers and any structures: a byte picks the call and sub-operation,
 * the next bytes fill the argument page; between calls events are delivered and the guest
 * scribbles.
 */
#include <string.h>

#include "abi-tests/unit/fake_grant.h"
#include "abi-tests/unit/fake_op.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/xen.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void call(const u8 *data, u32 bytes)
{
    struct regs *regs = &fake_vcpu[0].regs;
    u8 *page = fake_guest(0x1000);
    u32 rounds = 0;

    if (page)
        memcpy(page, data + 4, bytes);
    fake_mode = data[3] & 1 ? OP_MODE_32 : OP_MODE_64;
    regs->rax = data[0] & 63;
    regs->rdi = regs->rbx = data[1] & 63;
    regs->rsi = regs->rcx = data[3] & 2 ? data[2] & 1 : 0x1000;
    regs->rdx = data[3] & 4 ? 0x1000u : data[2] & 3;
    if (regs->rax == XENNR_multicall) {
        regs->rdi = regs->rbx = 0x1000;
        regs->rsi = regs->rcx = data[2] & 7;
    }
    while (xen_call(&fake_vcpu[0]) == CALL_REPEAT && rounds++ < 4)
        ;
    xen_deliver(&fake_vcpu[0]);
    xen_deliver(&fake_vcpu[1]);
    xen_switch_out(&fake_vcpu[0]);
    xen_switch_in(&fake_vcpu[0]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    u32 calls = 0;

    fake_op_reset();
    fake_grant_reset();
    while (size >= 4 && calls++ < 64) {
        u32 bytes = (u32)data[2] & 127;

        bytes = bytes > size - 4 ? (u32)(size - 4) : bytes;
        call(data, bytes);
        data += 4 + bytes;
        size -= 4 + bytes;
    }
    return 0;
}
