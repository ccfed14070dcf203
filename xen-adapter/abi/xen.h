/*
 * The Xen guest ABI, x86: numbers and layouts, 64-bit form.
 * Typed from the public interface; compared with Debian's libxen-dev headers by
 * abi-tests/unit/test_xen_abi*.c. A guest pointer is a u64 here, never a C pointer.
 * Call and sub-operation numbers are stamped from xen.def (xen_rows.h).
 */
#ifndef XEN_ADAPTER_ABI_XEN_H
#define XEN_ADAPTER_ABI_XEN_H

#include <stddef.h>
#include <stdint.h>

/* Errors [xen/errno.h]; a call returns the negative. */
enum xen_errno {
    XEN_NONE = 0,
    XEN_EPERM = 1,
    XEN_ENOENT = 2,
    XEN_ESRCH = 3,
    XEN_EINTR = 4,
    XEN_EIO = 5,
    XEN_ENXIO = 6,
    XEN_E2BIG = 7,
    XEN_ENOEXEC = 8,
    XEN_EBADF = 9,
    XEN_ECHILD = 10,
    XEN_EAGAIN = 11,
    XEN_EWOULDBLOCK = 11,
    XEN_ENOMEM = 12,
    XEN_EACCES = 13,
    XEN_EFAULT = 14,
    XEN_EBUSY = 16,
    XEN_EEXIST = 17,
    XEN_EXDEV = 18,
    XEN_ENODEV = 19,
    XEN_ENOTDIR = 20,
    XEN_EISDIR = 21,
    XEN_EINVAL = 22,
    XEN_ENFILE = 23,
    XEN_EMFILE = 24,
    XEN_ENOSPC = 28,
    XEN_EROFS = 30,
    XEN_EMLINK = 31,
    XEN_EDOM = 33,
    XEN_ERANGE = 34,
    XEN_EDEADLK = 35,
    XEN_EDEADLOCK = 35,
    XEN_ENAMETOOLONG = 36,
    XEN_ENOLCK = 37,
    XEN_ENOSYS = 38,
    XEN_ENOTEMPTY = 39,
    XEN_ENODATA = 61,
    XEN_ETIME = 62,
    XEN_EBADMSG = 74,
    XEN_EOVERFLOW = 75,
    XEN_EILSEQ = 84,
    XEN_ERESTART = 85,
    XEN_ENOTSOCK = 88,
    XEN_EMSGSIZE = 90,
    XEN_EOPNOTSUPP = 95,
    XEN_EADDRINUSE = 98,
    XEN_EADDRNOTAVAIL = 99,
    XEN_ENOBUFS = 105,
    XEN_EISCONN = 106,
    XEN_ENOTCONN = 107,
    XEN_ETIMEDOUT = 110,
    XEN_ECONNREFUSED = 111,
};

/* Domain ids [xen/xen.h] */
enum xen_domid {
    XEN_DOMID_FIRST_RESERVED = 0x7ff0,
    XEN_DOMID_SELF = 0x7ff0,
    XEN_DOMID_IO = 0x7ff1,
    XEN_DOMID_XEN = 0x7ff2,
    XEN_DOMID_COW = 0x7ff3,
    XEN_DOMID_INVALID = 0x7ff4,
};

/* Version reported; the CPUID leaf and xen_version must agree. */
#define XEN_VERSION_MAJOR 4
#define XEN_VERSION_MINOR 20
#define XEN_VERSION       ((XEN_VERSION_MAJOR << 16) | XEN_VERSION_MINOR)

#define XEN_PAGE_SIZE 4096u

struct xen_none {
    uint8_t raw;
};

/* domid-only arguments of memory_op: a bare u16. */
struct xen_domid_arg {
    uint16_t domid;
};

/* sysctl, domctl and platform_op all begin with these two words. */
struct xen_versioned_op {
    uint32_t cmd;
    uint32_t interface_version;
};
enum xen_interface_version {
    XEN_PLATFORM_INTERFACE_VERSION = 0x03000001,
    XEN_SYSCTL_INTERFACE_VERSION = 0x15,
    XEN_DOMCTL_INTERFACE_OLDEST = 0x15, /* Xen 4.17 */
    XEN_DOMCTL_INTERFACE_NEWEST = 0x17, /* Xen 4.20 */
};

/* --- start of day ------------------------------------------------------------------ */

/* PV start_info [xen/xen.h] */
enum xen_sif {
    XEN_SIF_PRIVILEGED = 1 << 0,
    XEN_SIF_INITDOMAIN = 1 << 1,
    XEN_SIF_MULTIBOOT_MOD = 1 << 2,
    XEN_SIF_MOD_START_PFN = 1 << 3,
    XEN_SIF_VIRT_P2M_4TOOLS = 1 << 4,
};
#define XEN_START_INFO_CMDLINE 1024
struct xen_start_info {
    char magic[32];
    uint64_t nr_pages;
    uint64_t shared_info;
    uint32_t flags;
    uint64_t store_mfn;
    uint32_t store_evtchn;
    union {
        struct {
            uint64_t mfn;
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off;
            uint32_t info_size;
        } dom0;
    } console;
    uint64_t pt_base;
    uint64_t nr_pt_frames;
    uint64_t mfn_list;
    uint64_t mod_start;
    uint64_t mod_len;
    char cmd_line[XEN_START_INFO_CMDLINE];
    uint64_t first_p2m_pfn;
    uint64_t nr_p2m_frames;
};

/* PVH start info [xen/arch-x86/hvm/start_info.h] */
#define XEN_HVM_START_MAGIC 0x336ec578u
enum xen_hvm_memmap_type {
    XEN_HVM_MEMMAP_TYPE_RAM = 1,
    XEN_HVM_MEMMAP_TYPE_RESERVED = 2,
    XEN_HVM_MEMMAP_TYPE_ACPI = 3,
    XEN_HVM_MEMMAP_TYPE_NVS = 4,
    XEN_HVM_MEMMAP_TYPE_UNUSABLE = 5,
    XEN_HVM_MEMMAP_TYPE_DISABLED = 6,
    XEN_HVM_MEMMAP_TYPE_PMEM = 7,
};
struct xen_hvm_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t nr_modules;
    uint64_t modlist_paddr;
    uint64_t cmdline_paddr;
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr; /* from here on version 1 */
    uint32_t memmap_entries;
    uint32_t reserved;
};
struct xen_hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size;
    uint64_t cmdline_paddr;
    uint64_t reserved;
};
struct xen_hvm_memmap_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
};

/* ELF notes, owner "Xen" [xen/elfnote.h] */
enum xen_elfnote {
    XEN_NOTE_INFO = 0,
    XEN_NOTE_ENTRY = 1,
    XEN_NOTE_HYPERCALL_PAGE = 2,
    XEN_NOTE_VIRT_BASE = 3,
    XEN_NOTE_PADDR_OFFSET = 4,
    XEN_NOTE_XEN_VERSION = 5,
    XEN_NOTE_GUEST_OS = 6,
    XEN_NOTE_GUEST_VERSION = 7,
    XEN_NOTE_LOADER = 8,
    XEN_NOTE_PAE_MODE = 9,
    XEN_NOTE_FEATURES = 10,
    XEN_NOTE_BSD_SYMTAB = 11,
    XEN_NOTE_HV_START_LOW = 12,
    XEN_NOTE_L1_MFN_VALID = 13,
    XEN_NOTE_SUSPEND_CANCEL = 14,
    XEN_NOTE_INIT_P2M = 15,
    XEN_NOTE_MOD_START_PFN = 16,
    XEN_NOTE_SUPPORTED_FEATURES = 17,
    XEN_NOTE_PHYS32_ENTRY = 18,
    XEN_NOTE_PHYS32_RELOC = 19,
};

/* Features [xen/features.h] */
enum xen_feature {
    XEN_FEATURE_WRITABLE_PAGE_TABLES = 0,
    XEN_FEATURE_WRITABLE_DESCRIPTOR_TABLES = 1,
    XEN_FEATURE_AUTO_TRANSLATED_PHYSMAP = 2,
    XEN_FEATURE_SUPERVISOR_MODE_KERNEL = 3,
    XEN_FEATURE_PAE_PGDIR_ABOVE_4GB = 4,
    XEN_FEATURE_MMU_PT_UPDATE_PRESERVE_AD = 5,
    XEN_FEATURE_HIGHMEM_ASSIST = 6,
    XEN_FEATURE_GNTTAB_MAP_AVAIL_BITS = 7,
    XEN_FEATURE_HVM_CALLBACK_VECTOR = 8,
    XEN_FEATURE_HVM_SAFE_PVCLOCK = 9,
    XEN_FEATURE_HVM_PIRQS = 10,
    XEN_FEATURE_DOM0 = 11,
    XEN_FEATURE_GRANT_MAP_IDENTITY = 12,
    XEN_FEATURE_MEMORY_OP_VNODE = 13,
    XEN_FEATURE_LINUX_RSDP_UNRESTRICTED = 15,
    XEN_FEATURE_NOT_DIRECT_MAPPED = 16,
    XEN_FEATURE_DIRECT_MAPPED = 17,
    XEN_FEATURE_RUNSTATE_PHYS_AREA = 18,
    XEN_FEATURE_VCPU_TIME_PHYS_AREA = 19,
    XEN_FEATURE_DM_MSIX_ALL_WRITES = 20,
};

/* --- CPUID [xen/arch-x86/cpuid.h] ---------------------------------------------------- */

#define XEN_CPUID_BASE          0x40000000u
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558u /* "XenV" */
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4du /* "MMXe" */
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566eu /* "nVMM" */
enum xen_cpuid_leaf_index {
    XEN_CPUID_LEAF_SIGNATURE = 0,
    XEN_CPUID_LEAF_VERSION = 1,
    XEN_CPUID_LEAF_HYPERCALL = 2,
    XEN_CPUID_LEAF_TIME = 3,
    XEN_CPUID_LEAF_HVM = 4,
    XEN_CPUID_LEAF_PV = 5,
    XEN_CPUID_LEAF_MAX = 5,
};
enum xen_cpuid_hypercall_bit {
    XEN_CPUID2_ECX_MMU_PT_UPDATE_PRESERVE_AD = 1 << 0,
};
enum xen_cpuid_time_bit {
    XEN_CPUID3_EAX_TSC_EMULATED = 1 << 0,
    XEN_CPUID3_EAX_TSC_RELIABLE = 1 << 1,
    XEN_CPUID3_EAX_RDTSCP_OFFERED = 1 << 2,
};
enum xen_cpuid_hvm_bit {
    XEN_CPUID4_EAX_APIC_VIRT = 1 << 0,
    XEN_CPUID4_EAX_X2APIC_VIRT = 1 << 1,
    XEN_CPUID4_EAX_IOMMU_MAPPINGS = 1 << 2,
    XEN_CPUID4_EAX_VCPU_ID = 1 << 3,
    XEN_CPUID4_EAX_DOMID = 1 << 4,
    XEN_CPUID4_EAX_EXT_DEST_ID = 1 << 5,
    XEN_CPUID4_EAX_UPCALL_VECTOR = 1 << 6,
};

/* Hypercall page: stub n at 32 * n; MSR value = guest page address | page index. */
#define XEN_MSR_HYPERCALL_PAGE  0x40000000u
#define XEN_HYPERCALL_STUB_SIZE 32u
#define XEN_HYPERCALL_COUNT     64u

/* --- shared pages [xen/xen.h] ---------------------------------------------------------- */

struct xen_vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad1[2];
};
enum xen_pvclock_flag {
    XEN_PVCLOCK_TSC_STABLE = 1 << 0,
    XEN_PVCLOCK_GUEST_STOPPED = 1 << 1,
};

struct xen_vcpu_info {
    uint8_t upcall_pending;
    uint8_t upcall_mask;
    uint8_t pad0[6];
    uint64_t pending_sel;
    uint64_t cr2;
    uint64_t pad1;
    struct xen_vcpu_time_info time;
};

#define XEN_LEGACY_VCPUS 32
struct xen_shared_info {
    struct xen_vcpu_info vcpu_info[XEN_LEGACY_VCPUS];
    uint64_t evtchn_pending[64];
    uint64_t evtchn_mask[64];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct {
        uint64_t max_pfn;
        uint64_t pfn_to_mfn_frame_list_list;
        uint64_t nmi_reason;
        uint64_t p2m_cr3;
        uint64_t p2m_vaddr;
        uint64_t p2m_generation;
    } arch;
};

/* The 32-bit layout of the same page, for guests that call in 32-bit mode. */
struct xen_vcpu_info_32 {
    uint8_t upcall_pending;
    uint8_t upcall_mask;
    uint8_t pad0[2];
    uint32_t pending_sel;
    uint32_t cr2;
    uint32_t pad1;
    struct xen_vcpu_time_info time;
    uint8_t pad2[16];
};
struct xen_shared_info_32 {
    struct xen_vcpu_info_32 vcpu_info[XEN_LEGACY_VCPUS];
    uint32_t evtchn_pending[32];
    uint32_t evtchn_mask[32];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t max_pfn;
    uint32_t pfn_to_mfn_frame_list_list;
    uint32_t nmi_reason;
    uint32_t p2m_cr3;
    uint32_t p2m_vaddr;
    uint32_t p2m_generation;
    uint32_t wc_sec_hi;
};

/* --- memory_op [xen/memory.h] ------------------------------------------------------------ */

#define XEN_MEMORY_OP_MASK         0x3fu /* above it: the start extent of a continued call */
#define XEN_MEMORY_OP_EXTENT_SHIFT 6
#define XEN_EXTENT_ORDER_MAX       63
struct xen_memory_reservation {
    uint64_t extent_start; /* array of u64 frame numbers */
    uint64_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags;
    uint16_t domid;
};
enum xen_memory_flag {
    XEN_MEMF_POPULATE_ON_DEMAND = 1 << 16,
    XEN_MEMF_EXACT_NODE = 1 << 17,
    XEN_MEMF_VNODE = 1 << 18,
};
struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    uint64_t nr_exchanged;
};
struct xen_machphys_mfn_list {
    uint32_t max_extents;
    uint64_t extent_start;
    uint32_t nr_extents;
};
struct xen_machphys_mapping {
    uint64_t v_start;
    uint64_t v_end;
    uint64_t max_mfn;
};
enum xen_mapspace {
    XEN_MAPSPACE_SHARED_INFO = 0,
    XEN_MAPSPACE_GRANT_TABLE = 1,
    XEN_MAPSPACE_GMFN = 2,
    XEN_MAPSPACE_GMFN_RANGE = 3,
    XEN_MAPSPACE_GMFN_FOREIGN = 4,
    XEN_MAPSPACE_DEV_MMIO = 5,
};
#define XEN_MAPIDX_GRANT_STATUS 0x80000000u
struct xen_add_to_physmap {
    uint16_t domid;
    uint16_t size;
    uint32_t space;
    uint64_t idx;
    uint64_t gpfn;
};
struct xen_add_to_physmap_batch {
    uint16_t domid;
    uint16_t space;
    uint16_t size;
    uint16_t foreign_domid;
    uint64_t idxs;
    uint64_t gpfns;
    uint64_t errs;
};
struct xen_remove_from_physmap {
    uint16_t domid;
    uint64_t gpfn;
};
struct xen_memory_map {
    uint32_t nr_entries;
    uint64_t buffer;
};
struct xen_foreign_memory_map {
    uint16_t domid;
    struct xen_memory_map map;
};
struct xen_acquire_resource {
    uint16_t domid;
    uint16_t type;
    uint32_t id;
    uint32_t nr_frames;
    uint32_t pad;
    uint64_t frame;
    uint64_t frame_list;
};
/* INT 15h E820 entry, packed [xen/hvm/e820.h] */
struct xen_e820_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
} __attribute__((packed));
#define XEN_E820_MAX 128

/* --- multicall and PV MMU [xen/xen.h] --------------------------------------------------------
 */

struct xen_multicall_entry {
    uint64_t op;
    int64_t result;
    uint64_t args[6];
};
struct xen_mmu_update {
    uint64_t ptr; /* low two bits: the command */
    uint64_t val;
};
enum xen_mmu_update_cmd {
    XEN_MMU_NORMAL_PT_UPDATE = 0,
    XEN_MMU_MACHPHYS_UPDATE = 1,
    XEN_MMU_PT_UPDATE_PRESERVE_AD = 2,
    XEN_MMU_PT_UPDATE_NO_TRANSLATE = 3,
};
struct xen_mmuext_op {
    uint32_t cmd;
    union {
        uint64_t mfn;
        uint64_t linear_addr;
    } arg1;
    union {
        uint32_t nr_ents;
        uint64_t vcpumask;
        uint64_t src_mfn;
    } arg2;
};
enum xen_mmuext_cmd {
    XEN_MMUEXT_PIN_L1_TABLE = 0,
    XEN_MMUEXT_PIN_L2_TABLE = 1,
    XEN_MMUEXT_PIN_L3_TABLE = 2,
    XEN_MMUEXT_PIN_L4_TABLE = 3,
    XEN_MMUEXT_UNPIN_TABLE = 4,
    XEN_MMUEXT_NEW_BASEPTR = 5,
    XEN_MMUEXT_TLB_FLUSH_LOCAL = 6,
    XEN_MMUEXT_INVLPG_LOCAL = 7,
    XEN_MMUEXT_TLB_FLUSH_MULTI = 8,
    XEN_MMUEXT_INVLPG_MULTI = 9,
    XEN_MMUEXT_TLB_FLUSH_ALL = 10,
    XEN_MMUEXT_INVLPG_ALL = 11,
    XEN_MMUEXT_FLUSH_CACHE = 12,
    XEN_MMUEXT_SET_LDT = 13,
    XEN_MMUEXT_NEW_USER_BASEPTR = 15,
    XEN_MMUEXT_CLEAR_PAGE = 16,
    XEN_MMUEXT_COPY_PAGE = 17,
    XEN_MMUEXT_FLUSH_CACHE_GLOBAL = 18,
    XEN_MMUEXT_MARK_SUPER = 19,
    XEN_MMUEXT_UNMARK_SUPER = 20,
};
#define XEN_UVMF_FLUSHTYPE_MASK 3u
enum xen_uvmf {
    XEN_UVMF_NONE = 0,
    XEN_UVMF_TLB_FLUSH = 1,
    XEN_UVMF_INVLPG = 2,
    XEN_UVMF_ALL = 4,
};
enum xen_vm_assist {
    XEN_VMASST_CMD_ENABLE = 0,
    XEN_VMASST_CMD_DISABLE = 1,
    XEN_VMASST_4GB_SEGMENTS = 0,
    XEN_VMASST_4GB_SEGMENTS_NOTIFY = 1,
    XEN_VMASST_WRITABLE_PAGETABLES = 2,
    XEN_VMASST_PAE_EXTENDED_CR3 = 3,
    XEN_VMASST_ARCHITECTURAL_IOPL = 4,
    XEN_VMASST_RUNSTATE_UPDATE_FLAG = 5,
    XEN_VMASST_M2P_STRICT = 32,
};

/* --- PV CPU [xen/arch-x86/xen.h, xen-x86_64.h]
 * -------------------------------------------------- */

struct xen_trap_info {
    uint8_t vector;
    uint8_t flags; /* 0-1 DPL, 2 clear event enable */
    uint16_t cs;
    uint64_t address;
};
struct xen_iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};
#define XEN_VGCF_IN_SYSCALL (1u << 8)
enum xen_segbase {
    XEN_SEGBASE_FS = 0,
    XEN_SEGBASE_GS_USER = 1,
    XEN_SEGBASE_GS_KERNEL = 2,
    XEN_SEGBASE_GS_USER_SEL = 3,
};
enum xen_flat_selector {
    XEN_FLAT_RING3_CS32 = 0xe023,
    XEN_FLAT_RING3_CS64 = 0xe033,
    XEN_FLAT_RING3_DS32 = 0xe02b,
    XEN_FLAT_RING3_SS32 = 0xe02b,
    XEN_FLAT_RING1_CS = 0xe019,
    XEN_FLAT_RING1_DS = 0xe021,
};
#define XEN_FIRST_RESERVED_GDT_PAGE  14u
#define XEN_FIRST_RESERVED_GDT_ENTRY 7168u
#define XEN_HYPERVISOR_VIRT_START    0xffff800000000000ull
#define XEN_HYPERVISOR_VIRT_END      0xffff880000000000ull
#define XEN_MACH2PHYS_VIRT_START     0xffff800000000000ull
#define XEN_MACH2PHYS_VIRT_END       0xffff804000000000ull

struct xen_cpu_user_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code;
    uint32_t entry_vector;
    uint64_t rip;
    uint16_t cs, pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t pad1[3];
    uint64_t rflags, rsp;
    uint16_t ss, pad2[3];
    uint16_t es, pad3[3];
    uint16_t ds, pad4[3];
    uint16_t fs, pad5[3];
    uint16_t gs, pad6[3];
};
enum xen_vgcf {
    XEN_VGCF_I387_VALID = 1 << 0,
    XEN_VGCF_IN_KERNEL = 1 << 2,
    XEN_VGCF_FAILSAFE_DISABLES_EVENTS = 1 << 3,
    XEN_VGCF_SYSCALL_DISABLES_EVENTS = 1 << 4,
    XEN_VGCF_ONLINE = 1 << 5,
};
struct xen_vcpu_guest_context {
    uint8_t fpu_ctxt[512];
    uint64_t flags;
    struct xen_cpu_user_regs user_regs;
    struct xen_trap_info trap_ctxt[256];
    uint64_t ldt_base, ldt_ents;
    uint64_t gdt_frames[16], gdt_ents;
    uint64_t kernel_ss, kernel_sp;
    uint64_t ctrlreg[8];
    uint64_t debugreg[8];
    uint64_t event_callback_eip;
    uint64_t failsafe_callback_eip;
    uint64_t syscall_callback_eip;
    uint64_t vm_assist;
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};
enum xen_callback_type {
    XEN_CALLBACK_EVENT = 0,
    XEN_CALLBACK_FAILSAFE = 1,
    XEN_CALLBACK_SYSCALL = 2,
    XEN_CALLBACK_SYSENTER_DEPRECATED = 3,
    XEN_CALLBACK_NMI = 4,
    XEN_CALLBACK_SYSENTER = 5,
    XEN_CALLBACK_SYSCALL32 = 7,
};
#define XEN_CALLBACK_MASK_EVENTS 1u
struct xen_callback_register {
    uint16_t type;
    uint16_t flags;
    uint64_t address;
};
struct xen_callback_unregister {
    uint16_t type;
    uint16_t unused;
};
struct xen_nmi_callback {
    uint64_t handler_address;
    uint64_t pad;
};

/* --- version [xen/version.h]
 * ----------------------------------------------------------------------- */

struct xen_extraversion {
    char text[16];
};
struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
struct xen_capabilities_info {
    char text[1024];
};
struct xen_changeset_info {
    char text[64];
};
struct xen_platform_parameters {
    uint64_t virt_start;
};
struct xen_feature_info {
    uint32_t submap_idx;
    uint32_t submap;
};
struct xen_domain_handle {
    uint8_t uuid[16];
};
struct xen_commandline {
    char text[1024];
};
struct xen_varbuf {
    uint32_t len; /* in: room, out: length */
};

/* --- event channels [xen/event_channel.h]
 * -------------------------------------------------------------- */

enum xen_virq {
    XEN_VIRQ_TIMER = 0,
    XEN_VIRQ_DEBUG = 1,
    XEN_VIRQ_CONSOLE = 2,
    XEN_VIRQ_DOM_EXC = 3,
    XEN_VIRQ_TBUF = 4,
    XEN_VIRQ_DEBUGGER = 6,
    XEN_VIRQ_XENOPROF = 7,
    XEN_VIRQ_CON_RING = 8,
    XEN_VIRQ_PCPU_STATE = 9,
    XEN_VIRQ_MEM_EVENT = 10,
    XEN_VIRQ_ARGO = 11,
    XEN_VIRQ_ENOMEM = 12,
    XEN_VIRQ_XENPMU = 13,
    XEN_VIRQ_ARCH_0 = 16,
    XEN_VIRQ_COUNT = 24,
};
enum xen_evtchn_status_code {
    XEN_EVTCHNSTAT_CLOSED = 0,
    XEN_EVTCHNSTAT_UNBOUND = 1,
    XEN_EVTCHNSTAT_INTERDOMAIN = 2,
    XEN_EVTCHNSTAT_PIRQ = 3,
    XEN_EVTCHNSTAT_VIRQ = 4,
    XEN_EVTCHNSTAT_IPI = 5,
};
#define XEN_EVTCHN_2L_CHANNELS    4096u
#define XEN_EVTCHN_2L_CHANNELS_32 1024u
struct xen_evtchn_alloc_unbound {
    uint16_t dom;
    uint16_t remote_dom;
    uint32_t port;
};
struct xen_evtchn_bind_interdomain {
    uint16_t remote_dom;
    uint32_t remote_port;
    uint32_t local_port;
};
struct xen_evtchn_bind_virq {
    uint32_t virq;
    uint32_t vcpu;
    uint32_t port;
};
struct xen_evtchn_bind_pirq {
    uint32_t pirq;
    uint32_t flags;
    uint32_t port;
};
struct xen_evtchn_bind_ipi {
    uint32_t vcpu;
    uint32_t port;
};
struct xen_evtchn_close {
    uint32_t port;
};
struct xen_evtchn_send {
    uint32_t port;
};
struct xen_evtchn_status {
    uint16_t dom;
    uint32_t port;
    uint32_t status;
    uint32_t vcpu;
    union {
        struct {
            uint16_t dom;
        } unbound;
        struct {
            uint16_t dom;
            uint32_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;
};
struct xen_evtchn_bind_vcpu {
    uint32_t port;
    uint32_t vcpu;
};
struct xen_evtchn_unmask {
    uint32_t port;
};
struct xen_evtchn_reset {
    uint16_t dom;
};
struct xen_evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset;
    uint32_t vcpu;
    uint8_t link_bits; /* out */
    uint8_t pad[7];
};
struct xen_evtchn_expand_array {
    uint64_t array_gfn;
};
struct xen_evtchn_set_priority {
    uint32_t port;
    uint32_t priority;
};

/* FIFO: 32-bit event words, one control block for each vCPU. */
#define XEN_FIFO_PENDING          (1u << 31)
#define XEN_FIFO_MASKED           (1u << 30)
#define XEN_FIFO_LINKED           (1u << 29)
#define XEN_FIFO_BUSY             (1u << 28)
#define XEN_FIFO_LINK_BITS        17
#define XEN_FIFO_LINK_MASK        ((1u << XEN_FIFO_LINK_BITS) - 1u)
#define XEN_FIFO_CHANNELS         (1u << XEN_FIFO_LINK_BITS)
#define XEN_FIFO_QUEUES           16
#define XEN_FIFO_PRIORITY_MAX     0
#define XEN_FIFO_PRIORITY_DEFAULT 7
#define XEN_FIFO_PRIORITY_MIN     15
#define XEN_FIFO_WORDS_PER_PAGE   (XEN_PAGE_SIZE / 4u)
#define XEN_FIFO_MAX_PAGES        (XEN_FIFO_CHANNELS / XEN_FIFO_WORDS_PER_PAGE)
struct xen_fifo_control_block {
    uint32_t ready;
    uint32_t rsvd;
    uint32_t head[XEN_FIFO_QUEUES];
};

/* --- sched_op [xen/sched.h]
 * ------------------------------------------------------------------------------- */

enum xen_shutdown_reason {
    XEN_SHUTDOWN_POWEROFF = 0,
    XEN_SHUTDOWN_REBOOT = 1,
    XEN_SHUTDOWN_SUSPEND = 2,
    XEN_SHUTDOWN_CRASH = 3,
    XEN_SHUTDOWN_WATCHDOG = 4,
    XEN_SHUTDOWN_SOFT_RESET = 5,
};
struct xen_sched_shutdown {
    uint32_t reason;
};
#define XEN_POLL_PORTS_MAX 128u
struct xen_sched_poll {
    uint64_t ports;
    uint32_t nr_ports;
    uint64_t timeout;
};
struct xen_sched_remote_shutdown {
    uint16_t domain_id;
    uint32_t reason;
};
struct xen_sched_watchdog {
    uint32_t id;
    uint32_t timeout; /* seconds */
};
struct xen_sched_pin_override {
    int32_t pcpu;
};

/* --- vcpu_op [xen/vcpu.h, xen/hvm/hvm_vcpu.h]
 * ---------------------------------------------------------------- */

enum xen_runstate {
    XEN_RUNSTATE_RUNNING = 0,
    XEN_RUNSTATE_RUNNABLE = 1,
    XEN_RUNSTATE_BLOCKED = 2,
    XEN_RUNSTATE_OFFLINE = 3,
    XEN_RUNSTATES = 4,
};
#define XEN_RUNSTATE_UPDATE (1ull << 63)
struct xen_vcpu_runstate_info {
    uint32_t state;
    uint64_t state_entry_time;
    uint64_t time[XEN_RUNSTATES];
};
struct xen_vcpu_runstate_info_32 {
    uint32_t state;
    uint64_t state_entry_time;
    uint64_t time[XEN_RUNSTATES];
} __attribute__((packed));
struct xen_vcpu_register_area {
    uint64_t addr; /* virtual, or physical for the _phys_area calls */
};
struct xen_vcpu_set_periodic_timer {
    uint64_t period_ns;
};
enum xen_singleshot_flag {
    XEN_SINGLESHOT_FUTURE = 1 << 0,
};
struct xen_vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags;
};
struct xen_vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset;
    uint32_t rsvd;
};
struct xen_vcpu_get_physid {
    uint64_t phys_id;
};
enum xen_vcpu_hvm_mode {
    XEN_VCPU_HVM_MODE_32B = 0,
    XEN_VCPU_HVM_MODE_64B = 1,
};
struct xen_vcpu_hvm_x86_32 {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi, eip, eflags;
    uint32_t cr0, cr3, cr4, pad1;
    uint64_t efer;
    uint32_t cs_base, ds_base, ss_base, es_base, tr_base;
    uint32_t cs_limit, ds_limit, ss_limit, es_limit, tr_limit;
    uint16_t cs_ar, ds_ar, ss_ar, es_ar, tr_ar;
    uint16_t pad2[3];
};
struct xen_vcpu_hvm_x86_64 {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, rip, rflags;
    uint64_t cr0, cr3, cr4, efer;
};
struct xen_vcpu_hvm_context {
    uint32_t mode;
    uint32_t pad;
    union {
        struct xen_vcpu_hvm_x86_32 x86_32;
        struct xen_vcpu_hvm_x86_64 x86_64;
    } cpu_regs;
};

/* --- hvm_op [xen/hvm/hvm_op.h, params.h]
 * ------------------------------------------------------------------------ */

enum xen_hvm_param_index {
    XEN_HVM_PARAM_CALLBACK_IRQ = 0,
    XEN_HVM_PARAM_STORE_PFN = 1,
    XEN_HVM_PARAM_STORE_EVTCHN = 2,
    XEN_HVM_PARAM_PAE_ENABLED = 4,
    XEN_HVM_PARAM_IOREQ_PFN = 5,
    XEN_HVM_PARAM_BUFIOREQ_PFN = 6,
    XEN_HVM_PARAM_VIRIDIAN = 9,
    XEN_HVM_PARAM_TIMER_MODE = 10,
    XEN_HVM_PARAM_HPET_ENABLED = 11,
    XEN_HVM_PARAM_IDENT_PT = 12,
    XEN_HVM_PARAM_DM_DOMAIN = 13,
    XEN_HVM_PARAM_ACPI_S_STATE = 14,
    XEN_HVM_PARAM_VM86_TSS = 15,
    XEN_HVM_PARAM_VPT_ALIGN = 16,
    XEN_HVM_PARAM_CONSOLE_PFN = 17,
    XEN_HVM_PARAM_CONSOLE_EVTCHN = 18,
    XEN_HVM_PARAM_ACPI_IOPORTS_LOCATION = 19,
    XEN_HVM_PARAM_MEMORY_EVENT_CR0 = 20,
    XEN_HVM_PARAM_MEMORY_EVENT_CR3 = 21,
    XEN_HVM_PARAM_MEMORY_EVENT_CR4 = 22,
    XEN_HVM_PARAM_MEMORY_EVENT_INT3 = 23,
    XEN_HVM_PARAM_NESTEDHVM = 24,
    XEN_HVM_PARAM_MEMORY_EVENT_SINGLE_STEP = 25,
    XEN_HVM_PARAM_BUFIOREQ_EVTCHN = 26,
    XEN_HVM_PARAM_PAGING_RING_PFN = 27,
    XEN_HVM_PARAM_MONITOR_RING_PFN = 28,
    XEN_HVM_PARAM_SHARING_RING_PFN = 29,
    XEN_HVM_PARAM_MEMORY_EVENT_MSR = 30,
    XEN_HVM_PARAM_TRIPLE_FAULT_REASON = 31,
    XEN_HVM_PARAM_IOREQ_SERVER_PFN = 32,
    XEN_HVM_PARAM_NR_IOREQ_SERVER_PAGES = 33,
    XEN_HVM_PARAM_VM_GENERATION_ID_ADDR = 34,
    XEN_HVM_PARAM_ALTP2M = 35,
    XEN_HVM_PARAM_X87_FIP_WIDTH = 36,
    XEN_HVM_PARAM_VM86_TSS_SIZED = 37,
    XEN_HVM_PARAM_MCA_CAP = 38,
    XEN_HVM_PARAMS = 39,
};
#define XEN_HVM_CALLBACK_TYPE_SHIFT 56
enum xen_hvm_callback_type {
    XEN_HVM_CALLBACK_GSI = 0,
    XEN_HVM_CALLBACK_PCI_INTX = 1,
    XEN_HVM_CALLBACK_VECTOR = 2,
};
struct xen_hvm_param {
    uint16_t domid;
    uint16_t pad;
    uint32_t index;
    uint64_t value;
};
enum xen_hvm_mem_type {
    XEN_HVMMEM_RAM_RW = 0,
    XEN_HVMMEM_RAM_RO = 1,
    XEN_HVMMEM_MMIO_DM = 2,
};
struct xen_hvm_get_mem_type {
    uint16_t domid;
    uint16_t mem_type; /* out */
    uint16_t pad[2];
    uint64_t pfn;
};
struct xen_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t vector;
};
struct xen_hvm_get_time {
    uint64_t now;
};
struct xen_hvm_xentrace {
    uint16_t event;
    uint16_t extra_bytes;
    uint8_t extra[28];
};
struct xen_hvm_pagetable_dying {
    uint16_t domid;
    uint16_t pad[3];
    uint64_t gpa;
};

/* --- console_io, physdev_op [xen/physdev.h]
 * ------------------------------------------------------------------------ */

struct xen_physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags;
};
struct xen_physdev_set_iopl {
    uint32_t iopl;
};
struct xen_physdev_set_iobitmap {
    uint64_t bitmap;
    uint32_t nr_ports;
};
struct xen_physdev_eoi {
    uint32_t irq;
};
struct xen_physdev_apic {
    uint64_t apic_physbase;
    uint32_t reg;
    uint32_t value;
};

/* --- grant tables [xen/grant_table.h]
 * ---------------------------------------------------------------------------------- */

struct xen_grant_entry_v1 {
    uint16_t flags;
    uint16_t domid;
    uint32_t frame;
};
struct xen_grant_entry_v2 {
    uint16_t flags;
    uint16_t domid;
    union {
        struct {
            uint32_t pad0;
            uint64_t frame;
        } __attribute__((packed)) full_page;
        struct {
            uint16_t page_off;
            uint16_t length;
            uint64_t frame;
        } __attribute__((packed)) sub_page;
        struct {
            uint16_t trans_domid;
            uint16_t pad0;
            uint32_t gref;
        } transitive;
    } u;
};
enum xen_grant_flag {
    XEN_GTF_INVALID = 0,
    XEN_GTF_PERMIT_ACCESS = 1,
    XEN_GTF_ACCEPT_TRANSFER = 2,
    XEN_GTF_TRANSITIVE = 3,
    XEN_GTF_TYPE_MASK = 3,
    XEN_GTF_READONLY = 1 << 2,
    XEN_GTF_READING = 1 << 3,
    XEN_GTF_WRITING = 1 << 4,
    XEN_GTF_SUB_PAGE = 1 << 8,
};
enum xen_grant_map_flag {
    XEN_GNTMAP_DEVICE_MAP = 1 << 0,
    XEN_GNTMAP_HOST_MAP = 1 << 1,
    XEN_GNTMAP_READONLY = 1 << 2,
    XEN_GNTMAP_APPLICATION_MAP = 1 << 3,
    XEN_GNTMAP_CONTAINS_PTE = 1 << 4,
};
enum xen_grant_status {
    XEN_GNTST_OKAY = 0,
    XEN_GNTST_GENERAL_ERROR = -1,
    XEN_GNTST_BAD_DOMAIN = -2,
    XEN_GNTST_BAD_GNTREF = -3,
    XEN_GNTST_BAD_HANDLE = -4,
    XEN_GNTST_BAD_VIRT_ADDR = -5,
    XEN_GNTST_BAD_DEV_ADDR = -6,
    XEN_GNTST_NO_DEVICE_SPACE = -7,
    XEN_GNTST_PERMISSION_DENIED = -8,
    XEN_GNTST_BAD_PAGE = -9,
    XEN_GNTST_BAD_COPY_ARG = -10,
    XEN_GNTST_ADDRESS_TOO_BIG = -11,
    XEN_GNTST_EAGAIN = -12,
    XEN_GNTST_NO_SPACE = -13,
};
#define XEN_GRANT_RESERVED_ENTRIES  8
#define XEN_GRANT_RESERVED_CONSOLE  0
#define XEN_GRANT_RESERVED_XENSTORE 1
struct xen_gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags;
    uint32_t ref;
    uint16_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
};
struct xen_gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    uint32_t handle;
    int16_t status;
};
struct xen_gnttab_setup_table {
    uint16_t dom;
    uint32_t nr_frames;
    int16_t status;
    uint64_t frame_list;
};
struct xen_gnttab_copy {
    struct {
        uint64_t ref_or_gmfn;
        uint16_t domid;
        uint16_t offset;
    } source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};
struct xen_gnttab_query_size {
    uint16_t dom;
    uint32_t nr_frames;
    uint32_t max_nr_frames;
    int16_t status;
};
struct xen_gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    uint32_t handle;
    int16_t status;
};
struct xen_gnttab_set_version {
    uint32_t version;
};
struct xen_gnttab_get_status_frames {
    uint32_t nr_frames;
    uint16_t dom;
    int16_t status;
    uint64_t frame_list;
};
struct xen_gnttab_get_version {
    uint16_t dom;
    uint16_t pad;
    uint32_t version;
};
struct xen_gnttab_swap_grant_ref {
    uint32_t ref_a;
    uint32_t ref_b;
    int16_t status;
};

/* --- rings [xen/io/console.h, xs_wire.h]
 * -------------------------------------------------------------------------------- */

#define XEN_CONSOLE_IN_SIZE  1024u
#define XEN_CONSOLE_OUT_SIZE 2048u
struct xen_console_ring {
    char in[XEN_CONSOLE_IN_SIZE];
    char out[XEN_CONSOLE_OUT_SIZE];
    uint32_t in_cons, in_prod;
    uint32_t out_cons, out_prod;
    uint8_t connection; /* newest headers: 0 connected, 1 not yet */
};
#define XEN_STORE_RING_SIZE 1024u
struct xen_store_ring {
    char req[XEN_STORE_RING_SIZE];
    char rsp[XEN_STORE_RING_SIZE];
    uint32_t req_cons, req_prod;
    uint32_t rsp_cons, rsp_prod;
    uint32_t server_features;
    uint32_t connection;
    uint32_t error;
};

#endif
