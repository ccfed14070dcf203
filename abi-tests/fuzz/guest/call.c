/* One hypercall: valid as far as a guest can know, then spoilt. */
#include "abi-tests/fuzz/guest/call.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

struct g_multicall_entry fuzz_batch[FUZZ_BATCH];

bool fuzz_in_batch;

uint64_t fuzz_put(const void *bytes, size_t size)
{
    return fuzz_place(bytes, size, FUZZ_MUTATED);
}

/* More would be no other test, but a call of minutes that is continued all the time. */
uint32_t fuzz_count(void)
{
    return fuzz_one_in(24) ? (uint32_t)fuzz_value() & 0xffff : fuzz_below(8);
}

/*
 * A list of frame numbers in guest memory. A larger extent that begins in front of our image
 * may reach into it, and the order can still change; behind the arena it meets nothing of ours.
 */
uint64_t fuzz_frames_put(uint32_t count, uint64_t order)
{
    uint64_t frames[FUZZ_BATCH];

    if (count > FUZZ_BATCH)
        count = FUZZ_BATCH;
    for (uint32_t i = 0; i < count; i++) {
        frames[i] = fuzz_frame();
        if (order != 0 || frames[i] < fuzz_arena_frame[0])
            frames[i] = fuzz_arena_frame[fuzz_below(ARENA_PAGES)];
    }
    return fuzz_place(frames, count * sizeof(frames[0]), FUZZ_EXACT);
}

/* Twelve words of anything: for calls whose structures are the control domain's. */
uint64_t fuzz_words_put(uint32_t command)
{
    uint64_t words[16];

    for (unsigned i = 0; i < 16; i++)
        words[i] = fuzz_value();
    words[0] = words[0] << 32 | command;
    return fuzz_put(words, sizeof(words));
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
    call->argument[0] = fuzz_one_in(2) ? fuzz_put(words, sizeof(words)) : fuzz_below(40);
    call->argument[1] = fuzz_one_in(2) ? fuzz_put(words, sizeof(words)) : fuzz_below(40);
    call->argument[2] = fuzz_one_in(2) ? fuzz_put(words, sizeof(words)) : fuzz_below(40);
}

static void multicall_make(struct fuzz_call *call)
{
    struct g_multicall_entry *list = fuzz_batch;
    uint32_t count = fuzz_below(FUZZ_BATCH);

    fuzz_in_batch = true;
    for (uint32_t i = 0; i < count; i++) {
        struct fuzz_call one;
        fuzz_call_make(&one, fuzz_number());
        list[i].op = one.number;
        list[i].result = 0;
        memcpy(list[i].args, one.argument, sizeof(list[i].args));
    }
    fuzz_in_batch = false;
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
        call->argument[1] = fuzz_words_put(fuzz_below(32));
        break;
    case G_HYPERVISOR_physdev_op_compat:
        call->argument[0] = fuzz_words_put(fuzz_below(10));
        break;
    default:
        break;
    }
}

static void shape(struct fuzz_call *call)
{
    switch (call->number) {
    case G_HYPERVISOR_mmu_update:
        fuzz_mmu_update_make(call);
        break;
    case G_HYPERVISOR_mmuext_op:
        fuzz_mmuext_make(call);
        break;
    case G_HYPERVISOR_update_va_mapping:
    case 22: /* update_va_mapping_otherdomain */
        fuzz_va_mapping_make(call);
        break;
    case G_HYPERVISOR_memory_op:
        fuzz_memory_make(call);
        break;
    case G_HYPERVISOR_multicall:
        if (!fuzz_in_batch)
            multicall_make(call);
        break;
    case G_HYPERVISOR_event_channel_op:
        fuzz_event_make(call);
        break;
    case G_HYPERVISOR_event_channel_op_compat:
        fuzz_event_compat_make(call);
        break;
    case G_HYPERVISOR_vcpu_op:
        fuzz_vcpu_make(call);
        break;
    case G_HYPERVISOR_sched_op:
        fuzz_sched_make(call);
        break;
    case G_HYPERVISOR_grant_table_op:
        fuzz_grant_make(call);
        break;
    case G_HYPERVISOR_hvm_op:
        fuzz_hvm_make(call);
        break;
    case G_HYPERVISOR_xen_version:
        fuzz_version_make(call);
        break;
    case G_HYPERVISOR_console_io:
        fuzz_console_make(call);
        break;
    default:
        rest_make(call);
        fuzz_pv_cpu_make(call);
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
               (fuzz_in_batch && sub == G_SCHEDOP_poll); /* its limit may be overwritten */
    case G_HYPERVISOR_callback_op: /* an event without a callback ends the guest */
        return fuzz_in_batch;
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
        if ((uint32_t)*count > FUZZ_BATCH &&
            (call->argument[list] < (uintptr_t)fuzz_arena || !fuzz_one_in(1024)))
            *count = fuzz_below(FUZZ_BATCH);
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
    fuzz_in_batch = false; /* a trap may have ended the batch before */
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
