/*
 * The PV shim: what every part of it shares. Memory layout, the one `struct shim`, the per-vCPU
 * state, frame numbers and the shim's own page allocator.
 *
 * Frame numbers: an mfn is the partition's own guest-physical frame number (L0's gfn); a pfn is
 * what the PV guest calls pseudo-physical. The M2P turns the first into the second.
 */
#ifndef XEN_ADAPTER_PV_SHIM_H
#define XEN_ADAPTER_PV_SHIM_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/pv/offsets.h"

typedef struct {
    u64 raw;
} mfn_t;
typedef struct {
    u64 raw;
} pfn_t;

static inline mfn_t mfn(u64 raw)
{
    return (mfn_t){raw};
}

static inline pfn_t pfn(u64 raw)
{
    return (pfn_t){raw};
}

/* ---- Virtual layout: PML4 slots 256..271, present in every guest L4 ---------------------- */

#define SHIM_SLOT_FIRST 256u
#define SHIM_SLOT_COUNT 16u
#define SHIM_VIRT_START 0xffff800000000000ull
#define SHIM_VIRT_END   0xffff880000000000ull /* first address that is the guest's again */

#define M2P_VIRT         0xffff800000000000ull /* u64[mfn]; guest-readable, RO + NX */
#define WINDOW_VIRT      0xffff820000000000ull /* per-vCPU windows, see below */
#define IMAGE_VIRT       0xffff828000000000ull /* this image; physical 0x100000 */
#define FRAME_TABLE_VIRT 0xffff828800000000ull /* struct frame_info[mfn] */
#define M2P_WRITE_VIRT   0xffff829000000000ull /* the M2P again, RW, for the shim only */
#define DIRECT_VIRT      0xffff830000000000ull /* all RAM and the foreign window, RW + NX */
#define IMAGE_PHYS       0x100000ull

#define WINDOW_STRIDE  0x100000ull /* bytes of window for each vCPU */
#define WINDOW_GDT     0x0ull      /* 16 pages */
#define WINDOW_LDT     0x10000ull  /* 16 pages */
#define WINDOW_ALIAS   0x20000ull  /* runstate and time areas reachable under user tables */
#define SHIM_VCPUS_MAX 32u

/* ---- Page-table entry bits [APM2 5.3] ---------------------------------------------------- */

#define PTE_P     0x001ull
#define PTE_RW    0x002ull
#define PTE_US    0x004ull
#define PTE_PWT   0x008ull
#define PTE_PCD   0x010ull
#define PTE_A     0x020ull
#define PTE_D     0x040ull
#define PTE_PS    0x080ull
#define PTE_G     0x100ull
#define PTE_NX    0x8000000000000000ull
#define PTE_FRAME 0x000ffffffffff000ull

#define TABLE_ENTRIES 512u

/* ---- Memory ------------------------------------------------------------------------------ */

/* Memory map entry types, as in hvm_start_info and in E820. */
#define MEMORY_RAM      1u
#define MEMORY_RESERVED 2u
#define MEMORY_DISABLED 6u /* no memory yet: where the guest may grow [ACPI 6.4 15] */

struct memory_range {
    u64 base; /* bytes */
    u64 size;
    u32 type;
    u32 reserved;
};

#define MEMORY_RANGES_MAX 64u

/* To whom a frame belongs when the guest starts; the frame table takes it over from there. */
enum frame_kind {
    FRAME_HOLE,
    FRAME_GUEST,
    FRAME_SHIM,
    FRAME_SPECIAL, /* console and xenstore rings: mappable by the guest, RAM for nobody */
    FRAME_FOREIGN,
    FRAME_RELEASED, /* RAM that was handed back to L0; its table entries are there */
    FRAME_LEAVING,  /* the guest gave it up but still maps it */
};

/* Facts about the domain and its memory, settled by main.c and build.c before the guest runs.
 */
struct domain_layout {
    struct memory_range map[MEMORY_RANGES_MAX]; /* as L0 gave it: sorted, not overlapping */
    u32 map_count;
    u64 mfn_end;       /* frames below this may have M2P and frame_info entries */
    u64 ram_frames;    /* RAM of the partition, the shim's share included */
    mfn_t foreign;     /* first frame of the foreign window, directly above all that */
    u64 foreign_count; /* frames in it */

    u64 nr_pages;  /* what the guest got: pfn 0 .. nr_pages - 1 are backed */
    u64 max_pages; /* as many pfns the guest may ever have (its ballooning limit) */

    mfn_t console_mfn; /* special frames; raw == 0 when L0 offers none */
    mfn_t store_mfn;
    u32 console_port;
    u32 store_port;
    mfn_t shared_info; /* the shim's frame behind the guest's shared_info; kind FRAME_SPECIAL */
    u64 rsdp;          /* physical address, 0 = none */
    u8 console_in_p2m;
    u8 privileged; /* L0 says we are its hardware domain */
};

struct shim {
    struct domain_layout domain;
    u64 start_info;             /* gpa of the hvm_start_info that we were started with */
    u64 slots[SHIM_SLOT_COUNT]; /* L4 entries 256..271 to copy into every guest L4 */
    mfn_t idle_l4;              /* an L4 with nothing but these slots */
    u64 image_end;              /* physical end of the image with its bss */
    u32 xen_leaf;               /* first CPUID leaf of L0's Xen ABI, 0 = no Xen below */
    u32 xen_version;            /* L0's major << 16 | minor */
    u64 smep_smap;              /* CR4 bits that are on below a 64-bit guest */
    u32 vcpu_count;
};

extern struct shim shim;

static inline void *mfn_to_virt(mfn_t frame)
{
    return (void *)(DIRECT_VIRT + (frame.raw << PAGE_SHIFT));
}

/* Of an address in the direct map only. */
static inline mfn_t virt_to_mfn(const void *virt)
{
    return mfn(((u64)virt - DIRECT_VIRT) >> PAGE_SHIFT);
}

static inline void *phys_to_direct(u64 phys)
{
    return (void *)(DIRECT_VIRT + phys);
}

static inline u64 direct_to_phys(const void *virt)
{
    return (u64)virt - DIRECT_VIRT;
}

/* Physical address of something in the image: text, data or bss. */
static inline u64 image_to_phys(const void *virt)
{
    return (u64)virt - IMAGE_VIRT + IMAGE_PHYS;
}

/* True for an address that a guest must never name. */
static inline bool shim_owns_virt(u64 virt)
{
    return virt >= SHIM_VIRT_START && virt < SHIM_VIRT_END;
}

/* The M2P's entry, writable, for a frame below mfn_end that m2p_backed() knows. */
static inline u64 *m2p_entry(mfn_t frame)
{
    return (u64 *)M2P_WRITE_VIRT + frame.raw;
}

/* False in holes: there one read-only page of M2P_INVALID stands for all. */
bool m2p_backed(mfn_t frame);

#define M2P_INVALID (~0ull)

/* Frames that are the guest's, or may become so: their entries of all tables are there. */
static inline bool range_has_frames(const struct memory_range *range)
{
    return range->type == MEMORY_RAM || range->type == MEMORY_DISABLED;
}

/*
 * The shim's own frames, zeroed, never the guest's. After the guest has started they come from
 * the reserve that build.c kept back. NULL when there is none left.
 */
void *shim_page_alloc(void);
void shim_page_free(void *page);

/* `pages` contiguous zeroed frames; only before the guest has started. */
void *shim_pages_alloc(u64 pages);

/* Zeroed and aligned to its size, a power of two; only before the guest has started. */
void *shim_block_alloc(u64 bytes);

/*
 * Enters one 4 KiB mapping into the shim's own slots; `flags` are PTE bits. ST_NO_MEMORY when a
 * table is needed and there is none. The caller flushes.
 */
enum status shim_map(u64 virt, mfn_t frame, u64 flags);

/*
 * Backs a sparse array indexed by mfn at `virt`: fresh pages (every byte `fill`) behind the
 * entries of RAM, special frames and the foreign window; everywhere else below mfn_end one
 * common read-only page full of `fill`. `flags`: PTE_RW and PTE_US as wanted; always NX.
 */
enum status shim_table_make(u64 virt, u64 entry_bytes, u8 fill, u64 flags);

/* ---- Guest registers and vCPU ------------------------------------------------------------ */

/* What entry.S saves and pv_enter restores; the order is the order on the entry stack. */
struct pv_regs {
    u64 r15, r14, r13, r12, rbp, rbx;
    u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u32 error;
    u32 vector;
    u64 rip, cs, rflags, rsp, ss;
};

#define PV_CS64 0xe033u /* flat ring-3 selectors of the reserved GDT part [xen/arch-x86] */
#define PV_SS   0xe02bu
#define PV_CS32 0xe023u

struct pv_trap {
    u16 cs;
    u8 flags; /* bits 0-1 DPL, bit 2 mask events on entry */
    u64 address;
};

struct pv_callback {
    u64 address; /* 0 = none */
    u32 flags;   /* CALLBACKF_mask_events */
};

enum pv_mode { PV_KERNEL, PV_USER };

/* Of a vCPU that is leaving: told to go down by another one, it does so on its next way back.
 */
enum pv_online { VCPU_DOWN, VCPU_UP, VCPU_LEAVING };

/* State of one PV vCPU. Helpers D and E add their own fields at the end of their section. */
struct pv_vcpu {
    struct pv_regs regs;
    u32 id;
    enum pv_mode mode;
    u8 *upcall; /* guest-visible evtchn_upcall_pending, evtchn_upcall_mask, wherever registered
                 */
    u32 work;   /* atomic, WORK_*: what the way back has to do besides */
    u32 nmi_masked;  /* one NMI at a time until iret */
    mfn_t kernel_l4; /* the MMU's; kept up here for entry.S */
    mfn_t user_l4;   /* raw == 0: none set */

    /* traps and callbacks */
    struct pv_trap trap[256];
    struct pv_callback event_callback;
    struct pv_callback failsafe_callback;
    struct pv_callback syscall_callback;
    struct pv_callback syscall32_callback;
    struct pv_callback sysenter_callback;
    struct pv_callback nmi_callback;
    u64 kernel_ss;
    u64 kernel_sp;
    u64 fs_base, gs_base_kernel, gs_base_user; /* as the guest sees them */
    u16 ds, es, fs, gs;
    u64 cr0_ts, cr4, cr2;
    u64 dr[8];
    u32 iopl;
    u8 in_multicall;
    u8 online; /* atomic, enum pv_online */
    u8 initialised;
    struct xen_vcpu_info *info; /* the page it lies in is the shim's or the guest's */
    u64 runstate_virt;          /* guest's registered areas, 0 = none */
    u64 time_virt;
    u64 periodic_ns;
    u32 time_version; /* of L0's record, when last copied */
    u64 cr4_now;      /* the CPU's, with the shim's bits */
    u32 kick_port;    /* L0's, 0 with one vCPU */
    u32 flush_asked;  /* atomic: see shootdown.h */
    u32 flush_done;   /* atomic, written by the vCPU itself */
    u8 is_idle;       /* atomic */
    u8 started;       /* L0's vCPU has a first instruction */
    u32 poll_ports[128];

    /* descriptor tables */
    mfn_t gdt_frame[16];
    u32 gdt_entries;
    u64 ldt_base;
    u32 ldt_entries;
    u32 flush;        /* collected TLB flush, see mmu.h */
    u32 flush_others; /* vCPUs that the guest wants flushed with it: bit n for vCPU n */
    u64 *window;      /* PTEs of the vCPU's window: GDT pages 0..15, then LDT pages 0..15 */
};

/* A vCPU's stack and its state share a block. A host test has vCPUs of its own. */
#if __STDC_HOSTED__
struct pv_vcpu *this_vcpu(void);
#else
static inline struct pv_vcpu *this_vcpu(void)
{
    u64 sp;

    __asm__ volatile("mov %%rsp, %0" : "=r"(sp));
    return (struct pv_vcpu *)((sp & ~(u64)(VCPU_BLOCK_SIZE - 1)) + VCPU_BLOCK_VCPU);
}
#endif

/* Enters the guest with vcpu->regs; never comes back. */
void pv_enter(struct pv_vcpu *vcpu) __attribute__((noreturn));

/* ---- Output and the end ------------------------------------------------------------------ */

/* printf-like (%s %d %u %x %lx %llx %p %c, widths) to the guest's console ring, else to L0. */
void shim_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what has just been reached and the guest's TSC there, if the shim's own command line has
 * the word `times`. */
void shim_time_print(const char *what);

/* Prints "pvshim: " and the message, then ends the domain with SHUTDOWN_crash. */
void shim_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* SCHEDOP_shutdown(reason) to L0; halts for ever if L0 is not there. */
void shim_end(u32 reason) __attribute__((noreturn));

/* Any hypercall to L0 through its hypercall page. Buffers must be shim memory (image, direct
 * map): L0 walks the page tables that are in cr3 now. */
s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

#endif
