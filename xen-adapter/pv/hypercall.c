#include "xen-adapter/pv/hypercall.h"

#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"

#define REFUSAL(error)                                                                         \
    static HANDLER(refuse_##error)                                                             \
    {                                                                                          \
        return -XEN_##error;                                                                   \
    }
REFUSAL(EPERM)
REFUSAL(ENOSYS)
REFUSAL(EINVAL)
REFUSAL(ESRCH)
REFUSAL(EOPNOTSUPP)

#define TARGET_LOCAL(handler, error)     handler
#define TARGET_TRANSLATE(handler, error) handler
#define TARGET_REFUSE(handler, error)    refuse_##error

/* The bases of set_segment_base are arguments, not operations. */
#define UNKNOWN_SUB(nr) ((nr) == XENNR_set_segment_base ? -XEN_EINVAL : -XEN_ENOSYS)

enum family_index {
#define FAMILY(nr, call, nargs, mask, header) FAMILY_##call,
#include "xen-adapter/abi/xen.def"
    FAMILY_COUNT
};

static const hypercall_fn op_table[FAMILY_COUNT][XEN_SUB_SPACE] = {
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    [FAMILY_##call][sub] = TARGET_##pv(op_##call##_##name, perr),
#include "xen-adapter/abi/xen.def"
};

/* Families whose handlers change frames, or use buffers that are there once. */
static inline bool family_is_locked(u32 number)
{
    return number == XENNR_memory_op || number == XENNR_grant_table_op ||
           number == XENNR_xen_version;
}

/* Out of line: a guest with one vCPU pays no frame for it. */
static s64 __attribute__((noinline)) op_locked(hypercall_fn op, u64 a1, u64 a2, u64 a3, u64 a4)
{
    s64 result;

    lock_take(&memory_lock);
    result = op(a1, a2, a3, a4);
    lock_drop(&memory_lock);
    return result;
}

#define FAMILY(nr, call, nargs, mask, header)                                                  \
    HANDLER(hypercall_##call)                                                                  \
    {                                                                                          \
        u32 sub = (u32)a1 & (mask);                                                            \
        hypercall_fn op = sub < XEN_SUB_SPACE ? op_table[FAMILY_##call][sub] : NULL;           \
                                                                                               \
        if (!op)                                                                               \
            return UNKNOWN_SUB(nr);                                                            \
        return lock_is_needed && family_is_locked(nr) ? op_locked(op, a2, a3, a4, a1)          \
                                                      : op(a2, a3, a4, a1);                    \
    }
#include "xen-adapter/abi/xen.def"

const hypercall_fn hypercall_table[XEN_NR_SPACE] = {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [nr] = TARGET_##pv(hypercall_##call, perr),
#define FAMILY(nr, call, nargs, mask, header) [nr] = hypercall_##call,
#include "xen-adapter/abi/xen.def"
    /* numbers without a row */
    [11] = refuse_ENOSYS, [43] = refuse_ENOSYS, [44] = refuse_ENOSYS, [45] = refuse_ENOSYS,
    [46] = refuse_ENOSYS, [47] = refuse_ENOSYS, [51] = refuse_ENOSYS, [52] = refuse_ENOSYS,
    [53] = refuse_ENOSYS, [54] = refuse_ENOSYS, [55] = refuse_ENOSYS, [56] = refuse_ENOSYS,
    [57] = refuse_ENOSYS, [58] = refuse_ENOSYS, [59] = refuse_ENOSYS, [60] = refuse_ENOSYS,
    [61] = refuse_ENOSYS, [62] = refuse_ENOSYS, [63] = refuse_ENOSYS,
};

u64 hypercall_count[HYPERCALL_COUNTS] __attribute__((aligned(4096)));

hypercall_fn hypercall_op(u32 number, u32 sub)
{
    if (sub >= XEN_SUB_SPACE)
        return NULL;
    switch (number) {
#define FAMILY(nr, call, nargs, mask, header)                                                  \
    case nr:                                                                                   \
        return op_table[FAMILY_##call][sub];
#include "xen-adapter/abi/xen.def"
    default:
        return NULL;
    }
}

/* ---- Calls of calls ---------------------------------------------------------------------- */

static s64 multicall_one(const struct xen_multicall_entry *entry)
{
    if (entry->op == XENNR_multicall)
        return -XEN_EINVAL;
    if (entry->op >= XEN_NR_SPACE || entry->op == XENNR_iret)
        return -XEN_ENOSYS;
    hypercall_count[entry->op]++;
    return hypercall_table[entry->op](entry->args[0], entry->args[1], entry->args[2],
                                      entry->args[3]);
}

HANDLER(hypercall_multicall)
{
    struct pv_vcpu *vcpu = this_vcpu();
    struct xen_multicall_entry entry;
    u32 count = (u32)a2;
    s64 result = 0;

    vcpu->in_multicall = 1;
    for (u32 i = 0; i < count; i++) {
        u64 at = a1 + (u64)i * sizeof(entry);

        if (words_from_guest((u64 *)&entry, at, sizeof(entry) / 8) != ST_OK) {
            result = -XEN_EFAULT;
            break;
        }
        entry.result = multicall_one(&entry);
        if (words_to_guest(at + offsetof(struct xen_multicall_entry, result),
                           (const u64 *)&entry.result, 1) != ST_OK) {
            result = -XEN_EFAULT;
            break;
        }
    }
    vcpu->in_multicall = 0;
    mmu_settle(vcpu);
    return result;
}

/* struct evtchn_op and physdev_op of old: a command word, then the argument at `offset`. */
static s64 compat_call(u64 argument, u64 offset, hypercall_fn call)
{
    u32 command;

    if (copy_from_guest(&command, argument, sizeof(command)) != ST_OK)
        return -XEN_EFAULT;
    return call(command, argument + offset, 0, 0);
}

HANDLER(hypercall_event_channel_op_compat)
{
    return compat_call(a1, 4, hypercall_event_channel_op);
}

HANDLER(hypercall_physdev_op_compat)
{
    return compat_call(a1, 8, hypercall_physdev_op);
}

/* ---- MMU and descriptors: the work is mmu.h's ---------------------------------------- */

static s64 settled(enum status status)
{
    struct pv_vcpu *vcpu = this_vcpu();

    if (!vcpu->in_multicall)
        mmu_settle(vcpu);
    return xen_errno(status);
}

/* The lock ends before the flush is waited for. */
#define LOCKED(call)                                                                           \
    enum status status;                                                                        \
                                                                                               \
    lock_take(&memory_lock);                                                                   \
    status = (call);                                                                           \
    lock_drop(&memory_lock);                                                                   \
    return settled(status)

HANDLER(hypercall_mmu_update)
{
    LOCKED(mmu_update(this_vcpu(), a1, (u32)a2, a3, (u32)a4));
}

HANDLER(hypercall_update_va_mapping)
{
    LOCKED(mmu_update_va(this_vcpu(), a1, a2, a3));
}

HANDLER(hypercall_mmuext_op)
{
    LOCKED(mmu_ext(this_vcpu(), a1, (u32)a2, a3, (u32)a4));
}

HANDLER(hypercall_set_gdt)
{
    LOCKED(gdt_set(this_vcpu(), a1, (u32)a2));
}

HANDLER(hypercall_update_descriptor)
{
    LOCKED(descriptor_update(this_vcpu(), a1, a2));
}

/* ---- The page of stubs --------------------------------------------------------------- */

/* push rcx, push r11, mov eax, syscall, pop r11, pop rcx, ret; IRET never comes back. */
void hypercall_page_fill(u8 *page)
{
    static const u8 stub[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                              0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const u8 iret_stub[] = {0x51, 0x41, 0x53, 0x50, 0xb8, XENNR_iret,
                                   0,    0,    0,    0x0f, 0x05};

    for (u32 n = 0; n < PAGE_SIZE / XEN_HYPERCALL_STUB_SIZE; n++) {
        u8 *to = page + n * XEN_HYPERCALL_STUB_SIZE;

        for (u32 i = 0; i < XEN_HYPERCALL_STUB_SIZE; i++)
            to[i] = n == XENNR_iret ? (i < sizeof(iret_stub) ? iret_stub[i] : 0xcc)
                                    : (i < sizeof(stub) ? stub[i] : 0xcc);
        if (n != XENNR_iret)
            to[4] = (u8)n;
    }
}
