/*
 * The micro-guest's run-time: start, console, hypercalls, time. A test or a benchmark supplies
 * kit_main(); when it returns, the guest powers off.
 */
#ifndef ABI_TESTS_KIT_KIT_H
#define ABI_TESTS_KIT_KIT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kit_kind { KIT_PVH, KIT_PV };

extern enum kit_kind kit_kind;
extern const char *kit_command_line;
extern const uint8_t *kit_start_info; /* start_info or hvm_start_info */

void kit_main(void);

/* One line on the guest's console; knows %s %d %u %x with l. */
void kit_print(const char *text, ...) __attribute__((format(printf, 1, 2)));

void kit_exit(uint32_t reason) __attribute__((noreturn));

/* The hypercall of this number through the hypercall page. */
long kit_hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* The value after "name=" on the command line, or otherwise. */
uint64_t kit_option(const char *name, uint64_t otherwise);

/* Makes #UD continue behind the two bytes of ud2. */
void kit_catch_ud(void);

/* PV: the machine address of the PTE that maps an address of the image, and the PTE. */
uint64_t kit_pte_address(const void *address, uint64_t *pte);

static inline uint64_t kit_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

#endif
