/* What print() has said: the last 16 KiB of it. */
#ifndef HV_CPU_CONSOLE_H
#define HV_CPU_CONSOLE_H

#include "hv/lib/types.h"

/* Copies what follows byte *from of all that was ever said, or what is nearest to it; *from is
 * where to go on, at most the end. */
size_t console_log_read(u64 *from, char *out, size_t room);

#endif
