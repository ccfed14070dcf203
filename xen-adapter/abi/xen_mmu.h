/* Multicalls and the PV MMU. [xen/xen.h] */
#ifndef XEN_ADAPTER_ABI_XEN_MMU_H
#define XEN_ADAPTER_ABI_XEN_MMU_H

#include "xen-adapter/abi/xen_base.h"

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

#endif
