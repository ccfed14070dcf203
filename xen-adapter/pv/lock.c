#include "xen-adapter/pv/lock.h"

#include "xen-adapter/pv/shootdown.h"

struct shim_lock memory_lock = {.letter = 'M'};
struct shim_lock event_lock = {.letter = 'E'};
u8 lock_is_needed;

void lock_take_shared(struct shim_lock *lock)
{
    u32 tries = 0;

    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
            shootdown_relax(&tries);
}
