/*
 * The start of an enlightened Windows guest, step by step, as documented: discovery and
 * identity [TLFS 2.3 to 2.6, "Requirements for Implementing the Microsoft Hypervisor
 * Interface"], the hypercall page [3.13], processors and their pages [7.8, 10.3], time [12],
 * SynIC [11], VMBus
 * [<linux/hyperv.h>], and back to where it began, as before a crash dump or hibernation. It is
 * done twice: the loader hands over to a kernel that begins anew. No Windows image ran here.
 */
#include "abi-tests/tlfs/tlfs.h"
#include "abi-tests/tlfs/vmbus.h"

#define ROW      "boot profile"
#define VECTOR   0x52
#define MS       10000ull
#define SECOND   10000000ull
#define VERSION6 (6u << 16) /* newer than any that is served */

/* The first three are the places of vmbus.c. */
enum { MESSAGES, FLAGS, POST, CODE_PAGE, CLOCK, ASSIST, PAGES };

struct clock {
    uint32_t sequence, reserved;
    uint64_t scale;
    int64_t offset;
};

static uint64_t page_of(unsigned index)
{
    return (uintptr_t)tlfs_arena(index);
}

/* One fixed set, no bit more and none less: another set is another version. */
static void discover(void)
{
    struct tlfs_leaf features = tlfs_leaf(T_CPUID_FEATURES);

    expect_true(ROW, "hypervisor, its leaves, its interface",
                tlfs_leaf(1).ecx >> 31 && tlfs_leaf(T_CPUID_VENDOR).eax >= T_CPUID_LIMITS &&
                    tlfs_leaf(T_CPUID_INTERFACE).eax == T_INTERFACE);
    expect_true(ROW, "privileges of windows 1", features.eax == T_PROFILE_1_PRIVILEGES_LOW);
    expect_true(ROW, "privileges of windows 1, high",
                features.ebx == T_PROFILE_1_PRIVILEGES_HIGH);
    expect_true(ROW, "features of windows 1", features.edx == T_PROFILE_1_FEATURES);
    expect_true(ROW, "advice of windows 1",
                tlfs_leaf(T_CPUID_ADVICE).eax == T_PROFILE_1_ADVICE);
}

/* The identity first: the page is not enabled without one. Its place is the guest's choice. */
static void interface_establish(uint64_t identity)
{
    uint64_t was = msr_read(T_MSR_HYPERCALL);

    msr_write(T_MSR_GUEST_OS_ID, identity);
    expect_true(ROW, "identity", msr_read(T_MSR_GUEST_OS_ID) == identity);
    expect_true(ROW, "no page yet, not locked", (was & 3) == 0);
    msr_write(T_MSR_HYPERCALL, (was & 0xffe) | page_of(CODE_PAGE) | 1);
    expect_true(ROW, "page where it was asked for",
                msr_read(T_MSR_HYPERCALL) == (page_of(CODE_PAGE) | 1));
    expect_true(ROW, "page has code", *(volatile uint32_t *)page_of(CODE_PAGE) != 0);
    tlfs_call_page = page_of(CODE_PAGE);
    expect_number(ROW, "first call", (long)tlfs_call(T_FAST | T_SPIN_WAIT, 1, 0), T_SUCCESS);
}

static void processor_begin(void)
{
    volatile uint32_t *assist = (volatile uint32_t *)page_of(ASSIST);

    expect_number(ROW, "index of the first processor", (long)msr_read(T_MSR_VP_INDEX), 0);
    msr_write(T_MSR_VP_ASSIST_PAGE, (uintptr_t)assist | 1);
    expect_true(ROW, "assist page", msr_read(T_MSR_VP_ASSIST_PAGE) == ((uintptr_t)assist | 1));
    tlfs_interrupts_begin(VECTOR);
    msr_write(T_MSR_TPR, 0xf0); /* HIGH_LEVEL, then PASSIVE_LEVEL */
    msr_write(T_MSR_ICR, 1u << 18 | VECTOR);
    expect_number(ROW, "held back by the task priority", tlfs_wait(5 * MS), 0);
    msr_write(T_MSR_TPR, 0);
    expect_number(ROW, "comes when that is lowered", tlfs_wait(SECOND), 1);
}

static void time_begin(void)
{
    const volatile struct clock *clock = (const volatile struct clock *)page_of(CLOCK);
    uint64_t before, between, after;

    expect_true(ROW, "frequencies",
                msr_read(T_MSR_TSC_FREQUENCY) && msr_read(T_MSR_APIC_FREQUENCY));
    msr_write(T_MSR_REFERENCE_TSC, page_of(CLOCK) | 1);
    expect_true(ROW, "clock page counts", clock->sequence != 0);
    before = msr_read(T_MSR_TIME_REF_COUNT);
    between =
        (uint64_t)((unsigned __int128)kit_tsc() * clock->scale >> 64) + (uint64_t)clock->offset;
    after = msr_read(T_MSR_TIME_REF_COUNT);
    expect_true(ROW, "clock page agrees", before <= between && between <= after);
}

static void synic_begin(void)
{
    msr_write(T_MSR_SIMP, page_of(MESSAGES) | 1);
    msr_write(T_MSR_SIEFP, page_of(FLAGS) | 1);
    msr_write(T_MSR_SINT0 + B_SINT, VECTOR);
    msr_write(T_MSR_SCONTROL, 1);
    expect_true(ROW, "SynIC",
                msr_read(T_MSR_SVERSION) == 1 && msr_read(T_MSR_SCONTROL) == 1 &&
                    msr_read(T_MSR_SINT0 + B_SINT) == VECTOR);
    tlfs_interrupts = 0;
    msr_write(T_MSR_STIMER0_CONFIG,
              T_TIMER_DIRECT | T_TIMER_VECTOR(VECTOR) | T_TIMER_AUTO_ENABLE);
    msr_write(T_MSR_STIMER0_COUNT, msr_read(T_MSR_TIME_REF_COUNT) + 5 * MS);
    expect_number(ROW, "clock interrupt", tlfs_wait(SECOND), 1);
}

/* ---- VMBus ------------------------------------------------------------------------------- */

static bool contact(uint32_t version)
{
    struct b_message message = {.type = B_CONTACT,
                                .contact = {.version = version, .sint = B_SINT}};

    return vmbus_post(&message, 8 + sizeof(message.contact)) == T_SUCCESS &&
           vmbus_await(B_VERSION_RESPONSE, &message) && message.version.is_supported == 1;
}

/* The newest version first, until one is agreed to; then what there is; then the end. */
static void vmbus_walk(void)
{
    struct b_message message = {.type = B_REQUEST_OFFERS};
    uint32_t offers = 0;

    vmbus_patience = 5 * SECOND;
    if (vmbus_post(&message, 8) == T_INVALID_CONNECTION) {
        test_skip("no VMBus here");
        return;
    }
    expect_true(ROW, "VMBus 6.0 is not agreed to", !contact(VERSION6));
    expect_true(ROW, "VMBus 5.3 is", contact(B_VERSION_5_3));
    message = (struct b_message){.type = B_REQUEST_OFFERS};
    vmbus_post(&message, 8);
    while (vmbus_take(&message, vmbus_patience) && message.type != B_ALL_OFFERS)
        offers++;
    expect_true(ROW, "VMBus: all offers", message.type == B_ALL_OFFERS);
    expect_true(ROW, "VMBus: some", offers > 0);
    message = (struct b_message){.type = B_UNLOAD};
    vmbus_post(&message, 8);
    expect_true(ROW, "VMBus: unloaded", vmbus_await(B_UNLOAD_RESPONSE, &message));
}

/* ---- and back ---------------------------------------------------------------------------- */

static void all_end(void)
{
    static const uint32_t pages[] = {T_MSR_SIEFP, T_MSR_SIMP, T_MSR_REFERENCE_TSC,
                                     T_MSR_VP_ASSIST_PAGE};
    bool is_off = true;

    msr_write(T_MSR_STIMER0_CONFIG, 0);
    msr_write(T_MSR_SINT0 + B_SINT, T_SINT_MASKED | VECTOR);
    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        msr_write(pages[i], 0);
        is_off = is_off && !(msr_read(pages[i]) & 1);
    }
    msr_write(T_MSR_SCONTROL, 0);
    expect_true(ROW, "pages are off", is_off && msr_read(T_MSR_SCONTROL) == 0);
    msr_write(T_MSR_HYPERCALL, 0);
    msr_write(T_MSR_GUEST_OS_ID, 0);
    expect_true(ROW, "nothing is left", msr_read(T_MSR_HYPERCALL) == 0);
}

static void walk(uint64_t identity)
{
    for (unsigned i = 0; i < PAGES; i++)
        tlfs_page(i);
    discover();
    interface_establish(identity);
    processor_begin();
    time_begin();
    synic_begin();
    vmbus_walk();
    all_end();
}

TEST(boot_profile, "boot-profile", TEST_HYPERV)
{
    walk(T_IDENTITY_WINDOWS);
    walk(T_IDENTITY_WINDOWS | 1u << 16); /* another service pack: the kernel's own word */
    tlfs_begin();
}
