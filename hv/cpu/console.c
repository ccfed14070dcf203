/* print() and panic() of the hypervisor: lines on the serial port, kept for the log. */
#include "hv/cpu/console.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/power.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trap.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"

extern const char build_id[];

#define LOG_BYTES 16384u

static char log[LOG_BYTES];
static u64 log_end; /* bytes ever kept */

size_t console_log_read(u64 *from, char *out, size_t room)
{
    size_t count = 0;

    *from = MIN(MAX(*from, log_end - MIN(log_end, (u64)LOG_BYTES)), log_end);
    while (count < room && *from < log_end)
        out[count++] = log[(*from)++ % LOG_BYTES];
    return count;
}

static void print_list(const char *text, va_list arguments)
{
    char line[256];
    size_t used = format_list(line, sizeof(line), text, arguments);

    for (size_t i = 0; i < used; i++) {
        if (line[i] == '\n')
            serial_write("\r", 1);
        log[log_end++ % LOG_BYTES] = line[i];
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
