#include "abi-tests/unit/fake_pv_emulate.h"

#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/cpuid.h"
#include "xen-adapter/pv/debugreg.h"
#include "xen-adapter/pv/fpu.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/physdev.h"
#include "xen-adapter/pv/trap.h"

u8 fake_code[FAKE_CODE_BYTES];
u64 fake_readable;
struct pv_vcpu fake_vcpu;
struct fake_did fake_did;
struct fake_answer fake_answer;

struct xen_vcpu_info fake_info;
static u8 upcall[2];

bool word_from_guest(u64 *to, u64 from)
{
    return copy_from_guest(to, from, sizeof(*to)) == ST_OK;
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (from < CODE || from + bytes > CODE + fake_readable)
        return ST_FAULT;
    memcpy(to, fake_code + (from - CODE), bytes);
    return ST_OK;
}

void debugreg_single_step(struct pv_vcpu *v)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.single_steps++;
}

void cpuid_guest(const struct pv_vcpu *v, u32 leaf, u32 subleaf, u32 out[4])
{
    assert_ptr_equal(v, &fake_vcpu);
    for (u32 i = 0; i < 4; i++)
        out[i] = leaf + 16 * subleaf + i;
}

bool cpuid_host_has_xsave(void)
{
    return fake_answer.xsave;
}

u64 cpu_cr0(void)
{
    return CR0_SHOWN;
}

void cpu_cr4_load(struct pv_vcpu *v)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.cr4_loads++;
}

void fpu_ts_set(struct pv_vcpu *v, u64 ts)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.ts_sets++;
    fake_did.ts = ts;
}

enum status mmu_base_set(struct pv_vcpu *v, mfn_t l4)
{
    assert_int_equal(memory_lock.taken, 1);
    fake_did.base = l4.raw;
    v->flush = 1;
    return fake_answer.status;
}

void mmu_flush_now(struct pv_vcpu *v)
{
    assert_int_equal(memory_lock.taken, 0);
    v->flush = 0;
    fake_did.settles++;
}

bool msr_guest_read(struct pv_vcpu *v, u32 msr, u64 *value)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.msr = msr;
    *value = 0x1122334455667788ull;
    return fake_answer.msr;
}

bool msr_guest_write(struct pv_vcpu *v, u32 msr, u64 value)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.msr = msr;
    fake_did.msr_value = value;
    return fake_answer.msr;
}

enum status debugreg_read(const struct pv_vcpu *v, u64 number, u64 *value)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.dr = (u32)number;
    *value = 0xd0 + number;
    return fake_answer.status;
}

enum status debugreg_write(struct pv_vcpu *v, u64 number, u64 value)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.dr = (u32)number;
    fake_did.dr_value = value;
    return fake_answer.status;
}

bool ioport_allowed(const struct pv_vcpu *v, u32 port, u32 count)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.port = port;
    fake_did.port_bytes = count;
    return fake_answer.port;
}

u64 xsetbv_safe(u32 index, u64 value)
{
    fake_did.xcr_index = index;
    fake_did.xcr = value;
    return fake_answer.xsetbv;
}

void bounce(struct pv_vcpu *v, u64 address, u32 flags)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.bounces++;
    fake_did.bounced_to = address;
    fake_did.bounce_flags = flags;
}

void bounce_fault(struct pv_vcpu *v, u32 vector, u32 error)
{
    assert_ptr_equal(v, &fake_vcpu);
    fake_did.fault = vector;
    fake_did.fault_code = error;
}

void fake_reset(void)
{
    memset(&fake_did, 0, sizeof(fake_did));
    memset(&fake_vcpu, 0, sizeof(fake_vcpu));
    memset(&fake_info, 0, sizeof(fake_info));
    memset(fake_code, 0xcc, sizeof(fake_code));
    fake_vcpu.info = &fake_info;
    fake_vcpu.upcall = upcall;
    fake_vcpu.regs.rip = CODE;
    fake_vcpu.regs.rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_RF;
    fake_readable = sizeof(fake_code);
    fake_answer.msr = fake_answer.port = true;
    fake_answer.xsave = false;
    fake_answer.status = ST_OK;
    fake_answer.xsetbv = 0;
    lock_is_needed = 1;
}

void fake_place(const void *bytes, u64 count)
{
    memcpy(fake_code + (fake_vcpu.regs.rip - CODE), bytes, count);
}

/* True when it was carried out; then rip is behind it, and only then. */
bool fake_execute(const void *bytes, u64 count)
{
    u64 rip = fake_vcpu.regs.rip;
    bool done;

    fake_place(bytes, count);
    done = emulate_privileged(&fake_vcpu);
    assert_int_equal(fake_vcpu.regs.rip, done ? rip + count : rip);
    return done;
}
