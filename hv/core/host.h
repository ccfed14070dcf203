/* What the native interface may use of the machine itself: clock, serial lines, power,
 * addresses, interrupts. */
#ifndef HV_CORE_HOST_H
#define HV_CORE_HOST_H

#include "hv/cpu/console.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/pci.h"
#include "hv/cpu/power.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/rtc.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/tsc.h"

#endif
