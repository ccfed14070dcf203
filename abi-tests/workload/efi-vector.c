/*
 * A driver for a UEFI firmware: interrupts of the vector at which iPXE listens to VMBus do
 * nothing. iPXE polls, but has the host interrupt at the place of the PC's floating-point
 * errors, vector 0x75; EDK2 stops at an interrupt that nobody has registered.
 * [UEFI 4.3, 4.4, 7.3; PI 1.7, volume 2, 12.3]
 */
#include <stddef.h>
#include <stdint.h>

#define EFIAPI      __attribute__((ms_abi))
#define IPXE_VECTOR 0x75

struct guid {
    uint32_t data1;
    uint16_t data2, data3;
    uint8_t data4[8];
};

typedef void(EFIAPI *handler_t)(intptr_t vector, void *context);

struct cpu_arch {
    void *flush_data_cache, *enable_interrupt, *disable_interrupt, *get_interrupt_state, *init;
    size_t(EFIAPI *register_interrupt_handler)(struct cpu_arch *cpu, intptr_t vector,
                                               handler_t handler);
};

struct boot_services {
    uint8_t header[24];
    void *before[37];
    size_t(EFIAPI *locate_protocol)(const struct guid *guid, void *registration, void **found);
};

struct system_table {
    uint8_t header[24];
    void *before[9];
    struct boot_services *boot_services;
};

_Static_assert(offsetof(struct system_table, boot_services) == 96, "[UEFI 4.3]");
_Static_assert(offsetof(struct boot_services, locate_protocol) == 320, "[UEFI 4.4]");

static void EFIAPI ignore(intptr_t vector, void *context)
{
    (void)vector;
    (void)context;
}

size_t EFIAPI efi_main(void *image, struct system_table *table);

size_t EFIAPI efi_main(void *image, struct system_table *table)
{
    static const struct guid guid = {
        0x26baccb1, 0x6f42, 0x11d4, {0xbc, 0xe7, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
    void *cpu;
    size_t status = table->boot_services->locate_protocol(&guid, NULL, &cpu);

    (void)image;
    if (status == 0)
        status = ((struct cpu_arch *)cpu)->register_interrupt_handler(cpu, IPXE_VECTOR, ignore);
    return status;
}
