/*
 * Writes of a guest kernel to its own read-only L1 tables, carried out with the checks of
 * mmu_update (VMASST_TYPE_writable_pagetables). Linux does so wherever it wants the old value
 * too: ptep_get_and_clear (xchg), ptep_set_wrprotect (lock and, cmpxchg), clear_young (lock
 * btr).
 */
#include "hv/lib/insn_decode.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"

/* Page-fault error code [APM2 8.4.2] */
#define ERROR_PRESENT  1u
#define ERROR_WRITE    2u
#define ERROR_USER     4u
#define ERROR_RESERVED 8u
#define ERROR_FETCH    16u

#define FLAG_CF 1ull
#define FLAG_ZF BIT(6)
#define FLAG_RF BIT(16)

/* A decoded write to part of one entry. */
struct table_write {
    struct insn insn;
    u64 *slot;
    u32 shift; /* bits below the operand in the entry */
    u64 mask;  /* of the operand */
};

/* What the instruction makes of it. */
struct table_result {
    u64 value; /* new operand */
    u64 rflags;
    u64 register_value;
    u8 register_number; /* that gets register_value, or INSN_NO_REGISTER */
    bool is_write;
};

static u64 *register_of(struct pv_regs *regs, u8 number)
{
    static const u8 at[16] = {
        offsetof(struct pv_regs, rax), offsetof(struct pv_regs, rcx),
        offsetof(struct pv_regs, rdx), offsetof(struct pv_regs, rbx),
        offsetof(struct pv_regs, rsp), offsetof(struct pv_regs, rbp),
        offsetof(struct pv_regs, rsi), offsetof(struct pv_regs, rdi),
        offsetof(struct pv_regs, r8),  offsetof(struct pv_regs, r9),
        offsetof(struct pv_regs, r10), offsetof(struct pv_regs, r11),
        offsetof(struct pv_regs, r12), offsetof(struct pv_regs, r13),
        offsetof(struct pv_regs, r14), offsetof(struct pv_regs, r15),
    };

    return (u64 *)(void *)((u8 *)regs + at[number & 15]);
}

/* ah, ch, dh, bh: numbers 4-7 of a byte operand without REX. */
static bool is_high_byte(const struct insn *insn, u8 number)
{
    return insn->size == 1 && insn->rex == 0 && number - 4u < 4;
}

static u64 register_read(struct pv_regs *regs, const struct insn *insn, u8 number)
{
    if (is_high_byte(insn, number))
        return *register_of(regs, number - 4) >> 8;
    return *register_of(regs, number);
}

static void register_write(struct pv_regs *regs, const struct insn *insn, u8 number, u64 value)
{
    u64 *to = register_of(regs, is_high_byte(insn, number) ? number - 4 : number);
    u32 shift = is_high_byte(insn, number) ? 8 : 0;
    u64 mask = insn->size == 8 ? ~0ull : (1ull << (insn->size * 8)) - 1;

    if (insn->size == 4)
        *to = value & mask;
    else
        *to = (*to & ~(mask << shift)) | (value & mask) << shift;
}

static u64 bit_change(enum insn_op op, u64 value, u64 bit)
{
    if (op == INSN_BTS)
        return value | bit;
    return op == INSN_BTR ? value & ~bit : value ^ bit;
}

/* The operand in memory is the destination; `source` is the other one. False: not emulated. */
static bool compute(const struct insn *insn, struct pv_regs *regs, u64 old, u64 source,
                    struct table_result *r)
{
    u64 bit = 1ull << (source & (insn->size * 8u - 1));

    *r = (struct table_result){.value = source,
                               .rflags = regs->rflags,
                               .register_number = INSN_NO_REGISTER,
                               .is_write = true};
    switch ((u32)insn->op) {
    case INSN_MOV:
        return true;
    case INSN_XCHG:
        r->register_number = insn->reg;
        r->register_value = old;
        return true;
    case INSN_XADD:
        r->register_number = insn->reg;
        r->register_value = old;
        r->value = insn_compute(INSN_ADD, insn->size, old, source, &r->rflags);
        return true;
    case INSN_BTS:
    case INSN_BTR:
    case INSN_BTC:
        r->value = bit_change(insn->op, old, bit);
        r->rflags = (r->rflags & ~FLAG_CF) | ((old & bit) != 0 ? FLAG_CF : 0);
        return true;
    case INSN_ADD:
    case INSN_OR:
    case INSN_AND:
    case INSN_SUB:
    case INSN_XOR:
        r->value = insn_compute(insn->op, insn->size, old, source, &r->rflags);
        return true;
    case INSN_CMPXCHG:
        (void)insn_compute(INSN_CMP, insn->size, *register_of(regs, 0), old, &r->rflags);
        if ((r->rflags & FLAG_ZF) == 0) {
            r->is_write = false;
            r->register_number = 0;
            r->register_value = old;
        }
        return true;
    default:
        return false;
    }
}

/* The entry still has the value that the new one was computed from, else ST_AGAIN. */
static enum status entry_exchange(u64 *slot, u64 old, u64 entry)
{
    bool is_same = (old & entry & PTE_P) != 0 && ((old ^ entry) & (PTE_FRAME | PTE_RW)) == 0 &&
                   (entry & (PTE_PS | PTE_PCD | PTE_PWT)) == 0;
    u64 expected = old;

    if (is_same)
        entry = (entry | PTE_US) & ~PTE_G;
    else if ((entry & PTE_P) != 0)
        TRY(entry_get(0, 1, &entry));
    if (!__atomic_compare_exchange_n(slot, &expected, entry, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED)) {
        if (!is_same && (entry & PTE_P) != 0)
            entry_put(0, 1, entry);
        return ST_AGAIN;
    }
    if (!is_same && (old & PTE_P) != 0)
        entry_put(0, 1, old);
    return ST_OK;
}

static enum status instruction_read(u64 rip, struct insn *insn)
{
    u8 bytes[INSN_MAX];
    u32 count = INSN_MAX;

    if (copy_from_guest(bytes, rip, count) != ST_OK) {
        count = (u32)(PAGE_SIZE - (rip & PAGE_MASK));
        if (count >= INSN_MAX)
            return ST_FAULT;
        TRY(copy_from_guest(bytes, rip, count));
    }
    return insn_decode(bytes, count, INSN_64, insn);
}

/* The written operand is the one in memory, and it lies within one entry. */
static enum status write_decode(struct pv_regs *regs, u64 cr2, struct table_write *w)
{
    u32 at = (u32)(cr2 & 7);

    TRY(instruction_read(regs->rip, &w->insn));
    if (!w->insn.has_memory || w->insn.size > 8 || at + w->insn.size > 8)
        return ST_UNSUPPORTED;
    if (w->insn.form != INSN_FORM_RM_REG && w->insn.form != INSN_FORM_RM_IMMEDIATE)
        return ST_UNSUPPORTED;
    w->shift = at * 8;
    w->mask = w->insn.size == 8 ? ~0ull : (1ull << (w->insn.size * 8)) - 1;
    return ST_OK;
}

static enum status write_run(struct pv_regs *regs, const struct table_write *w)
{
    u64 source = w->insn.form == INSN_FORM_RM_IMMEDIATE
                     ? (u64)w->insn.immediate
                     : register_read(regs, &w->insn, w->insn.reg);
    struct table_result result;
    enum status status = ST_AGAIN;

    while (status == ST_AGAIN) {
        u64 old = __atomic_load_n(w->slot, __ATOMIC_RELAXED);

        if (!compute(&w->insn, regs, (old >> w->shift) & w->mask, source & w->mask, &result))
            return ST_UNSUPPORTED;
        if (!result.is_write)
            break;
        status = entry_exchange(w->slot, old,
                                (old & ~(w->mask << w->shift)) | (result.value & w->mask)
                                                                     << w->shift);
        if (status != ST_OK && status != ST_AGAIN)
            return status;
    }
    if (result.register_number != INSN_NO_REGISTER)
        register_write(regs, &w->insn, result.register_number, result.register_value);
    regs->rflags = result.rflags & ~FLAG_RF;
    regs->rip += w->insn.length;
    return ST_OK;
}

/* The entry that a write to `va` would change, if that is in an L1 table mapped read-only. */
static u64 *table_slot(const struct pv_vcpu *vcpu, u64 va)
{
    struct walk walk;
    u64 number;

    if (table_walk(vcpu->kernel_l4, va, &walk) != ST_OK)
        return NULL;
    number = entry_frame(*walk.slot);
    if ((*walk.slot & (PTE_P | PTE_RW)) != PTE_P || !frame_owned(number) ||
        !frame_is(number, FRAME_L1))
        return NULL;
    return (u64 *)frame_page(number) + (va & PAGE_MASK) / 8;
}

#define ASSIST_WRITABLE_TABLES BIT(XEN_VMASST_WRITABLE_PAGETABLES)

bool mmu_fault(struct pv_vcpu *vcpu, u64 cr2, u32 error, struct pv_regs *regs)
{
    const u32 bits = ERROR_PRESENT | ERROR_WRITE | ERROR_RESERVED | ERROR_FETCH;
    struct table_write w;
    bool is_done;

    if (shim_owns_virt(cr2))
        return mmu_fault_ldt(vcpu, cr2);
    if ((error & (ERROR_PRESENT | ERROR_USER)) == ERROR_PRESENT) {
        /*
         * Ring 3 faulted as a supervisor at an address of its own: QEMU's iretq reads its frame
         * so (seen on 7.2), which SMAP forbids. No CPU does that.
         */
        smap_disable(vcpu);
        return true;
    }
    if (vcpu->mode != PV_KERNEL || (error & bits) != (ERROR_PRESENT | ERROR_WRITE) ||
        (mmu.vm_assist & ASSIST_WRITABLE_TABLES) == 0)
        return false;
    lock_take(&memory_lock);
    w.slot = table_slot(vcpu, cr2);
    is_done =
        w.slot != NULL && write_decode(regs, cr2, &w) == ST_OK && write_run(regs, &w) == ST_OK;
    lock_drop(&memory_lock);
    mmu_settle(vcpu);
    return is_done;
}
