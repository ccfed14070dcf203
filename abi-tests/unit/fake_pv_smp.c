#include "abi-tests/unit/fake_pv_smp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fake_smp fake_smp;
struct shim_lock memory_lock = {.letter = 'M'};
struct shim_lock event_lock = {.letter = 'E'};
u8 lock_is_needed;

/* One thread: a lock that is taken twice would never come free. */
void lock_take_shared(struct shim_lock *lock)
{
    assert_int_equal(lock->taken, 0);
    lock->taken = 1;
}

void shootdown_start(void)
{
}

void shootdown_run(u32 vcpus)
{
    fake_smp.shootdowns++;
    fake_smp.shootdown_vcpus = vcpus;
}

void shootdown_answer(struct pv_vcpu *vcpu)
{
    vcpu->flush_done = vcpu->flush_asked;
}

void vcpu_kick(struct pv_vcpu *vcpu)
{
    fake_smp.kicks++;
    fake_smp.kicked = vcpu->id;
}

void entry_idle(void)
{
    if (fake_smp.while_idle)
        fake_smp.while_idle();
}

void shootdown_idle_begin(struct pv_vcpu *vcpu)
{
    (void)vcpu;
    fake_smp.idles++;
}

void shootdown_idle_end(struct pv_vcpu *vcpu)
{
    (void)vcpu;
    fake_smp.idles_ended++;
}
