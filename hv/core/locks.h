/*
 * Spin locks with a letter each. Struct members carry the letter of the lock that guards them;
 * functions that need a lock held say HOLDS(lock). The order is the order of the rows of
 * locks.def, checked on every take.
 */
#ifndef HV_CORE_LOCKS_H
#define HV_CORE_LOCKS_H

#include "hv/lib/types.h"

enum lock_letter {
#define LOCK(letter, name, guards) LOCK_##letter,
#include "hv/core/locks.def"
#undef LOCK
    LOCK_LETTERS
};

/*
 * Whoever finds it free gets it, but the last owner waits a moment for those who wait. An order
 * among these would hand it to one whose CPU a hypervisor below has taken away, and all would
 * wait for that CPU: docs/decisions.md.
 */
struct lock {
    u32 is_taken;
    u32 waiting;
    u32 last; /* the CPU that had it last */
    u32 bit;  /* of its enum lock_letter */
};

#define LOCK_INIT(which)                                                                       \
    {                                                                                          \
        .bit = 1u << LOCK_##which                                                              \
    }

/* Lock H: see locks.def. */
extern struct lock hypervisor_lock;

void lock_init(struct lock *lock, enum lock_letter letter);
void lock_take(struct lock *lock);
void lock_drop(struct lock *lock);

/* True while this CPU holds a lock of that letter: the argument of HOLDS(). */
bool lock_holds(enum lock_letter letter);

#define HOLDS(which) ASSERT(lock_holds(LOCK_##which))

#endif
