/*
 * A hostile root: sequences of native calls with any structures. The hypervisor stays whole,
 * and when all partitions are gone every frame but the root's is free again.
 */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/frame.h"
#include "hypercall/abi/native.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"

#define IN_AT       0x10000u
#define ROOT_BYTES  ((u64)1 << 20)
#define STEPS_MAX   64
#define REPEATS_MAX 64

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* Numbers near what a caller would use are more telling than any 64 bits. */
static u64 number_of(const u8 *bytes)
{
    u64 value = 0;

    memcpy(&value, bytes + 1, 7);
    switch (bytes[0] % 6) {
    case 0:
        return bytes[1];
    case 1:
        return (u64)bytes[1] << PAGE_SHIFT;
    case 2:
        return (u64)bytes[1] << 21;
    case 3:
        return ~(u64)bytes[1];
    case 4:
        return (u64)bytes[2] << 32 | bytes[1];
    default:
        return value << (bytes[7] & 15);
    }
}

static void step(struct vcpu *vcpu, const u8 *bytes)
{
    struct regs *regs = &vcpu->guest->regs;
    u64 number = bytes[0] % (NATIVE_event_flag_set + 1);
    u64 words[6];
    u32 tries = 0;

    if (number == NATIVE_power_off)
        number = NATIVE_memory_remove;
    for (u32 i = 0; i < 6; i++)
        words[i] = number_of(bytes + 1 + i * 8);
    /* A name for create, which else is refused at once. */
    if (number == NATIVE_partition_create) {
        u8 *in = space_pointer(&vcpu->partition->space, gpa(IN_AT), SPACE_WRITE);

        memset(in, 0, NATIVE_NAME_BYTES);
        in[0] = (u8)('a' + bytes[1] % 8);
        memcpy(in + NATIVE_NAME_BYTES, words, 16);
    } else {
        mem_write_gpa(vcpu->partition, gpa(IN_AT), words, sizeof(words));
    }
    regs->rdi = bytes[49] == 255 ? words[0] : IN_AT;
    regs->rsi = bytes[50] == 255 ? words[1] : IN_AT + 0x1000;
    regs->rdx = bytes[51] == 255 ? words[2] : 0;
    do
        regs->rax = number;
    while (native_call(vcpu) == CALL_REPEAT && vcpu->state != VCPU_PARKED &&
           tries++ < REPEATS_MAX);
    fake_now_ns += 1000;
    timer_run(fake_now_ns);
    vcpu_wake(vcpu);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct partition *root, *p;
    u64 owned;

    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    if (space_populate(&root->space, gpa(0), ROOT_BYTES, SPACE_RAM) != ST_OK)
        abort();
    for (u32 i = 0; i < STEPS_MAX && size >= 52; i++, data += 52, size -= 52)
        step(root->vcpu[0], data);
    while ((p = partition_next(1)) != NULL)
        partition_destroy(p);
    owned = frame_count_owned(root->id);
    if (frame_count_free() + owned != frame_count_total())
        abort();
    return 0;
}
