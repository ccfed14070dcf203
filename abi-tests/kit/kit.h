/*
 * The micro-guest's run-time: start, console, hypercalls, traps, time. A test or a benchmark
 * supplies kit_main(); when it returns, the guest powers off.
 */
#ifndef ABI_TESTS_KIT_KIT_H
#define ABI_TESTS_KIT_KIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kit_kind { KIT_PVH, KIT_PV, KIT_NATIVE, KIT_HYPERV };

extern enum kit_kind kit_kind;
extern bool kit_is_control_domain;
extern const char *kit_command_line;
extern const uint8_t *kit_start_info; /* start_info or hvm_start_info */

void kit_main(void);

extern uint8_t hypercall_page[];

void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);

/* One line on the guest's console; knows %s %d %u %x with l. */
void kit_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* For guests that take their own console away: for how many TSC ticks a line waits for room in
 * the ring before the rest of it is lost, a new port if the console's was closed, and whether
 * there is room within that time.
 */
extern uint64_t kit_console_patience;
void kit_console_mend(void);
bool kit_console_is_read(void);

void kit_exit(uint32_t reason) __attribute__((noreturn));

/* The hypercall of this number through the hypercall page. */
long kit_hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* A native call (root partition only): 0 or a negative status. */
long kit_native(unsigned number, uint64_t in, uint64_t out);

/* The value after "name=" on the command line, or otherwise. */
uint64_t kit_option(const char *name, uint64_t otherwise);

/* Whether the comma-separated list after "name=" is absent or holds the word. */
bool kit_option_holds(const char *name, const char *word, bool absent);

/* Makes #UD continue behind the two bytes of ud2. */
void kit_catch_ud(void);

/* PV: the machine address of the PTE that maps an address of the image, and the PTE. */
uint64_t kit_pte_address(const void *address, uint64_t *pte);

/* --- traps as values (trap.c) --- */
#define KIT_NO_TRAP 0xffffffffu

struct kit_trap {
    uint32_t vector; /* KIT_NO_TRAP: the body returned */
    uint32_t error;
    uint64_t address; /* #PF: cr2 */
    uint64_t rip, cs, rsp;
};

/* Gates for the 32 exceptions; until then a trap ends the guest. */
void kit_traps_init(void);

/* HVM: an interrupt gate for one more vector. */
void kit_interrupt_gate(unsigned vector, void (*entry)(void));

/* Runs a body; a trap on its way ends it and becomes the value. Not nested. */
struct kit_trap kit_try(void (*body)(uint64_t), uint64_t argument);

/* --- memory (memory.c) --- */
#define KIT_PAGE 4096u

/* An address that no page table maps, and one inside the hypervisor's part. */
#define KIT_UNMAPPED   0x7f0000000000ull
#define KIT_HYPERVISOR 0xffff830000000000ull

/* Page-sized window of two mapped pages with an unmapped one behind them. */
uint8_t *kit_edge(void);
#define KIT_CROSS(size) (kit_edge() + KIT_PAGE - (size) / 2)     /* straddles, all mapped */
#define KIT_TORN(size)  (kit_edge() + 2 * KIT_PAGE - (size) / 2) /* straddles into nothing */

/* The frame number that hypercalls want for a page of the image: mfn (PV) or gfn. */
uint64_t kit_frame(const void *page);

/* PV: maps a frame with these PTE flags at a page of the image; the error of the hypercall. */
long kit_map(const void *page, uint64_t pte);
uint64_t kit_pte_of(const void *page);

/* The shared_info page, mapped on first use. */
struct g_shared_info;
struct g_shared_info *kit_shared(void);
void kit_shared_moved(void *to);

/* vCPU 0's vcpu_info: inside shared_info until a test registers another place. */
struct g_vcpu_info;
struct g_vcpu_info *kit_vcpu_info(void);
void kit_vcpu_info_moved(struct g_vcpu_info *to);

/* System time in ns since boot, by the vcpu_info's time record. */
uint64_t kit_now(void);

/* Event upcalls: installed once, counted, and left masked by the handler. */
extern volatile uint64_t kit_events;
void kit_upcall_init(void);

/* --- vCPU 1, in a guest that has two (second.c) --- */

/* False: the guest has one vCPU. */
bool kit_second_exists(void);

/* vCPU 1 runs body() on a stack of its own, then goes down; the error of the hypercall. */
long kit_second_start(void (*body)(void));

/* Waits until it is down again, for at most 10 s. */
bool kit_second_join(void);

/* What VCPUOP_initialise takes for a vCPU that starts at `entry`, on that stack. */
const void *kit_second_context(const void *entry);

/* Gives the CPU to the other vCPU, if they share one. */
void kit_yield(void);

static inline uint64_t kit_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

#endif
