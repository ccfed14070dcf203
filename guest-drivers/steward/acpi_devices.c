/* The platform's devices in AML: what the DSDT holds behind its header. */
#include "guest-drivers/steward/acpi.h"
#include "hv/lib/string.h"
#include "hypercall/abi/native.h"

/* AML, one byte after the other. [ACPI 6.4 20.2] */
struct aml {
    u8 *bytes;
    u32 used;
};

static void aml_put(struct aml *aml, const void *bytes, u32 count)
{
    memcpy(aml->bytes + aml->used, bytes, count);
    aml->used += count;
}

static void aml_byte(struct aml *aml, u32 byte)
{
    aml->bytes[aml->used++] = (u8)byte;
}

#define VMBUS_IRQ 5u

#define AML_NAME     0x08u
#define AML_BYTE     0x0au
#define AML_DWORD    0x0cu
#define AML_STRING   0x0du
#define AML_SCOPE    0x10u
#define AML_BUFFER   0x11u
#define AML_PACKAGE  0x12u
#define AML_EXTENDED 0x5bu
#define AML_DEVICE   0x82u

/* PkgLength always in two bytes: room for 4095. */
static u32 aml_length_begin(struct aml *aml)
{
    aml->used += 2;
    return aml->used - 2;
}

static void aml_length_end(struct aml *aml, u32 at)
{
    u32 length = aml->used - at;

    aml->bytes[at] = (u8)(0x40 | (length & 15));
    aml->bytes[at + 1] = (u8)(length >> 4);
}

static void aml_name_byte(struct aml *aml, const char *name, u32 value)
{
    aml_byte(aml, AML_NAME);
    aml_put(aml, name, 4);
    aml_byte(aml, AML_BYTE);
    aml_byte(aml, value);
}

static void aml_name_string(struct aml *aml, const char *name, const char *value)
{
    aml_byte(aml, AML_NAME);
    aml_put(aml, name, 4);
    aml_byte(aml, AML_STRING);
    aml_put(aml, value, (u32)strlen(value) + 1);
}

/* Name (_CRS, Buffer (count) {bytes}) */
static void aml_resources(struct aml *aml, const u8 *bytes, u32 count)
{
    u32 at;

    aml_byte(aml, AML_NAME);
    aml_put(aml, "_CRS", 4);
    aml_byte(aml, AML_BUFFER);
    at = aml_length_begin(aml);
    aml_byte(aml, AML_BYTE);
    aml_byte(aml, count);
    aml_put(aml, bytes, count);
    aml_length_end(aml, at);
}

/* Device (Cxxx) { Name (_HID, "ACPI0007") Name (_UID, n) Name (_STA, 15) } */
static void aml_processor(struct aml *aml, u32 vcpu)
{
    char name[4] = {'C', (char)('0' + vcpu / 100), (char)('0' + vcpu / 10 % 10),
                    (char)('0' + vcpu % 10)};
    u32 at;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    at = aml_length_begin(aml);
    aml_put(aml, name, 4);
    aml_name_string(aml, "_HID", "ACPI0007");
    aml_name_byte(aml, "_UID", vcpu);
    aml_name_byte(aml, "_STA", 15);
    aml_length_end(aml, at);
}

/* Name (_S5, Package () {type, 0, 0, 0}): what to write to the sleep control register. */
static void aml_off_state(struct aml *aml)
{
    u32 at;

    aml_byte(aml, AML_NAME);
    aml_put(aml, "_S5_", 4);
    aml_byte(aml, AML_PACKAGE);
    at = aml_length_begin(aml);
    aml_byte(aml, 4);
    aml_byte(aml, AML_BYTE);
    aml_byte(aml, NATIVE_SLEEP_TYPE_OFF);
    aml_put(aml, "\0\0\0", 3);
    aml_length_end(aml, at);
}

/* Device (COM1) { Name (_HID, EisaId ("PNP0501")) Name (_UID, 1) Name (_CRS, {IO, IRQ}) }
 * [ACPI 6.4 6.4.2.1, 6.4.2.5] */
static void aml_serial(struct aml *aml)
{
    static const u8 eisa_id[] = {AML_DWORD, 0x41, 0xd0, 0x05, 0x01};
    static const u8 ports[] = {0x47,
                               1,
                               NATIVE_PORT_SERIAL & 0xff,
                               NATIVE_PORT_SERIAL >> 8,
                               NATIVE_PORT_SERIAL & 0xff,
                               NATIVE_PORT_SERIAL >> 8,
                               1,
                               NATIVE_PORT_SERIAL_COUNT,
                               0x22,
                               1u << NATIVE_PIN_SERIAL,
                               0,
                               0x79,
                               0};
    u32 device;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    device = aml_length_begin(aml);
    aml_put(aml, "COM1", 4);
    aml_byte(aml, AML_NAME);
    aml_put(aml, "_HID", 4);
    aml_put(aml, eisa_id, sizeof(eisa_id));
    aml_name_byte(aml, "_UID", 1);
    aml_resources(aml, ports, sizeof(ports));
    aml_length_end(aml, device);
}

/* Device (VMBS) { Name (_HID, "VMBus") ... Name (_CRS, {IRQ 5}) }: guests look for it before
 * they speak to the hypervisor about channels. It has no registers, and nothing ever comes by
 * its interrupt, but Linux up to 3.14 does not start the bus without. [ACPI 6.4 6.4.2.1] */
static void aml_vmbus(struct aml *aml)
{
    static const u8 interrupt[] = {0x22, 1u << VMBUS_IRQ, 0, 0x79, 0};
    u32 device;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    device = aml_length_begin(aml);
    aml_put(aml, "VMBS", 4);
    aml_name_string(aml, "_HID", "VMBus");
    aml_name_string(aml, "_DDN", "VMBUS");
    aml_name_byte(aml, "_UID", 0);
    aml_name_byte(aml, "_STA", 15);
    aml_resources(aml, interrupt, sizeof(interrupt));
    aml_length_end(aml, device);
}

/* Device (VMOD) { Name (_HID, "ACPI0004") Name (_UID, 0) Name (_CRS, {DWordMemory}) VMBS }: a
 * module with the addresses that are free for devices on the bus. Linux 5.10 looks for them in
 * the bus's parents, and must find them before it comes to the root. [ACPI 6.4 6.4.3.5.2] */
static void aml_module(struct aml *aml)
{
    static const u8 memory[] = {0x87, 23,   0,    0,    0x0c, 1, 0, 0, 0, 0, 0, 0, 0,    0xf0,
                                0xff, 0xff, 0xff, 0xf3, 0,    0, 0, 0, 0, 0, 0, 4, 0x79, 0};
    u32 device;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    device = aml_length_begin(aml);
    aml_put(aml, "VMOD", 4);
    aml_name_string(aml, "_HID", "ACPI0004");
    aml_name_byte(aml, "_UID", 0);
    aml_resources(aml, memory, sizeof(memory));
    aml_vmbus(aml);
    aml_length_end(aml, device);
}

u32 acpi_devices_write(u8 *area, u32 vcpus, enum acpi_platform platform)
{
    struct aml aml = {area, 0};
    u32 at;

    aml_byte(&aml, AML_SCOPE);
    at = aml_length_begin(&aml);
    aml_put(&aml, "\\_SB_", 5);
    for (u32 i = 0; i < vcpus; i++)
        aml_processor(&aml, i);
    if (platform == ACPI_HYPERV) {
        aml_serial(&aml);
        aml_module(&aml);
    }
    aml_length_end(&aml, at);
    if (platform == ACPI_HYPERV)
        aml_off_state(&aml);
    return aml.used;
}
