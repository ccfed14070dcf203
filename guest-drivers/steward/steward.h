/* What the parts of the steward share: boot modules, guests, options. */
#ifndef GUEST_DRIVERS_STEWARD_STEWARD_H
#define GUEST_DRIVERS_STEWARD_STEWARD_H

#include "guest-drivers/steward/manifest.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/abi/xen.h"

/* A boot module: its command line is "<role> [title]". */
struct module {
    struct text role;
    struct text title;
    const u8 *bytes;
    u64 size;
};
#define MODULES_MAX 64

enum guest_state {
    GUEST_DEFINED, /* in its manifest only: autostart = 0 */
    GUEST_WAITS,   /* to be made, now or again */
    GUEST_LIVES,
    GUEST_ENDED,
};

#define SHIM_LINE_MAX 240
#define LINE_MAX      1024

struct guest {
    struct config *config;
    u32 index;
    enum guest_state state;
    const struct module *kernel;
    const struct module *ramdisk; /* NULL: none */
    char name[CONFIG_NAME_MAX + 1];

    /* While it lives. */
    u32 partition;
    u64 began_ns;
    bool is_paused;        /* by a command */
    u32 vcpus;             /* it was told to use */
    u64 target_kib;        /* what its balloon aims at */
    const u64 *shim_calls; /* PV: its shim's counters by hypercall number; NULL: none */
    struct xen_console_ring *console;
    u32 console_port; /* ours */
    u32 console_remote_port;
    struct xen_store_ring *store; /* NULL: without xenstore */
    u32 store_port;
    u32 store_remote_port;
    struct native_firmware *firmware; /* NULL: it starts without */
    u32 firmware_port;
    bool is_console_broken;
    u32 warnings; /* about what it did to its devices */

    /* The unfinished line of its output, and the last one the shim said. */
    char line[LINE_MAX];
    u32 line_used;
    char shim_line[SHIM_LINE_MAX];

    u32 short_lives;
    bool has_failed; /* some life did not end by power-off */
};

struct steward {
    struct module module[MODULES_MAX];
    u32 module_count;
    const struct module *shim;
    struct manifest manifest;
    struct guest guest[MANIFEST_GUESTS_MAX];
    u32 guest_count;
    bool is_interactive; /* a person is at the serial line */
    bool wants_times;    /* shims say when they reached what */
    bool is_verbose;
    u32 rounds; /* the guests are all made so many times, one round after the other */
    u32 input_port;
    u32 ended_port;
    u32 device_port;
    bool stays;           /* without guests too, until the command poweroff */
    bool wants_power_off; /* it was given */
};

/* The one steward. */
extern struct steward steward;

/* NULL when there is none. */
const struct module *module_find(const char *role, struct text title);

u64 clock_ns(void);
/* The same to a millisecond or so; costs no call. */
u64 clock_coarse_ns(void);

#endif
