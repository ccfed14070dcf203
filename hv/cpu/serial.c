#include "hv/cpu/serial.h"
#include "hv/cpu/insn.h"

static const u16 serial_base[SERIAL_LINES] = {0x3f8, 0x2f8};

enum serial_register {
    SERIAL_DATA = 0,
    SERIAL_INTERRUPT_ENABLE = 1,
    SERIAL_FIFO = 2,
    SERIAL_LINE_CONTROL = 3,
    SERIAL_MODEM_CONTROL = 4,
    SERIAL_LINE_STATUS = 5
};

enum { LINE_DATA_READY = 0x01, LINE_CAN_SEND = 0x20, SEND_POLLS = 1000000 };

static void serial_set(enum serial_line line, enum serial_register offset, u8 value)
{
    insn_out8((u16)(serial_base[line] + (u32)offset), value);
}

static u8 serial_get(enum serial_line line, enum serial_register offset)
{
    return insn_in8((u16)(serial_base[line] + (u32)offset));
}

static void line_init(enum serial_line line)
{
    serial_set(line, SERIAL_INTERRUPT_ENABLE, 0);
    serial_set(line, SERIAL_LINE_CONTROL, 0x80); /* divisor access */
    serial_set(line, SERIAL_DATA, 1);            /* 115200 baud */
    serial_set(line, SERIAL_INTERRUPT_ENABLE, 0);
    serial_set(line, SERIAL_LINE_CONTROL, 0x03);  /* 8 bits, no parity, one stop bit */
    serial_set(line, SERIAL_FIFO, 0x07);          /* on, cleared, trigger at one byte */
    serial_set(line, SERIAL_MODEM_CONTROL, 0x0b); /* DTR, RTS, interrupt line driven */
}

void serial_init(void)
{
    line_init(SERIAL_CONSOLE);
    line_init(SERIAL_CONTROL);
}

void serial_interrupt_enable(void)
{
    serial_set(SERIAL_CONSOLE, SERIAL_INTERRUPT_ENABLE, 0x01);
    serial_set(SERIAL_CONTROL, SERIAL_INTERRUPT_ENABLE, 0x01);
}

void serial_write(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (u32 polls = 0; polls < SEND_POLLS; polls++)
            if (serial_get(SERIAL_CONSOLE, SERIAL_LINE_STATUS) & LINE_CAN_SEND)
                break;
        serial_set(SERIAL_CONSOLE, SERIAL_DATA, (u8)bytes[i]);
    }
}

size_t serial_send(const char *bytes, size_t count)
{
    size_t sent = 0;

    while (sent < count && serial_get(SERIAL_CONTROL, SERIAL_LINE_STATUS) & LINE_CAN_SEND)
        serial_set(SERIAL_CONTROL, SERIAL_DATA, (u8)bytes[sent++]);
    return sent;
}

bool serial_read(enum serial_line line, u8 *byte)
{
    u8 status = serial_get(line, SERIAL_LINE_STATUS);

    if (status == 0xff || !(status & LINE_DATA_READY))
        return false;
    *byte = serial_get(line, SERIAL_DATA);
    return true;
}
