/* One hypercall: valid as far as a guest can know, then spoilt. */
#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define LIST_MAX FUZZ_BATCH

struct g_multicall_entry fuzz_batch[FUZZ_BATCH];

static bool in_batch; /* entries of a multicall are made now */

static uint64_t put(const void *bytes, size_t size)
{
    return fuzz_place(bytes, size, FUZZ_MUTATED);
}

/* More would be no other test, but a call of minutes that is continued all the time. */
static uint32_t count_any(void)
{
    return fuzz_one_in(24) ? (uint32_t)fuzz_value() & 0xffff : fuzz_below(8);
}

/*
 * A list of frame numbers in guest memory. A larger extent that begins in front of our image
 * may reach into it, and the order can still change; behind the arena it meets nothing of ours.
 */
static uint64_t frames_put(uint32_t count, uint64_t order)
{
    uint64_t frames[LIST_MAX];

    if (count > LIST_MAX)
        count = LIST_MAX;
    for (uint32_t i = 0; i < count; i++) {
        frames[i] = fuzz_frame();
        if (order != 0 || frames[i] < fuzz_arena_frame[0])
            frames[i] = fuzz_arena_frame[fuzz_below(ARENA_PAGES)];
    }
    return fuzz_place(frames, count * sizeof(frames[0]), FUZZ_EXACT);
}

/* Twelve words of anything: for calls whose structures are the control domain's. */
static uint64_t words_put(uint32_t command)
{
    uint64_t words[16];

    for (unsigned i = 0; i < 16; i++)
        words[i] = fuzz_value();
    words[0] = words[0] << 32 | command;
    return put(words, sizeof(words));
}

/* --- memory ------------------------------------------------------------------------------ */

static void reservation_make(struct fuzz_call *call)
{
    uint32_t count = count_any();
    struct g_memory_reservation in = {
        .nr_extents = count,
        .extent_order = fuzz_one_in(6) ? (uint32_t)fuzz_value() : fuzz_below(2),
        .mem_flags = fuzz_one_in(4) ? (uint32_t)fuzz_value() : 0,
        .domid = fuzz_domid(),
    };

    in.extent_start = frames_put(count, in.extent_order);
    if (count > LIST_MAX)
        in.extent_start = (uintptr_t)fuzz_arena[fuzz_below(ARENA_PAGES)];
    else if (fuzz_one_in(12))
        in.extent_start = fuzz_pointer();
    call->argument[1] = put(&in, sizeof(in));
}

static void exchange_make(struct fuzz_call *call)
{
    uint64_t words[11] = {0};
    uint32_t count = fuzz_below(4);

    for (unsigned i = 0; i < 2; i++) {
        words[4 * i + 2] = fuzz_one_in(4) ? fuzz_value() : 0;
        words[4 * i] = frames_put(count, words[4 * i + 2]);
        words[4 * i + 1] = count;
        words[4 * i + 3] = G_DOMID_SELF;
    }
    call->argument[1] = put(words, sizeof(words));
}

static void physmap_make(struct fuzz_call *call)
{
    struct g_add_to_physmap in = {
        .domid = fuzz_domid(),
        .size = (uint16_t)fuzz_below(4),
        .space = fuzz_below(6),
        .idx = fuzz_one_in(3) ? fuzz_below(40) : fuzz_frame(),
        .gpfn = fuzz_frame(),
    };

    call->argument[1] = put(&in, sizeof(in));
}

static void memory_map_make(struct fuzz_call *call)
{
    struct g_memory_map in = {.nr_entries = count_any() * 16, .buffer = words_put(0)};

    call->argument[1] = put(&in, sizeof(in));
}

static void memory_make(struct fuzz_call *call)
{
    uint16_t domid = fuzz_domid();
    struct g_remove_from_physmap gone = {.domid = domid, .gpfn = fuzz_frame()};
    uint32_t sub = fuzz_below(30);

    if (fuzz_one_in(2))
        sub = (const uint8_t[]){0, 1, 6, 7, 9, 11, 15, 23}[fuzz_below(8)];
    call->argument[0] = sub | (fuzz_one_in(6) ? fuzz_random() << 6 : 0);
    call->argument[1] = words_put((uint32_t)fuzz_value());
    if (sub == 0 || sub == 1 || sub == 6)
        reservation_make(call);
    else if (sub == 7)
        physmap_make(call);
    else if (sub == 9 || sub == 10)
        memory_map_make(call);
    else if (sub == 11)
        exchange_make(call);
    else if (sub == 15)
        call->argument[1] = put(&gone, sizeof(gone));
    else if (sub == 3 || sub == 4)
        call->argument[1] = put(&domid, sizeof(domid));
}

/* --- PV page tables ----------------------------------------------------------------------- */

static uint64_t pte_any(void)
{
    static const uint64_t plain[] = {0x1, 0x5, 0x7, 0x63, 0x67, 0x27, 0x0, 0x65, 0x25, 0x3};
    uint64_t pte = fuzz_frame() << 12 & 0x000ffffffffff000ull;

    if (fuzz_one_in(24))
        return fuzz_value();
    if (fuzz_one_in(2))
        pte = fuzz_arena_frame[fuzz_below(ARENA_TABLES)] << 12;
    pte |= plain[fuzz_below(sizeof(plain) / sizeof(plain[0]))];
    if (fuzz_one_in(6))
        pte ^= 1ull << fuzz_below(12);
    if (fuzz_one_in(4))
        pte |= 1ull << 63;
    return fuzz_one_in(24) ? pte ^ 1ull << (40 + fuzz_below(24)) : pte;
}

/* An entry of one of our candidate tables; entry 0 of the top level would take us away. */
static uint64_t entry_address(void)
{
    uint32_t page = fuzz_below(fuzz_one_in(8) ? ARENA_PAGES : ARENA_TABLES);
    uint32_t entry = fuzz_below(fuzz_one_in(2) ? 8 : 512);

    if (page >= 12 && page < ARENA_TABLES && entry == 0)
        entry = 5;
    if (fuzz_one_in(24))
        return fuzz_value();
    return fuzz_arena_frame[page] << 12 | entry * 8;
}

/*
 * Entries lie behind those counted as well: a larger count would take what was placed before
 * for machine addresses, and a small number there, a byte off, is one of our first frames.
 */
static void mmu_update_make(struct fuzz_call *call)
{
    struct g_mmu_update list[LIST_MAX];
    uint32_t count = 1 + fuzz_below(6);

    for (uint32_t i = 0; i < LIST_MAX; i++) {
        uint64_t command = fuzz_below(fuzz_one_in(8) ? 4 : 3);
        list[i].ptr = entry_address() | command;
        list[i].val = command == 1 ? fuzz_value() : pte_any();
        if (command == 1)
            list[i].ptr = fuzz_arena_frame[fuzz_below(ARENA_PAGES)] << 12 | 1;
    }
    call->argument[0] = put(list, sizeof(list));
    call->argument[1] = fuzz_one_in(8) ? fuzz_value() & 0x800000ff : count;
    call->argument[2] = fuzz_one_in(2) ? 0 : fuzz_place(&count, sizeof(count), FUZZ_EXACT);
    call->argument[3] = fuzz_domid();
}

static void va_mapping_make(struct fuzz_call *call)
{
    uint64_t page = fuzz_below(ARENA_PAGES);

    if (page >= 12 && page < ARENA_TABLES) /* top_level() looks at them there */
        page = 0;
    call->argument[0] = (uintptr_t)fuzz_arena[page];
    if (fuzz_one_in(16))
        call->argument[0] = fuzz_value();
    if (fuzz_is_ours(call->argument[0])) /* no epoch would take that mapping back */
        call->argument[0] = KIT_UNMAPPED;
    call->argument[1] = pte_any();
    call->argument[2] = fuzz_one_in(4) ? fuzz_value() : fuzz_below(8);
    call->argument[3] = fuzz_domid(); /* of update_va_mapping_otherdomain */
}

/* Loading a top level that no longer maps us is the guest's own end. */
static uint64_t top_level(void)
{
    uint32_t page = 12 + fuzz_below(4);
    const uint64_t *mine = (const uint64_t *)(const void *)fuzz_arena[page];

    if (((mine[0] ^ fuzz_kernel_top[0]) & 0x800ffffffffff007ull) != 0)
        return ~0ull >> 12; /* not an empty page: that is a fine top level */
    return fuzz_arena_frame[page];
}

static void mmuext_make(struct fuzz_call *call)
{
    struct g_mmuext_op list[8];
    uint32_t count = 1 + fuzz_below(4);

    for (uint32_t i = 0; i < 8; i++) {
        list[i].cmd = fuzz_one_in(24) ? (uint32_t)fuzz_value() : fuzz_below(22);
        list[i].pad = 0;
        list[i].arg1 = fuzz_frame();
        list[i].arg2 = fuzz_one_in(2) ? fuzz_below(9000) : fuzz_value();
        if (list[i].cmd <= G_MMUEXT_UNPIN_TABLE && !fuzz_one_in(4))
            list[i].arg1 = fuzz_arena_frame[(list[i].cmd & 3) * 4 + fuzz_below(4)];
        if (list[i].cmd == G_MMUEXT_NEW_BASEPTR)
            list[i].arg1 = top_level();
        if (list[i].cmd == G_MMUEXT_SET_LDT)
            list[i].arg1 = fuzz_pointer();
    }
    call->argument[0] = fuzz_place(list, sizeof(list), FUZZ_EXACT);
    call->argument[1] = fuzz_one_in(8) ? fuzz_value() & 0x80000007 : count;
    call->argument[2] = fuzz_one_in(2) ? 0 : fuzz_place(&count, sizeof(count), FUZZ_EXACT);
    call->argument[3] = fuzz_domid();
}

/* --- PV CPU ------------------------------------------------------------------------------- */

static uint64_t descriptor_any(void)
{
    static const uint64_t plain[] = {
        0,
        0x00affb000000ffff,
        0x00cff3000000ffff,
        0x00cffb000000ffff,
        0x00009b000000ffff,
        0x00008c000000ffff,
        0x0000ec00e0330000,
        0x00008900e0330067,
        0x0000820000000fff,
    };

    if (fuzz_one_in(3))
        return fuzz_value();
    return plain[fuzz_below(sizeof(plain) / sizeof(plain[0]))] ^
           (fuzz_one_in(3) ? 1ull << fuzz_below(64) : 0);
}

static void trap_table_make(struct fuzz_call *call)
{
    struct g_trap_info list[LIST_MAX + 1] = {{0}};
    uint32_t count = fuzz_below(LIST_MAX);

    for (uint32_t i = 0; i < count; i++) {
        list[i].vector = (uint8_t)fuzz_random();
        list[i].flags = (uint8_t)fuzz_random();
        list[i].cs = fuzz_one_in(3) ? (uint16_t)fuzz_random() : G_FLAT_RING3_CS64;
        list[i].address = fuzz_value();
    }
    call->argument[0] = fuzz_one_in(8) ? 0 : put(list, (count + 1) * sizeof(list[0]));
}

static void callback_make(struct fuzz_call *call)
{
    struct g_callback_register in = {.type = (uint16_t)fuzz_below(9),
                                     .flags = (uint16_t)fuzz_below(4),
                                     .address = fuzz_value()};

    if (in.type == G_CALLBACKTYPE_event) /* an event without a callback ends the guest */
        in.type = fuzz_one_in(1024) ? 0 : 8;
    call->argument[0] = fuzz_one_in(8) ? fuzz_value() : 0;
    call->argument[1] = fuzz_place(&in, sizeof(in), FUZZ_EXACT);
}

static void gdt_make(struct fuzz_call *call)
{
    uint32_t count = fuzz_below(16);

    call->argument[0] = frames_put(count + 1, 0);
    call->argument[1] = fuzz_one_in(4) ? fuzz_value() : count * 512 + fuzz_below(512);
}

static void pv_cpu_make(struct fuzz_call *call)
{
    switch (call->number) {
    case G_HYPERVISOR_set_trap_table:
        trap_table_make(call);
        break;
    case G_HYPERVISOR_set_gdt:
        gdt_make(call);
        break;
    case G_HYPERVISOR_stack_switch: /* without one the next event ends the guest */
        if (!fuzz_one_in(256))
            call->argument[1] = fuzz_kernel_stack();
        break;
    case G_HYPERVISOR_update_descriptor:
        call->argument[0] = fuzz_arena_frame[fuzz_below(ARENA_PAGES)] << 12 | fuzz_below(4096);
        if (!fuzz_one_in(8))
            call->argument[0] &= ~7ull;
        call->argument[1] = descriptor_any();
        break;
    case G_HYPERVISOR_set_debugreg:
    case G_HYPERVISOR_get_debugreg:
        call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(9);
        break;
    case G_HYPERVISOR_set_segment_base:
        call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(4);
        break;
    case G_HYPERVISOR_callback_op:
        callback_make(call);
        break;
    case G_HYPERVISOR_set_callbacks:
        if (!fuzz_one_in(1024))
            call->argument[0] = (uintptr_t)kit_event_pv;
        break;
    default:
        break;
    }
}

/* --- events, vCPUs, the scheduler -----------------------------------------------------------
 */

/*
 * A frame for what the hypervisor goes on holding: never one of the arena's, which could not
 * come back at the end of an epoch.
 */
static uint64_t held_frame(void)
{
    static uint8_t page[6][KIT_PAGE] __attribute__((aligned(4096)));

    switch (fuzz_below(12)) {
    case 0:
        return fuzz_random() | 1ull << 40;
    case 1:
        return 0xfeff8 + fuzz_below(8);
    case 2:
        return fuzz_below(0x100);
    default:
        return kit_frame(page[fuzz_below(6)]);
    }
}

static void event_make(struct fuzz_call *call)
{
    uint32_t words[6] = {0};
    uint32_t sub = fuzz_one_in(24) ? (uint32_t)fuzz_value() : fuzz_below(15);

    for (unsigned i = 0; i < 6; i++)
        words[i] = fuzz_one_in(4) ? (uint32_t)fuzz_value() : fuzz_port();
    if (sub == G_EVTCHNOP_alloc_unbound)
        words[0] = (uint32_t)fuzz_domid() | (uint32_t)fuzz_domid() << 16;
    if (sub == G_EVTCHNOP_bind_interdomain || sub == G_EVTCHNOP_status)
        words[0] = fuzz_domid();
    if (sub == G_EVTCHNOP_bind_virq || sub == G_EVTCHNOP_bind_ipi)
        words[fuzz_one_in(4) ? 2 : 1] = 0, words[0] = fuzz_one_in(2) ? 0 : fuzz_below(26);
    if (sub == G_EVTCHNOP_reset || sub == G_EVTCHNOP_init_control)
        sub = fuzz_one_in(64) ? sub : G_EVTCHNOP_send;
    call->argument[0] = sub;
    if (sub == G_EVTCHNOP_init_control || sub == G_EVTCHNOP_expand_array) {
        uint64_t frame = held_frame();
        memcpy(words, &frame, sizeof(frame));
        words[2] = fuzz_one_in(2) ? 0 : fuzz_below(4100);
        words[3] = fuzz_one_in(8) ? words[3] : 0;
        call->argument[1] = fuzz_place(words, sizeof(words), FUZZ_EXACT);
    } else {
        call->argument[1] = put(words, sizeof(words));
    }
}

static void event_compat_make(struct fuzz_call *call)
{
    uint32_t words[8];

    for (unsigned i = 0; i < 8; i++)
        words[i] = fuzz_one_in(4) ? (uint32_t)fuzz_value() : fuzz_port();
    words[0] = fuzz_below(11);
    if (words[0] == G_EVTCHNOP_reset)
        words[0] = G_EVTCHNOP_status;
    call->argument[0] = put(words, sizeof(words));
}

static void vcpu_make(struct fuzz_call *call)
{
    uint64_t words[6];
    uint32_t sub = fuzz_one_in(24) ? (uint32_t)fuzz_value() : fuzz_below(16);

    for (unsigned i = 0; i < 6; i++)
        words[i] = fuzz_value();
    if (sub == G_VCPUOP_set_periodic_timer || sub == G_VCPUOP_set_singleshot_timer)
        words[0] = fuzz_one_in(2) ? fuzz_value() : 1000000 + fuzz_below(100000000);
    call->argument[0] = sub;
    call->argument[1] = fuzz_one_in(8) ? fuzz_value() : 0;
    if (sub == G_VCPUOP_register_vcpu_info) {
        words[0] = held_frame();
        words[1] = fuzz_one_in(4) ? words[1] : fuzz_below(8) * 512;
        call->argument[2] = fuzz_place(words, sizeof(words), FUZZ_EXACT);
    } else {
        call->argument[2] = put(words, sizeof(words));
    }
}

/* Nobody but the guest itself could end a wait without a limit. */
static void sched_make(struct fuzz_call *call)
{
    uint32_t ports[LIST_MAX];
    struct g_sched_poll poll = {.nr_ports = fuzz_below(LIST_MAX),
                                .timeout = 1 + fuzz_below(99)};
    uint32_t sub = fuzz_one_in(16) ? (uint32_t)fuzz_value() : fuzz_below(9);

    for (unsigned i = 0; i < LIST_MAX; i++)
        ports[i] = fuzz_port();
    if (fuzz_one_in(16))
        poll.nr_ports = (uint32_t)fuzz_value();
    poll.ports = put(ports, sizeof(ports));
    call->argument[0] = sub;
    call->argument[1] = words_put((uint32_t)fuzz_value());
    if (sub == G_SCHEDOP_poll)
        call->argument[1] = fuzz_place(&poll, sizeof(poll), FUZZ_EXACT);
}

/* --- grants, HVM, the rest
 * -------------------------------------------------------------------- */

/*
 * A copy by frame number is the guest's right, whatever it hits: the number of a grant must not
 * pass for a frame, and a PV guest's first frames hold its code.
 */
static uint64_t copy_make(void)
{
    uint32_t flags = fuzz_below(4); /* the source is a grant, the destination is one */
    uint64_t words[5];

    for (uint32_t side = 0; side < 2; side++) {
        words[2 * side] = (flags >> side & 1) != 0 ? fuzz_below(40) : fuzz_frame();
        words[2 * side + 1] = fuzz_domid() | (uint64_t)fuzz_below(4097) << 16;
    }
    words[4] = fuzz_below(4100) | (uint64_t)flags << 16;
    return fuzz_place(words, sizeof(words), FUZZ_EXACT);
}

static void grant_make(struct fuzz_call *call)
{
    union {
        uint64_t words[8];
        uint32_t halves[16];
    } in;
    uint64_t *words = in.words;
    uint32_t *halves = in.halves;
    uint32_t sub = fuzz_one_in(24) ? (uint32_t)fuzz_value() : fuzz_below(13);

    for (unsigned i = 0; i < 8; i++)
        words[i] = fuzz_one_in(2) ? fuzz_value() : fuzz_below(64);
    if (sub == 0) { /* host_addr, flags, ref, dom, status, handle, dev_bus_addr */
        words[0] =
            kit_kind == KIT_PV && fuzz_one_in(2) ? entry_address() : fuzz_pointer() & ~4095ull;
        halves[2] = fuzz_one_in(4) ? halves[2] : 2u | fuzz_below(64);
        halves[3] = fuzz_below(40);
        halves[4] = fuzz_domid();
    } else if (sub == 1 || sub == 7) { /* host_addr, dev_bus_addr or new_addr, handle */
        words[0] = fuzz_pointer() & ~4095ull;
        words[1] = fuzz_one_in(2) ? 0 : words[1];
        halves[4] = fuzz_below(16);
    } else if (sub == 2) { /* dom, nr_frames, status, frame_list */
        halves[0] = fuzz_domid();
        halves[1] = count_any();
        words[2] = frames_put(LIST_MAX, 0);
    } else {
        halves[0] = fuzz_one_in(2) ? fuzz_domid() : fuzz_below(4);
    }
    call->argument[0] = sub;
    call->argument[1] = sub == 5 ? copy_make() : put(&in, sizeof(in));
    call->argument[2] = fuzz_one_in(8) ? fuzz_value() : 1;
}

static void hvm_make(struct fuzz_call *call)
{
    struct g_hvm_param in = {
        .domid = fuzz_domid(), .index = fuzz_below(42), .value = fuzz_value()};
    uint32_t sub = fuzz_one_in(8) ? (uint32_t)fuzz_value() : fuzz_below(27);

    call->argument[0] = sub;
    call->argument[1] = sub < 2 ? put(&in, sizeof(in)) : words_put((uint32_t)fuzz_value());
}

static void version_make(struct fuzz_call *call)
{
    call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(12);
    call->argument[1] = words_put(fuzz_below(4));
}

static void console_make(struct fuzz_call *call)
{
    call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(3);
    call->argument[1] = fuzz_one_in(2) ? fuzz_below(4) : fuzz_value() | 0x80000000ull;
    call->argument[2] = fuzz_pointer();
}

/* Entries of calls, or of the control domain's: a command and a version come first. */
static void control_make(struct fuzz_call *call)
{
    static const uint32_t versions[] = {0x15, 0x17, 0x18, 0x03000001, 0x01ecc003, 0};
    uint64_t words[16];

    for (unsigned i = 0; i < 16; i++)
        words[i] = fuzz_value();
    words[0] = fuzz_below(100) | (uint64_t)versions[fuzz_below(6)] << 32;
    words[1] = fuzz_domid();
    call->argument[0] = fuzz_one_in(2) ? put(words, sizeof(words)) : fuzz_below(40);
    call->argument[1] = fuzz_one_in(2) ? put(words, sizeof(words)) : fuzz_below(40);
    call->argument[2] = fuzz_one_in(2) ? put(words, sizeof(words)) : fuzz_below(40);
}

static void multicall_make(struct fuzz_call *call)
{
    struct g_multicall_entry *list = fuzz_batch;
    uint32_t count = fuzz_below(LIST_MAX);

    in_batch = true;
    for (uint32_t i = 0; i < count; i++) {
        struct fuzz_call one;
        fuzz_call_make(&one, fuzz_number());
        list[i].op = one.number;
        list[i].result = 0;
        memcpy(list[i].args, one.argument, sizeof(list[i].args));
    }
    in_batch = false;
    call->argument[0] = fuzz_place(list, count * sizeof(list[0]), FUZZ_EXACT);
    call->argument[1] = fuzz_one_in(16) ? fuzz_value() & 0xffff000f : count;
    call->batched = count;
}

static void rest_make(struct fuzz_call *call)
{
    switch (call->number) {
    case G_HYPERVISOR_platform_op:
    case G_HYPERVISOR_sysctl:
    case G_HYPERVISOR_domctl:
    case G_HYPERVISOR_mca:
    case G_HYPERVISOR_xsm_op:
    case G_HYPERVISOR_dm_op:
        control_make(call);
        break;
    case G_HYPERVISOR_vm_assist:
        call->argument[0] = fuzz_below(3);
        call->argument[1] = fuzz_below(40);
        break;
    case G_HYPERVISOR_physdev_op:
    case G_HYPERVISOR_nmi_op:
        call->argument[0] = fuzz_below(34);
        call->argument[1] = words_put(fuzz_below(32));
        break;
    case G_HYPERVISOR_physdev_op_compat:
        call->argument[0] = words_put(fuzz_below(10));
        break;
    default:
        break;
    }
}

static void shape(struct fuzz_call *call)
{
    switch (call->number) {
    case G_HYPERVISOR_mmu_update:
        mmu_update_make(call);
        break;
    case G_HYPERVISOR_mmuext_op:
        mmuext_make(call);
        break;
    case G_HYPERVISOR_update_va_mapping:
    case 22: /* update_va_mapping_otherdomain */
        va_mapping_make(call);
        break;
    case G_HYPERVISOR_memory_op:
        memory_make(call);
        break;
    case G_HYPERVISOR_multicall:
        if (!in_batch)
            multicall_make(call);
        break;
    case G_HYPERVISOR_event_channel_op:
        event_make(call);
        break;
    case G_HYPERVISOR_event_channel_op_compat:
        event_compat_make(call);
        break;
    case G_HYPERVISOR_vcpu_op:
        vcpu_make(call);
        break;
    case G_HYPERVISOR_sched_op:
        sched_make(call);
        break;
    case G_HYPERVISOR_grant_table_op:
        grant_make(call);
        break;
    case G_HYPERVISOR_hvm_op:
        hvm_make(call);
        break;
    case G_HYPERVISOR_xen_version:
        version_make(call);
        break;
    case G_HYPERVISOR_console_io:
        console_make(call);
        break;
    default:
        rest_make(call);
        pv_cpu_make(call);
        break;
    }
}

/*
 * What ends or stops the guest at once by right: shutdown, waiting for ever, taking its own CPU
 * away, an iret to nowhere (the iret game does that with a frame).
 */
static bool is_the_end(const struct fuzz_call *call)
{
    uint32_t sub = (uint32_t)call->argument[0];

    switch (call->number) {
    case G_HYPERVISOR_iret:
        return true;
    case G_HYPERVISOR_sched_op:
        return sub == G_SCHEDOP_shutdown || sub == G_SCHEDOP_block ||
               sub == G_SCHEDOP_watchdog ||
               (in_batch && sub == G_SCHEDOP_poll); /* its limit may be overwritten */
    case G_HYPERVISOR_callback_op: /* an event without a callback ends the guest */
        return in_batch;
    case G_HYPERVISOR_sched_op_compat:
        return sub == G_SCHEDOP_shutdown || sub == G_SCHEDOP_block;
    case G_HYPERVISOR_vcpu_op:
        return sub == G_VCPUOP_down && (uint32_t)call->argument[1] == 0;
    default:
        return false;
    }
}

/* A long list that begins in our own memory, or below, would be answered all over it. */
static void count_limit(struct fuzz_call *call)
{
    unsigned list = call->number == G_HYPERVISOR_grant_table_op ? 1 : 0;
    uint64_t *count = &call->argument[list + 1];

    switch (call->number) {
    case G_HYPERVISOR_mmu_update:
    case G_HYPERVISOR_mmuext_op:
    case G_HYPERVISOR_multicall:
    case G_HYPERVISOR_grant_table_op:
        if ((uint32_t)*count > LIST_MAX &&
            (call->argument[list] < (uintptr_t)fuzz_arena || !fuzz_one_in(1024)))
            *count = fuzz_below(LIST_MAX);
        break;
    default:
        break;
    }
}

unsigned fuzz_number(void)
{
    static const uint8_t pv[] = {1, 1, 14, 26, 26, 12, 32, 20, 24, 2, 10, 0, 29, 30};
    static const uint8_t pvh[] = {12, 12, 32, 32, 20, 20, 24, 29, 34, 34};

    if (fuzz_one_in(3))
        return fuzz_one_in(64) ? (unsigned)fuzz_random() : fuzz_below(FUZZ_NUMBERS);
    if (kit_kind == KIT_PV)
        return pv[fuzz_below(sizeof(pv))];
    return pvh[fuzz_below(sizeof(pvh))];
}

void fuzz_call_begin(void)
{
    in_batch = false; /* a trap may have ended the batch before */
    fuzz_place_begin();
}

void fuzz_call_make(struct fuzz_call *call, unsigned number)
{
    call->number = number;
    call->batched = 0;
    for (unsigned i = 0; i < 6; i++)
        call->argument[i] = fuzz_one_in(2) ? fuzz_value() : fuzz_pointer();
    shape(call);
    if (fuzz_one_in(16) && number != G_HYPERVISOR_sched_op &&
        number != G_HYPERVISOR_callback_op && number != G_HYPERVISOR_set_callbacks &&
        number != G_HYPERVISOR_stack_switch && number != G_HYPERVISOR_console_io)
        call->argument[fuzz_below(4)] = fuzz_value();
    count_limit(call);
    if (is_the_end(call))
        call->number = G_HYPERVISOR_xen_version;
}

long fuzz_call_issue(const struct fuzz_call *call)
{
    return kit_kind == KIT_PV ? fuzz_raw_pv(call) : fuzz_raw_pvh(call);
}
