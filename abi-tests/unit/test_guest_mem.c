/* A guest's memory by its own page tables, of every kind, and what is remembered of a walk. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include "abi-tests/unit/native_caller.h"

#define TABLES_AT MIB /* page tables */

#define CR0_WP   BIT(16)
#define CR0_PG   BIT(31)
#define CR4_PSE  BIT(4)
#define CR4_PAE  BIT(5)
#define CR4_LA57 BIT(12)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

static void entry_set(u32 table, u32 index, u64 entry)
{
    u64 at = TABLES_AT + table * PAGE_SIZE + index * 8;

    assert_int_equal(mem_write_gpa(root, gpa(at), &entry, 8), ST_OK);
}

static u64 table_at(u32 table)
{
    return (TABLES_AT + table * PAGE_SIZE) | 7;
}

static void long_mode(void)
{
    fake_paging = (struct guest_paging){.cr0 = CR0_PG | CR0_WP,
                                        .cr3 = TABLES_AT | 0x18, /* write-through, uncached */
                                        .cr4 = CR4_PAE,
                                        .efer = EFER_LMA | EFER_NXE};
    entry_set(0, 511, table_at(1));
    entry_set(1, 510, table_at(2));
    entry_set(2, 0, table_at(3));
    entry_set(2, 1, 0x200000 | 0x83);
    entry_set(3, 0, 0x50000 | 3);
    entry_set(3, 1, 0x60000 | 1);
    entry_set(3, 2, 0x70000 | 3 | BIT(63));
}

#define HIGH 0xffffffff80000000ull

static void expect_translated(u64 at, enum mem_access access, u64 physical)
{
    gpa_t out;

    assert_int_equal(mem_translate(vcpu, gva(at), access, &out), ST_OK);
    assert_int_equal(out.raw, physical);
}

static void expect_fault(u64 at, enum mem_access access)
{
    gpa_t out;

    assert_int_equal(mem_translate(vcpu, gva(at), access, &out), ST_FAULT);
}

static void test_walk_long_mode(void **state)
{
    (void)state;
    long_mode();
    expect_translated(HIGH + 5, MEM_WRITE, 0x50005);
    expect_translated(HIGH + 0x1fff, MEM_READ, 0x60fff);
    expect_fault(HIGH + 0x1000, MEM_WRITE);
    expect_translated(HIGH + 0x2000, MEM_READ, 0x70000);
    expect_fault(HIGH + 0x2000, MEM_FETCH);
    expect_fault(HIGH + 0x3000, MEM_READ);
    expect_translated(HIGH + 0x2abcde, MEM_WRITE, 0x2abcde);
    expect_fault(0x0000800000000000ull, MEM_READ); /* not canonical */
    expect_fault(0xfffe000000000000ull, MEM_READ);
    fake_paging.cr0 = CR0_PG;
    expect_translated(HIGH + 0x1000, MEM_WRITE, 0x60000);
    fake_paging.efer = EFER_LMA;
    expect_translated(HIGH + 0x2000, MEM_FETCH, 0x70000);
    fake_paging.cr3 = 100 * MIB; /* no memory there */
    expect_fault(HIGH, MEM_READ);
}

/* A walk remembers no table entry of the guest's, and no page that the partition has lost. */
static void test_walk_follows_changes(void **state)
{
    u8 byte = 0;

    (void)state;
    long_mode();
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x200000), &byte, 1), ST_OK);
    entry_set(3, 0, 0x60000 | 3);
    expect_translated(HIGH + 5, MEM_WRITE, 0x60005);
    entry_set(2, 1, 0x400000 | 0x83);
    expect_translated(HIGH + 0x2abcde, MEM_WRITE, 0x4abcde);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 5), &byte, 1), ST_OK);
    assert_int_equal(space_remove(&root->space, gpa(0x60000), PAGE_SIZE), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 5), &byte, 1), ST_FAULT);
    entry_set(3, 0, 0x50000 | 3);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 5), &byte, 1), ST_OK);
    assert_int_equal(space_remove(&root->space, gpa(TABLES_AT + 3 * PAGE_SIZE), PAGE_SIZE),
                     ST_OK);
    expect_fault(HIGH + 5, MEM_READ);
    entry_set(1, 510, 0x40000000 | 0x83); /* 1 GiB */
    expect_translated(HIGH + 0x12345678, MEM_WRITE, 0x52345678);
}

/* What stands in the guest's page at the frame. */
static void mark_put(u64 frame, u8 mark)
{
    assert_int_equal(mem_write_gpa(root, gpa(frame), &mark, 1), ST_OK);
}

static u8 mark_read(u64 at)
{
    u8 mark = 0;

    assert_int_equal(mem_read(vcpu, gva(at), &mark, 1), ST_OK);
    return mark;
}

/* Twice from the same page: the second time the walk is remembered. It sees an entry of each
 * level change. */
static void test_remembered_walk_reads_each_entry(void **state)
{
    u8 byte = 0;

    (void)state;
    long_mode();
    mark_put(0x50000, 1);
    mark_put(0x60000, 2);
    mark_put(0x70000, 3);
    mark_put(0x80000, 4);
    entry_set(4, 510, table_at(5)); /* another way: 4, 5, 6, 7 */
    entry_set(5, 0, table_at(6));
    entry_set(6, 0, table_at(7));
    entry_set(7, 0, 0x80000 | 3);
    assert_int_equal(mark_read(HIGH), 1);
    entry_set(3, 0, 0x60000 | 3);
    assert_int_equal(mark_read(HIGH), 2);
    entry_set(2, 0, table_at(7));
    assert_int_equal(mark_read(HIGH), 4);
    entry_set(1, 510, table_at(6));
    entry_set(6, 0, table_at(3));
    assert_int_equal(mark_read(HIGH), 2);
    entry_set(0, 511, table_at(4));
    entry_set(5, 0, 0x80 | 3); /* a large page at 0 */
    mark_put(0, 5);
    assert_int_equal(mark_read(HIGH), 5);
    entry_set(4, 510, 0);
    assert_int_equal(mem_read(vcpu, gva(HIGH), &byte, 1), ST_FAULT);
}

/* Nor does it outlive the registers it was made under, or say more than was asked. */
static void test_remembered_walk_keeps_rights(void **state)
{
    u8 byte = 7;

    (void)state;
    long_mode();
    mark_put(0x60000, 2);
    assert_int_equal(mark_read(HIGH + 0x1000), 2);
    assert_int_equal(mark_read(HIGH + 0x1000), 2);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
    fake_paging.cr0 = CR0_PG;
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_OK);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_OK);
    assert_int_equal(mark_read(HIGH + 0x1000), 7);
    fake_paging.cr0 = CR0_PG | CR0_WP;
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
    assert_int_equal(mark_read(HIGH + 0x1000), 7);
    fake_paging.cr3 = TABLES_AT + 4 * PAGE_SIZE; /* empty */
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
    fake_paging.cr3 = TABLES_AT;
    assert_null(mem_pointer(vcpu, gva(HIGH + 0x1000), 1, MEM_WRITE));
    assert_null(mem_pointer(vcpu, gva(HIGH + 0x1fff), 2, MEM_READ));
    assert_non_null(mem_pointer(vcpu, gva(HIGH + 0x1fff), 1, MEM_READ));
    /* Pages that share a place. */
    entry_set(3, 9, 0x70000 | 3);
    mark_put(0x70000, 3);
    assert_int_equal(mark_read(HIGH + 0x9000), 3);
    assert_int_equal(mark_read(HIGH + 0x1000), 7);
}

/* A page or a table that the partition loses, by whatever way: nothing is found there. */
static void test_remembered_walk_loses_its_page(void **state)
{
    u8 byte = 0;

    (void)state;
    long_mode();
    mark_put(0x50000, 1);
    assert_int_equal(mark_read(HIGH), 1);
    assert_int_equal(space_remove(&root->space, gpa(0x50000), PAGE_SIZE), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH), &byte, 1), ST_FAULT);
    assert_int_equal(mark_read(HIGH + 0x1000), mark_read(HIGH + 0x1000));
    assert_int_equal(space_remove(&root->space, gpa(TABLES_AT + 3 * PAGE_SIZE), PAGE_SIZE),
                     ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
}

static u32 random_next(u32 *seed, u32 limit)
{
    *seed = *seed * 1664525 + 1013904223;
    return (u32)((u64)(*seed >> 8) * limit >> 24);
}

/* The guest's tables, registers and memory change at random; what is remembered never says
 * anything else than a walk made now. */
static void test_remembered_walk_is_a_walk(void **state)
{
    static const u64 cr0[] = {CR0_PG | CR0_WP, CR0_PG, CR0_WP};
    static const u64 cr4[] = {CR4_PAE, CR4_PAE | CR4_LA57, CR4_PSE};
    static const u64 efer[] = {EFER_LMA | EFER_NXE, EFER_LMA, EFER_NXE, 0};
    u32 seed = 7, found = 0;

    (void)state;
    long_mode();
    for (u32 round = 0; round < 60000; round++) {
        enum mem_access access = (enum mem_access)random_next(&seed, 3);
        u64 at = (random_next(&seed, 4) ? HIGH : 0) + random_next(&seed, 20) * PAGE_SIZE;
        void *expected = NULL;
        gpa_t where;

        if (random_next(&seed, 4) == 0)
            entry_set(random_next(&seed, 4),
                      random_next(&seed, 4) ? random_next(&seed, 20) : 510,
                      table_at(random_next(&seed, 4)) & ~(u64)random_next(&seed, 8));
        if (random_next(&seed, 16) == 0)
            long_mode();
        if (random_next(&seed, 16) == 0)
            fake_paging =
                (struct guest_paging){.cr0 = cr0[random_next(&seed, ARRAY_SIZE(cr0))],
                                      .cr3 = TABLES_AT + random_next(&seed, 2) * PAGE_SIZE,
                                      .cr4 = cr4[random_next(&seed, ARRAY_SIZE(cr4))],
                                      .efer = efer[random_next(&seed, ARRAY_SIZE(efer))]};
        if (random_next(&seed, 64) == 0)
            assert_int_equal(space_remove(&root->space, gpa(0x50000), PAGE_SIZE), ST_OK);
        if (random_next(&seed, 64) == 0)
            (void)space_populate(&root->space, gpa(0x50000), PAGE_SIZE,
                                 random_next(&seed, 2) ? SPACE_RAM : SPACE_READ);
        if (mem_translate(vcpu, gva(at), access, &where) == ST_OK)
            expected = space_pointer(&root->space, where,
                                     access == MEM_WRITE ? SPACE_WRITE : SPACE_READ);
        assert_ptr_equal(mem_pointer(vcpu, gva(at), 8, access), expected);
        assert_ptr_equal(mem_pointer(vcpu, gva(at), 8, access), expected);
        found += expected != NULL;
    }
    assert_in_range(found, 10000, 50000);
}

static void test_walk_without_paging(void **state)
{
    (void)state;
    expect_translated(0x12345, MEM_WRITE, 0x12345);
    expect_fault(0x100000000ull, MEM_READ);
}

static void test_walk_two_levels(void **state)
{
    u32 directory[2] = {0x00051007, (u32)(0x00800000 | 0x83)};
    u32 table[2] = {0x00052003, 0x00053001};

    (void)state;
    fake_paging = (struct guest_paging){.cr0 = CR0_PG | CR0_WP, .cr3 = 0x50018, .cr4 = CR4_PSE};
    assert_int_equal(mem_write_gpa(root, gpa(0x50000), directory, sizeof(directory)), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(0x51000), table, sizeof(table)), ST_OK);
    expect_translated(0x123, MEM_WRITE, 0x52123);
    expect_fault(0x1000, MEM_WRITE);
    expect_translated(0x400123, MEM_READ, 0x800123);
    directory[1] |= 0x2000; /* address bit 32: no memory there, but an address */
    assert_int_equal(mem_write_gpa(root, gpa(0x50000), directory, sizeof(directory)), ST_OK);
    expect_translated(0x400123, MEM_READ, 0x100800123);
    fake_paging.cr4 = 0; /* then it is a table that is not there */
    expect_fault(0x400123, MEM_READ);
}

static void test_walk_pae(void **state)
{
    u64 top = 0x51000 | 1; /* no rights at this level */
    u64 directory = 0x52000 | 7;
    u64 table = 0x53000 | 3;

    (void)state;
    fake_paging = (struct guest_paging){.cr0 = CR0_PG | CR0_WP, .cr3 = 0x50038, .cr4 = CR4_PAE};
    assert_int_equal(mem_write_gpa(root, gpa(0x50020 + 3 * 8), &top, 8), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(0x51000), &directory, 8), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(0x52000), &table, 8), ST_OK);
    expect_translated(0xc0000042u, MEM_WRITE, 0x53042);
    expect_fault(0x42, MEM_READ);
    directory = 0x600000 | 0x83;
    assert_int_equal(mem_write_gpa(root, gpa(0x51000), &directory, 8), ST_OK);
    expect_translated(0xc01fffffu, MEM_WRITE, 0x7fffff);
}

static void test_copy_straddles(void **state)
{
    u8 bytes[64], back[64];
    u64 got;

    (void)state;
    long_mode();
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)i;
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1ffff0), bytes, 32), ST_FAULT);
    entry_set(3, 511, 0x61000 | 3);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1fffe0), bytes, 64), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0x1fffe0), back, 64), ST_OK);
    assert_memory_equal(bytes, back, 64);
    assert_int_equal(mem_read_gpa(root, gpa(0x200000), back, 32), ST_OK);
    assert_memory_equal(bytes + 32, back, 32);
    /* An instruction at the end of what is mapped. */
    assert_int_equal(mem_fetch(vcpu, gva(HIGH + 0x1ff8), back, 15, &got), ST_OK);
    assert_int_equal(got, 8);
    assert_int_equal(mem_fetch(vcpu, gva(HIGH + 0x2000), back, 15, &got), ST_FAULT);
}

/* The place where the walk to a page is remembered, or NULL. */
static struct walk *walk_of(u64 page)
{
    for (u32 i = 0; i < WALKS; i++)
        if (vcpu->walk[i].npt_changes != 0 && vcpu->walk[i].page == page)
            return &vcpu->walk[i];
    return NULL;
}

/* A page put in place of the remembered one shows whether the walk is used again. */
static bool is_used_again(u64 at)
{
    static u8 other[PAGE_SIZE];
    u8 *own = walk_of(at)->base;
    bool is_other;

    memset(other, 0xee, sizeof(other));
    walk_of(at)->base = other;
    is_other = mark_read(at) == 0xee;
    walk_of(at)->base = own;
    return is_other;
}

static void test_remembered_walk_is_used(void **state)
{
    u8 byte = 7;

    (void)state;
    long_mode();
    mark_put(0x50000, 1);
    mark_put(0x60000, 2);
    assert_int_equal(mark_read(HIGH), 1);
    assert_int_equal(mark_read(HIGH + 0x1000), 2);
    assert_non_null(walk_of(HIGH)); /* neighbours do not take each other's place */
    assert_true(is_used_again(HIGH));
    assert_true(is_used_again(HIGH + 0x1000));
    assert_int_equal(mem_write(vcpu, gva(HIGH), &byte, 1), ST_OK);
    assert_true(is_used_again(HIGH)); /* who may write may read */
    assert_int_equal(mark_read(HIGH), 7);
}

/* Nothing is used again after a register of paging has changed. */
static void test_remembered_walk_and_registers(void **state)
{
    u64 *const registers[] = {&fake_paging.cr0, &fake_paging.cr3, &fake_paging.cr4,
                              &fake_paging.efer};
    static const u64 bits[] = {CR0_WP, 8, CR4_PSE, EFER_NXE};

    (void)state;
    long_mode();
    entry_set(3, 2, 0x70000 | 3);
    for (u32 i = 0; i < ARRAY_SIZE(registers); i++) {
        (void)mark_read(HIGH);
        assert_true(is_used_again(HIGH));
        *registers[i] ^= bits[i];
        assert_false(is_used_again(HIGH));
    }
}

/* More than two pages, which do not lie side by side; nothing around is touched. */
static void test_copy_over_three_pages(void **state)
{
    static const u32 frames[] = {0x50000, 0x70000, 0x60000};
    static u8 bytes[128 + PAGE_SIZE + 72], back[sizeof(bytes)], page[PAGE_SIZE];

    (void)state;
    long_mode();
    for (u32 i = 0; i < 3; i++) {
        entry_set(3, i, frames[i] | 3);
        memset(page, 0x33, sizeof(page));
        assert_int_equal(mem_write_gpa(root, gpa(frames[i]), page, sizeof(page)), ST_OK);
    }
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)(i % 251);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0xf80), bytes, sizeof(bytes)), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0xf80), back, sizeof(back)), ST_OK);
    assert_memory_equal(bytes, back, sizeof(bytes));
    assert_int_equal(mem_read_gpa(root, gpa(0x70000), page, sizeof(page)), ST_OK);
    assert_memory_equal(page, bytes + 128, sizeof(page));
    assert_int_equal(mem_read_gpa(root, gpa(0x60000), page, sizeof(page)), ST_OK);
    assert_memory_equal(page, bytes + 128 + PAGE_SIZE, 72);
    for (u32 i = 72; i < PAGE_SIZE; i++)
        assert_int_equal(page[i], 0x33);
    assert_int_equal(mem_read_gpa(root, gpa(0x50000), page, sizeof(page)), ST_OK);
    for (u32 i = 0; i < 0xf80; i++)
        assert_int_equal(page[i], 0x33);
}

/* Five levels: 57 bits count. */
static void test_walk_five_levels(void **state)
{
    (void)state;
    long_mode();
    fake_paging.cr4 |= BIT(12);
    fake_paging.cr3 = TABLES_AT + 8 * PAGE_SIZE;
    entry_set(8, 0, table_at(9));
    entry_set(8, 511, table_at(9));
    entry_set(9, 256, table_at(1));
    entry_set(1, 0, table_at(2));
    expect_translated(0x0000800000000005ull, MEM_READ, 0x50005);
    expect_translated(0xffff800000000005ull, MEM_READ, 0x50005);
    expect_fault(0x0100800000000005ull, MEM_READ); /* not canonical */
    expect_fault(0xfeff800000000005ull, MEM_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_walk_long_mode, setup),
        cmocka_unit_test_setup(test_remembered_walk_reads_each_entry, setup),
        cmocka_unit_test_setup(test_remembered_walk_keeps_rights, setup),
        cmocka_unit_test_setup(test_remembered_walk_loses_its_page, setup),
        cmocka_unit_test_setup(test_remembered_walk_is_a_walk, setup),
        cmocka_unit_test_setup(test_walk_without_paging, setup),
        cmocka_unit_test_setup(test_walk_follows_changes, setup),
        cmocka_unit_test_setup(test_walk_two_levels, setup),
        cmocka_unit_test_setup(test_walk_pae, setup),
        cmocka_unit_test_setup(test_copy_straddles, setup),
        cmocka_unit_test_setup(test_remembered_walk_is_used, setup),
        cmocka_unit_test_setup(test_remembered_walk_and_registers, setup),
        cmocka_unit_test_setup(test_copy_over_three_pages, setup),
        cmocka_unit_test_setup(test_walk_five_levels, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
