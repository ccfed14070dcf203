/* print() and panic() of the hypervisor: lines on the serial port. */
#include "hv/cpu/cpu.h"
#include "hv/cpu/power.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trap.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"

extern const char build_id[];

static void print_list(const char *text, va_list arguments)
{
    char line[256];
    size_t used = format_list(line, sizeof(line), text, arguments);

    for (size_t i = 0; i < used; i++) {
        if (line[i] == '\n')
            serial_write("\r", 1);
        serial_write(&line[i], 1);
    }
}

void print(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
}

void panic(const char *text, ...)
{
    va_list arguments;

    print("\nentente: panic: ");
    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
    print("\nentente: build %s, CPU %u, vCPU %p\n", build_id, cpu_this()->id,
          cpu_this()->running);
    trap_print_trace((u64)(uintptr_t)__builtin_frame_address(0));
    power_off(POWER_PANIC);
}
