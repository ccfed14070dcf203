/* What the conformance tests of the Hyper-V interface share. */
#ifndef ABI_TESTS_TLFS_TLFS_H
#define ABI_TESTS_TLFS_TLFS_H

#include "abi-tests/golden/tlfs_numbers.h"
#include "abi-tests/kit/test.h"

/* Registers; a fault is the value. */
struct kit_trap msr_read_try(uint32_t msr, uint64_t *value);
struct kit_trap msr_write_try(uint32_t msr, uint64_t value);
/* Where a fault is not what is asked about. */
uint64_t msr_read(uint32_t msr);
void msr_write(uint32_t msr, uint64_t value);

struct tlfs_leaf {
    uint32_t eax, ebx, ecx, edx;
};
struct tlfs_leaf tlfs_leaf(uint32_t number);

/* Identity and hypercall page, on. */
void tlfs_begin(void);
/* The hypercall page that calls go through; tlfs_begin's own at first. */
extern uint64_t tlfs_call_page;
/* The result word of a call through the page. */
uint64_t tlfs_call(uint64_t control, uint64_t in, uint64_t out);

/* The local APIC on, interrupts of this vector counted and ended by the register; the count
 * after waiting for an interrupt or for this many units of 100 ns. */
extern volatile uint32_t tlfs_interrupts;
void tlfs_interrupts_begin(uint8_t vector);
uint32_t tlfs_wait(uint64_t units);
/* The handler leaves the EOI out: the controller or the page sees to it. */
extern volatile bool tlfs_leaves_eoi_out;

/* A page as it is, one of eight; the same with zeroes. */
uint8_t *tlfs_arena(unsigned index);
uint8_t *tlfs_page(unsigned index);

#endif
