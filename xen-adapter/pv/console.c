/* Output and the end: console ring if L0 gave one, CONSOLEIO_write, serial port without Xen. */
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/early_insn.h"
#include "xen-adapter/pv/insn.h"
#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/shim.h"

#define SERIAL_PORT   0x3f8u
#define RING_PATIENCE BIT(32) /* TSC ticks, seconds, that a full ring waits for its reader */

static void ring_kick(void)
{
    struct xen_evtchn_send send = {.port = shim.domain.console_port};

    (void)l0_call(XENNR_event_channel_op, XENOP_event_channel_op_send, (u64)&send, 0, 0, 0);
}

static bool ring_is_full(const struct xen_console_ring *ring)
{
    u32 consumer = __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);

    return ring->out_prod - consumer >= XEN_CONSOLE_OUT_SIZE;
}

/*
 * Waits for room; false when nobody reads. Counted in time, for a yield may last long among
 * busy guests, and over all messages: a guest that took its console away still ends with its
 * last one.
 */
static bool ring_wait(const struct xen_console_ring *ring)
{
    static u64 full_since; /* 0: there was room */

    while (ring_is_full(ring)) {
        if (full_since == 0)
            full_since = insn_rdtsc();
        if (insn_rdtsc() - full_since > RING_PATIENCE)
            return false;
        ring_kick();
        (void)l0_call(XENNR_sched_op, XENOP_sched_op_yield, 0, 0, 0, 0);
    }
    full_since = 0;
    return true;
}

static void ring_write(const char *text, size_t bytes)
{
    struct xen_console_ring *ring = mfn_to_virt(shim.domain.console_mfn);

    for (size_t i = 0; i < bytes && ring_wait(ring); i++) {
        u32 producer = ring->out_prod;

        ring->out[producer % XEN_CONSOLE_OUT_SIZE] = text[i];
        __atomic_store_n(&ring->out_prod, producer + 1, __ATOMIC_RELEASE);
    }
    ring_kick();
}

static void serial_write(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        early_out8(SERIAL_PORT, (u8)text[i]);
}

static void text_write(const char *text, size_t bytes)
{
    if (shim.xen_leaf == 0)
        serial_write(text, bytes);
    else if (shim.domain.console_mfn.raw != 0)
        ring_write(text, bytes);
    else
        (void)l0_call(XENNR_console_io, XENOP_console_io_consoleio_write, bytes, (u64)text, 0,
                      0);
}

/* Static: a message may come from a small stack, and there is one writer. */
static char line[512];

static void line_print(const char *text, va_list arguments)
{
    char *to = line;

    /* a terminal behind a ring needs the carriage return */
    for (size_t bytes = format_list(line, sizeof(line) - 2, text, arguments); bytes > 0;
         bytes--)
        if (*to++ == '\n' && bytes == 1) {
            to[-1] = '\r';
            *to++ = '\n';
        }
    text_write(line, (size_t)(to - line));
}

void shim_print(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    line_print(text, arguments);
    va_end(arguments);
}

void shim_time_print(const char *what)
{
    if (string_has_word(start.own_cmdline, "times"))
        shim_print("pvshim: %s at tsc %lu\n", what, insn_rdtsc());
}

void shim_end(u32 reason)
{
    struct xen_sched_shutdown shutdown = {.reason = reason};

    (void)l0_call(XENNR_sched_op, XENOP_sched_op_shutdown, (u64)&shutdown, 0, 0, 0);
    if (shim.xen_leaf == 0 && reason == XEN_SHUTDOWN_CRASH)
        early_shutdown();
    for (;;)
        early_halt();
}

void shim_fail(const char *text, ...)
{
    va_list arguments;

    shim_print("pvshim: ");
    va_start(arguments, text);
    line_print(text, arguments);
    va_end(arguments);
    shim_print("\n");
    shim_end(XEN_SHUTDOWN_CRASH);
}

/* hv/lib's own lines come here. */
void print(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    line_print(text, arguments);
    va_end(arguments);
}

void panic(const char *text, ...)
{
    va_list arguments;

    shim_print("pvshim: panic: ");
    va_start(arguments, text);
    line_print(text, arguments);
    va_end(arguments);
    shim_print("\n");
    shim_end(XEN_SHUTDOWN_CRASH);
}
