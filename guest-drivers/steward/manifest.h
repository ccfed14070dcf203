/*
 * Manifests: guests described in the syntax of xl.cfg. One file may hold several guests; each
 * `name =` after the first begins the next one. Mistakes are reported as
 *     entente: error: FILE:LINE: what; the fix
 * once for a guest, which is then refused; the other guests of the file are not touched.
 *
 * Pure: texts point into the bytes given, which must stay. Lines go out through print().
 */
#ifndef GUEST_DRIVERS_STEWARD_MANIFEST_H
#define GUEST_DRIVERS_STEWARD_MANIFEST_H

#include "hv/lib/types.h"

#define MANIFEST_GUESTS_MAX   32
#define MANIFEST_WARNED_WORDS 3
#define CONFIG_NAME_MAX       63

struct text {
    const char *at;
    u64 length;
};

/* As %.*s takes it: no more of it than a message shows. */
#define TEXT_SHOWN 100
#define SHOW(text) (int)MIN((text).length, (u64)TEXT_SHOWN), (text).at

bool text_is(struct text text, const char *word);
bool text_equal(struct text a, struct text b);

enum config_type { CONFIG_PV, CONFIG_PVH, CONFIG_HYPERV };
const char *config_type_name(enum config_type type);

enum config_action {
    ACTION_DESTROY,
    ACTION_RESTART,
    ACTION_PRESERVE,
    ACTION_RENAME_RESTART,
};

enum config_key {
    KEY_NAME,
    KEY_TYPE,
    KEY_KERNEL,
    KEY_RAMDISK,
    KEY_CMDLINE,
    KEY_ROOT,
    KEY_EXTRA,
    KEY_BOOTLOADER,
    KEY_FIRMWARE,
    KEY_MEMORY,
    KEY_MAXMEM,
    KEY_VCPUS,
    KEY_MAXVCPUS,
    KEY_CPU_WEIGHT,
    KEY_CAP,
    KEY_VIRIDIAN,
    KEY_TSC_INVARIANT,
    KEY_AUTOSTART,
    KEY_ON_POWEROFF,
    KEY_ON_REBOOT,
    KEY_ON_CRASH,
    KEY_ON_WATCHDOG,
    KEY_ON_SOFT_RESET,
    KEY_DISK, /* the keys whose value is a list */
    KEY_VIF,
    KEY_P9,
    KEYS_USED,
    KEY_IGNORED = KEYS_USED, /* known to xl, of no effect here */
};

/* A guest's command line: start_info's room for PV, Linux's own for the rest. */
#define CMDLINE_PV_MAX  1023
#define CMDLINE_PVH_MAX 2047

#define CONFIG_VCPUS_MAX 32u

/* The kernel of a guest whose own disk has the right one: GRUB's PV image, a boot module. */
#define CONFIG_PYGRUB "pygrub"
/* The same where firmware starts what is on the disk. */
#define CONFIG_UEFI   "uefi"

#define CONFIG_WEIGHT_MAX   65535u
#define CONFIG_WEIGHT_USUAL 256u
#define CONFIG_CAP_MAX      6400u

/* The strings of a list, in their order. */
#define CONFIG_LIST_MAX 16
struct text_list {
    u32 count;
    struct text item[CONFIG_LIST_MAX];
};

struct config {
    struct text file;
    bool is_refused;
    enum config_type type;
    struct text string[KEY_FIRMWARE + 1]; /* by key; length 0 = not set */
    u64 memory_mib;
    u64 maxmem_mib;
    u32 vcpus;
    u32 maxvcpus;         /* it has; the others wait for the command set */
    u32 cpu_weight;       /* 1-65535 */
    bool has_viridian;    /* a PVH guest is shown the Hyper-V interface as well */
    bool has_tsc_control; /* a Hyper-V guest is offered the invariant TSC */
    bool has_firmware;    /* a Hyper-V guest starts by UEFI */
    u32 cap_percent;      /* of one CPU; 0 = none */
    bool waits;           /* autostart = 0: the command create starts it */
    enum config_action action[KEYS_USED];        /* by KEY_ON_* */
    struct text_list list[KEYS_USED - KEY_DISK]; /* by key, from KEY_DISK on */
    u32 line[KEYS_USED];                         /* where the key stood, 0 = it did not */
};

struct manifest {
    u32 count;
    u32 refused; /* mistakes found, in guests or outside of them */
    struct config guest[MANIFEST_GUESTS_MAX];
    u64 warned[MANIFEST_WARNED_WORDS]; /* bits of ignored keys that were mentioned */
};

/* Adds the guests of one file. */
void manifest_parse(struct manifest *manifest, struct text file, const char *bytes, u64 size);

/* Line to name for a key of this guest: its own, or that of the name. */
u32 config_line(const struct config *config, enum config_key key);

/* Writes the whole command line and its end byte; returns its length, more than room-1 if cut.
 */
u64 config_cmdline(const struct config *config, char *out, u64 room);

/* "entente: error: FILE:LINE: " and the rest; marks the guest as refused. */
void config_refuse(struct config *config, enum config_key key, const char *text, ...)
    __attribute__((format(printf, 3, 4)));

#endif
