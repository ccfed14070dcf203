/* PV: page tables, descriptors, frames for iret, user mode, emulated instructions. */
#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define PTE_FRAME  0x000ffffffffff000ull
#define TABLE_FULL 0x67ull
#define TABLE_READ 0x65ull
#define TABLE_USED 0x60ull /* accessed, dirty */
#define M2P        G_MACH2PHYS_VIRT_START
#define BOOT_PAGES 2048u /* more than the boot page tables map from the image on */

uint64_t fuzz_stuck;

static uint64_t boot_entry[BOOT_PAGES]; /* what mapped each page at the start */
static unsigned boot_pages;

uint64_t fuzz_kernel_top[512] __attribute__((aligned(4096)));
static uint64_t user_top[512] __attribute__((aligned(4096)));
static uint64_t kernel_top_frame;

static long mmuext(uint32_t command, uint64_t arg1, uint64_t arg2)
{
    struct g_mmuext_op op = {.cmd = command, .arg1 = arg1, .arg2 = arg2};

    return kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
}

static void callback_set(uint16_t type, const void *entry)
{
    struct g_callback_register in = {.type = type, .address = (uintptr_t)entry};

    kit_hypercall(G_HYPERVISOR_callback_op, G_CALLBACKOP_register, (uintptr_t)&in, 0, 0);
}

static void callbacks_set(void)
{
    callback_set(G_CALLBACKTYPE_event, kit_event_pv);
    callback_set(G_CALLBACKTYPE_failsafe, fuzz_failsafe);
    callback_set(G_CALLBACKTYPE_syscall, fuzz_syscall);
    callback_set(G_CALLBACKTYPE_syscall32, fuzz_syscall);
    callback_set(G_CALLBACKTYPE_sysenter, fuzz_syscall);
    callback_set(G_CALLBACKTYPE_nmi, kit_event_pv);
}

/* Gates above the exceptions too: the kit's table leaves them as they are. */
static void traps_set(void)
{
    kit_hypercall(G_HYPERVISOR_set_trap_table, 0, 0, 0, 0);
    kit_traps_init();
}

uint64_t fuzz_kernel_stack(void)
{
    static uint8_t stack[2 * KIT_PAGE] __attribute__((aligned(16)));

    return (uintptr_t)(stack + sizeof(stack));
}

static void stack_set(void)
{
    kit_hypercall(G_HYPERVISOR_stack_switch, G_FLAT_RING3_SS64, fuzz_kernel_stack(), 0, 0);
}

/*
 * Domain ids lie about in memory, DOMID_SELF before all, and a list of page-table updates that
 * is too long takes one for a machine address. What we have in that frame moves elsewhere.
 */
static void domid_frame_leave(void)
{
    static uint8_t spare[KIT_PAGE] __attribute__((aligned(4096)));
    uint64_t first = kit_frame((const void *)(uintptr_t)FUZZ_IMAGE);
    uint8_t *page =
        (uint8_t *)(uintptr_t)(FUZZ_IMAGE + ((G_DOMID_SELF >> 12) - first) * KIT_PAGE);

    memcpy(spare, page, KIT_PAGE);
    if (kit_map(page, kit_frame(spare) << 12 | TABLE_FULL) != 0)
        kit_print("fuzz: no other frame for a page of ours\n");
}

static const void *boot_page(unsigned page)
{
    return (const void *)(FUZZ_IMAGE + (uintptr_t)page * KIT_PAGE);
}

/* Up to the end of the last L1 table: 2 MiB. The boot page tables themselves lie in its range.
 */
static void boot_mappings_note(uint64_t tables)
{
    kit_edge(); /* it takes a page away when it is first asked for one */
    boot_pages = (unsigned)(((tables | 0x1fffff) + 1 - FUZZ_IMAGE) / KIT_PAGE);
    if (boot_pages > BOOT_PAGES)
        boot_pages = BOOT_PAGES;
    for (unsigned i = 0; i < boot_pages; i++)
        boot_entry[i] = kit_pte_of(boot_page(i));
}

static bool is_of_arena(const void *page)
{
    return (uintptr_t)page - (uintptr_t)fuzz_arena < ARENA_BYTES;
}

/*
 * A call with a random argument may map a page of the arena where no epoch looks for it: what
 * such a page was before comes back, so that the frame has no user left.
 */
static void boot_mappings_restore(void)
{
    for (unsigned i = 0; i < boot_pages; i++)
        if (!is_of_arena(boot_page(i)) &&
            ((kit_pte_of(boot_page(i)) ^ boot_entry[i]) & ~TABLE_USED) != 0)
            kit_map(boot_page(i), boot_entry[i]);
}

void fuzz_pv_init(void)
{
    domid_frame_leave();
    uint64_t top = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
    kernel_top_frame = kit_frame((const void *)(uintptr_t)top);
    memcpy(fuzz_kernel_top, (const void *)(uintptr_t)top, sizeof(fuzz_kernel_top));
    memset(fuzz_kernel_top + 256, 0, 16 * sizeof(fuzz_kernel_top[0]));
    memcpy(user_top, fuzz_kernel_top, sizeof(user_top));
    kit_map(user_top, kit_frame(user_top) << 12 | TABLE_READ);
    if (mmuext(G_MMUEXT_PIN_L4_TABLE, kit_frame(user_top), 0) != 0)
        kit_print("fuzz: no user page tables\n");
    boot_mappings_note(top);
    callbacks_set();
    stack_set();
    fuzz_pv_epoch();
}

/* Gives the page back its frame if it went away, and its mapping. */
static bool page_renew(unsigned page)
{
    uint64_t frame = fuzz_arena_frame[page];
    struct g_memory_reservation in = {
        .extent_start = (uintptr_t)&frame, .nr_extents = 1, .domid = G_DOMID_SELF};

    if (kit_map(fuzz_arena[page], frame << 12 | TABLE_FULL) == 0)
        return true;
    frame = ((uintptr_t)fuzz_arena[page] >> 12);
    if (kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_populate_physmap, (uintptr_t)&in, 0,
                      0) != 1)
        return false;
    if (kit_map(fuzz_arena[page], frame << 12 | TABLE_FULL) != 0)
        return false;
    fuzz_arena_frame[page] = frame;
    return true;
}

/* Candidates of one level point to those of the level below, or to the rest of the arena. */
static void tables_fill(void)
{
    for (unsigned page = 0; page < ARENA_TABLES; page++) {
        uint64_t *table = (uint64_t *)(void *)fuzz_arena[page];
        unsigned level = page / 4;
        if (level == 3)
            memcpy(table, fuzz_kernel_top, sizeof(fuzz_kernel_top));
        else
            memset(table, 0, KIT_PAGE);
        for (unsigned i = level == 3 ? 5 : 0; i < 16; i++) {
            unsigned to = level == 0 ? ARENA_TABLES + fuzz_below(ARENA_PAGES - ARENA_TABLES)
                                     : (level - 1) * 4 + fuzz_below(4);
            if (!fuzz_one_in(3))
                table[i] = fuzz_arena_frame[to] << 12 | (level == 0 ? 0x65 : 0x67);
        }
        kit_map(table, fuzz_arena_frame[page] << 12 | TABLE_READ);
    }
}

/* The pages of areas cannot become anything else as long as they are registered. */
static void areas_drop(void)
{
    uint64_t none = 0;

    kit_hypercall(G_HYPERVISOR_vcpu_op, G_VCPUOP_register_runstate_memory_area, 0,
                  (uintptr_t)&none, 0);
    kit_hypercall(G_HYPERVISOR_vcpu_op, G_VCPUOP_register_vcpu_time_memory_area, 0,
                  (uintptr_t)&none, 0);
}

void fuzz_pv_epoch(void)
{
    bool is_done[ARENA_PAGES] = {false};

    areas_drop();
    mmuext(G_MMUEXT_NEW_BASEPTR, kernel_top_frame, 0);
    mmuext(G_MMUEXT_NEW_USER_BASEPTR, kit_frame(user_top), 0);
    mmuext(G_MMUEXT_SET_LDT, 0, 0);
    kit_hypercall(G_HYPERVISOR_set_gdt, 0, 0, 0, 0);
    boot_mappings_restore();
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < ARENA_PAGES; i++)
            mmuext(G_MMUEXT_UNPIN_TABLE, fuzz_arena_frame[i], 0);
        for (unsigned i = 0; i < ARENA_PAGES; i++)
            if (!is_done[i])
                kit_map(fuzz_arena[i], 0);
        for (unsigned i = 0; i < ARENA_PAGES; i++)
            if (!is_done[i])
                is_done[i] = page_renew(i);
    }
    for (unsigned i = 0; i < ARENA_PAGES; i++)
        fuzz_stuck += !is_done[i];
    tables_fill();
}

void fuzz_pv_repair(unsigned number)
{
    switch (number) {
    case G_HYPERVISOR_set_trap_table:
        traps_set();
        break;
    case G_HYPERVISOR_set_callbacks:
    case G_HYPERVISOR_callback_op:
        callbacks_set();
        break;
    case G_HYPERVISOR_stack_switch:
        stack_set();
        break;
    case G_HYPERVISOR_set_debugreg:
        kit_hypercall(G_HYPERVISOR_set_debugreg, 7, 0, 0, 0);
        break;
    case G_HYPERVISOR_set_gdt:
        kit_hypercall(G_HYPERVISOR_set_gdt, 0, 0, 0, 0);
        break;
    case G_HYPERVISOR_mmuext_op:
        mmuext(G_MMUEXT_NEW_BASEPTR, kernel_top_frame, 0);
        mmuext(G_MMUEXT_NEW_USER_BASEPTR, kit_frame(user_top), 0);
        break;
    case G_HYPERVISOR_multicall:
        traps_set();
        callbacks_set();
        stack_set();
        kit_hypercall(G_HYPERVISOR_set_debugreg, 7, 0, 0, 0);
        mmuext(G_MMUEXT_NEW_BASEPTR, kernel_top_frame, 0);
        mmuext(G_MMUEXT_NEW_USER_BASEPTR, kit_frame(user_top), 0);
        break;
    default:
        break;
    }
}

/* --- games -------------------------------------------------------------------------------- */

static void frame_make(uint64_t words[6])
{
    words[0] = (uint64_t)fuzz_below(2) << 8; /* VGCF_in_syscall */
    words[1] = (uintptr_t)fuzz_landing;
    words[2] = G_FLAT_RING3_CS64;
    words[3] = 0x202;
    words[4] = (uintptr_t)fuzz_user_stack_end;
    words[5] = G_FLAT_RING3_SS64;
}

static void iret_game(void)
{
    /* to where nothing is: zeros would run on to the start of the image */
    static const uint64_t nowhere[] = {
        0x800000000000ull, KIT_UNMAPPED, KIT_HYPERVISOR,       ~0ull, ~0ull << 47,
        0x7fffffffffffull, M2P,          0xffff880000000000ull};
    /* none with code below 4 GiB: an iretd there sends QEMU 7.2 from long mode to virtual 8086
     */
    static const uint16_t odd[] = {0x0003, 0x0013, 0xe00b, 0xe013, 0xe02b, 0xe03b, 0xfffb};
    uint64_t words[6];

    frame_make(words);
    if (fuzz_one_in(2))
        words[3] ^= fuzz_value() & 0x3f7ed5; /* all but TF */
    if (fuzz_one_in(2))
        words[2] &= ~3ull; /* kernel mode */
    else if (fuzz_one_in(2))
        words[2] = odd[fuzz_below(sizeof(odd) / sizeof(odd[0]))];
    if ((words[2] & 3) == 3)
        words[1] = (uintptr_t)fuzz_user_entry;
    /* a kernel without a stack is lost at the first event */
    if ((words[2] & 3) == 3 ? fuzz_one_in(2) : fuzz_one_in(4096))
        words[4] = fuzz_value();
    if (fuzz_one_in(4))
        words[5] = fuzz_below(65536);
    if (fuzz_one_in(6))
        words[1] = nowhere[fuzz_below(sizeof(nowhere) / sizeof(nowhere[0]))];
    if (fuzz_one_in(8))
        words[0] = fuzz_value();
    fuzz_iret(words);
}

static void user_game(void)
{
    struct fuzz_call call;
    uint64_t words[6];

    fuzz_call_make(&call, fuzz_below(FUZZ_NUMBERS));
    frame_make(words);
    words[0] = 0;
    words[1] = (uintptr_t)fuzz_user_entry;
    words[2] |= 3;
    fuzz_user_call(words, &call);
}

static void selector_game(void)
{
    static const uint16_t plain[] = {0, 3, 0xe02b, 0xe023, 0xe033, 0x0008, 0x000f, 0xe008, 0x7};
    uint32_t selector = fuzz_one_in(2) ? fuzz_below(65536) : plain[fuzz_below(9)];

    if (fuzz_one_in(4))
        mmuext(G_MMUEXT_SET_LDT, (uintptr_t)fuzz_arena[fuzz_below(ARENA_PAGES)],
               fuzz_below(2048));
    fuzz_segment_load(fuzz_below(4), selector);
}

static size_t prefixes_put(uint8_t *code)
{
    static const uint8_t some[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x64, 0x65, 0xf0, 0x48, 0x41};
    size_t count = fuzz_one_in(2) ? 0 : fuzz_below(4);

    for (size_t i = 0; i < count; i++)
        code[i] = some[fuzz_below(sizeof(some))];
    return count;
}

/* Instructions that the shim carries out for a kernel, and some that it must refuse. */
static void code_make(uint8_t *code)
{
    /* Not 0f c7: QEMU 7.2's cmpxchg8b leaves junk in all of RFLAGS (docs/qemu.md).
     * opcode bytes, then what follows: i an immediate byte, m a ModRM byte */
    static const struct {
        uint8_t count, byte[2];
        char more;
    } plain[] = {
        {1, {0xfa}, 0},         {1, {0xfb}, 0},         {1, {0x6c}, 0},
        {1, {0x6d}, 0},         {1, {0x6e}, 0},         {1, {0x6f}, 0},
        {1, {0xe4}, 'i'},       {1, {0xe5}, 'i'},       {1, {0xe6}, 'i'},
        {1, {0xe7}, 'i'},       {1, {0xec}, 0},         {1, {0xed}, 0},
        {1, {0xee}, 0},         {1, {0xef}, 0},         {1, {0xcd}, 'i'},
        {1, {0xcc}, 0},         {1, {0xf1}, 0},         {1, {0x8e}, 'm'},
        {2, {0x0f, 0x00}, 'm'}, {2, {0x0f, 0x01}, 'm'}, {2, {0x0f, 0x06}, 0},
        {2, {0x0f, 0x08}, 0},   {2, {0x0f, 0x09}, 0},   {2, {0x0f, 0x20}, 'm'},
        {2, {0x0f, 0x21}, 'm'}, {2, {0x0f, 0x22}, 'm'}, {2, {0x0f, 0x23}, 'm'},
        {2, {0x0f, 0x30}, 0},   {2, {0x0f, 0x31}, 0},   {2, {0x0f, 0x32}, 0},
        {2, {0x0f, 0x33}, 0},   {2, {0x0f, 0x34}, 0},   {2, {0x0f, 0x35}, 0},
        {2, {0x0f, 0xa2}, 0},   {2, {0x0f, 0x07}, 0},   {2, {0x0f, 0xae}, 'm'},
        {2, {0x0f, 0x0b}, 0},
    };
    uint32_t which = fuzz_below(sizeof(plain) / sizeof(plain[0]));
    size_t used = 0;

    if (fuzz_one_in(6)) { /* ud2; "xen": the emulated cpuid */
        static const uint8_t forced[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
        memcpy(code, forced, sizeof(forced));
        used = fuzz_one_in(4) ? 5 : 7;
    } else {
        used = prefixes_put(code);
        memcpy(code + used, plain[which].byte, plain[which].count);
        used += plain[which].count;
        if (plain[which].more != 0)
            code[used++] = (uint8_t)fuzz_random();
        if (plain[which].more == 'm' && (code[used - 1] & 0x7) == 4)
            code[used - 1]++; /* it would name rsp */
    }
    memset(code + used, 0xcc, 16); /* then int3 */
}

static void code_game(void)
{
    uint8_t *page = fuzz_arena[ARENA_TABLES + fuzz_below(ARENA_PAGES - ARENA_TABLES)];
    uint8_t *code = page + (fuzz_one_in(8) ? KIT_PAGE - fuzz_below(24) : fuzz_below(4000));
    uint64_t registers[14];

    if (page == fuzz_arena[ARENA_PAGES - 1])
        return;
    for (unsigned i = 0; i < 14; i++)
        registers[i] = fuzz_one_in(2) ? fuzz_pointer() : fuzz_value();
    registers[2] = fuzz_below(40); /* repeats, unless it is an MSR */
    if (fuzz_one_in(2))
        registers[2] = (fuzz_one_in(2) ? 0xc0000080 : 0x40000000) + fuzz_below(0x110);
    code_make(code);
    fuzz_code(code, registers);
}

void fuzz_pv_game(void)
{
    uint32_t which = fuzz_below(8);

    if ((kit_option("games", 0xff) >> which & 1) == 0) /* to find what a seed dies of */
        return;
    switch (which) {
    case 0:
        iret_game();
        break;
    case 1:
    case 2:
        user_game();
        break;
    case 3:
        selector_game();
        break;
    case 4:
    case 5:
        code_game();
        break;
    default:
        fuzz_poke();
        break;
    }
}
