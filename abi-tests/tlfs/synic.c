/* Interrupts: to itself by a call, timers by message and direct, EOI in all its ways. */
#include "abi-tests/tlfs/tlfs.h"

#define VECTOR 0x60
#define MS     10000ull
#define SINT   4u

struct message {
    uint32_t type;
    uint8_t bytes, flags, reserved[2];
    uint64_t origin;
    uint32_t timer, zero;
    uint64_t expiration, delivery;
};

static volatile struct message *slot;

static void begin(uint64_t source)
{
    uint8_t *page = tlfs_page(0);

    tlfs_begin();
    tlfs_interrupts_begin(VECTOR);
    msr_write(T_MSR_SCONTROL, 1);
    msr_write(T_MSR_SIMP, (uintptr_t)page | 1);
    memset(page, 0, KIT_PAGE);
    msr_write(T_MSR_SINT0 + SINT, VECTOR | source);
    slot = (volatile struct message *)(volatile void *)(page + SINT * T_MESSAGE_BYTES);
}

static void end(void)
{
    msr_write(T_MSR_STIMER0_CONFIG, 0);
    msr_write(T_MSR_SINT0 + SINT, T_SINT_MASKED);
    msr_write(T_MSR_SIMP, 0);
    msr_write(T_MSR_SCONTROL, 0);
}

static uint64_t now(void)
{
    return msr_read(T_MSR_TIME_REF_COUNT);
}

TEST(ipi_self, "ipi-self", TEST_HYPERV)
{
    begin(0);
    expect_number("call.SendSyntheticClusterIpi", "itself",
                  (long)tlfs_call(T_FAST | T_IPI, VECTOR, 1), T_SUCCESS);
    expect_number("call.SendSyntheticClusterIpi", "arrives", tlfs_wait(100 * MS), 1);
    expect_number("call.SendSyntheticClusterIpi", "vector 15",
                  (long)tlfs_call(T_FAST | T_IPI, 15, 1), T_INVALID_PARAMETER);
    expect_number("call.SendSyntheticClusterIpi", "nobody there",
                  (long)tlfs_call(T_FAST | T_IPI, VECTOR, 1ull << 63), T_SUCCESS);
    msr_write(T_MSR_ICR, 1u << 18 | VECTOR); /* shorthand: self */
    expect_number("msr.ICR", "itself", tlfs_wait(100 * MS), 2);
    end();
}

TEST(timer_message, "timer-message", TEST_HYPERV)
{
    uint64_t due;

    begin(0);
    due = now() + 5 * MS;
    msr_write(T_MSR_STIMER0_CONFIG, T_TIMER_SINT(SINT) | T_TIMER_AUTO_ENABLE);
    msr_write(T_MSR_STIMER0_COUNT, due);
    expect_number("stimer", "one interrupt", tlfs_wait(1000 * MS), 1);
    expect_true("stimer", "type of the message", slot->type == T_TIMER_EXPIRED);
    expect_number("stimer", "bytes", slot->bytes, 24);
    expect_number("stimer", "timer", (long)slot->timer, 0);
    expect_true("stimer", "expiration as asked for", slot->expiration == due);
    expect_true("stimer", "delivered later", slot->delivery >= due && slot->delivery <= now());
    expect_true("stimer", "off again", !(msr_read(T_MSR_STIMER0_CONFIG) & T_TIMER_ENABLE));

    /* The slot is taken: the next message waits until the guest says it is free. */
    msr_write(T_MSR_STIMER0_COUNT, now() + MS);
    expect_number("stimer", "slot taken, no interrupt", tlfs_wait(20 * MS), 1);
    expect_number("synic", "pending flag", slot->flags, 1);
    slot->type = 0;
    msr_write(T_MSR_EOM, 0);
    expect_number("synic", "interrupt after EOM", tlfs_wait(1000 * MS), 2);
    end();
}

TEST(timer_direct, "timer-direct", TEST_HYPERV)
{
    uint64_t begun;
    uint32_t beats;

    begin(0);
    msr_write(T_MSR_STIMER0_CONFIG, T_TIMER_DIRECT | T_TIMER_VECTOR(VECTOR) | T_TIMER_ENABLE);
    msr_write(T_MSR_STIMER0_COUNT, now() - 1);
    expect_number("stimer", "direct, in the past", tlfs_wait(1000 * MS), 1);
    begun = now();
    msr_write(T_MSR_STIMER0_CONFIG,
              T_TIMER_DIRECT | T_TIMER_VECTOR(VECTOR) | T_TIMER_ENABLE | T_TIMER_PERIODIC);
    msr_write(T_MSR_STIMER0_COUNT, 2 * MS);
    for (beats = 0; beats < 10; beats++)
        tlfs_wait(1000 * MS);
    expect_true("stimer", "ten periods take their time", now() - begun >= 20 * MS);
    expect_true("stimer", "periodic stays on", msr_read(T_MSR_STIMER0_CONFIG) & T_TIMER_ENABLE);
    msr_write(T_MSR_STIMER0_COUNT, 0);
    expect_true("stimer", "count 0 turns it off",
                !(msr_read(T_MSR_STIMER0_CONFIG) & T_TIMER_ENABLE));
    end();
}

TEST(timer_refusals, "timer-refusals", TEST_HYPERV)
{
    begin(0);
    msr_write(T_MSR_STIMER0_CONFIG, T_TIMER_ENABLE);
    expect_true("stimer", "source 0 cannot be enabled",
                !(msr_read(T_MSR_STIMER0_CONFIG) & T_TIMER_ENABLE));
    msr_write(T_MSR_STIMER0_COUNT, now() + 1);
    expect_number("stimer", "silent", tlfs_wait(10 * MS), 0);
    end();
}

/* Without an EOI a second interrupt of the class comes only when the controller ended the first
 * by itself. */
static void twice(const char *what, bool second)
{
    tlfs_leaves_eoi_out = true;
    tlfs_call(T_FAST | T_IPI, VECTOR, 1);
    tlfs_wait(100 * MS);
    tlfs_call(T_FAST | T_IPI, VECTOR, 1);
    expect_number("synic", what, tlfs_wait(20 * MS), second ? 2 : 1);
    tlfs_leaves_eoi_out = false;
    msr_write(T_MSR_EOI, 0);
    tlfs_wait(20 * MS);
}

TEST(eoi, "eoi", TEST_HYPERV)
{
    volatile uint32_t *assist = (volatile uint32_t *)(volatile void *)tlfs_page(2);

    begin(0);
    twice("no EOI", false);
    begin(T_SINT_AUTO_EOI);
    twice("automatic EOI", true);
    msr_write(T_MSR_EOI, 0);

    begin(0);
    msr_write(T_MSR_VP_ASSIST_PAGE, (uintptr_t)assist | 1);
    tlfs_leaves_eoi_out = true;
    tlfs_call(T_FAST | T_IPI, VECTOR, 1);
    tlfs_wait(100 * MS);
    expect_number("msr.VP_ASSIST_PAGE", "no EOI required", *assist & 1, 1);
    *assist = 0;
    tlfs_call(T_FAST | T_IPI, VECTOR, 1);
    expect_number("msr.VP_ASSIST_PAGE", "the next one comes", tlfs_wait(100 * MS), 2);
    tlfs_leaves_eoi_out = false;
    *assist = 0;
    msr_write(T_MSR_VP_ASSIST_PAGE, 0);
    end();
}
