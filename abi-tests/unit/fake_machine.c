#include "abi-tests/unit/fake_machine.h"
#include <asm/prctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hv/core/frame.h"
#include "hv/core/msr.h"
#include "hv/core/sched.h"
#include "hv/core/share.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/console.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/pci.h"
#include "hv/cpu/power.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/rtc.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/tsc.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define KHZ 1000000u

u64 fake_now_ns;
struct guest_paging fake_paging;
u32 fake_cpl;
enum guest_mode fake_mode;
u8 fake_xmm[GUEST_XMM_BYTES];
u32 fake_flushes;
char fake_serial[4096];
u32 fake_serial_used;
const char *fake_keys;
char fake_control[256];
size_t fake_control_room;
const char *fake_control_keys;

const char build_id[] = "test";

static struct cpu the_cpu = {.self = &the_cpu};
struct cpu *cpu_table[CPU_MAX] = {&the_cpu};
u32 cpu_count = 1;

static struct frame_meta meta[FAKE_FRAMES];

/* Shares and timers of an earlier test die with their partitions; the root has no other end. */
static void leave_nothing(void)
{
    struct partition *p;

    while ((p = partition_next(1)) != NULL)
        partition_destroy(p);
    p = partition_find(0);
    if (!p)
        return;
    share_end_all(p);
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i])
            vcpu_end(p->vcpu[i]);
}

void fake_machine_reset(void)
{
    static bool is_mapped;

    if (!is_mapped) {
        void *memory =
            mmap(phys_to_virt(hpa(0)), FAKE_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

        if (memory == MAP_FAILED || syscall(SYS_arch_prctl, ARCH_SET_GS, &the_cpu) != 0)
            abort();
        is_mapped = true;
    }
    the_cpu.lock_held = 0;
    leave_nothing();
    frame_setup(meta, FAKE_FRAMES);
    frame_range_add(hpa(0), hpa(FAKE_FRAMES * PAGE_SIZE));
    partition_init();
    sched_init(1);
    fake_now_ns = 1000000000u;
    fake_paging = (struct guest_paging){0};
    fake_cpl = 0;
    fake_mode = GUEST_LONG64;
    fake_flushes = 0;
    fake_serial_used = 0;
    memset(fake_serial, 0, sizeof(fake_serial));
    fake_keys = "";
    fake_control_keys = "";
    fake_control_room = 0;
}

struct partition *fake_partition(const char *name, u32 flags, u64 pages)
{
    struct partition *p;
    struct vcpu *vcpu;

    if (partition_make(name, flags, pages, &p) != ST_OK || vcpu_make(p, 0, &vcpu) != ST_OK ||
        vcpu_start_pvh(vcpu, 0x100000, 0x1000) != ST_OK || partition_resume(p) != ST_OK)
        abort();
    return p;
}

void cpu_kick(struct cpu *cpu)
{
    cpu->is_kicked = true;
}

void cpu_wait_outside(const struct cpu *cpu)
{
    (void)cpu;
}

void print(const char *text, ...)
{
    va_list arguments;
    int used;

    va_start(arguments, text);
    used = vsnprintf(fake_serial + fake_serial_used, sizeof(fake_serial) - fake_serial_used,
                     text, arguments);
    va_end(arguments);
    fake_serial_used = MIN(fake_serial_used + (u32)used, (u32)sizeof(fake_serial) - 1);
}

void panic(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void serial_write(const char *bytes, size_t count)
{
    print("%.*s", (int)count, bytes);
}

u32 fake_apic_id;

u32 lapic_id(void)
{
    return fake_apic_id;
}

u32 pci_read(u16 address, u8 offset, u32 bytes)
{
    (void)address;
    (void)offset;
    return bytes == 4 ? ~0u : (1u << 8 * bytes) - 1;
}

u32 fake_pci_written;

void pci_write(u16 address, u8 offset, u32 bytes, u32 value)
{
    (void)address;
    (void)offset;
    (void)bytes;
    fake_pci_written = value;
}

size_t serial_send(const char *bytes, size_t count)
{
    count = MIN(count, fake_control_room);
    memcpy(fake_control, bytes, count);
    fake_control_room -= count;
    return count;
}

bool serial_read(enum serial_line line, u8 *byte)
{
    const char **keys = line == SERIAL_CONTROL ? &fake_control_keys : &fake_keys;

    *byte = (u8) * *keys;
    return *byte != 0 && (*keys)++;
}

size_t console_log_read(u64 *from, char *out, size_t room)
{
    size_t count = *from < fake_serial_used ? MIN(room, fake_serial_used - *from) : 0;

    memcpy(out, fake_serial + *from, count);
    *from += count;
    return count;
}

jmp_buf *fake_power_gone;
u32 fake_power_reason;

void power_off(enum power_reason reason)
{
    fake_power_reason = reason;
    if (fake_power_gone)
        longjmp(*fake_power_gone, 1);
    fprintf(stderr, "power off %u\n", reason);
    abort();
}

u64 clock_now_ns(void)
{
    return fake_now_ns;
}

u64 tsc_read(void)
{
    return fake_now_ns;
}

u64 tsc_khz(void)
{
    return KHZ;
}

u64 clock_to_tsc(u64 ns)
{
    return ns;
}

struct tsc_scale tsc_scale_get(void)
{
    return (struct tsc_scale){.mul = 0x80000000u, .shift = 1};
}

u64 rtc_read_seconds(void)
{
    return 1700000000u;
}

size_t string_copy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size != 0) {
        memcpy(to, from, MIN(length, size - 1));
        to[MIN(length, size - 1)] = 0;
    }
    return length;
}

enum status guest_make(hpa_t memory, hpa_t root, u32 owner, struct guest **out)
{
    (void)root;
    *out = phys_to_virt(memory);
    (*out)->owner = owner;
    return ST_OK;
}

void guest_end(struct guest *guest)
{
    (void)guest;
}

void guest_pause_exit(struct guest *guest)
{
    (void)guest;
}

void guest_start_flat32(struct guest *guest, u32 entry, u32 start_info)
{
    guest->regs.rip = entry;
    guest->regs.rbx = start_info;
}

void guest_state_get(const struct guest *guest, struct guest_state *out)
{
    (void)guest;
    memset(out, 0, sizeof(*out));
}

void guest_state_set(struct guest *guest, const struct guest_state *state)
{
    (void)guest;
    (void)state;
}

enum guest_mode guest_mode(const struct guest *guest)
{
    (void)guest;
    return fake_mode;
}

void guest_xmm_read(const struct guest *guest, u8 *out)
{
    (void)guest;
    memcpy(out, fake_xmm, sizeof(fake_xmm));
}

u32 guest_cpl(const struct guest *guest)
{
    (void)guest;
    return fake_cpl;
}

void guest_paging(const struct guest *guest, struct guest_paging *out)
{
    (void)guest;
    *out = fake_paging;
}

void guest_flush_tlb(struct guest *guest)
{
    (void)guest;
    fake_flushes++;
}

void guest_tsc_offset_set(struct guest *guest, u64 offset)
{
    guest->tsc_offset = offset;
}

void msr_reset(struct guest *guest)
{
    (void)guest;
}
