/* The CPUID leaves and the hypercall page [xen/arch-x86/cpuid.h]. */
#include "xen-adapter/call.h"
#include "xen-adapter/xen.h"

/*
 * Leaf 4 without XEN_CPUID4_EAX_UPCALL_VECTOR: the guest then takes its upcall by the callback
 * vector, which is delivered without the local APIC and needs no EOI exit.
 */
#define LEAF4_FLAGS (XEN_CPUID4_EAX_VCPU_ID | XEN_CPUID4_EAX_DOMID)

enum { TSC_MODE_NEVER_EMULATE = 2 };

static void time_leaf(const struct partition *p, u32 subleaf, u32 out[4])
{
    struct op_clock clock;

    op_clock_read(p, &clock);
    if (subleaf == 0) {
        out[0] = XEN_CPUID3_EAX_TSC_RELIABLE | XEN_CPUID3_EAX_RDTSCP_OFFERED;
        out[1] = TSC_MODE_NEVER_EMULATE;
        out[2] = (u32)clock.tsc_khz;
    } else if (subleaf == 1) {
        out[0] = (u32)clock.tsc_offset;
        out[1] = (u32)(clock.tsc_offset >> 32);
        out[2] = clock.mul;
        out[3] = (u32)(s32)clock.shift;
    } else if (subleaf == 2) {
        out[0] = (u32)clock.tsc_khz;
    }
}

/* A guest that is shown the Hyper-V interface too has that in the usual places. */
static u32 base_of(const struct partition *p)
{
    return op_partition_shows(p, OP_ABI_TLFS) ? XEN_CPUID_BASE_BESIDE : XEN_CPUID_BASE;
}

static u32 page_msr_of(const struct partition *p)
{
    return op_partition_shows(p, OP_ABI_TLFS) ? XEN_MSR_PAGE_BESIDE : XEN_MSR_HYPERCALL_PAGE;
}

enum verdict xen_cpuid(struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4])
{
    struct partition *p = op_vcpu_partition(vcpu);
    u32 base = base_of(p);

    if (leaf < base || leaf > base + XEN_CPUID_LEAF_MAX)
        return VERDICT_NOT_MINE;
    out[0] = out[1] = out[2] = out[3] = 0;
    switch (leaf - base) {
    case XEN_CPUID_LEAF_SIGNATURE:
        out[0] = base + XEN_CPUID_LEAF_HVM;
        out[1] = XEN_CPUID_SIGNATURE_EBX;
        out[2] = XEN_CPUID_SIGNATURE_ECX;
        out[3] = XEN_CPUID_SIGNATURE_EDX;
        break;
    case XEN_CPUID_LEAF_VERSION:
        out[0] = XEN_VERSION;
        break;
    case XEN_CPUID_LEAF_HYPERCALL:
        out[0] = 1;
        out[1] = page_msr_of(p);
        break;
    case XEN_CPUID_LEAF_TIME:
        time_leaf(p, subleaf, out);
        break;
    case XEN_CPUID_LEAF_HVM:
        if (subleaf)
            break;
        out[0] = LEAF4_FLAGS;
        out[1] = op_vcpu_id(vcpu);
        out[2] = op_partition_id(p);
        break;
    default:
        break;
    }
    return VERDICT_ANSWERED;
}

/* mov eax, n; vmmcall; ret [APM3 VMMCALL]. The backend takes vmcall as well. */
static void stub_write(u8 *stub, u32 number)
{
    static const u8 code[] = {0xb8, 0, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xc3};
    u32 i;

    for (i = 0; i < XEN_HYPERCALL_STUB_SIZE; i++)
        stub[i] = i < sizeof(code) ? code[i] : 0xcc;
    stub[1] = (u8)number;
    if (number == XENNR_iret) {
        stub[0] = 0x0f; /* ud2: no translated guest returns by a call */
        stub[1] = 0x0b;
    }
}

enum verdict xen_msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
    struct partition *p = op_vcpu_partition(vcpu);
    struct xen_domain *domain;
    u8 stub[XEN_HYPERCALL_STUB_SIZE];
    u32 i;

    if (msr != page_msr_of(p))
        return VERDICT_NOT_MINE;
    if (value & PAGE_MASK || value >> 46)
        return VERDICT_FAULTS;
    domain = xen_domain_get(p);
    if (!domain || !op_memory_is_present(p, gpa(value)))
        return VERDICT_FAULTS;
    for (i = 0; i < PAGE_SIZE / XEN_HYPERCALL_STUB_SIZE; i++) {
        stub_write(stub, i);
        if (mem_write_gpa(p, gpa(value + i * XEN_HYPERCALL_STUB_SIZE), stub, sizeof(stub)) !=
            ST_OK)
            return VERDICT_FAULTS;
    }
    xen_domain_latch(p, domain, op_vcpu_mode(vcpu) != OP_MODE_64);
    return VERDICT_ANSWERED;
}

enum verdict xen_msr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
    if (msr != page_msr_of(op_vcpu_partition(vcpu)))
        return VERDICT_NOT_MINE;
    *value = 0;
    return VERDICT_ANSWERED;
}
