/*
 * The platform's I/O ports and pages: serial port, time of day, I/O APIC, the sleep and reset
 * registers of ACPI's reduced hardware, and what firmware.c has for guests that start by it.
 */
#include "enlight/enlight.h"
#include "enlight/firmware.h"
#include "enlight/ioapic.h"
#include "enlight/rtc.h"
#include "enlight/uart.h"
#include "enlight/state.h"

enum { PORT_RTC_INDEX = 0x70, PORT_RTC_DATA = 0x71 };

#define RTC_INDEX        0x7fu /* the highest bit masks NMIs, where there are some */
#define NS_A_SECOND      1000000000u
#define SLEEP_ENABLE     BIT(5)
#define SLEEP_TYPE_SHIFT 2

static bool is_serial(u16 port)
{
    return port >= NATIVE_PORT_SERIAL && port < NATIVE_PORT_SERIAL + NATIVE_PORT_SERIAL_COUNT;
}

static bool is_power(u16 port)
{
    return port == NATIVE_PORT_SLEEP || port == NATIVE_PORT_SLEEP_STATUS ||
           port == NATIVE_PORT_RESET;
}

static u8 rtc_read(const struct tlfs_domain *domain)
{
    u64 now_ns = op_clock_wall_base_ns() + op_clock_now_ns();

    return rtc_register(domain->rtc_index, now_ns / NS_A_SECOND);
}

static bool byte_read(struct partition *p, struct tlfs_domain *domain, u16 port, u32 *value)
{
    if (is_serial(port))
        *value = uart_read(p, domain, port - NATIVE_PORT_SERIAL);
    else if (port == PORT_RTC_DATA)
        *value = rtc_read(domain);
    else if (is_power(port))
        *value = 0;
    else
        return false;
    return true;
}

enum verdict tlfs_port_read(struct vcpu *vcpu, u16 port, u32 size, u32 *value)
{
    struct partition *p = op_vcpu_partition(vcpu);
    struct tlfs_domain *domain = tlfs_domain_get(p);

    if (!domain)
        return VERDICT_NOT_MINE;
    if ((size == 1 && byte_read(p, domain, port, value)) ||
        firmware_port_read(p, domain, port, size, value))
        return VERDICT_ANSWERED;
    return VERDICT_NOT_MINE;
}

static void power_write(struct partition *p, u16 port, u8 value)
{
    if (port == NATIVE_PORT_RESET && value == NATIVE_RESET_VALUE)
        op_partition_shutdown(p, NATIVE_END_REBOOT);
    else if (port == NATIVE_PORT_SLEEP &&
             value == (NATIVE_SLEEP_TYPE_OFF << SLEEP_TYPE_SHIFT | SLEEP_ENABLE))
        op_partition_shutdown(p, NATIVE_END_POWEROFF);
}

static bool byte_write(struct partition *p, struct tlfs_domain *domain, u16 port, u8 value)
{
    if (is_serial(port))
        uart_write(p, domain, port - NATIVE_PORT_SERIAL, value);
    else if (port == PORT_RTC_INDEX)
        domain->rtc_index = value & RTC_INDEX;
    else if (is_power(port))
        power_write(p, port, value);
    else
        return port == PORT_RTC_DATA; /* the time of day is not the guest's to set */
    return true;
}

enum verdict tlfs_port_write(struct vcpu *vcpu, u16 port, u32 size, u32 value)
{
    struct partition *p = op_vcpu_partition(vcpu);
    struct tlfs_domain *domain = tlfs_domain_get(p);

    if (!domain)
        return VERDICT_NOT_MINE;
    if ((size == 1 && byte_write(p, domain, port, (u8)value)) ||
        firmware_port_write(p, domain, port, size, value))
        return VERDICT_ANSWERED;
    return VERDICT_NOT_MINE;
}

static bool is_ioapic(u64 at)
{
    return align_down(at, PAGE_SIZE) == NATIVE_IOAPIC_BASE;
}

enum verdict tlfs_page_read(struct vcpu *vcpu, u64 at, u32 *value)
{
    const struct tlfs_domain *domain = tlfs_domain_get(op_vcpu_partition(vcpu));

    if (!domain || !is_ioapic(at))
        return VERDICT_NOT_MINE;
    *value = ioapic_read(&domain->ioapic, (u32)(at & PAGE_MASK));
    return VERDICT_ANSWERED;
}

enum verdict tlfs_page_write(struct vcpu *vcpu, u64 at, u32 value)
{
    struct tlfs_domain *domain = tlfs_domain_get(op_vcpu_partition(vcpu));

    if (!domain || !is_ioapic(at))
        return VERDICT_NOT_MINE;
    ioapic_write(&domain->ioapic, (u32)(at & PAGE_MASK), value);
    return VERDICT_ANSWERED;
}
