#include "abi-tests/unit/fake_pv_mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/lock.h"

struct fake_machine fake;
struct pv_vcpu fake_vcpu;
struct shim shim;

static _Alignas(4096) u8 memory[FAKE_FRAMES * PAGE_SIZE];
static struct frame frames[FAKE_FRAMES];
static u64 m2p[FAKE_FRAMES];
static u64 window[32];

struct pv_vcpu *this_vcpu(void)
{
    return &fake_vcpu;
}

void tlb_flush_page(u64 va)
{
    fake.flushed_va = va;
    fake.page_flushes++;
}

static void translations_forget(void)
{
    memset(fake.stale_writable, 0, sizeof(fake.stale_writable));
}

void tlb_flush_all(void)
{
    fake.full_flushes++;
    translations_forget();
}

void cr3_load(mfn_t l4)
{
    fake.cr3_loads++;
    fake.cr3 = l4;
    translations_forget();
}

void cache_flush(void)
{
    fake.cache_flushes++;
}

void smap_disable(struct pv_vcpu *vcpu)
{
    (void)vcpu;
    fake.smap_disabled++;
}

void ldt_load(struct pv_vcpu *vcpu, u64 base, u32 entries)
{
    (void)vcpu;
    fake.ldt_base = base;
    fake.ldt_entries = entries;
}

u64 *m2p_slot(mfn_t frame)
{
    return &m2p[frame.raw];
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    fake.was_locked = memory_lock.taken != 0;
    if (fake.guest_fault || !guest_range_ok(from, bytes) ||
        (fake.guest_end != 0 && from + bytes > fake.guest_end))
        return ST_FAULT;
    memcpy(to, (const void *)from, bytes);
    return ST_OK;
}

enum status copy_to_guest(u64 to, const void *from, u64 bytes)
{
    if (fake.guest_fault || !guest_range_ok(to, bytes) ||
        (fake.guest_write_end != 0 && to + bytes > fake.guest_write_end))
        return ST_FAULT;
    memcpy((void *)to, from, bytes);
    return ST_OK;
}

enum status words_from_guest(u64 *to, u64 from, u64 words)
{
    return copy_from_guest(to, from, words * 8);
}

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    memset(&fake_vcpu, 0, sizeof(fake_vcpu));
    memset(memory, 0, sizeof(memory));
    memset(frames, 0, sizeof(frames));
    memset(m2p, 0xff, sizeof(m2p));
    memset(window, 0, sizeof(window));
    memset(&shim, 0, sizeof(shim));
    mmu = (struct mmu){
        .direct = memory, .frames = frames, .mfn_end = FAKE_FRAMES, .zero = mfn(FAKE_ZERO)};
    for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
        mmu.slots[i] = FAKE_SLOT_ENTRY + (i << 12);
    frame_kind_set(mfn(0), FAKE_GUEST, FRAME_SHIM);
    frame_kind_set(mfn(FAKE_GUEST), FAKE_GUEST_END - FAKE_GUEST, FRAME_GUEST);
    frame_kind_set(mfn(FAKE_SPECIAL), 4, FRAME_SPECIAL);
    frame_kind_set(mfn(FAKE_FOREIGN), 4, FRAME_FOREIGN);
    mmu_vcpu_start(&fake_vcpu, window);
}

u64 *fake_table(u64 number)
{
    return (u64 *)(void *)(memory + number * PAGE_SIZE);
}

u64 fake_word(u64 number)
{
    return frames[number].word;
}

void fake_build(u64 l4, u64 first, u64 count)
{
    const u64 table = PTE_P | PTE_RW | PTE_A | PTE_D | PTE_US;
    u64 *l1 = fake_table(l4 + 3);

    fake_table(l4)[511] = (l4 + 1) << PAGE_SHIFT | table;
    fake_table(l4 + 1)[510] = (l4 + 2) << PAGE_SHIFT | table;
    fake_table(l4 + 2)[0] = (l4 + 3) << PAGE_SHIFT | table;
    for (u64 i = 0; i < count; i++) {
        u64 number = first + i;

        l1[i] = number << PAGE_SHIFT | PTE_P | PTE_A;
        if (number < l4 || number >= l4 + 4)
            l1[i] |= PTE_RW;
    }
}

u64 fake_va_of(u64 first, u64 number)
{
    return FAKE_VA + (number - first) * PAGE_SIZE;
}

void fake_boot(void)
{
    fake_reset();
    fake_build(FAKE_GUEST, FAKE_GUEST, FAKE_GUEST_END - FAKE_GUEST);
    assert_int_equal(mmu_boot(&fake_vcpu, mfn(FAKE_GUEST)), ST_OK);
}

struct tally {
    u32 refs[FAKE_FRAMES];
    u32 count[FAKE_FRAMES];
};

static void tally_both(struct tally *tally, u64 number)
{
    tally->refs[number]++;
    tally->count[number]++;
}

static void tally_l1(struct tally *tally, u64 entry)
{
    u64 target = entry_frame(entry);
    enum frame_kind kind = word_kind(frames[target].word);

    assert_true(target < FAKE_FRAMES);
    tally->refs[target]++;
    if ((entry & PTE_RW) == 0 || (kind != FRAME_GUEST && kind != FRAME_LEAVING))
        return;
    tally->count[target]++;
    assert_int_equal(word_type(frames[target].word), FRAME_WRITABLE);
}

static void tally_upper(struct tally *tally, u64 number, u32 level, u64 entry)
{
    u64 target = entry_frame(entry);
    enum frame_type type = word_type(frames[target].word);

    assert_true(target < FAKE_FRAMES);
    if (target == number) {
        assert_true((entry & PTE_RW) == 0);
        tally->refs[target]++;
        return;
    }
    assert_true(type == (enum frame_type)(level - 1) || type == (enum frame_type)level);
    assert_true(type != (enum frame_type)level || (entry & PTE_RW) == 0);
    assert_true((frames[target].word & FRAME_VALID) != 0);
    tally_both(tally, target);
}

static void tally_table(struct tally *tally, u64 number, u32 level)
{
    const u64 *table = fake_table(number);

    for (u32 i = 0; i < TABLE_ENTRIES; i++) {
        if (level == 4 && i - SHIM_SLOT_FIRST < SHIM_SLOT_COUNT) {
            assert_true(table[i] == mmu.slots[i - SHIM_SLOT_FIRST] || i == SHIM_SLOT_FIRST);
            continue;
        }
        if ((table[i] & PTE_P) == 0)
            continue;
        assert_true((table[i] & PTE_US) != 0);
        assert_true((table[i] & PTE_G) == 0);
        if (level == 1)
            tally_l1(tally, table[i]);
        else
            tally_upper(tally, number, level, table[i]);
    }
}

static void tally_vcpu(struct tally *tally)
{
    if (fake_vcpu.kernel_l4.raw != 0)
        tally_both(tally, fake_vcpu.kernel_l4.raw);
    if (fake_vcpu.user_l4.raw != 0)
        tally_both(tally, fake_vcpu.user_l4.raw);
    for (u32 i = 0; i < 32; i++)
        if ((window[i] & PTE_P) != 0 && entry_frame(window[i]) != FAKE_ZERO)
            tally_both(tally, entry_frame(window[i]));
}

void fake_check(void)
{
    static struct tally tally;

    memset(&tally, 0, sizeof(tally));
    for (u64 i = 0; i < FAKE_FRAMES; i++) {
        u64 word = frames[i].word;
        enum frame_type type = word_type(word);

        assert_true(((word & FRAME_VALID) == 0) ==
                    (type == FRAME_NONE || type == FRAME_WRITABLE || word_count(word) == 0));
        if ((word & FRAME_VALID) != 0 && type <= FRAME_L4)
            tally_table(&tally, i, (u32)type);
        if ((word & FRAME_PINNED) != 0)
            tally_both(&tally, i);
    }
    tally_vcpu(&tally);
    for (u64 i = 0; i < FAKE_FRAMES; i++) {
        assert_int_equal(word_refs(frames[i].word), tally.refs[i]);
        assert_int_equal(word_count(frames[i].word), tally.count[i]);
    }
}

enum status fake_update(u64 pointer, u64 value)
{
    struct xen_mmu_update request = {pointer, value};
    u32 done = 7;
    enum status status = mmu_update(&fake_vcpu, (u64)&request, 1, (u64)&done, XEN_DOMID_SELF);

    assert_int_equal(done, fake.guest_fault ? 7 : status == ST_OK);
    return status;
}

enum status fake_ext(u32 command, u64 arg1, u64 arg2)
{
    struct xen_mmuext_op op = {.cmd = command, .arg1.mfn = arg1, .arg2.src_mfn = arg2};
    u32 done = 7;
    enum status status = mmu_ext(&fake_vcpu, (u64)&op, 1, (u64)&done, XEN_DOMID_SELF);

    assert_int_equal(done, fake.guest_fault ? 7 : status == ST_OK);
    return status;
}
