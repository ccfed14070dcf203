/* Begin and end of a guest of ours, and its lines. */
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define TRAPS                  32
#define GATE_PRESENT_INTERRUPT 0x8e00u
#define CODE_SELECTOR          8u

struct gate {
    u16 offset_low;
    u16 selector;
    u16 flags; /* low byte: stack table */
    u16 offset_middle;
    u32 offset_high;
    u32 reserved;
};

extern const u64 guest_trap_entries[TRAPS];

static void traps_init(void)
{
    static struct gate gates[TRAPS];
    struct {
        u16 limit;
        u64 base;
    } __attribute__((packed)) pointer = {sizeof(gates) - 1, (u64)(uintptr_t)gates};

    for (u32 i = 0; i < TRAPS; i++) {
        u64 entry = guest_trap_entries[i];

        gates[i] = (struct gate){(u16)entry,         CODE_SELECTOR,      GATE_PRESENT_INTERRUPT,
                                 (u16)(entry >> 16), (u32)(entry >> 32), 0};
    }
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

/* Intel's processors have vmcall; AMD's and Hygon's have vmmcall. */
static bool vendor_is_intel(void)
{
    u32 eax = 0, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return ebx == 0x756e6547 && edx == 0x49656e69 && ecx == 0x6c65746e;
}

void guest_begin(u64 start_info)
{
    traps_init();
    native_uses_vmcall = vendor_is_intel();
    guest_main(start_info);
}

void console_write(const char *bytes, size_t count)
{
    struct native_console_write in = {(u64)(uintptr_t)bytes, count};

    (void)call_console_write(&in, NULL);
}

/* Out of line, for the stack of its callers. */
static void __attribute__((noinline)) print_list(const char *text, va_list arguments)
{
    char line[448];
    size_t used = format_list(line, sizeof(line), text, arguments);
    struct native_console_write in = {(u64)(uintptr_t)line, used};

    (void)call_log_write(&in, NULL);
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
    struct native_power_off end = {.code = NATIVE_POWER_GUEST_FAILED};
    va_list arguments;

    print("\nentente: error: root: ");
    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
    print("; this is a mistake in Entente, please report it\n");
    (void)call_power_off(&end, NULL);
    for (;;)
        __asm__ volatile("hlt");
}

void guest_trap(u64 vector, u64 error, u64 rip, u64 cr2)
{
    panic("exception %lu, error 0x%lx, rip 0x%lx, cr2 0x%lx", vector, error, rip, cr2);
}
