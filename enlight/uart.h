/* A 16550A serial port on the console ring; its interrupt is pin 4 of the I/O APIC. */
#ifndef ENLIGHT_UART_H
#define ENLIGHT_UART_H

#include "enlight/state.h"

u8 uart_read(struct partition *p, struct tlfs_domain *domain, u32 reg);
void uart_write(struct partition *p, struct tlfs_domain *domain, u32 reg, u8 value);
/* The root has put bytes in or taken some out. */
void uart_event(struct partition *p, struct tlfs_domain *domain);

#endif
