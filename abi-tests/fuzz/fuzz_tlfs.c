/*
 * A hostile guest with the Hyper-V interface: sequences of hypercalls, MSR writes, port writes,
 * expiring timers and messages of the root. The hypervisor stays whole, and when the guest is
 * gone every frame but the root's is free again.
 */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/core/apic.c hv/cpu/npt.c hv/lib/format.c
// sources: hypercall/guest_mem.c hypercall/trace.c hypercall/mailbox.c hypercall/op_clock.c hypercall/op_memory.c
// sources: hypercall/op_partition.c hypercall/op_port.c hypercall/op_vcpu.c
// sources: enlight/apic.c enlight/call.c enlight/cpuid.c enlight/deliver.c enlight/firmware.c enlight/flush.c enlight/hypercall_page.c
// sources: enlight/ioapic.c enlight/ipi.c enlight/message.c enlight/msr.c enlight/overlay.c enlight/pci.c enlight/port.c enlight/reftsc.c
// sources: enlight/rtc.c  enlight/state.c enlight/stimer.c enlight/synic.c enlight/uart.c enlight/virtio_blk.c enlight/vpset.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_tlfs.h"
#include "hv/core/frame.h"
#include "hv/core/vlapic.h"
#include "hypercall/guest_mem.h"
#include "hypercall/mailbox.h"

#define MEMORY     ((u64)1 << 20)
#define STEP_BYTES 20u
#define STEPS_MAX  64u

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct partition *guest;

struct step {
    u8 what;
    u8 vcpu;
    u16 small;
    u64 a, b;
};

static struct step step_of(const u8 *bytes)
{
    struct step step = {.what = bytes[0], .vcpu = bytes[1] & 1};

    memcpy(&step.small, bytes + 2, 2);
    memcpy(&step.a, bytes + 4, 8);
    memcpy(&step.b, bytes + 12, 8);
    return step;
}

/* Page numbers inside of memory and a little behind it are more telling than any 64 bits. */
static u64 value_of(const struct step *step)
{
    return step->what & 0x80 ? step->a : (step->a & 0x1fffff);
}

static void hypercall(struct vcpu *vcpu, const struct step *step)
{
    struct regs *regs = &vcpu->guest->regs;

    (void)mem_write_gpa(guest, gpa(0x20000), &step->b, 8);
    memcpy(fake_xmm, &step->a, 16);
    regs->rcx = step->what & 0x80 ? step->a : (step->a & ~(u64)0xffff) | step->small % 0x60;
    regs->rdx = step->b & 1 ? 0x20000 : step->b;
    regs->r8 = step->b >> 8;
    (void)tlfs_call(vcpu);
}

static void message(struct vcpu *vcpu, const struct step *step)
{
    struct mailbox_message *slot;

    (void)mailbox_flag_set(vcpu, step->small & 15, (u32)step->a & 2047);
    if (mailbox_reserve(vcpu, &slot) != ST_OK)
        return;
    *slot = (struct mailbox_message){
        .connection = step->small & 15, .type = 1, .bytes = (u32)step->a % 241};
    mailbox_commit(vcpu);
}

/* Ports of the serial line, the clock, power and firmware, with what they lead to. */
static void ports(struct vcpu *vcpu, const struct step *step)
{
    static const u16 bases[] = {0x3f8, 0x70, 0x600, 0x608, 0xcf8, 0xcfc, 0xc000, 0xc040};
    u16 port = (u16)(bases[step->small & 7] + (step->small >> 3 & 31));
    u32 size = 1u << (step->small >> 8 & 3);
    u32 value;

    if (size > 4)
        size = 4;
    if (step->small & 0x8000)
        (void)tlfs_port_read(vcpu, port, size, &value);
    else
        (void)tlfs_port_write(vcpu, port, size, (u32)step->a);
}

static void run(const struct step *step)
{
    struct vcpu *vcpu = guest->vcpu[step->vcpu];
    u32 msr = 0x40000000u + step->small % 0x120;
    u64 value;
    u8 vector;

    switch (step->what & 7) {
    case 0:
        hypercall(vcpu, step);
        break;
    case 1:
    case 2:
    case 3:
        (void)tlfs_msr_write(vcpu, msr, value_of(step));
        break;
    case 4:
        (void)tlfs_msr_read(vcpu, msr, &value);
        break;
    case 5:
        ports(vcpu, step);
        break;
    case 6:
        message(vcpu, step);
        break;
    default:
        fake_now_ns += step->a & 0xffffff;
        timer_run(fake_now_ns);
        break;
    }
    vcpu_wake(vcpu);
    tlfs_deliver(vcpu);
    if (!vlapic_is_quiet(vcpu->lapic) && vlapic_next(vcpu->lapic) != VLAPIC_NONE) {
        vector = (u8)vlapic_next(vcpu->lapic);
        vlapic_accept(vcpu->lapic, vector);
        tlfs_given(vcpu, vector);
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct vcpu *vcpu;
    struct step step;

    fake_machine_reset();
    guest = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 64);
    guest = fake_partition("guest", PARTITION_TLFS, 1024);
    if (vcpu_make(guest, 1, &vcpu) != ST_OK ||
        space_populate(&guest->space, gpa(0), MEMORY, SPACE_RAM) != ST_OK)
        abort();
    guest->property[NATIVE_CONSOLE_GFN] = 0x30;
    guest->property[NATIVE_FIRMWARE_GFN] = 0x31;
    if (mem_write_gpa(guest, gpa(0x31000), &(u64){100}, sizeof(u64)) != ST_OK)
        abort(); /* its first disk has sectors */
    (void)tlfs_msr_write(vcpu, 0x40000000, 1);
    (void)tlfs_msr_write(vcpu, 0x40000001, 0x5001);
    for (u32 i = 0; i < STEPS_MAX && size >= STEP_BYTES; i++) {
        step = step_of(data);
        run(&step);
        data += STEP_BYTES;
        size -= STEP_BYTES;
    }
    partition_destroy(guest);
    if (frame_count_free() + frame_count_owned(0) != frame_count_total())
        abort();
    return 0;
}
