/* Calls about what the hypervisor keeps: events, vCPUs, grants, parameters, console. */
#include "abi-tests/fuzz/guest/call.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

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

void fuzz_event_make(struct fuzz_call *call)
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
        call->argument[1] = fuzz_put(words, sizeof(words));
    }
}

void fuzz_event_compat_make(struct fuzz_call *call)
{
    uint32_t words[8];

    for (unsigned i = 0; i < 8; i++)
        words[i] = fuzz_one_in(4) ? (uint32_t)fuzz_value() : fuzz_port();
    words[0] = fuzz_below(11);
    if (words[0] == G_EVTCHNOP_reset)
        words[0] = G_EVTCHNOP_status;
    call->argument[0] = fuzz_put(words, sizeof(words));
}

void fuzz_vcpu_make(struct fuzz_call *call)
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
        call->argument[2] = fuzz_put(words, sizeof(words));
    }
}

/* Nobody but the guest itself could end a wait without a limit. */
void fuzz_sched_make(struct fuzz_call *call)
{
    uint32_t ports[FUZZ_BATCH];
    struct g_sched_poll poll = {.nr_ports = fuzz_below(FUZZ_BATCH),
                                .timeout = 1 + fuzz_below(99)};
    uint32_t sub = fuzz_one_in(16) ? (uint32_t)fuzz_value() : fuzz_below(9);

    for (unsigned i = 0; i < FUZZ_BATCH; i++)
        ports[i] = fuzz_port();
    if (fuzz_one_in(16))
        poll.nr_ports = (uint32_t)fuzz_value();
    poll.ports = fuzz_put(ports, sizeof(ports));
    call->argument[0] = sub;
    call->argument[1] = fuzz_words_put((uint32_t)fuzz_value());
    if (sub == G_SCHEDOP_poll)
        call->argument[1] = fuzz_place(&poll, sizeof(poll), FUZZ_EXACT);
}

/*
 * A copy by frame number is the guest's right, whatever it hits: the number of a grant must
 * not pass for a frame, and a PV guest's first frames hold its code.
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

void fuzz_grant_make(struct fuzz_call *call)
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
        words[0] = kit_kind == KIT_PV && fuzz_one_in(2) ? fuzz_entry_address()
                                                        : fuzz_pointer() & ~4095ull;
        halves[2] = fuzz_one_in(4) ? halves[2] : 2u | fuzz_below(64);
        halves[3] = fuzz_below(40);
        halves[4] = fuzz_domid();
    } else if (sub == 1 || sub == 7) { /* host_addr, dev_bus_addr or new_addr, handle */
        words[0] = fuzz_pointer() & ~4095ull;
        words[1] = fuzz_one_in(2) ? 0 : words[1];
        halves[4] = fuzz_below(16);
    } else if (sub == 2) { /* dom, nr_frames, status, frame_list */
        halves[0] = fuzz_domid();
        halves[1] = fuzz_count();
        words[2] = fuzz_frames_put(FUZZ_BATCH, 0);
    } else {
        halves[0] = fuzz_one_in(2) ? fuzz_domid() : fuzz_below(4);
    }
    call->argument[0] = sub;
    call->argument[1] = sub == 5 ? copy_make() : fuzz_put(&in, sizeof(in));
    call->argument[2] = fuzz_one_in(8) ? fuzz_value() : 1;
}

void fuzz_hvm_make(struct fuzz_call *call)
{
    struct g_hvm_param in = {
        .domid = fuzz_domid(), .index = fuzz_below(42), .value = fuzz_value()};
    uint32_t sub = fuzz_one_in(8) ? (uint32_t)fuzz_value() : fuzz_below(27);

    call->argument[0] = sub;
    call->argument[1] =
        sub < 2 ? fuzz_put(&in, sizeof(in)) : fuzz_words_put((uint32_t)fuzz_value());
}

void fuzz_version_make(struct fuzz_call *call)
{
    call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(12);
    call->argument[1] = fuzz_words_put(fuzz_below(4));
}

void fuzz_console_make(struct fuzz_call *call)
{
    call->argument[0] = fuzz_one_in(8) ? fuzz_value() : fuzz_below(3);
    call->argument[1] = fuzz_one_in(2) ? fuzz_below(4) : fuzz_value() | 0x80000000ull;
    call->argument[2] = fuzz_pointer();
}
