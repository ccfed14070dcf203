/*
 * Numbers of the Hyper-V interface, typed from Microsoft's Hypervisor Top Level Functional
 * Specification 6.0b: section numbers behind them. Not from our own tables.
 */
#ifndef ABI_TESTS_GOLDEN_TLFS_NUMBERS_H
#define ABI_TESTS_GOLDEN_TLFS_NUMBERS_H

/* 2.4 */
#define T_CPUID_VENDOR    0x40000000u
#define T_CPUID_INTERFACE 0x40000001u
#define T_CPUID_VERSION   0x40000002u
#define T_CPUID_FEATURES  0x40000003u
#define T_CPUID_ADVICE    0x40000004u
#define T_CPUID_LIMITS    0x40000005u
#define T_VENDOR_EBX      0x7263694du /* "Micr" */
#define T_VENDOR_ECX      0x666f736fu /* "osof" */
#define T_VENDOR_EDX      0x76482074u /* "t Hv" */
#define T_INTERFACE       0x31237648u /* "Hv#1" */

/* 2.4.4: eax, what Windows and Linux cannot do without */
#define T_ACCESS_REFERENCE_COUNTER (1u << 1)
#define T_ACCESS_SYNIC             (1u << 2)
#define T_ACCESS_TIMERS            (1u << 3)
#define T_ACCESS_APIC              (1u << 4)
#define T_ACCESS_HYPERCALL         (1u << 5)
#define T_ACCESS_VP_INDEX          (1u << 6)
#define T_ACCESS_REFERENCE_TSC     (1u << 9)
#define T_ACCESS_FREQUENCY         (1u << 11)
#define T_CREATE_PARTITIONS        (1u << 0) /* ebx: not for a guest */
#define T_FREQUENCY_REGS           (1u << 8) /* edx */
#define T_DIRECT_TIMERS            (1u << 19)

/* 2.4.4, 2.4.5: the profile `windows`, version 1: all privileges an enlightened guest is given
 * (eax: 0 to 7, 9 to 11; ebx: 4, 5, 20), features (edx: 4, 5, 8, 10, 19), advice (eax: 2, 3, 5,
 * 9 to 11). */
#define T_PROFILE_1_PRIVILEGES_LOW  0x00000effu
#define T_PROFILE_1_PRIVILEGES_HIGH 0x00100030u
#define T_PROFILE_1_FEATURES        0x00080530u
#define T_PROFILE_1_ADVICE          0x00000e2cu

/* 2.6: Microsoft (1), Windows NT (4), 10.0, build 17763 */
#define T_IDENTITY_WINDOWS 0x0001040a00004563ull

/* Appendix F */
#define T_MSR_GUEST_OS_ID    0x40000000u
#define T_MSR_HYPERCALL      0x40000001u
#define T_MSR_VP_INDEX       0x40000002u
#define T_MSR_VP_RUNTIME     0x40000010u
#define T_MSR_TIME_REF_COUNT 0x40000020u
#define T_MSR_REFERENCE_TSC  0x40000021u
#define T_MSR_TSC_FREQUENCY  0x40000022u
#define T_MSR_APIC_FREQUENCY 0x40000023u
#define T_MSR_EOI            0x40000070u
#define T_MSR_ICR            0x40000071u
#define T_MSR_TPR            0x40000072u
#define T_MSR_VP_ASSIST_PAGE 0x40000073u
#define T_MSR_SCONTROL       0x40000080u
#define T_MSR_SVERSION       0x40000081u
#define T_MSR_SIEFP          0x40000082u
#define T_MSR_SIMP           0x40000083u
#define T_MSR_EOM            0x40000084u
#define T_MSR_SINT0          0x40000090u
#define T_MSR_STIMER0_CONFIG 0x400000b0u
#define T_MSR_STIMER0_COUNT  0x400000b1u
#define T_MSR_GUEST_IDLE     0x400000f0u
#define T_MSR_CRASH_P0       0x40000100u
#define T_MSR_CRASH_CTL      0x40000105u

/* 3.8 */
#define T_FAST     (1ull << 16)
#define T_BANKS(n) ((uint64_t)(n) << 17)
#define T_REPS(n)  ((uint64_t)(n) << 32)
#define T_START(n) ((uint64_t)(n) << 48)

/* Appendix A */
#define T_FLUSH_SPACE    0x0002u
#define T_FLUSH_LIST     0x0003u
#define T_SPIN_WAIT      0x0008u
#define T_IPI            0x000bu
#define T_FLUSH_SPACE_EX 0x0013u
#define T_FLUSH_LIST_EX  0x0014u
#define T_IPI_EX         0x0015u
#define T_POST_MESSAGE   0x005cu
#define T_SIGNAL_EVENT   0x005du
#define T_QUERY_EXTENDED 0x8001u

/* Appendix B */
#define T_SUCCESS              0x00
#define T_INVALID_CODE         0x02
#define T_INVALID_INPUT        0x03
#define T_INVALID_ALIGNMENT    0x04
#define T_INVALID_PARAMETER    0x05
#define T_ACCESS_DENIED        0x06
#define T_INVALID_CONNECTION   0x12
#define T_INSUFFICIENT_BUFFERS 0x33

/* 11.8, 11.10 */
#define T_SINT_MASKED   (1ull << 16)
#define T_SINT_AUTO_EOI (1ull << 17)
#define T_MESSAGE_BYTES 256u
#define T_TIMER_EXPIRED 0x80000010u

/* 12.3.1 */
#define T_TIMER_ENABLE      (1ull << 0)
#define T_TIMER_PERIODIC    (1ull << 1)
#define T_TIMER_AUTO_ENABLE (1ull << 3)
#define T_TIMER_VECTOR(v)   ((uint64_t)(v) << 4)
#define T_TIMER_DIRECT      (1ull << 12)
#define T_TIMER_SINT(n)     ((uint64_t)(n) << 16)

/* How our guest of this type gives its words away and ends (ACPI reduced hardware). */
#define T_PORT_SERIAL 0x3f8u
#define T_PORT_SLEEP  0x600u
#define T_SLEEP_OFF   0x34u
#define T_PORT_RESET  0x602u

#endif
