/* The frames of the tests of the PV MMU, and how they ask for a mapping. */
#ifndef ABI_TESTS_UNIT_PV_MMU_TABLES_H
#define ABI_TESTS_UNIT_PV_MMU_TABLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_mmu.h"

#define G     FAKE_GUEST
#define L4    G
#define L1    (G + 3)
#define FREE  (G + 16) /* first frame that no test table uses at boot */
#define TABLE (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

static inline u64 entry_of(u64 number, u64 flags)
{
    return number << PAGE_SHIFT | flags;
}

static inline u64 slot_of(u64 number, u64 index)
{
    return (number << PAGE_SHIFT) + index * 8;
}

static inline enum status va_set(u64 number, u64 entry)
{
    return mmu_update_va(&fake_vcpu, fake_va_of(G, number), entry, 0);
}

static inline void read_only(u64 number)
{
    assert_int_equal(va_set(number, entry_of(number, PTE_P)), ST_OK);
}

static inline void unmap(u64 number)
{
    assert_int_equal(va_set(number, 0), ST_OK);
}

#endif
