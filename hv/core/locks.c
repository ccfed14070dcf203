#include "hv/core/locks.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/print.h"

static const char *const letter_names[] = {
#define LOCK(letter, name, guards) #letter " (" #name ")",
#include "hv/core/locks.def"
#undef LOCK
};

struct lock hypervisor_lock = LOCK_INIT(H);

void lock_init(struct lock *lock, enum lock_letter letter)
{
    *lock = (struct lock){.letter = letter};
}

void lock_take(struct lock *lock)
{
    struct cpu *cpu = cpu_this();
    u32 ticket;

    /* Bits at and above the letter: a lock of the same or a later row. */
    if (cpu->lock_held >> lock->letter)
        panic("lock order: %s taken while 0x%x is held", letter_names[lock->letter],
              cpu->lock_held);
    ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->served, __ATOMIC_ACQUIRE) != ticket)
        __builtin_ia32_pause();
    cpu->lock_held |= (u32)BIT(lock->letter);
}

void lock_drop(struct lock *lock)
{
    ASSERT(lock_holds((enum lock_letter)lock->letter));
    cpu_this()->lock_held &= ~(u32)BIT(lock->letter);
    __atomic_store_n(&lock->served, lock->served + 1, __ATOMIC_RELEASE);
}

bool lock_holds(enum lock_letter letter)
{
    return cpu_this()->lock_held & BIT(letter);
}
