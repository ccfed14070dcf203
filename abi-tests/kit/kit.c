#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/native_numbers.h"
#include "abi-tests/golden/tlfs_numbers.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define PTE_ADDRESS 0x000ffffffffff000ull

void kit_start(uint64_t info, uint64_t is_pv);

extern void kit_ud_pv(void);
extern void kit_ud_pvh(void);

enum kit_kind kit_kind;
bool kit_is_control_domain;
const char *kit_command_line;
const uint8_t *kit_start_info;

static volatile uint8_t *ring;
static uint32_t ring_port;
uint64_t kit_console_patience = ~0ull;

void *memcpy(void *to, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)to)[i] = (uint8_t)byte;
    return to;
}

long kit_hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    long result;

    __asm__ volatile("call *%%rax"
                     : "=a"(result), "+r"(r10), "+D"(a), "+S"(b), "+d"(c)
                     : [entry] "0"((uintptr_t)hypercall_page + number * 32u)
                     : "rcx", "r11", "r8", "r9", "memory");
    return result;
}

static uint64_t read64(const uint8_t *at)
{
    return *(const uint64_t *)(const void *)at;
}

static uint32_t ring_index(unsigned offset)
{
    return *(volatile uint32_t *)(volatile void *)(ring + offset);
}

/* Waits until no more than so many bytes are unread; false when nobody reads them. */
static bool ring_wait(uint32_t unread)
{
    uint64_t start = kit_tsc();

    while (ring_index(G_CONSOLE_out_prod) - ring_index(G_CONSOLE_out_cons) > unread) {
        if (kit_tsc() - start > kit_console_patience)
            return false;
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
    }
    return true;
}

bool kit_console_is_read(void)
{
    return ring == NULL || ring_wait(G_CONSOLE_out_size - 1);
}

static void ring_write(const char *text, size_t count)
{
    uint32_t port = ring_port;

    for (size_t i = 0; i < count && ring_wait(G_CONSOLE_out_size - 1); i++) {
        uint32_t produced = ring_index(G_CONSOLE_out_prod);
        ring[G_CONSOLE_out + (produced & (G_CONSOLE_out_size - 1))] = (uint8_t)text[i];
        __asm__ volatile("" ::: "memory");
        *(volatile uint32_t *)(volatile void *)(ring + G_CONSOLE_out_prod) = produced + 1;
    }
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_send, (uintptr_t)&port, 0, 0);
}

void kit_console_mend(void)
{
    static struct g_evtchn_bind_interdomain bind;
    struct g_evtchn_status status = {.dom = G_DOMID_SELF, .port = ring_port};

    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_status, (uintptr_t)&status, 0, 0);
    if (bind.remote_port == 0) {
        bind.remote_dom = (uint16_t)status.u[0];
        bind.remote_port = status.u[1];
    }
    if (status.status == G_EVTCHNSTAT_interdomain && (uint16_t)status.u[0] == bind.remote_dom &&
        status.u[1] == bind.remote_port)
        return;
    if (kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_interdomain,
                      (uintptr_t)&bind, 0, 0) == 0)
        ring_port = bind.local_port;
}

/* [hypercall/abi/native.h]: rdx is lost. */
long kit_native(unsigned number, uint64_t in, uint64_t out)
{
    uint64_t cursor = 0;
    long result;

    __asm__ volatile("vmmcall"
                     : "=a"(result), "+d"(cursor)
                     : "0"((uint64_t)number), "D"(in), "S"(out)
                     : "memory");
    return result;
}

static void native_write(const char *text, size_t count)
{
    uint64_t write[2] = {(uintptr_t)text, count};

    kit_native(N_console_write, (uintptr_t)write, 0);
}

static void port_write(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "d"(port) : "memory");
}

/* Bit 5 of the line status: there is room for a byte. */
static void serial_write(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t status;

        do
            __asm__ volatile("inb %1, %0" : "=a"(status) : "d"((uint16_t)(T_PORT_SERIAL + 5)));
        while (!(status & 1u << 5));
        port_write(T_PORT_SERIAL, (uint8_t)text[i]);
    }
}

static void console_write(const char *text, size_t count)
{
    if (ring != NULL)
        ring_write(text, count);
    else if (kit_kind == KIT_NATIVE || kit_kind == KIT_HYPERV)
        (kit_kind == KIT_NATIVE ? native_write : serial_write)(text, count);
    else
        kit_hypercall(G_HYPERVISOR_console_io, G_CONSOLEIO_write, count, (uintptr_t)text, 0);
}

/* A console behind a slow line loses what comes too fast: pace=N sleeps N ms after each line.
 */
static void console_pace(void)
{
    struct g_sched_poll sleep = {0, 0, 0, 0};
    uint64_t pace = kit_option("pace", 0);

    if (pace == 0)
        return;
    sleep.timeout = kit_now() + pace * 1000000;
    while (kit_now() < sleep.timeout)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&sleep, 0, 0);
}

static size_t put_number(char *out, uint64_t value, unsigned base)
{
    char digits[24];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

void kit_print(const char *text, ...)
{
    char line[256];
    size_t used = 0;
    va_list list;

    va_start(list, text);
    for (; *text != '\0' && used < sizeof(line) - 32; text++) {
        bool is_long = false;
        if (*text != '%') {
            line[used++] = *text;
            continue;
        }
        for (text++; *text == 'l'; text++)
            is_long = true;
        if (*text == 's') {
            for (const char *s = va_arg(list, const char *); *s && used < sizeof(line) - 32;
                 s++)
                line[used++] = *s;
        } else if (*text == 'd') {
            long value = is_long ? va_arg(list, long) : va_arg(list, int);
            if (value < 0)
                line[used++] = '-';
            used += put_number(line + used, (uint64_t)(value < 0 ? -value : value), 10);
        } else {
            uint64_t value = is_long ? va_arg(list, uint64_t) : va_arg(list, uint32_t);
            used += put_number(line + used, value, *text == 'x' ? 16 : 10);
        }
    }
    va_end(list);
    console_write(line, used);
    console_pace();
}

void kit_exit(uint32_t reason)
{
    uint64_t success = 0x10;

    while (kit_kind == KIT_NATIVE)
        kit_native(N_power_off, (uintptr_t)&success, 0);
    while (kit_kind == KIT_HYPERV && ring == NULL)
        port_write(reason == 0 ? T_PORT_SLEEP : T_PORT_RESET, reason == 0 ? T_SLEEP_OFF : 1);
    if (ring != NULL)
        ring_wait(0);
    for (;;)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_shutdown, (uintptr_t)&reason, 0, 0);
}

uint64_t kit_option(const char *name, uint64_t otherwise)
{
    for (const char *at = kit_command_line; *at != '\0'; at++) {
        size_t i = 0;
        uint64_t value = 0;
        while (name[i] != '\0' && at[i] == name[i])
            i++;
        if (name[i] != '\0' || at[i] != '=')
            continue;
        for (at += i + 1; *at >= '0' && *at <= '9'; at++)
            value = value * 10 + (uint64_t)(*at - '0');
        return value;
    }
    return otherwise;
}

static bool word_starts(const char *at, const char *word)
{
    while (*word != '\0' && *at == *word)
        at++, word++;
    return *word == '\0';
}

static bool word_ends(const char *at)
{
    return *at == '\0' || *at == ',' || *at == ' ';
}

bool kit_option_holds(const char *name, const char *word, bool absent)
{
    size_t length = 0, option = 0;

    while (name[option] != '\0')
        option++;
    while (word[length] != '\0')
        length++;
    for (const char *at = kit_command_line; *at != '\0'; at++) {
        if (!word_starts(at, name) || at[option] != '=')
            continue;
        for (at += option; *at == '=' || *at == ',';) {
            at++;
            if (word_starts(at, word) && word_ends(at + length))
                return true;
            while (!word_ends(at))
                at++;
        }
        return false;
    }
    return absent;
}

void kit_catch_ud(void)
{
    static struct {
        uint8_t vector, flags;
        uint16_t cs;
        uint64_t address;
    } table[2];
    static uint64_t idt[64] __attribute__((aligned(16)));
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};
    uint64_t entry = (uintptr_t)kit_ud_pvh;

    if (kit_kind == KIT_PV) {
        table[0].vector = 6;
        table[0].cs = 0xe033;
        table[0].address = (uintptr_t)kit_ud_pv;
        kit_hypercall(G_HYPERVISOR_set_trap_table, (uintptr_t)table, 0, 0, 0);
        return;
    }
    idt[12] = (entry & 0xffff) | 0x8ull << 16 | 0x8eull << 40 | (entry >> 16 & 0xffff) << 48;
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

uint64_t kit_pte_address(const void *address, uint64_t *pte)
{
    const uint64_t *m2p = (const uint64_t *)G_MACH2PHYS_VIRT_START;
    uint64_t va = (uintptr_t)address;
    const uint64_t *table =
        (const uint64_t *)(uintptr_t)read64(kit_start_info + G_START_INFO_pt_base);
    uint64_t frame = 0;

    for (unsigned level = 4; level > 1; level--) {
        frame = (table[va >> (12 + 9 * (level - 1)) & 511] & PTE_ADDRESS) >> 12;
        table = (const uint64_t *)(uintptr_t)(m2p[frame] << 12);
    }
    *pte = table[va >> 12 & 511];
    return frame << 12 | (va >> 12 & 511) * 8;
}

static void start_pv_guest(void)
{
    const uint64_t *m2p = (const uint64_t *)G_MACH2PHYS_VIRT_START;

    kit_kind = KIT_PV;
    kit_command_line = (const char *)kit_start_info + G_START_INFO_cmd_line;
    if (*(const uint32_t *)(const void *)(kit_start_info + G_START_INFO_flags) &
        G_SIF_INITDOMAIN) {
        kit_is_control_domain = true;
        return;
    }
    ring_port = (uint32_t)read64(kit_start_info + G_START_INFO_console_evtchn);
    ring =
        (volatile uint8_t *)(uintptr_t)(m2p[read64(kit_start_info + G_START_INFO_console_mfn)]
                                        << 12);
}

static uint64_t hvm_param(uint32_t index)
{
    struct {
        uint16_t domain, pad;
        uint32_t index;
        uint64_t value;
    } param = {G_DOMID_SELF, 0, index, 0};

    if (kit_hypercall(G_HYPERVISOR_hvm_op, G_HVMOP_get_param, (uintptr_t)&param, 0, 0) != 0)
        return 0;
    return param.value;
}

/* Whose interfaces there are; Xen's first leaf, 0: none. Beside Hyper-V's it comes behind it.
 */
static uint32_t interfaces_find(void)
{
    uint32_t eax, ebx, ecx, edx;

    kit_kind = KIT_PVH;
    for (uint32_t base = 0x40000000; base < 0x40010000; base += 0x100) {
        __asm__ volatile("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(base));
        if (ebx == G_XEN_CPUID_SIGNATURE_EBX)
            return base;
        if (ebx == N_SIGNATURE_EBX)
            kit_kind = KIT_NATIVE;
        else if (ebx == T_VENDOR_EBX)
            kit_kind = KIT_HYPERV;
    }
    return 0;
}

/* The hypercall page's MSR is named by the leaf behind the signature. [xen/arch-x86/cpuid.h] */
static void start_pvh_guest(void)
{
    uint32_t base = interfaces_find(), eax, ebx, ecx, edx;
    uint64_t page = (uintptr_t)hypercall_page;

    kit_command_line =
        (const char *)(uintptr_t)read64(kit_start_info + G_HVM_START_INFO_cmdline);
    if (kit_command_line == NULL)
        kit_command_line = "";
    if (base == 0)
        return;
    __asm__ volatile("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(base + 2));
    __asm__ volatile("wrmsr" ::"c"(ebx), "a"((uint32_t)page), "d"((uint32_t)(page >> 32)));
    if (*(const uint32_t *)(const void *)(kit_start_info + G_HVM_START_INFO_flags) &
        G_SIF_INITDOMAIN) {
        kit_is_control_domain = true;
        return;
    }
    ring_port = (uint32_t)hvm_param(G_HVM_PARAM_CONSOLE_EVTCHN);
    ring = (volatile uint8_t *)(uintptr_t)(hvm_param(G_HVM_PARAM_CONSOLE_PFN) << 12);
}

void kit_start(uint64_t info, uint64_t is_pv)
{
    kit_start_info = (const uint8_t *)(uintptr_t)info;
    if (is_pv)
        start_pv_guest();
    else
        start_pvh_guest();
    kit_main();
    kit_exit(G_SHUTDOWN_poweroff);
}
