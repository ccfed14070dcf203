/*
 * Start of day: start_info, hvm_start_info, ELF notes, features.
 * [xen/xen.h, xen/arch-x86/hvm/start_info.h, xen/elfnote.h, xen/features.h]
 */
#ifndef XEN_ADAPTER_ABI_XEN_START_H
#define XEN_ADAPTER_ABI_XEN_START_H

#include "xen-adapter/abi/xen_base.h"

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

/* Our own note in the shim: the guest-physical page of its counters, u64 by hypercall number.
 */
#define XEN_NOTE_SHIM       "Entente"
#define XEN_NOTE_SHIM_CALLS 1u

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

#endif
