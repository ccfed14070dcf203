#include "xen-adapter/pv/debugreg.h"

#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

/* [APM2 13.1.1] */
#define DR6_FIXED      0xffff0ff0ull
#define DR6_WRITABLE   0xe00full
#define DR6_BS         0x4000ull
#define DR7_FIXED      0x400ull
#define DR7_RESERVED_0 0xd800ull /* bits 11, 12, 14, 15 read as zero; 13 is GD */
#define DR7_GD         0x2000ull
#define DR7_ENABLED    0xffull

static void address_load(u64 number, u64 value)
{
    switch (number) {
    case 0:
        insn_write_dr0(value);
        break;
    case 1:
        insn_write_dr1(value);
        break;
    case 2:
        insn_write_dr2(value);
        break;
    default:
        insn_write_dr3(value);
        break;
    }
}

/* Length and type fields of an enabled breakpoint: an I/O breakpoint needs CR4.DE, which it
 * would get for the shim too, so type 2 is refused. */
static bool control_ok(u64 dr7)
{
    for (u32 i = 0; i < 4; i++)
        if ((dr7 >> (2 * i) & 3) != 0 && (dr7 >> (16 + 4 * i) & 3) == 2)
            return false;
    return true;
}

enum status debugreg_write(struct pv_vcpu *vcpu, u64 number, u64 value)
{
    switch (number) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (!guest_range_ok(value, 1))
            return ST_DENIED;
        vcpu->dr[number] = value;
        if (vcpu->dr[7] & DR7_ENABLED)
            address_load(number, value);
        return ST_OK;
    case 4:
        if (vcpu->cr4 & CR4_DE)
            return ST_NO_DEVICE;
        return debugreg_write(vcpu, 6, value);
    case 6:
        if (value >> 32)
            return ST_DENIED;
        vcpu->dr[6] = (value & DR6_WRITABLE) | DR6_FIXED;
        return ST_OK;
    case 5:
        if (vcpu->cr4 & CR4_DE)
            return ST_NO_DEVICE;
        return debugreg_write(vcpu, 7, value);
    case 7:
        if (value >> 32)
            return ST_INVALID;
        if (!control_ok(value))
            return ST_DENIED;
        vcpu->dr[7] = (value & ~(DR7_RESERVED_0 | DR7_GD)) | DR7_FIXED;
        for (u32 i = 0; i < 4 && (value & DR7_ENABLED); i++)
            address_load(i, vcpu->dr[i]);
        insn_write_dr7(vcpu->dr[7]);
        return ST_OK;
    default:
        return ST_NO_DEVICE;
    }
}

enum status debugreg_read(const struct pv_vcpu *vcpu, u64 number, u64 *value)
{
    if (number > 7)
        return ST_NO_DEVICE;
    if (number == 4 || number == 5) {
        if (vcpu->cr4 & CR4_DE)
            return ST_NO_DEVICE;
        number += 2;
    }
    *value = vcpu->dr[number];
    return ST_OK;
}

void debugreg_hit(struct pv_vcpu *vcpu)
{
    u64 dr6 = insn_read_dr6();

    insn_write_dr6(DR6_FIXED);
    vcpu->dr[6] |= dr6 & DR6_WRITABLE;
    bounce_trap(vcpu, VECTOR_DB);
}

void debugreg_single_step(struct pv_vcpu *vcpu)
{
    vcpu->dr[6] |= DR6_BS;
    vcpu->regs.vector = VECTOR_DB;
    bounce_trap(vcpu, VECTOR_DB);
}

HANDLER(hypercall_set_debugreg)
{
    return xen_errno(debugreg_write(this_vcpu(), a1, a2));
}

/* An error is told in the value. */
HANDLER(hypercall_get_debugreg)
{
    u64 value = 0;
    enum status status = debugreg_read(this_vcpu(), a1, &value);

    return status == ST_OK ? (s64)value : xen_errno(status);
}
