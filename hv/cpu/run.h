/*
 * Entering a guest is a function that returns an exit. This is the whole face of the hardware
 * backend: above it nobody asks AMD or Intel.
 *
 * Locks: a struct guest belongs to the CPU that runs its vCPU; another one touches it only
 * under lock H and after cpu_wait_outside().
 */
#ifndef HV_CPU_RUN_H
#define HV_CPU_RUN_H

#include "hv/lib/regs.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define RFLAGS_CF    BIT(0)
#define RFLAGS_FIXED BIT(1)
#define RFLAGS_PF    BIT(2)
#define RFLAGS_AF    BIT(4)
#define RFLAGS_ZF    BIT(6)
#define RFLAGS_SF    BIT(7)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_IF    BIT(9)
#define RFLAGS_DF    BIT(10)
#define RFLAGS_OF    BIT(11)
#define RFLAGS_NT    BIT(14)
#define RFLAGS_RF    BIT(16)
#define RFLAGS_VM    BIT(17)
#define RFLAGS_AC    BIT(18)

/* attributes: bits 0-7 are byte 5 of a descriptor (type, S, DPL, P), bits 8-11 AVL, L, D/B, G.
 */
struct segment {
    u16 selector;
    u16 attributes;
    u32 limit; /* in bytes, granularity already applied */
    u64 base;
};

#define SEGMENT_PRESENT  BIT(7)
#define SEGMENT_LONG     BIT(9)
#define SEGMENT_BIG      BIT(10)
#define SEGMENT_GRANULAR BIT(11)

/* Everything of a CPU that guest_state_get/set move, beside the general registers. */
struct guest_state {
    struct segment cs, ds, es, fs, gs, ss, tr, ldtr, gdtr, idtr;
    u64 cr0, cr2, cr3, cr4, efer; /* efer without the bit the backend needs for itself */
    u64 dr6, dr7, pat;
    u64 kernel_gs_base, star, lstar, cstar, sfmask;
    u64 sysenter_cs, sysenter_esp, sysenter_eip;
    u8 cpl;
};

/* How the guest computes now: decides pointer width and where hypercall arguments are. */
enum guest_mode { GUEST_REAL, GUEST_VM86, GUEST_PROT16, GUEST_PROT32, GUEST_LONG64 };

enum event_kind {
    EVENT_INTERRUPT = 0, /* external interrupt: values as in [APM2 15.20] */
    EVENT_NMI = 2,
    EVENT_EXCEPTION = 3,
    EVENT_SOFTWARE = 4,
};

struct event {
    enum event_kind kind;
    u8 vector;
    bool has_error;
    u32 error;
};

#define VECTOR_DE  0
#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_BP  3
#define VECTOR_UD  6
#define VECTOR_DF  8
#define VECTOR_TS  10
#define VECTOR_NP  11
#define VECTOR_SS  12
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_AC  17
#define VECTOR_MC  18

enum exit_kind {
    EXIT_NONE,      /* handled below, enter again */
    EXIT_INTERRUPT, /* host interrupt pending: cpu_take_interrupts() */
    EXIT_HYPERCALL, /* vmcall or vmmcall */
    EXIT_CPUID,
    EXIT_MSR_READ,  /* number in rcx */
    EXIT_MSR_WRITE, /* number in rcx, value in edx:eax */
    EXIT_IO,
    EXIT_MEMORY, /* nested page fault: decode and emulate, or end the guest */
    EXIT_HALT,
    EXIT_WINDOW, /* the guest can take an interrupt now */
    EXIT_XSETBV,
    EXIT_SHUTDOWN,  /* triple fault */
    EXIT_SKIP,      /* harmless instruction that does nothing here: invd, wbinvd */
    EXIT_UNDEFINED, /* instruction that this guest does not have: #UD */
    EXIT_PROTECTED, /* instruction refused: #GP(0) */
    EXIT_PRIORITY,  /* mov to CR8 while an interrupt waits: carry it out in guest->tpr */
    EXIT_TASK_SWITCH,
    EXIT_PAUSE, /* it spins: after guest_pause_exit(), and not at every turn where that is known
                 */
    EXIT_BROKEN, /* the hardware refused the guest's state, or the exit is unknown */
};
#define EXIT_KINDS (EXIT_BROKEN + 1)

#define EXIT_IO_IN     1u /* else out */
#define EXIT_IO_STRING 2u /* ins, outs */
#define EXIT_IO_REPEAT 4u

#define EXIT_MEMORY_PRESENT  1u /* mapped, but not for this access */
#define EXIT_MEMORY_WRITE    2u
#define EXIT_MEMORY_FETCH    4u
#define EXIT_MEMORY_TABLE    8u  /* hit while walking the guest's own page tables */
#define EXIT_MEMORY_DELIVERY 16u /* hit while delivering an event */

struct exit {
    enum exit_kind kind;
    u64 code; /* the vendor's number, for messages only */
    union {
        struct {
            u16 port;
            u8 size; /* 1, 2, 4 */
            u8 flags;
        } io;
        struct {
            gpa_t gpa;
            u32 flags;
            u8 byte_count; /* instruction bytes the hardware gave, or 0 */
            u8 bytes[15];
        } memory;
    };
};

/* MSR values without a home in the hardware's guest state. Policy: hv/core/msr.c. */
#define GUEST_MTRR_PAIRS 8
struct guest_msrs {
    u64 mtrr_default;
    u64 mtrr_fixed[11];
    u64 mtrr_base[GUEST_MTRR_PAIRS], mtrr_mask[GUEST_MTRR_PAIRS];
    u64 tsc_aux;
    u64 misc_enable;
    u64 faulting; /* MSR 0x140: bit 0 = cpuid faults above CPL 0 */
    u64 spec_ctrl;
    u64 tsc_adjust;
};

/* One virtual CPU as the hardware sees it. The backend's own part follows in memory. */
struct guest {
    struct regs regs; /* valid while the guest is outside; change freely */
    struct guest_msrs msr;
    u64 xcr0;
    u64 tsc_offset; /* guest TSC = host TSC + this; change by guest_tsc_offset_set */
    u64 dr[4];
    u32 owner; /* partition id: whose secrets the predictors may hold */
    u8 tpr;    /* CR8, 0-15 */
};

/* What a walk of the guest's page tables depends on beside the tables. */
struct guest_paging {
    u64 cr0, cr3, cr4, efer;
};

/* The processor is QEMU's software emulation. */
bool run_is_emulated(void);

/* Contiguous zeroed frames (2^GUEST_ORDER, aligned) that a guest needs from its partition. */
#define GUEST_ORDER 2

/* What the backend does against speculation; filled by hv/core/speculation.c. */
struct run_speculation {
    bool stuff_return_stack; /* after each exit */
    bool barrier_on_switch;  /* IBPB when another partition's guest is entered */
    bool switch_spec_ctrl;   /* the guest has its own SPEC_CTRL */
};
void run_speculation_set(const struct run_speculation *policy);
/* The guest has SPEC_CTRL and PRED_CMD. */
bool run_has_spec_ctrl(void);

/* Contiguous zeroed frames (2^RUN_ORDER) that the backend needs for each CPU. */
#define RUN_ORDER 2

/* Turns the extension on for this CPU; prints what is missing. ST_UNSUPPORTED when it cannot.
 */
enum status run_init(hpa_t memory);

/* memory as above, owned by the partition; root is npt.root. The guest starts in reset state.
 */
enum status guest_make(hpa_t memory, hpa_t root, u32 owner, struct guest **out);
/* Forgets the guest on every CPU (registers kept in it, tags). The caller frees its memory. */
void guest_end(struct guest *guest);

/*
 * Takes this CPU's registers for the guest; those of the one before go to its memory, and it
 * may run on another CPU from then on.
 */
void guest_load(struct guest *guest);

/* After guest_load(): runs until the next exit. Host interrupts are off before and after. */
void guest_run(struct guest *guest, struct exit *out);

/* Steps over the exiting instruction, of `length` bytes, and ends its interrupt shadow. */
void guest_skip(struct guest *guest, u32 length);
/* Length of the exiting instruction when the hardware or the hot path knows it, else 0. */
u32 guest_insn_length(const struct guest *guest);
/* Tells the length found by decoding at this rip, for the next time (vmmcall and cpuid sites).
 */
void guest_insn_remember(struct guest *guest, u32 length);

/* An event is waiting to be delivered at the next entry (injected, or interrupted earlier). */
bool guest_has_event(const struct guest *guest);
/* Delivers an event at the next entry. Exceptions merge as [APM2 8.2.9] says (#DF, shutdown).
 */
void guest_inject(struct guest *guest, struct event event);
/* No event waiting, IF set, no interrupt shadow. */
bool guest_can_take_interrupt(const struct guest *guest);
/* No event waiting, no NMI being handled, no shadow. */
bool guest_can_take_nmi(const struct guest *guest);
/*
 * Asks for EXIT_WINDOW as soon as the guest can take an interrupt. With a class (1-15) only CR8
 * is in the way: EXIT_PRIORITY comes when the guest writes it.
 */
void guest_ask_window(struct guest *guest, u32 class);

void guest_state_get(const struct guest *guest, struct guest_state *out);
void guest_state_set(struct guest *guest, const struct guest_state *state);
/* 32-bit flat protected mode, paging off, ebx = start_info [xen-pvh-hvm.md 1]; rip = entry. */
void guest_start_flat32(struct guest *guest, u32 entry, u32 start_info);
/* As a start-up IPI leaves it: reset state, real mode, first instruction at page * 4 KiB. */
void guest_start_real(struct guest *guest, u8 page);

enum guest_mode guest_mode(const struct guest *guest);
u32 guest_cpl(const struct guest *guest);
void guest_paging(const struct guest *guest, struct guest_paging *out);

/* Forgets cached translations of this guest before its next entry. */
void guest_flush_tlb(struct guest *guest);
/* Makes spinning visible: a guest that waits for another vCPU's turn. */
void guest_pause_exit(struct guest *guest);
/* Lets it spin in peace. */
void guest_pause_pass(struct guest *guest);
void guest_tsc_offset_set(struct guest *guest, u64 offset);
/* ST_INVALID when the value is not a legal XCR0 here: the guest gets #GP. */
enum status guest_xcr0_set(struct guest *guest, u64 value);
/* xmm0 to xmm5 of the guest that has this CPU's registers. */
#define GUEST_XMM_BYTES 96u
void guest_xmm_read(const struct guest *guest, u8 *out);
/* The state components a guest may have; 0 without XSAVE. */
u64 guest_xcr0_allowed(void);
/* Bytes of the XSAVE area for all of them. */
u32 guest_xsave_bytes(void);

#endif
