/* The clock and the I/O APIC of a Hyper-V guest's platform. */
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
#include <time.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_tlfs.h"
#include "enlight/rtc.h"

#define IOAPIC        0xfec00000u
#define SELECT        (IOAPIC + 0x00)
#define WINDOW        (IOAPIC + 0x10)
#define ENTRY_LOW(n)  (0x10u + 2 * (n))
#define ENTRY_HIGH(n) (0x11u + 2 * (n))

static u32 unbcd(u8 value)
{
    assert_in_range(value & 15, 0, 9);
    return (u32)(value >> 4) * 10 + (value & 15);
}

/* Every day of 400 years beside the C library. */
static void test_dates(void **state)
{
    (void)state;
    for (u64 day = 0; day < 146097; day++) {
        u64 seconds = day * 86400 + day % 86400;
        time_t moment = (time_t)seconds;
        struct tm tm;

        gmtime_r(&moment, &tm);
        assert_int_equal(unbcd(rtc_register(0, seconds)), tm.tm_sec);
        assert_int_equal(unbcd(rtc_register(2, seconds)), tm.tm_min);
        assert_int_equal(unbcd(rtc_register(4, seconds)), tm.tm_hour);
        assert_int_equal(rtc_register(6, seconds), tm.tm_wday + 1);
        assert_int_equal(unbcd(rtc_register(7, seconds)), tm.tm_mday);
        assert_int_equal(unbcd(rtc_register(8, seconds)), tm.tm_mon + 1);
        assert_int_equal(unbcd(rtc_register(9, seconds)), tm.tm_year % 100);
        assert_int_equal(unbcd(rtc_register(0x32, seconds)), 19 + tm.tm_year / 100);
    }
}

static u8 clock_register(u8 index)
{
    u32 value;

    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x70, 1, index), VERDICT_ANSWERED);
    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], 0x71, 1, &value), VERDICT_ANSWERED);
    return (u8)value;
}

static void test_clock_ports(void **state)
{
    (void)state;
    assert_int_equal(clock_register(0x8a) & 0x80, 0); /* no update under way */
    assert_int_equal(clock_register(11), 2);          /* BCD, 24 hours */
    assert_int_equal(clock_register(13), 0x80);
    assert_int_equal(clock_register(9), 0x23); /* 1700000000 is in November 2023 */
    assert_int_equal(clock_register(8), 0x11);
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x71, 1, 0x99), VERDICT_ANSWERED);
    assert_int_equal(clock_register(8), 0x11);
}

static u32 get(u8 index)
{
    u32 value;

    assert_int_equal(tlfs_page_write(tlfs_guest->vcpu[0], SELECT, index), VERDICT_ANSWERED);
    assert_int_equal(tlfs_page_read(tlfs_guest->vcpu[0], WINDOW, &value), VERDICT_ANSWERED);
    return value;
}

static void set(u8 index, u32 value)
{
    assert_int_equal(tlfs_page_write(tlfs_guest->vcpu[0], SELECT, index), VERDICT_ANSWERED);
    assert_int_equal(tlfs_page_write(tlfs_guest->vcpu[0], WINDOW, value), VERDICT_ANSWERED);
}

static void test_ioapic_registers(void **state)
{
    u32 value;

    (void)state;
    assert_int_equal(get(1), 0x00170020);
    for (u32 pin = 0; pin < 24; pin++)
        assert_int_equal(get((u8)ENTRY_LOW(pin)), 0x10000);
    set(ENTRY_LOW(23), 0xffffffff);
    set(ENTRY_HIGH(23), 0xffffffff);
    assert_int_equal(get(ENTRY_LOW(23)), 0x1afff); /* delivery status and remote IRR stay 0 */
    assert_int_equal(get(ENTRY_HIGH(23)), 0xff000000);
    set(ENTRY_LOW(24), 0xffffffff); /* no such pin */
    assert_int_equal(get(ENTRY_LOW(24)), 0);
    set(0, 0xffffffff);
    assert_int_equal(get(0), 0x0f000000);
    set(1, 0);
    assert_int_equal(get(1), 0x00170020);
    assert_int_equal(tlfs_page_read(tlfs_guest->vcpu[0], 0xfec01000, &value), VERDICT_NOT_MINE);
    assert_int_equal(tlfs_page_write(tlfs_guest->vcpu[0], 0xfee00000, 1), VERDICT_NOT_MINE);
}

/* Pin 4 to the second vCPU; its local APIC has id 2. */
static void serial_wire(u32 low)
{
    set(ENTRY_HIGH(4), 2u << 24);
    set(ENTRY_LOW(4), low);
}

static void serial_enable(u8 causes)
{
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x3f9, 1, causes), VERDICT_ANSWERED);
}

static void test_serial_interrupt(void **state)
{
    struct native_console_ring *ring = tlfs_memory(TLFS_CONSOLE_AT);

    (void)state;
    serial_enable(2); /* transmitter empty, but the pin is masked */
    assert_false(tlfs_took_vector(1, 0x40));
    serial_wire(0x40);
    serial_enable(2);
    assert_true(tlfs_took_vector(1, 0x40));
    assert_false(tlfs_took_vector(0, 0x40));
    serial_enable(1);
    assert_false(tlfs_took_vector(1, 0x40));
    ring->in_producer = 1;
    assert_int_equal(port_send(tlfs_root, 1), ST_OK);
    tlfs_deliver(tlfs_guest->vcpu[0]);
    assert_true(tlfs_took_vector(1, 0x40));
    serial_wire(0x10040);
    assert_int_equal(port_send(tlfs_root, 1), ST_OK);
    tlfs_deliver(tlfs_guest->vcpu[0]);
    assert_false(tlfs_took_vector(1, 0x40));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test_setup(test_clock_ports, tlfs_setup),
        cmocka_unit_test_setup(test_ioapic_registers, tlfs_setup),
        cmocka_unit_test_setup(test_serial_interrupt, tlfs_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
