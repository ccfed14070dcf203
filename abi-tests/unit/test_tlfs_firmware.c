/* What a guest's UEFI firmware finds: a timer, PCI, and disks as legacy virtio block devices.
 */
// sources: abi-tests/unit/fake_tlfs.c abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/core/apic.c hv/cpu/npt.c hv/lib/format.c
// sources: hypercall/guest_mem.c hypercall/trace.c hypercall/mailbox.c hypercall/op_clock.c hypercall/op_memory.c
// sources: hypercall/op_partition.c hypercall/op_port.c hypercall/op_vcpu.c
// sources: enlight/apic.c enlight/call.c enlight/cpuid.c enlight/deliver.c enlight/firmware.c enlight/flush.c enlight/hypercall_page.c
// sources: enlight/ioapic.c enlight/ipi.c enlight/message.c enlight/msr.c enlight/overlay.c enlight/pci.c enlight/port.c enlight/reftsc.c
// sources: enlight/rtc.c  enlight/state.c enlight/stimer.c enlight/synic.c enlight/uart.c enlight/virtio_blk.c enlight/vpset.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_tlfs.h"

#define FIRMWARE_AT 0x31000u
#define SECTORS     0x123456789aull
#define FEATURES    0x220u /* read-only, flush */

/* PCI, as EDK2 and every other firmware reaches it. */
#define BRIDGE   0x80000000u
#define DISK(n)  (0x80000000u | ((n) + 1) << 11)
#define COMMAND  0x04u
#define REGION   0x10u
#define PORTS(n) (u16)(0xc000 + 0x40 * (n))

enum { REG_FEATURES = 0, REG_DRIVER = 4, REG_QUEUE = 8, REG_ENTRIES = 12, REG_SELECT = 14 };
enum { REG_NOTIFY = 16, REG_STATUS = 18, REG_ISR = 19, REG_SECTORS = 20, REG_BLOCK = 40 };

static struct native_firmware *page(void)
{
    return tlfs_memory(FIRMWARE_AT);
}

static u32 in(u16 port, u32 size)
{
    u32 value = 0xdeadbeef;

    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], port, size, &value), VERDICT_ANSWERED);
    return value;
}

static void out(u16 port, u32 size, u32 value)
{
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], port, size, value), VERDICT_ANSWERED);
}

static u32 config(u32 address, u32 size)
{
    out(0xcf8, 4, address & ~3u);
    return in((u16)(0xcfc + (address & 3)), size);
}

static void config_set(u32 address, u32 size, u32 value)
{
    out(0xcf8, 4, address & ~3u);
    out((u16)(0xcfc + (address & 3)), size, value);
}

static bool root_is_told(void)
{
    u32 number;
    bool told = port_take_raised(tlfs_root->vcpu[0], &number);

    while (told && port_take_raised(tlfs_root->vcpu[0], &number))
        ;
    return told;
}

/* Two disks, their regions where a firmware would put them. */
static int setup(void **state)
{
    u32 far, near;

    if (tlfs_setup(state) != 0)
        return 1;
    assert_int_equal(port_alloc_unbound(tlfs_guest, tlfs_root->id, &far), ST_OK);
    assert_int_equal(port_bind_interdomain(tlfs_root, tlfs_guest->id, far, &near), ST_OK);
    tlfs_guest->property[NATIVE_FIRMWARE_GFN] = FIRMWARE_AT >> PAGE_SHIFT;
    tlfs_guest->property[NATIVE_FIRMWARE_PORT] = far;
    for (u32 i = 0; i < 2; i++) {
        page()->disk[i] =
            (struct native_firmware_disk){.sectors = SECTORS + i, .features = FEATURES};
        config_set(DISK(i) | REGION, 4, PORTS(i));
        config_set(DISK(i) | COMMAND, 2, 7);
    }
    (void)root_is_told();
    return 0;
}

static void test_without_firmware(void **state)
{
    static const u16 ports[] = {0x64, 0x608, 0xcf8, 0xcfc, 0xc000};
    u32 value;

    (void)state;
    tlfs_guest->property[NATIVE_FIRMWARE_GFN] = 0;
    for (u32 i = 0; i < ARRAY_SIZE(ports); i++) {
        assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], ports[i], 4, &value),
                         VERDICT_NOT_MINE);
        assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], ports[i], 4, 0),
                         VERDICT_NOT_MINE);
    }
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x64, 1, 0xfe), VERDICT_NOT_MINE);
    assert_int_equal(tlfs_guest->state, PARTITION_RUNNING);
}

/* Exact to the tick after any time, also where ns times Hertz is more than 64 bits. */
static void test_timer(void **state)
{
    u32 value;

    (void)state;
    fake_now_ns = 0;
    assert_int_equal(in(0x608, 4), 0);
    fake_now_ns = 1000000000;
    assert_int_equal(in(0x608, 4), 3579545);
    fake_now_ns = 999999999;
    assert_int_equal(in(0x608, 4), 3579544);
    fake_now_ns = 100000ull * 1000000000 + 500000000;
    assert_int_equal(in(0x608, 4), (u32)(100000ull * 3579545 + 3579545 / 2));
    out(0x608, 4, 5); /* nothing happens */
    assert_int_equal(in(0x608, 4), (u32)(100000ull * 3579545 + 3579545 / 2));
    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], 0x608, 1, &value), VERDICT_NOT_MINE);
}

/* The byte that pulls the line, at its size alone. */
static void test_machine_reset(void **state)
{
    (void)state;
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x64, 1, 0xff), VERDICT_NOT_MINE);
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x64, 2, 0xfe), VERDICT_NOT_MINE);
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x60, 1, 0xfe), VERDICT_NOT_MINE);
    assert_int_equal(tlfs_guest->state, PARTITION_RUNNING);
    out(0x64, 1, 0xfe);
    assert_int_equal(tlfs_guest->state, PARTITION_ENDED);
    assert_int_equal(tlfs_guest->end_reason, END_REBOOT);
}

static void test_who_is_there(void **state)
{
    (void)state;
    assert_int_equal(config(BRIDGE, 4), 0x0d578086);
    assert_int_equal(config(BRIDGE | 8, 4), 0x06000000);
    assert_int_equal(config(BRIDGE | 2, 2), 0x0d57);
    assert_int_equal(config(BRIDGE | 11, 1), 6);
    assert_int_equal(config(BRIDGE | 0x10, 4), 0);
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(config(DISK(i), 4), 0x10011af4);
        assert_int_equal(config(DISK(i) | 8, 4), 0x01000000);
        assert_int_equal(config(DISK(i) | 0x2c, 4), 0x00021af4);
        assert_int_equal(config(DISK(i) | 0x3d, 1), 0); /* no interrupt */
    }
    assert_int_equal(config(DISK(2), 4), 0xffffffff);         /* has no sectors */
    assert_int_equal(config(DISK(8), 4), 0xffffffff);         /* behind the last */
    assert_int_equal(config(DISK(0) | 0x100, 4), 0xffffffff); /* function 1 */
    assert_int_equal(config(BRIDGE | 0x10000, 2), 0xffff);    /* bus 1 */
    assert_int_equal(config(BRIDGE & 0x7fffffff, 1), 0xff);   /* not enabled */
}

static void test_address_register(void **state)
{
    (void)state;
    out(0xcf8, 4, 0xffffffff);
    assert_int_equal(in(0xcf8, 4), 0x80fffffc);
    out(0xcf8, 2, 0); /* only whole */
    out(0xcf9, 1, 6);
    assert_int_equal(in(0xcf8, 4), 0x80fffffc);
    assert_int_equal(in(0xcf8, 1), 0xff);
    out(0xcf8, 4, BRIDGE);
    assert_int_equal(in(0xcfd, 4), 0xffffffff); /* over the word's end */
    assert_int_equal(in(0xcfe, 2), 0x0d57);
}

static void test_region(void **state)
{
    (void)state;
    assert_int_equal(config(DISK(0) | REGION, 4), 0xc001);
    config_set(DISK(0) | REGION, 4, 0xffffffff); /* how large is it? */
    assert_int_equal(config(DISK(0) | REGION, 4), 0xffffffc1);
    config_set(DISK(0) | REGION, 4, 0);
    config_set(DISK(0) | (REGION + 1), 1, 0xd0);
    assert_int_equal(config(DISK(0) | REGION, 4), 0xd001);
    assert_int_equal(in(0xd000, 4), FEATURES);
    config_set(DISK(0) | (REGION + 2), 2, 1); /* beyond the 65,536 ports */
    assert_int_equal(config(DISK(0) | REGION, 4), 0x1d001);
    config_set(BRIDGE | REGION, 4, 0xffffffff);
    assert_int_equal(config(BRIDGE | REGION, 4), 0);
    config_set(DISK(0), 4, 0); /* who it is stays */
    assert_int_equal(config(DISK(0), 4), 0x10011af4);
}

static void test_region_is_off(void **state)
{
    u32 value;

    (void)state;
    assert_int_equal(config(DISK(0) | COMMAND, 4), 5); /* without memory */
    config_set(DISK(0) | COMMAND, 2, 4);
    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], PORTS(0), 4, &value),
                     VERDICT_NOT_MINE);
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], PORTS(0) + REG_STATUS, 1, 0),
                     VERDICT_NOT_MINE);
    assert_int_equal(page()->disk[0].resets, 0);
    assert_int_equal(in(PORTS(1) + 63, 1), 0);
    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], PORTS(1) + 64, 1, &value),
                     VERDICT_NOT_MINE);
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(in(PORTS(0) + REG_FEATURES, 4), FEATURES);
    assert_int_equal(in(PORTS(0) + REG_ENTRIES, 2), NATIVE_QUEUE_ENTRIES);
    assert_int_equal(in(PORTS(1) + REG_SECTORS, 4), (u32)(SECTORS + 1));
    assert_int_equal(in(PORTS(1) + REG_SECTORS + 4, 4), SECTORS >> 32);
    assert_int_equal(in(PORTS(1) + REG_SECTORS, 1), (u8)(SECTORS + 1));
    assert_int_equal(in(PORTS(0) + REG_BLOCK, 4), 512);
    assert_int_equal(in(PORTS(0) + REG_BLOCK + 3, 4), 0); /* half of it is behind the end */
    out(PORTS(0) + REG_DRIVER, 4, 0x200);
    assert_int_equal(in(PORTS(0) + REG_DRIVER, 4), 0x200);
    assert_int_equal(page()->disk[0].driver_features, 0x200);
    out(PORTS(0) + REG_FEATURES, 4, 0);
    out(PORTS(0) + REG_SECTORS, 4, 0);
    assert_int_equal(page()->disk[0].features, FEATURES);
    assert_int_equal(page()->disk[0].sectors, SECTORS);
    assert_false(root_is_told());
}

static void test_queue(void **state)
{
    (void)state;
    out(PORTS(0) + REG_STATUS, 1, 3);
    out(PORTS(0) + REG_QUEUE, 4, 0x45);
    assert_int_equal(page()->disk[0].queue, 0x45);
    assert_true(root_is_told());
    assert_int_equal(in(PORTS(0) + REG_QUEUE, 4), 0x45);
    out(PORTS(0) + REG_NOTIFY, 2, 0);
    assert_true(root_is_told());
    out(PORTS(0) + REG_NOTIFY, 2, 1); /* another queue */
    out(PORTS(0) + REG_NOTIFY, 1, 0);
    assert_false(root_is_told());
    assert_int_equal(page()->disk[1].queue, 0);
}

static void test_only_queue(void **state)
{
    (void)state;
    out(PORTS(0) + REG_QUEUE, 4, 0x45);
    (void)root_is_told();
    out(PORTS(0) + REG_SELECT, 2, 1);
    assert_int_equal(in(PORTS(0) + REG_SELECT, 2), 1);
    assert_int_equal(in(PORTS(0) + REG_ENTRIES, 2), 0);
    assert_int_equal(in(PORTS(0) + REG_QUEUE, 4), 0);
    out(PORTS(0) + REG_QUEUE, 4, 0x46);
    assert_int_equal(page()->disk[0].queue, 0x45);
    assert_false(root_is_told());
}

static void test_reset(void **state)
{
    (void)state;
    out(PORTS(0) + REG_STATUS, 1, 7);
    out(PORTS(0) + REG_DRIVER, 4, 0x200);
    out(PORTS(0) + REG_QUEUE, 4, 0x45);
    out(PORTS(0) + REG_SELECT, 2, 1);
    page()->disk[0].isr = 1;
    (void)root_is_told();
    assert_int_equal(in(PORTS(0) + REG_STATUS, 1), 7);
    out(PORTS(0) + REG_STATUS, 1, 0);
    assert_true(root_is_told());
    assert_int_equal(in(PORTS(0) + REG_STATUS, 1), 0);
    assert_int_equal(page()->disk[0].queue, 0);
    assert_int_equal(page()->disk[0].resets, 1);
    assert_int_equal(page()->disk[0].driver_features, 0);
    assert_int_equal(page()->disk[0].isr, 0);
    assert_int_equal(in(PORTS(0) + REG_ENTRIES, 2), NATIVE_QUEUE_ENTRIES);
    assert_int_equal(page()->disk[1].resets, 0);
}

static void test_interrupt_status(void **state)
{
    (void)state;
    page()->disk[0].isr = 1;
    assert_int_equal(in(PORTS(0) + REG_STATUS, 2), 0); /* not by its neighbour */
    assert_int_equal(in(PORTS(0) + REG_ISR, 1), 1);
    assert_int_equal(in(PORTS(0) + REG_ISR, 1), 0);
    assert_int_equal(page()->disk[0].isr, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_without_firmware, tlfs_setup),
        cmocka_unit_test_setup(test_timer, setup),
        cmocka_unit_test_setup(test_machine_reset, setup),
        cmocka_unit_test_setup(test_who_is_there, setup),
        cmocka_unit_test_setup(test_address_register, setup),
        cmocka_unit_test_setup(test_region, setup),
        cmocka_unit_test_setup(test_region_is_off, setup),
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_queue, setup),
        cmocka_unit_test_setup(test_only_queue, setup),
        cmocka_unit_test_setup(test_reset, setup),
        cmocka_unit_test_setup(test_interrupt_status, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
