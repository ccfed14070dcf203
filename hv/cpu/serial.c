#include "hv/cpu/serial.h"
#include "hv/cpu/insn.h"

#define SERIAL_BASE 0x3f8u

enum serial_register {
    SERIAL_DATA = 0,
    SERIAL_INTERRUPT_ENABLE = 1,
    SERIAL_FIFO = 2,
    SERIAL_LINE_CONTROL = 3,
    SERIAL_MODEM_CONTROL = 4,
    SERIAL_LINE_STATUS = 5
};

enum { LINE_DATA_READY = 0x01, LINE_CAN_SEND = 0x20, SEND_POLLS = 1000000 };

static void serial_set(enum serial_register offset, u8 value)
{
    insn_out8((u16)(SERIAL_BASE + (u32)offset), value);
}

static u8 serial_get(enum serial_register offset)
{
    return insn_in8((u16)(SERIAL_BASE + (u32)offset));
}

void serial_init(void)
{
    serial_set(SERIAL_INTERRUPT_ENABLE, 0);
    serial_set(SERIAL_LINE_CONTROL, 0x80); /* divisor access */
    serial_set(SERIAL_DATA, 1);            /* 115200 baud */
    serial_set(SERIAL_INTERRUPT_ENABLE, 0);
    serial_set(SERIAL_LINE_CONTROL, 0x03);  /* 8 bits, no parity, one stop bit */
    serial_set(SERIAL_FIFO, 0x07);          /* on, cleared, trigger at one byte */
    serial_set(SERIAL_MODEM_CONTROL, 0x0b); /* DTR, RTS, interrupt line driven */
}

void serial_interrupt_enable(void)
{
    serial_set(SERIAL_INTERRUPT_ENABLE, 0x01);
}

void serial_write(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (u32 polls = 0; polls < SEND_POLLS; polls++)
            if (serial_get(SERIAL_LINE_STATUS) & LINE_CAN_SEND)
                break;
        serial_set(SERIAL_DATA, (u8)bytes[i]);
    }
}

bool serial_read(u8 *byte)
{
    u8 line = serial_get(SERIAL_LINE_STATUS);

    if (line == 0xff || !(line & LINE_DATA_READY))
        return false;
    *byte = serial_get(SERIAL_DATA);
    return true;
}
