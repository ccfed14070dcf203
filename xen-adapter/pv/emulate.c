#include "xen-adapter/pv/emulate.h"

#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/cpuid.h"
#include "xen-adapter/pv/debugreg.h"
#include "xen-adapter/pv/fpu.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/physdev.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

/* ud2; "xen"; cpuid as a little-endian word of seven bytes */
#define FORCED_CPUID 0xa20f6e65780b0full
#define FORCED_BYTES 7u

u64 *pv_register(struct pv_regs *regs, u32 number)
{
    u64 *const order[16] = {&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx,
                            &regs->rsp, &regs->rbp, &regs->rsi, &regs->rdi,
                            &regs->r8,  &regs->r9,  &regs->r10, &regs->r11,
                            &regs->r12, &regs->r13, &regs->r14, &regs->r15};

    return order[number & 15];
}

/* What can be read at rip, up to the longest instruction; it may end at a page that is absent.
 */
static u32 fetch(const struct pv_vcpu *vcpu, u8 bytes[INSN_BYTES_MAX])
{
    u64 rip = vcpu->regs.rip;
    u32 first = (u32)MIN((u64)INSN_BYTES_MAX, PAGE_SIZE - (rip & PAGE_MASK));

    if (copy_from_guest(bytes, rip, first) != ST_OK)
        return 0;
    if (first < INSN_BYTES_MAX &&
        copy_from_guest(bytes + first, rip + first, INSN_BYTES_MAX - first) != ST_OK)
        return first;
    return INSN_BYTES_MAX;
}

static void finish(struct pv_vcpu *vcpu, u32 length)
{
    vcpu->regs.rip += length;
    vcpu->regs.rflags &= ~RFLAGS_RF;
    if (vcpu->regs.rflags & RFLAGS_TF)
        debugreg_single_step(vcpu);
}

static void emulate_cpuid(struct pv_vcpu *vcpu)
{
    struct pv_regs *regs = &vcpu->regs;
    u32 out[4];

    cpuid_guest(vcpu, (u32)regs->rax, (u32)regs->rcx, out);
    regs->rax = out[0];
    regs->rbx = out[1];
    regs->rcx = out[2];
    regs->rdx = out[3];
}

static bool emulate_read_cr(struct pv_vcpu *vcpu, const struct privileged *p)
{
    u64 *to = pv_register(&vcpu->regs, p->reg);

    switch (p->value) {
    case 0:
        *to = cpu_cr0() | (vcpu->cr0_ts ? CR0_TS : 0);
        return true;
    case 2:
        *to = vcpu->info->cr2;
        return true;
    case 3:
        *to = vcpu->kernel_l4.raw << PAGE_SHIFT;
        return true;
    case 4:
        *to = cr4_guest(vcpu);
        return true;
    default:
        return false;
    }
}

static bool emulate_write_cr(struct pv_vcpu *vcpu, const struct privileged *p)
{
    u64 value = *pv_register(&vcpu->regs, p->reg);
    enum status status;

    switch (p->value) {
    case 0:
        if ((value ^ cpu_cr0()) & ~CR0_TS)
            return false;
        fpu_ts_set(vcpu, value & CR0_TS);
        return true;
    case 2:
        vcpu->info->cr2 = value;
        return true;
    case 3:
        lock_take(&memory_lock);
        status = mmu_base_set(vcpu, mfn(value >> PAGE_SHIFT));
        lock_drop(&memory_lock);
        mmu_settle(vcpu);
        return status == ST_OK;
    case 4:
        vcpu->cr4 = value & (CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE);
        cpu_cr4_load(vcpu);
        return true;
    default:
        return false;
    }
}

u64 cr4_guest(const struct pv_vcpu *vcpu)
{
    u64 shown = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    if (cpuid_host_has_xsave())
        shown |= CR4_OSXSAVE;
    return shown | (vcpu->cr4 & (CR4_TSD | CR4_DE | CR4_FSGSBASE));
}

static bool emulate_msr_read(struct pv_vcpu *vcpu)
{
    u64 value;

    if (!msr_guest_read(vcpu, (u32)vcpu->regs.rcx, &value))
        return false;
    vcpu->regs.rax = (u32)value;
    vcpu->regs.rdx = value >> 32;
    return true;
}

static bool emulate_msr_write(struct pv_vcpu *vcpu)
{
    u64 value = (u32)vcpu->regs.rax | vcpu->regs.rdx << 32;

    return msr_guest_write(vcpu, (u32)vcpu->regs.rcx, value);
}

static bool emulate_tsc(struct pv_vcpu *vcpu, const struct privileged *p)
{
    u64 tsc = insn_rdtsc();

    if (vcpu->mode != PV_KERNEL && (vcpu->cr4 & CR4_TSD))
        return false;
    vcpu->regs.rax = (u32)tsc;
    vcpu->regs.rdx = tsc >> 32;
    if (p->op == PRIVILEGED_RDTSCP)
        vcpu->regs.rcx = 0;
    return true;
}

#define PIT_COUNTER_FIRST 0x40u
#define PIT_COUNTER_LAST  0x42u

/*
 * No port belongs to an unprivileged guest: with the right of use it reads all ones. Only the
 * counters of the absent interval timer read as zero: Linux reads channel 2 up to 50,000 times
 * as long as it shows all ones, at the cost of a second of boot, and gives up at once on
 * anything else.
 */
static bool emulate_port(struct pv_vcpu *vcpu, const struct privileged *p)
{
    u64 mask = p->bytes == 4 ? 0xffffffffull : BIT(p->bytes * 8) - 1;
    u32 port = p->reg ? (u16)vcpu->regs.rdx : p->value;

    if (!ioport_allowed(vcpu, port, p->bytes))
        return false;
    if (p->op == PRIVILEGED_OUT)
        return true;
    vcpu->regs.rax = p->bytes == 4 ? 0 : vcpu->regs.rax & ~mask;
    if (port < PIT_COUNTER_FIRST || port > PIT_COUNTER_LAST)
        vcpu->regs.rax |= mask;
    return true;
}

static bool run_kernel_only(struct pv_vcpu *vcpu, const struct privileged *p)
{
    u64 value = 0;

    switch ((int)p->op) {
    case PRIVILEGED_RDMSR:
        return emulate_msr_read(vcpu);
    case PRIVILEGED_WRMSR:
        return emulate_msr_write(vcpu);
    case PRIVILEGED_READ_CR:
        return emulate_read_cr(vcpu, p);
    case PRIVILEGED_WRITE_CR:
        return emulate_write_cr(vcpu, p);
    case PRIVILEGED_READ_DR:
        if (debugreg_read(vcpu, p->value, &value) != ST_OK)
            return false;
        *pv_register(&vcpu->regs, p->reg) = value;
        return true;
    case PRIVILEGED_WRITE_DR:
        return debugreg_write(vcpu, p->value, *pv_register(&vcpu->regs, p->reg)) == ST_OK;
    case PRIVILEGED_CLTS:
        fpu_ts_set(vcpu, 0);
        return true;
    case PRIVILEGED_XSETBV:
        return xsetbv_safe((u32)vcpu->regs.rcx, (u32)vcpu->regs.rax | vcpu->regs.rdx << 32) ==
               0;
    case PRIVILEGED_WBINVD:
        return true;
    default:
        return false;
    }
}

static bool run(struct pv_vcpu *vcpu, const struct privileged *p)
{
    switch ((int)p->op) {
    case PRIVILEGED_CPUID:
        emulate_cpuid(vcpu);
        return true;
    case PRIVILEGED_RDTSC:
    case PRIVILEGED_RDTSCP:
        return emulate_tsc(vcpu, p);
    case PRIVILEGED_IN:
    case PRIVILEGED_OUT:
        return emulate_port(vcpu, p);
    case PRIVILEGED_CLI_STI:
        return vcpu->iopl >= (vcpu->mode == PV_KERNEL ? 1u : 3u);
    default:
        return vcpu->mode == PV_KERNEL && run_kernel_only(vcpu, p);
    }
}

/* INT n: by the DPL of the guest's own table. rip is after the instruction in the frame. */
static bool emulate_interrupt(struct pv_vcpu *vcpu, const struct privileged *p)
{
    const struct pv_trap *trap = &vcpu->trap[p->value];
    u32 needed = vcpu->mode == PV_KERNEL ? 1 : 3;

    if ((trap->flags & 3u) < needed || trap->address == 0) {
        bounce_fault(vcpu, VECTOR_GP, (u32)p->value * 8 + 2);
        return true;
    }
    vcpu->regs.rip += p->length;
    vcpu->regs.vector = p->value;
    bounce(vcpu, trap->address, (trap->flags & 4) ? BOUNCE_MASK : 0);
    return true;
}

bool emulate_privileged(struct pv_vcpu *vcpu)
{
    u8 bytes[INSN_BYTES_MAX];
    struct privileged p = privileged_decode(bytes, fetch(vcpu, bytes));

    if (p.op == PRIVILEGED_INT)
        return emulate_interrupt(vcpu, &p);
    if (p.op == PRIVILEGED_NONE || vcpu->regs.error != 0 || !run(vcpu, &p))
        return false;
    finish(vcpu, p.length);
    return true;
}

bool emulate_forced(struct pv_vcpu *vcpu)
{
    u64 code = 0;

    /* one read; only code in the last bytes before an absent page needs the shorter one */
    if (!word_from_guest(&code, vcpu->regs.rip) &&
        copy_from_guest(&code, vcpu->regs.rip, FORCED_BYTES) != ST_OK)
        return false;
    if ((code & (BIT(FORCED_BYTES * 8) - 1)) != FORCED_CPUID)
        return false;
    emulate_cpuid(vcpu);
    finish(vcpu, FORCED_BYTES);
    return true;
}
