#include "hv/core/locks.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/print.h"

/*
 * Seldom, because at a PAUSE a CPU of QEMU's TCG takes the lock of all its devices, and so
 * keeps the one we wait for from its local APIC.
 */
#define POLLS_PER_PAUSE  256u
#define TURNS_FOR_OTHERS 4u

static const char *const letter_names[] = {
#define LOCK(letter, name, guards) #letter " (" #name ")",
#include "hv/core/locks.def"
#undef LOCK
};

struct lock hypervisor_lock = LOCK_INIT(H);

void lock_init(struct lock *lock, enum lock_letter letter)
{
    *lock = (struct lock){.bit = (u32)BIT(letter)};
}

/* Where CPUs take turns, the last owner could else take it in each of its own, for ever. */
static void let_others_first(const struct lock *lock, u32 own)
{
    for (u32 turn = 0; turn < TURNS_FOR_OTHERS; turn++) {
        if (__atomic_load_n(&lock->waiting, __ATOMIC_RELAXED) == 0 ||
            __atomic_load_n(&lock->last, __ATOMIC_RELAXED) != own)
            return;
        __builtin_ia32_pause();
    }
}

static void wait_for(struct lock *lock)
{
    u32 polls = 0;

    __atomic_fetch_add(&lock->waiting, 1, __ATOMIC_RELAXED);
    do {
        while (__atomic_load_n(&lock->is_taken, __ATOMIC_RELAXED))
            if (++polls % POLLS_PER_PAUSE == 0)
                __builtin_ia32_pause();
    } while (__atomic_exchange_n(&lock->is_taken, 1, __ATOMIC_ACQUIRE));
    __atomic_fetch_sub(&lock->waiting, 1, __ATOMIC_RELAXED);
}

static void __attribute__((noreturn)) order_broken(const struct lock *lock, u32 held)
{
    panic("lock order: %s taken while 0x%x is held", letter_names[__builtin_ctz(lock->bit)],
          held);
}

void lock_take(struct lock *lock)
{
    struct cpu *cpu = cpu_this();

    /* Its own bit or a higher one: a lock of the same or a later row. */
    if (cpu->lock_held >= lock->bit)
        order_broken(lock, cpu->lock_held);
    if (__atomic_load_n(&lock->waiting, __ATOMIC_RELAXED) != 0)
        let_others_first(lock, cpu->id);
    if (__atomic_exchange_n(&lock->is_taken, 1, __ATOMIC_ACQUIRE))
        wait_for(lock);
    __atomic_store_n(&lock->last, cpu->id, __ATOMIC_RELAXED);
    cpu->lock_held |= lock->bit;
}

void lock_drop(struct lock *lock)
{
    struct cpu *cpu = cpu_this();

    ASSERT(cpu->lock_held & lock->bit);
    cpu->lock_held ^= lock->bit;
    __atomic_store_n(&lock->is_taken, 0, __ATOMIC_RELEASE);
}

bool lock_holds(enum lock_letter letter)
{
    return cpu_this()->lock_held & BIT(letter);
}
