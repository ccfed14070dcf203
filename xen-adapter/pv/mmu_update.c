/* Replacing one page-table entry, and the mmu_update hypercall. [xen/xen.h] */
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/mmu_batch.h"

/* The CPU may set A and D under our hands; only ENTRY_KEEP_AD promises not to lose them. */
static void entry_merge(u64 *slot, u64 entry)
{
    u64 old = __atomic_load_n(slot, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(slot, &old, entry | (old & (PTE_A | PTE_D)), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        continue;
}

static inline void entry_store(u64 *slot, u64 entry, enum entry_mode mode)
{
    if (__builtin_expect(mode == ENTRY_PLAIN, 1))
        __atomic_store_n(slot, entry, __ATOMIC_RELAXED);
    else
        entry_merge(slot, entry);
}

static enum status entry_replace_l1(u64 *slot, u64 old, u64 entry, enum entry_mode mode)
{
    if ((entry & PTE_P) != 0)
        TRY(entry_get(0, 1, &entry));
    entry_store(slot, entry, mode);
    if ((old & PTE_P) != 0)
        frame_map_put(old);
    return ST_OK;
}

/* The plain case first: the same frame with other rights. */
enum status entry_set_l1(u64 *slot, u64 entry, enum entry_mode mode)
{
    u64 old = *slot;

    if (__builtin_expect((old & entry & PTE_P) == 0 || ((old ^ entry) & PTE_FRAME) != 0 ||
                             (entry & (PTE_PS | PTE_PCD | PTE_PWT)) != 0,
                         0))
        return entry_replace_l1(slot, old, entry, mode);
    entry = (entry | PTE_US) & ~PTE_G;
    if ((~old & entry & PTE_RW) != 0)
        TRY(frame_map_upgrade(entry_frame(entry)));
    entry_store(slot, entry, mode);
    if ((old & ~entry & PTE_RW) != 0)
        frame_map_downgrade(entry_frame(entry));
    return ST_OK;
}

/* Bits of an upper entry that change what it holds. */
#define UPPER_MEANING (PTE_P | PTE_RW | PTE_FRAME | PTE_G | PTE_PS | PTE_PCD | PTE_PWT)

enum status entry_set(u64 table, u32 level, u32 index, u64 entry, enum entry_mode mode)
{
    u64 *slot = (u64 *)frame_page(table) + index;
    u64 old = *slot;

    if (level == 4 && index - SHIM_SLOT_FIRST < SHIM_SLOT_COUNT)
        return ST_INVALID;
    if ((old & entry & PTE_P) != 0 && ((old ^ entry) & UPPER_MEANING) == 0) {
        entry_store(slot, entry | PTE_US, mode);
        return ST_OK;
    }
    if ((entry & PTE_P) != 0)
        TRY(entry_get(table, level, &entry));
    entry_store(slot, entry, mode);
    if ((old & PTE_P) != 0)
        entry_put(table, level, old);
    return ST_OK;
}

/* mmu_update may also write to a frame that is no table: then it must be free to be written. */
static enum status plain_write(u64 number, u64 *slot, u64 value, enum entry_mode mode)
{
    TRY(frame_type_get(number, FRAME_WRITABLE));
    entry_store(slot, value, mode);
    frame_type_put(number);
    return ST_OK;
}

static enum status table_write(u64 address, u64 value, enum entry_mode mode)
{
    u64 number = address >> PAGE_SHIFT;
    u64 *slot = (u64 *)(void *)(mmu.direct + address);
    u64 word;

    if ((address & 4) != 0 || !frame_owned(number))
        return ST_INVALID;
    word = frame_at(number)->word;
    if ((word & (FRAME_TYPE | FRAME_VALID)) == (FRAME_L1 | FRAME_VALID))
        return entry_set_l1(slot, value, mode);
    if ((word & FRAME_VALID) != 0 && word_type(word) <= FRAME_L4)
        return entry_set(number, (u32)word_type(word), (u32)(address & PAGE_MASK) / 8, value,
                         mode);
    return plain_write(number, slot, value, mode);
}

/* RAM, and the rings of console and store: GRUB moves those in the list of frames as well. */
static bool frame_has_name(u64 number)
{
    return frame_owned(number) ||
           (number < mmu.mfn_end && word_kind(frame_at(number)->word) == FRAME_SPECIAL);
}

static enum status update_one(u64 pointer, u64 value)
{
    u64 address = pointer & ~(u64)3;

    switch ((enum xen_mmu_update_cmd)(pointer & 3)) {
    case XEN_MMU_NORMAL_PT_UPDATE:
    case XEN_MMU_PT_UPDATE_NO_TRANSLATE:
        return table_write(address, value, ENTRY_PLAIN);
    case XEN_MMU_PT_UPDATE_PRESERVE_AD:
        return table_write(address, value, ENTRY_KEEP_AD);
    case XEN_MMU_MACHPHYS_UPDATE:
        if (!frame_has_name(address >> PAGE_SHIFT))
            return ST_INVALID;
        m2p_set(mfn(address >> PAGE_SHIFT), pfn(value));
        return ST_OK;
    }
    return ST_NO_CALL;
}

enum status mmu_update(struct pv_vcpu *vcpu, u64 requests, u32 count, u64 done, u32 foreign)
{
    struct mmu_batch batch;
    enum status status =
        mmu_batch_open(&batch, requests, sizeof(struct xen_mmu_update), count, done, foreign);

    (void)vcpu;
    for (; status == ST_OK && batch.next < batch.count; requests += 16) {
        u64 request[2];

        status = words_from_guest(request, requests, 2);
        if (status == ST_OK)
            status = update_one(request[0], request[1]);
        batch.next += status == ST_OK;
    }
    return mmu_batch_close(&batch, status);
}
