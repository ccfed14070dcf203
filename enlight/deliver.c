/* What the run loop tells the adapter about a vCPU. */
#include "enlight/apic.h"
#include "enlight/enlight.h"
#include "enlight/uart.h"
#include "enlight/state.h"
#include "enlight/stimer.h"
#include "enlight/synic.h"

/* A vCPU that is down is not entered, but its pages are read: a kernel that panics has halted
 * the others and waits for VMBus's last message in all of them. */
static void down_deliver(const struct partition *p)
{
    for (u32 i = 0; i < TLFS_VPS_MAX; i++) {
        struct vcpu *other = op_vcpu_find(p, i);
        struct tlfs_vcpu *tv;

        if (!other || op_vcpu_is_up(other) || !op_message_waits(other))
            continue;
        tv = tlfs_vcpu_get(other);
        if (tv)
            synic_deliver(tv);
    }
}

void tlfs_deliver(struct vcpu *vcpu)
{
    struct tlfs_vcpu *tv = tlfs_vcpu_get(vcpu);
    struct partition *p = op_vcpu_partition(vcpu);
    u32 port;
    u32 fired;

    if (!tv)
        return;
    /* Of the ports only the console's says something; a Xen guest's are Xen's. */
    while (!op_partition_shows(p, OP_ABI_XEN) && op_port_take_raised(vcpu, &port))
        uart_event(p, tv->domain);
    fired = op_vcpu_clocks_take(vcpu);
    if (fired)
        stimer_fire(tv, fired);
    if (tv->has_work || op_message_waits(vcpu)) {
        tv->has_work = false;
        stimer_deliver(tv);
        synic_deliver(tv);
    }
    if (op_messages_wait(p))
        down_deliver(p);
    assist_settle(tv);
}

void tlfs_given(struct vcpu *vcpu, u8 vector)
{
    struct tlfs_vcpu *tv = tlfs_vcpu_get(vcpu);

    if (!tv)
        return;
    if (synic_ends_itself(tv, vector))
        op_vcpu_apic_write(vcpu, OP_APIC_EOI, 0);
    else
        assist_offer(tv);
}

void tlfs_reset(struct vcpu *vcpu)
{
    struct tlfs_vcpu *tv = tlfs_vcpu_get(vcpu);

    if (!tv)
        return;
    assist_reset(tv);
    stimer_reset(tv);
    synic_reset(tv);
}
