/*
 * The MMU of a 64-bit PV guest: frame types, page-table updates, descriptor tables, the M2P.
 *
 * One rule carries everything: a frame has one type at a time (page table of one level,
 * descriptor page, writable, none), so what the CPU walks or loads was checked and cannot be
 * written by the guest. Statuses are the ones that translate to Xen's errors: ST_INVALID
 * EINVAL, ST_BUSY EBUSY, ST_DENIED EPERM, ST_NO_PARTITION ESRCH, ST_NO_CALL ENOSYS, ST_FAULT
 * EFAULT, ST_UNSUPPORTED EOPNOTSUPP, ST_REFUSED_ACCESS EACCES. [xen/xen.h,
 * HYPERVISOR_mmu_update ff.]
 *
 * Flushes are collected: every function here may leave vcpu->flush != 0, and mmu_settle() must
 * run before the guest does (at the end of each hypercall that calls in here, once for a whole
 * multicall). mmu_fault() settles by itself.
 */
#ifndef XEN_ADAPTER_PV_MMU_H
#define XEN_ADAPTER_PV_MMU_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/pv/shim.h"

/* ---- Start of day ---------------------------------------------------------- */

/*
 * What the MMU works on. In the shim mmu_start() fills it from shim.h; a host test points it at
 * arrays. `frames` and `m2p` are indexed by mfn below `mfn_end`.
 */
struct mmu {
    u8 *direct;           /* address of frame 0 */
    struct frame *frames; /* frame.h */
    u64 mfn_end;
    u64 slots[SHIM_SLOT_COUNT]; /* L4 entries 256..271 */
    mfn_t zero;                 /* frame full of zeros behind unused GDT pages */
    u64 vm_assist;              /* bits of VMASST_TYPE_*, written by vm_assist */
    u64 leaving;                /* frames in kind FRAME_LEAVING */
    u64 released;               /* none below is in kind FRAME_RELEASED */
    u64 clock;                  /* of full flushes, as in the frame words */
    u32 vcpu_count;
    struct pv_vcpu *vcpu[SHIM_VCPUS_MAX];
};

extern struct mmu mmu;

/* After FRAME_TABLE_VIRT is backed and shim.slots and shim.domain are final. `zero`: a page of
 * the shim's, all zero. */
void mmu_start(mfn_t zero);

/* Makes the vCPU known; its window (GDT, LDT pages) must be mapped down to L1 tables.
 * `window` is the array of PTEs that map WINDOW_VIRT + id * WINDOW_STRIDE: 16 GDT, 16 LDT. */
void mmu_vcpu_start(struct pv_vcpu *vcpu, u64 *window);

/* Gives `count` frames to somebody; none of them may be typed or counted. */
void frame_kind_set(mfn_t first, u64 count, enum frame_kind kind);
enum frame_kind frame_kind_get(mfn_t frame);

/* Types and pins the boot tables and makes them the vCPU's kernel address space (the caller
 * loads cr3). For vCPUs brought up later mmu_base_set() does the same without a pin. */
enum status mmu_boot(struct pv_vcpu *vcpu, mfn_t l4);

/* ---- Hypercalls: guest addresses are plain u64 --------------------------------------- */

enum status mmu_update(struct pv_vcpu *vcpu, u64 requests, u32 count, u64 done, u32 foreign);
enum status mmu_update_va(struct pv_vcpu *vcpu, u64 va, u64 entry, u64 flags);
enum status mmu_update_va_foreign(struct pv_vcpu *vcpu, u64 va, u64 entry, u64 flags,
                                  u32 domain);
enum status mmu_ext(struct pv_vcpu *vcpu, u64 ops, u32 count, u64 done, u32 foreign);
enum status gdt_set(struct pv_vcpu *vcpu, u64 frame_list, u32 entries);
enum status gdt_set_frames(struct pv_vcpu *vcpu, const u64 *frames, u32 entries);
enum status ldt_set(struct pv_vcpu *vcpu, u64 base, u64 entries);
enum status descriptor_update(struct pv_vcpu *vcpu, u64 machine_address, u64 descriptor);

/* NEW_BASEPTR and NEW_USER_BASEPTR, also for an emulated mov to cr3 and for a vCPU's start.
 * The kernel table is loaded into cr3 at once if the vCPU is the running one. */
enum status mmu_base_set(struct pv_vcpu *vcpu, mfn_t l4);
enum status mmu_user_base_set(struct pv_vcpu *vcpu, mfn_t l4);

/* Drops what the vCPU holds: both tables (cr3 must not be one of them any more), GDT, LDT. */
void mmu_vcpu_end(struct pv_vcpu *vcpu);

/* Does the collected flush. */
void mmu_flush_now(struct pv_vcpu *vcpu);

static inline void mmu_settle(struct pv_vcpu *vcpu)
{
    if (__builtin_expect(vcpu->flush != 0, 0))
        mmu_flush_now(vcpu);
}

/* ---- Faults -------------------------------------------------------------------------- */

/*
 * True: handled, go back to the guest (a write to a page table was emulated and rip advanced,
 * or a page of the LDT was mapped). False: the fault is the guest's.
 */
bool mmu_fault(struct pv_vcpu *vcpu, u64 cr2, u32 error, struct pv_regs *regs);

/* Same for a fault taken in the shim while it loads a guest selector (LDT page not mapped). */
bool mmu_fault_ldt(struct pv_vcpu *vcpu, u64 cr2);

/* What the guest is told as cr2: an address in its own LDT instead of one in the window. */
u64 mmu_fault_address(const struct pv_vcpu *vcpu, u64 cr2);

/*
 * Walks the vCPU's kernel (PV_KERNEL) or user (PV_USER) tables in software. ST_FAULT if nothing
 * is mapped there; otherwise the L1 entry. Costs no fault, needs no access rights.
 */
enum status mmu_walk(struct pv_vcpu *vcpu, enum pv_mode mode, u64 va, u64 *entry);

/* ---- Grants and other foreign frames ------------------------------------------------- */

/*
 * Writes an L1 entry that maps a frame of kind FRAME_FOREIGN (placed in the window first),
 * found by guest address or by the machine address of the entry (GNTMAP_contains_pte).
 */
enum status mmu_foreign_map_va(struct pv_vcpu *vcpu, u64 va, u64 entry);
enum status mmu_foreign_map_pte(struct pv_vcpu *vcpu, u64 machine_address, u64 entry);

/* Replaces that entry by `entry` (0 = nothing) if it still maps `frame`, else ST_INVALID. */
enum status mmu_foreign_unmap_va(struct pv_vcpu *vcpu, u64 va, mfn_t frame, u64 entry);
enum status mmu_foreign_unmap_pte(struct pv_vcpu *vcpu, u64 machine_address, mfn_t frame,
                                  u64 entry);

/* ---- Frames that come and go: memory_op ---------------------------------------------- */

/*
 * decrease_reservation, before L0 is asked: `*give` says whether the frame is to be handed to
 * L0 now; when somebody still maps it, it stays with the shim (FRAME_LEAVING) and is handed out
 * again by frame_reuse(). ST_INVALID: not the guest's.
 */
enum status frame_release(mfn_t frame, bool *give);

/* The same for a frame that nobody may map: ST_BUSY if somebody does. */
enum status frame_release_idle(mfn_t frame);

/* forward_reservation.c: hands a released frame to L0. */
bool frame_give(mfn_t frame);

/* A frame the guest may have at once without asking L0; ST_NO_MEMORY if there is none. */
enum status frame_reuse(mfn_t *frame);

/* 2^order aligned frames that were handed to L0, below `end`, to populate again. */
enum status frame_find_released(u32 order, u64 end, mfn_t *first);

/* After L0 populated it (or frame_reuse gave it): the guest's, with this pfn in the M2P. */
enum status frame_accept(mfn_t frame, pfn_t pfn);

/* True if the frame is the guest's own memory (kind FRAME_GUEST). */
bool frame_is_guest(mfn_t frame);

/* ---- M2P ----------------------------------------------------------------------------- */

/* Writes an entry (any value the guest likes); ignores frames outside the table. */
void m2p_set(mfn_t frame, pfn_t pfn);
u64 m2p_get(mfn_t frame);

/* ---- What the MMU needs from the machine (mmu_hw.c; fakes in the host tests) --------- */

void tlb_flush_page(u64 va);
void tlb_flush_all(void); /* everything but global entries */
void cr3_load(mfn_t l4);
void cache_flush(void);
void smap_disable(struct pv_vcpu *vcpu);
void ldt_load(struct pv_vcpu *vcpu, u64 base,
              u32 entries); /* descriptor in GDT page 14 + lldt */
u64 *m2p_slot(mfn_t frame); /* writable; NULL if there is none */

#endif
