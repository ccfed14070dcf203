#include "hv/core/cpuid_policy.h"
#include "hv/lib/string.h"

enum { EAX, EBX, ECX, EDX };

#define ECX1_X2APIC       (1u << 21)
#define ECX1_TSC_DEADLINE (1u << 24)
#define ECX1_XSAVE        (1u << 26)
#define ECX1_OSXSAVE      (1u << 27)
#define ECX1_AVX          (1u << 28)
#define ECX1_HYPERVISOR   (1u << 31)
#define EDX1_APIC         (1u << 9)
#define EDX1_HTT          (1u << 28)
#define CR4_OSXSAVE       BIT(18)
#define CR4_PKE           BIT(22)
#define XCR0_AVX          BIT(2)
#define XCR0_AVX512       (BIT(5) | BIT(6) | BIT(7))
#define XCR0_PKRU         BIT(9)
#define ADDRESS_BITS_MAX  46u

/*
 * Allowed bits. Leaf 1 ecx: SSE3 PCLMUL SSSE3 FMA CX16 PCID SSE4.1 SSE4.2 MOVBE POPCNT AES
 * XSAVE AVX F16C RDRAND; not: MONITOR VMX SMX EIST DCA PDCM, performance, debug store.
 */
#define ALLOW_1_ECX                                                                            \
    (1u << 0 | 1u << 1 | 1u << 9 | 1u << 12 | 1u << 13 | 1u << 17 | 1u << 19 | 1u << 20 |      \
     1u << 22 | 1u << 23 | 1u << 25 | ECX1_XSAVE | ECX1_AVX | 1u << 29 | 1u << 30)
/* FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFLUSH MMX FXSR SSE
 * SSE2; not: serial number, debug store, ACPI throttle, thermal, IA64. */
#define ALLOW_1_EDX 0x078bfbffu
#define ALLOW_1_AVX (1u << 12 | ECX1_AVX | 1u << 29)
/* FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS INVPCID AVX512F/DQ RDSEED ADX SMAP IFMA CLFLUSHOPT CLWB
 * AVX512CD SHA AVX512BW/VL; not: TSC_ADJUST, SGX, HLE, RTM, MPX, PT, resource control. */
#define ALLOW_7_EBX                                                                            \
    (1u << 0 | 1u << 3 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 16 |         \
     1u << 17 | 1u << 18 | 1u << 19 | 1u << 20 | 1u << 21 | 1u << 23 | 1u << 24 | 1u << 28 |   \
     1u << 29 | 1u << 30 | 1u << 31)
#define AVX512_7_EBX (1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31)
/* VBMI UMIP PKU VBMI2 GFNI VAES VPCLMUL VNNI BITALG VPOPCNTDQ RDPID MOVDIRI MOVDIR64B; not:
 * LA57, CET, WAITPKG, ENQCMD. */
#define ALLOW_7_ECX                                                                            \
    (1u << 1 | 1u << 2 | 1u << 3 | 1u << 6 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 11 |         \
     1u << 12 | 1u << 14 | 1u << 22 | 1u << 27 | 1u << 28)
#define AVX512_7_ECX  (1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14)
#define AVX_7_ECX     (1u << 9 | 1u << 10)
#define ECX7_PKU      (1u << 3)
#define ECX7_OSPKE    (1u << 4)
/* FSRM SERIALIZE; IBRS/IBPB STIBP SSBD with the MSRs. */
#define ALLOW_7_EDX   (1u << 4 | 1u << 14)
#define SPEC_7_EDX    (1u << 26 | 1u << 27 | 1u << 31)
/* AVX-VNNI, AVX512-BF16, fast short string operations. */
#define ALLOW_7_1_EAX (1u << 4 | 1u << 5 | 1u << 10 | 1u << 11 | 1u << 12)
/* LAHF CR8-legacy ABM SSE4A misaligned prefetch XOP FMA4 TBM; not: SVM, extended APIC space,
 * OSVW, IBS, SKINIT, WDT, LWP, NodeId, topology extensions, counters, MWAITX. */
#define ALLOW_E1_ECX                                                                           \
    (1u << 0 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 11 | 1u << 16 | 1u << 21)
#define ECX_E1_CMP_LEGACY (1u << 1)
#define AVX_E1_ECX        (1u << 11 | 1u << 16)
/* As leaf 1, then SYSCALL NX MMXEXT 1G-pages RDTSCP LM 3DNow; not FFXSR. */
#define ALLOW_E1_EDX                                                                           \
    (0x0183f3ffu | 1u << 11 | 1u << 20 | 1u << 22 | 1u << 26 | 1u << 27 | 1u << 29 |           \
     1u << 30 | 1u << 31)
#define EDX_E7_INVARIANT_TSC (1u << 8)
/* CLZERO XSaveErPtr. */
#define ALLOW_E8_EBX         (1u << 0 | 1u << 2)
/* IBPB IBRS STIBP, their preferences, SSBD, SSB_NO, PSFD, BTC_NO. */
#define SPEC_E8_EBX                                                                            \
    (1u << 12 | 1u << 14 | 1u << 15 | 1u << 16 | 1u << 17 | 1u << 18 | 1u << 24 | 1u << 26 |   \
     1u << 28 | 1u << 29)
/* NoNestedDataBp LFenceAlwaysSerializing NullSelectorClearsBase AutomaticIBRS. */
#define ALLOW_E21_EAX (1u << 0 | 1u << 2 | 1u << 6 | 1u << 8)

static void clear(u32 out[4])
{
    out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
}

static void leaf_1(const struct cpuid_view *view, u32 out[4])
{
    out[EBX] = view->apic_id << 24 | (view->vcpu_count & 0xff) << 16 | (out[EBX] & 0xff00);
    out[ECX] &= ALLOW_1_ECX;
    if (!view->xcr0_allowed)
        out[ECX] &= ~ECX1_XSAVE;
    if (!(view->xcr0_allowed & XCR0_AVX))
        out[ECX] &= ~ALLOW_1_AVX;
    if (view->cr4 & CR4_OSXSAVE)
        out[ECX] |= ECX1_OSXSAVE;
    out[ECX] |= ECX1_X2APIC | ECX1_TSC_DEADLINE | ECX1_HYPERVISOR;
    out[EDX] &= ALLOW_1_EDX;
    if (!view->has_apic)
        out[EDX] &= ~EDX1_APIC;
    if (view->vcpu_count > 1)
        out[EDX] |= EDX1_HTT;
}

static void leaf_7_0(const struct cpuid_view *view, u32 out[4])
{
    out[EAX] = MIN(out[EAX], 1u);
    out[EBX] &= ALLOW_7_EBX;
    out[ECX] &= ALLOW_7_ECX;
    out[EDX] &= ALLOW_7_EDX | (view->has_spec_ctrl ? SPEC_7_EDX : 0);
    if ((view->xcr0_allowed & XCR0_AVX512) != XCR0_AVX512) {
        out[EBX] &= ~AVX512_7_EBX;
        out[ECX] &= ~AVX512_7_ECX;
    }
    if (!(view->xcr0_allowed & XCR0_AVX)) {
        out[EBX] &= ~(1u << 5);
        out[ECX] &= ~AVX_7_ECX;
    }
    if (!(view->xcr0_allowed & XCR0_PKRU))
        out[ECX] &= ~ECX7_PKU;
    if ((out[ECX] & ECX7_PKU) && (view->cr4 & CR4_PKE))
        out[ECX] |= ECX7_OSPKE;
}

static void leaf_7(const struct cpuid_view *view, u32 subleaf, u32 out[4])
{
    if (subleaf == 0) {
        leaf_7_0(view, out);
    } else if (subleaf == 1) {
        out[EAX] &= ALLOW_7_1_EAX;
        if (!(view->xcr0_allowed & XCR0_AVX))
            out[EAX] &= ~(1u << 4);
        if ((view->xcr0_allowed & XCR0_AVX512) != XCR0_AVX512)
            out[EAX] &= ~(1u << 5);
        out[EBX] = out[ECX] = out[EDX] = 0;
    } else {
        clear(out);
    }
}

/* Threads of one core share bit 0 of the id, which is always 0: ids are 2 * vCPU. */
static void leaf_topology(const struct cpuid_view *view, u32 subleaf, u32 out[4])
{
    u32 bits = 1;

    while (1u << bits < 2 * view->vcpu_count)
        bits++;
    clear(out);
    out[ECX] = subleaf & 0xff;
    out[EDX] = view->apic_id;
    if (subleaf == 0) {
        out[EAX] = 1;
        out[EBX] = 1;
        out[ECX] |= 1u << 8; /* level: thread */
    } else if (subleaf == 1) {
        out[EAX] = bits;
        out[EBX] = view->vcpu_count;
        out[ECX] |= 2u << 8; /* level: core */
    }
}

static void leaf_xsave(const struct cpuid_view *view, u32 subleaf, u32 out[4])
{
    if (!view->xcr0_allowed) {
        clear(out);
    } else if (subleaf == 0) {
        out[EAX] = (u32)view->xcr0_allowed;
        out[EDX] = (u32)(view->xcr0_allowed >> 32);
        out[ECX] = view->xsave_bytes;
    } else if (subleaf == 1) {
        out[EAX] &= 7; /* XSAVEOPT XSAVEC XGETBV(1), not XSAVES */
        out[ECX] = out[EDX] = 0;
    } else if (subleaf >= 63 || !(view->xcr0_allowed & BIT(subleaf))) {
        clear(out);
    } else {
        out[ECX] &= 2; /* user state only, alignment as it is */
        out[EDX] = 0;
    }
}

static void filter_basic(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4])
{
    switch (leaf) {
    case 0:
        out[EAX] = MIN(out[EAX], CPUID_BASIC_LAST);
        break;
    case 1:
        leaf_1(view, out);
        break;
    case 2:
        break;
    case 4: /* caches: nothing shared with vCPUs that we know of */
        out[EAX] &= 0x3fff;
        break;
    case 6:
        clear(out);
        out[EAX] = 4; /* the APIC timer never stops */
        break;
    case 7:
        leaf_7(view, subleaf, out);
        break;
    case 0xb:
        leaf_topology(view, subleaf, out);
        break;
    case 0xd:
        leaf_xsave(view, subleaf, out);
        break;
    default:
        clear(out);
        break;
    }
}

static void leaf_e8(const struct cpuid_view *view, u32 out[4])
{
    u32 physical = MIN(out[EAX] & 0xff, ADDRESS_BITS_MAX);
    u32 linear = out[EAX] >> 8 & 0xff;

    out[EAX] = physical | MIN(linear, 48u) << 8;
    out[EBX] &= ALLOW_E8_EBX | (view->has_spec_ctrl ? SPEC_E8_EBX : 0);
    out[ECX] = view->vcpu_count > 1 ? (view->vcpu_count * 2 - 1) & 0xff : 0;
    out[EDX] = 0;
}

static void filter_extended(const struct cpuid_view *view, u32 leaf, u32 out[4])
{
    switch (leaf) {
    case 0x80000000u:
        out[EAX] = MIN(out[EAX], CPUID_EXTENDED_LAST);
        break;
    case 0x80000001u:
        out[ECX] &= ALLOW_E1_ECX;
        /* Without this Linux 5.10 takes the count of leaf 1 for threads of one core, and
         * divides it by the cores of leaf 0x80000008. [APM3 E.4.2] */
        if (view->vcpu_count > 1)
            out[ECX] |= ECX_E1_CMP_LEGACY;
        if (!(view->xcr0_allowed & XCR0_AVX))
            out[ECX] &= ~AVX_E1_ECX;
        out[EDX] &= ALLOW_E1_EDX;
        if (!view->has_apic)
            out[EDX] &= ~EDX1_APIC;
        break;
    case 0x80000002u: /* name and caches as they are */
    case 0x80000003u:
    case 0x80000004u:
    case 0x80000005u:
    case 0x80000006u:
        break;
    case 0x80000007u:
        out[EAX] = out[EBX] = out[ECX] = 0;
        out[EDX] &= EDX_E7_INVARIANT_TSC;
        break;
    case 0x80000008u:
        leaf_e8(view, out);
        break;
    case 0x80000021u:
        out[EAX] &= ALLOW_E21_EAX;
        out[EBX] = out[ECX] = out[EDX] = 0;
        break;
    default:
        clear(out);
        break;
    }
}

void cpuid_filter(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4])
{
    if (leaf <= CPUID_BASIC_LAST)
        filter_basic(view, leaf, subleaf, out);
    else if (leaf >= 0x80000000u && leaf <= CPUID_EXTENDED_LAST)
        filter_extended(view, leaf, out);
    else
        clear(out);
}
