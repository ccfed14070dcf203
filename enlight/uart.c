#include "enlight/uart.h"
#include "enlight/ioapic.h"

/* Registers of the serial port, by offset. */
enum { DATA, INTERRUPT_ENABLE, FIFO, LINE, MODEM, LINE_STATUS, MODEM_STATUS, SCRATCH };

#define LINE_DIVISOR    BIT(7) /* offsets 0 and 1 are the divisor */
#define IER_MASK        0xfu
#define IER_RECEIVED    BIT(0)
#define IER_EMPTY       BIT(1)
#define FIFO_ENABLE     BIT(0)
#define IIR_NONE        1u
#define IIR_EMPTY       2u
#define IIR_RECEIVED    4u
#define IIR_FIFO        0xc0u
#define STATUS_RECEIVED BIT(0)
#define STATUS_EMPTY    (BIT(5) | BIT(6))
#define MODEM_MASK      0x1fu
#define MODEM_LOOP      BIT(4)
#define MODEM_READY     0xb0u /* carrier, data set ready, clear to send */

static struct native_console_ring *ring_of(struct partition *p, struct tlfs_serial *serial)
{
    if (!serial->ring)
        serial->ring = tlfs_shared_page(p, NATIVE_CONSOLE_GFN);
    return serial->ring;
}

/* The root's indexes and the guest's: whatever they are, they stay inside the ring. */
static bool has_input(const struct native_console_ring *ring)
{
    return ring && __atomic_load_n(&ring->in_producer, __ATOMIC_ACQUIRE) != ring->in_consumer;
}

static bool has_room(const struct native_console_ring *ring)
{
    return !ring ||
           ring->out_producer - __atomic_load_n(&ring->out_consumer, __ATOMIC_ACQUIRE) <
               NATIVE_RING_OUT_BYTES;
}

static void root_tell(struct partition *p, struct tlfs_serial *serial)
{
    if (serial->has_news)
        (void)op_port_send(p, (u32)op_partition_property(p, NATIVE_CONSOLE_PORT));
    serial->has_news = false;
}

static u8 byte_take(struct partition *p, struct native_console_ring *ring)
{
    u32 consumer;
    u8 byte;

    if (!has_input(ring))
        return 0;
    consumer = ring->in_consumer;
    byte = (u8)ring->in[consumer % NATIVE_RING_IN_BYTES];
    __atomic_store_n(&ring->in_consumer, consumer + 1, __ATOMIC_RELEASE);
    if (!has_input(ring))
        (void)op_port_send(p, (u32)op_partition_property(p, NATIVE_CONSOLE_PORT));
    return byte;
}

static void byte_put(struct tlfs_serial *serial, struct native_console_ring *ring, u8 byte)
{
    u32 producer;

    if (!ring || !has_room(ring))
        return;
    producer = ring->out_producer;
    ring->out[producer % NATIVE_RING_OUT_BYTES] = (char)byte;
    __atomic_store_n(&ring->out_producer, producer + 1, __ATOMIC_RELEASE);
    serial->has_news = true;
}

static u8 interrupt_read(const struct tlfs_serial *serial,
                         const struct native_console_ring *ring)
{
    u8 fifo = serial->fifo & FIFO_ENABLE ? IIR_FIFO : 0;

    if ((serial->interrupt_enable & IER_RECEIVED) && has_input(ring))
        return fifo | IIR_RECEIVED;
    if ((serial->interrupt_enable & IER_EMPTY) && has_room(ring))
        return fifo | IIR_EMPTY;
    return fifo | IIR_NONE;
}

/* Whoever looks at the line's state has written what there is for now. */
static u8 line_status(struct partition *p, struct tlfs_serial *serial,
                      const struct native_console_ring *ring)
{
    root_tell(p, serial);
    return (u8)((has_input(ring) ? STATUS_RECEIVED : 0) | (has_room(ring) ? STATUS_EMPTY : 0));
}

/* In a loop the outputs are the inputs: RTS CTS, DTR DSR, OUT1 RI, OUT2 DCD. */
static u8 modem_status(const struct tlfs_serial *serial)
{
    u8 out = serial->modem;

    if (!(out & MODEM_LOOP))
        return MODEM_READY;
    return (u8)((out & 2) << 3 | (out & 1) << 5 | (out & 0xc) << 4);
}

u8 uart_read(struct partition *p, struct tlfs_domain *domain, u32 reg)
{
    struct tlfs_serial *serial = &domain->serial;
    struct native_console_ring *ring = ring_of(p, serial);

    if (reg <= INTERRUPT_ENABLE && (serial->line & LINE_DIVISOR))
        return serial->divisor[reg];
    switch (reg) {
    case DATA:
        return byte_take(p, ring);
    case INTERRUPT_ENABLE:
        return serial->interrupt_enable;
    case FIFO:
        return interrupt_read(serial, ring);
    case LINE:
        return serial->line;
    case MODEM:
        return serial->modem;
    case LINE_STATUS:
        return line_status(p, serial, ring);
    case MODEM_STATUS:
        return modem_status(serial);
    default:
        return serial->scratch;
    }
}

void uart_write(struct partition *p, struct tlfs_domain *domain, u32 reg, u8 value)
{
    struct tlfs_serial *serial = &domain->serial;

    if (reg <= INTERRUPT_ENABLE && (serial->line & LINE_DIVISOR)) {
        serial->divisor[reg] = value;
        return;
    }
    switch (reg) {
    case DATA:
        byte_put(serial, ring_of(p, serial), value);
        if (value == '\n')
            root_tell(p, serial);
        break;
    case INTERRUPT_ENABLE:
        serial->interrupt_enable = value & IER_MASK;
        uart_event(p, domain);
        break;
    case FIFO:
        serial->fifo = value;
        break;
    case LINE:
        serial->line = value;
        break;
    case MODEM:
        serial->modem = value & MODEM_MASK;
        break;
    case SCRATCH:
        serial->scratch = value;
        break;
    default:
        break;
    }
}

/* The driver asks for the cause until there is none: an edge at each news is enough. */
void uart_event(struct partition *p, struct tlfs_domain *domain)
{
    const struct native_console_ring *ring = ring_of(p, &domain->serial);

    if (!(interrupt_read(&domain->serial, ring) & IIR_NONE))
        ioapic_pulse(p, &domain->ioapic, NATIVE_PIN_SERIAL);
}
