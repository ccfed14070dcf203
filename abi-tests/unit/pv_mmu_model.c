#include "abi-tests/unit/pv_mmu_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_mmu.h"
#include "xen-adapter/abi/xen.h"

#define G     FAKE_GUEST
#define L4    G
#define L1    (G + 3)
#define POOL  (G + 4)
#define COUNT 14u

static u32 choose(const struct model_source *source, u32 limit)
{
    return source->choose(source->state, limit);
}

/* Mostly from the pool, sometimes something the guest must not touch. */
static u64 some_frame(const struct model_source *source)
{
    static const u64 odd[] = {L4,           L4 + 1,    L1,          1,
                              FAKE_SPECIAL, FAKE_HOLE, FAKE_FRAMES, FAKE_FOREIGN};

    if (choose(source, 8) == 0)
        return odd[choose(source, ARRAY_SIZE(odd))];
    return POOL + choose(source, COUNT);
}

static u64 some_index(const struct model_source *source)
{
    static const u64 index[] = {0, 1, 2, 255, 256, 271, 272, 511};

    return index[choose(source, ARRAY_SIZE(index))];
}

static u64 some_entry(const struct model_source *source)
{
    static const u64 flags[] = {PTE_P,
                                PTE_P | PTE_RW,
                                PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D,
                                PTE_P | PTE_US | PTE_NX,
                                PTE_P | PTE_PS,
                                PTE_P | PTE_G,
                                PTE_RW,
                                0};

    return some_frame(source) << PAGE_SHIFT | flags[choose(source, ARRAY_SIZE(flags))];
}

/* The guest itself writes to a page that is mapped writable or free. */
static void guest_write(const struct model_source *source)
{
    u64 number = POOL + choose(source, COUNT);
    u64 index = some_index(source);
    u64 entry = some_entry(source);

    if (frame_owned(number) && (fake_word(number) & FRAME_VALID) == 0)
        fake_table(number)[index] = entry;
}

static void step_update(const struct model_source *source)
{
    u64 number = some_frame(source);
    u64 index = some_index(source);
    u64 entry = some_entry(source);
    u32 command = choose(source, 4);

    /* The boot tables above L1 stay as they are: the addresses of the test need them. */
    if (number >= POOL && number < FAKE_FRAMES)
        (void)fake_update((number << PAGE_SHIFT) + index * 8 + command, entry);
}

static void step_va(const struct model_source *source)
{
    u64 number = POOL + choose(source, COUNT);
    u64 va = fake_va_of(G, number);

    (void)mmu_update_va(&fake_vcpu, va, some_entry(source), choose(source, 3));
}

static void step_va_own(const struct model_source *source)
{
    u64 number = POOL + choose(source, COUNT);
    u64 entry = number << PAGE_SHIFT | PTE_P | (choose(source, 2) != 0 ? PTE_RW : 0);

    (void)mmu_update_va(&fake_vcpu, fake_va_of(G, number), entry, choose(source, 3));
}

static void step_emulated_write(const struct model_source *source)
{
    static const u8 code[3][16] = {
        {0x48, 0x89, 0x07}, {0x48, 0x87, 0x07}, {0xf0, 0x80, 0x27, 0xfd}};
    u64 va = fake_va_of(G, L1) + (POOL - G + choose(source, COUNT)) * 8;

    fake_vcpu.regs.rip = (u64)code[choose(source, 3)];
    fake_vcpu.regs.rax = some_entry(source);
    (void)mmu_fault(&fake_vcpu, va, 7, &fake_vcpu.regs);
}

static void step_base(const struct model_source *source)
{
    u64 number = choose(source, 3) == 0 ? some_frame(source) : L4;

    if (choose(source, 2) != 0)
        (void)fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, choose(source, 3) == 0 ? 0 : number, 0);
    else if (fake_ext(XEN_MMUEXT_NEW_BASEPTR, number, 0) == ST_OK)
        (void)fake_ext(XEN_MMUEXT_NEW_BASEPTR, L4, 0);
}

static void step_tables(const struct model_source *source)
{
    u64 frames[2];

    switch (choose(source, 3)) {
    case 0:
        frames[0] = some_frame(source);
        frames[1] = some_frame(source);
        (void)gdt_set(&fake_vcpu, (u64)frames, choose(source, 1025));
        break;
    case 1:
        (void)fake_ext(XEN_MMUEXT_SET_LDT, fake_va_of(G, POOL + choose(source, COUNT)),
                       choose(source, 1025));
        break;
    default:
        (void)mmu_fault(&fake_vcpu, WINDOW_VIRT + WINDOW_LDT + choose(source, 3) * PAGE_SIZE, 0,
                        &fake_vcpu.regs);
    }
}

static void step_descriptor(const struct model_source *source)
{
    static const u64 value[] = {0, 0x00cff3000000ffffull, 0x00008e0000000000ull};

    (void)descriptor_update(&fake_vcpu, (some_frame(source) << PAGE_SHIFT) + 16,
                            value[choose(source, ARRAY_SIZE(value))]);
}

static void step_reservation(const struct model_source *source)
{
    mfn_t frame = mfn(POOL + choose(source, COUNT));
    bool give;

    switch (choose(source, 3)) {
    case 0:
        (void)frame_release(frame, &give);
        break;
    case 1:
        (void)frame_accept(frame, pfn(7));
        break;
    default:
        if (frame_reuse(&frame) == ST_OK)
            (void)frame_accept(frame, pfn(8));
    }
}

static void step_pages(const struct model_source *source)
{
    u64 number = some_frame(source);

    if (choose(source, 2) != 0)
        (void)fake_ext(XEN_MMUEXT_CLEAR_PAGE, number, 0);
    else
        (void)fake_ext(XEN_MMUEXT_COPY_PAGE, number, some_frame(source));
}

static void step_any(const struct model_source *source)
{
    switch (choose(source, 14)) {
    case 0:
    case 1:
        guest_write(source);
        break;
    case 2:
    case 3:
        (void)fake_ext(XEN_MMUEXT_PIN_L1_TABLE + choose(source, 4), some_frame(source), 0);
        break;
    case 4:
        (void)fake_ext(XEN_MMUEXT_UNPIN_TABLE, POOL + choose(source, COUNT), 0);
        break;
    case 5:
        step_update(source);
        break;
    case 6:
        step_va(source);
        break;
    case 7:
        step_va_own(source);
        break;
    case 8:
        step_emulated_write(source);
        break;
    case 9:
        step_base(source);
        break;
    case 10:
        step_tables(source);
        break;
    case 11:
        step_descriptor(source);
        break;
    case 12:
        step_reservation(source);
        break;
    default:
        step_pages(source);
    }
}

static u32 writable_uses(u64 number)
{
    u64 word = fake_word(number);

    return word_type(word) == FRAME_WRITABLE ? word_count(word) : 0;
}

/* A mapping that went away may live on in the TLB until the next flush. */
static void translations_age(const u32 *before)
{
    for (u64 i = 0; i < FAKE_FRAMES; i++)
        if (writable_uses(i) < before[i])
            fake.stale_writable[i] = true;
}

static void translations_check(void)
{
    for (u64 i = 0; i < FAKE_FRAMES; i++)
        assert_false(fake.stale_writable[i] && (fake_word(i) & FRAME_VALID) != 0);
}

void model_step(const struct model_source *source)
{
    u32 before[FAKE_FRAMES];
    u64 flushes;

    for (u64 i = 0; i < FAKE_FRAMES; i++)
        before[i] = writable_uses(i);
    flushes = fake.full_flushes;
    step_any(source);
    if (fake.full_flushes == flushes) /* an emulated write flushes at its own end */
        translations_age(before);
    fake_check();
    if (choose(source, 3) == 0)
        return;
    mmu_settle(&fake_vcpu);
    translations_check();
}

void model_end(void)
{
    (void)fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, 0, 0);
    (void)gdt_set_frames(&fake_vcpu, NULL, 0);
    (void)ldt_set(&fake_vcpu, 0, 0);
    for (u64 i = G; i < FAKE_GUEST_END; i++)
        (void)fake_ext(XEN_MMUEXT_UNPIN_TABLE, i, 0);
    for (u64 i = 0; i < FAKE_GUEST_END - G; i++)
        (void)mmu_update_va(&fake_vcpu, FAKE_VA + i * PAGE_SIZE, 0, 0);
    fake_check();
    mmu_vcpu_end(&fake_vcpu);
    fake_check();
    for (u64 i = 0; i < FAKE_FRAMES; i++) {
        assert_int_equal(word_refs(fake_word(i)), 0);
        assert_int_equal(word_count(fake_word(i)), 0);
    }
}
