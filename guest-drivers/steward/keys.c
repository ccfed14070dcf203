#include "guest-drivers/steward/keys.h"
#include "hv/lib/string.h"

#define IGNORED(word)                                                                          \
    {                                                                                          \
        word, KEY_IGNORED, VALUE_ANY                                                           \
    }

/* [xl.cfg(5)] of Xen 4.17 and 4.20. */
static const struct key keys[] = {
    {"name", KEY_NAME, VALUE_STRING},
    {"type", KEY_TYPE, VALUE_STRING},
    {"kernel", KEY_KERNEL, VALUE_STRING},
    {"ramdisk", KEY_RAMDISK, VALUE_STRING},
    {"cmdline", KEY_CMDLINE, VALUE_STRING},
    {"root", KEY_ROOT, VALUE_STRING},
    {"extra", KEY_EXTRA, VALUE_STRING},
    {"bootloader", KEY_BOOTLOADER, VALUE_STRING},
    {"firmware", KEY_FIRMWARE, VALUE_STRING},
    {"memory", KEY_MEMORY, VALUE_NUMBER},
    {"maxmem", KEY_MAXMEM, VALUE_NUMBER},
    {"vcpus", KEY_VCPUS, VALUE_NUMBER},
    {"maxvcpus", KEY_MAXVCPUS, VALUE_NUMBER},
    {"cpu_weight", KEY_CPU_WEIGHT, VALUE_NUMBER},
    {"cap", KEY_CAP, VALUE_NUMBER},
    {"viridian", KEY_VIRIDIAN, VALUE_NUMBER},
    {"tsc_invariant", KEY_TSC_INVARIANT, VALUE_NUMBER},
    {"autostart", KEY_AUTOSTART, VALUE_NUMBER},
    {"on_poweroff", KEY_ON_POWEROFF, VALUE_ACTION},
    {"on_reboot", KEY_ON_REBOOT, VALUE_ACTION},
    {"on_crash", KEY_ON_CRASH, VALUE_ACTION},
    {"on_watchdog", KEY_ON_WATCHDOG, VALUE_ACTION},
    {"on_soft_reset", KEY_ON_SOFT_RESET, VALUE_ACTION},
    {"disk", KEY_DISK, VALUE_LIST},
    {"vif", KEY_VIF, VALUE_LIST},
    {"p9", KEY_P9, VALUE_LIST},
    IGNORED("builder"),
    IGNORED("uuid"),
    IGNORED("seclabel"),
    IGNORED("init_seclabel"),
    IGNORED("max_grant_frames"),
    IGNORED("max_maptrack_frames"),
    IGNORED("max_grant_version"),
    IGNORED("max_event_channels"),
    IGNORED("vtpm"),
    IGNORED("pvcalls"),
    IGNORED("vfb"),
    IGNORED("vkb"),
    IGNORED("vsnd"),
    IGNORED("vdispl"),
    IGNORED("virtio"),
    IGNORED("channel"),
    IGNORED("pci"),
    IGNORED("pci_permissive"),
    IGNORED("pci_msitranslate"),
    IGNORED("pci_seize"),
    IGNORED("pci_power_mgmt"),
    IGNORED("rdm"),
    IGNORED("rdm_mem_boundary"),
    IGNORED("usbctrl"),
    IGNORED("usbdev"),
    IGNORED("dtdev"),
    IGNORED("ioports"),
    IGNORED("iomem"),
    IGNORED("irqs"),
    IGNORED("cpus"),
    IGNORED("cpus_soft"),
    IGNORED("pool"),
    IGNORED("vnuma"),
    IGNORED("bootloader_args"),
    IGNORED("bootloader_restrict"),
    IGNORED("bootloader_user"),
    IGNORED("e820_host"),
    IGNORED("driver_domain"),
    IGNORED("device_tree"),
    IGNORED("passthrough"),
    IGNORED("xend_suspend_evtchn_compat"),
    IGNORED("blkdev_start"),
    IGNORED("claim_mode"),
    IGNORED("shadow_memory"),
    IGNORED("tsc_mode"),
    IGNORED("localtime"),
    IGNORED("rtc_timeoffset"),
    IGNORED("timer_mode"),
    IGNORED("vpt_align"),
    IGNORED("hpet"),
    IGNORED("acpi"),
    IGNORED("acpi_s3"),
    IGNORED("acpi_s4"),
    IGNORED("acpi_laptop_slate"),
    IGNORED("acpi_firmware"),
    IGNORED("smbios_firmware"),
    IGNORED("smbios"),
    IGNORED("apic"),
    IGNORED("pae"),
    IGNORED("nx"),
    IGNORED("hap"),
    IGNORED("oos"),
    IGNORED("nestedhvm"),
    IGNORED("altp2m"),
    IGNORED("cpuid"),
    IGNORED("cpuid_policy"),
    IGNORED("msr_relaxed"),
    IGNORED("assisted_xapic"),
    IGNORED("assisted_x2apic"),
    IGNORED("mca_caps"),
    IGNORED("pvshim"),
    IGNORED("pvshim_path"),
    IGNORED("pvshim_cmdline"),
    IGNORED("pvshim_extra"),
    IGNORED("pv_linear_pt"),
    IGNORED("suppress_spurious_page_faults"),
    IGNORED("nomigrate"),
    IGNORED("xen_platform_pci"),
    IGNORED("device_model_version"),
    IGNORED("device_model_override"),
    IGNORED("device_model_args"),
    IGNORED("device_model_args_pv"),
    IGNORED("device_model_args_hvm"),
    IGNORED("device_model_stubdomain_override"),
    IGNORED("device_model_user"),
    IGNORED("stubdomain_memory"),
    IGNORED("firmware_override"),
    IGNORED("bios"),
    IGNORED("boot"),
    IGNORED("serial"),
    IGNORED("usb"),
    IGNORED("usbdevice"),
    IGNORED("keymap"),
    IGNORED("vnc"),
    IGNORED("vnclisten"),
    IGNORED("vncpasswd"),
    IGNORED("vncdisplay"),
    IGNORED("vncunused"),
    IGNORED("sdl"),
    IGNORED("opengl"),
    IGNORED("nographic"),
    IGNORED("spice"),
    IGNORED("videoram"),
    IGNORED("vga"),
    IGNORED("stdvga"),
    IGNORED("gfx_passthru"),
    IGNORED("soundhw"),
    IGNORED("vmtrace_buf_kb"),
    IGNORED("vpmu"),
};
_Static_assert(ARRAY_SIZE(keys) <= 64 * MANIFEST_WARNED_WORDS, "a bit for each key");

#define WORD_MAX 40

const struct key *key_find(struct text word, u32 *index)
{
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
        if (text_is(word, keys[i].name)) {
            *index = i;
            return &keys[i];
        }
    }
    return NULL;
}

const char *key_name(enum config_key id)
{
    u32 i = 0;

    while (keys[i].id != id)
        i++;
    return keys[i].name;
}

static u8 smallest(u8 a, u8 b, u8 c)
{
    return MIN(MIN(a, b), c);
}

/* Letters to change, add, drop or swap with the neighbour. Both words shorter than WORD_MAX. */
static u32 distance(struct text a, const char *b)
{
    u8 row[3][WORD_MAX + 1];
    u32 width = (u32)strlen(b);

    for (u32 j = 0; j <= width; j++)
        row[0][j] = (u8)j;
    for (u32 i = 1; i <= a.length; i++) {
        u8 *now = row[i % 3];
        const u8 *above = row[(i + 2) % 3];
        const u8 *before = row[(i + 1) % 3];

        now[0] = (u8)i;
        for (u32 j = 1; j <= width; j++) {
            u8 cost = a.at[i - 1] != b[j - 1];

            now[j] =
                smallest((u8)(above[j] + 1), (u8)(now[j - 1] + 1), (u8)(above[j - 1] + cost));
            if (i > 1 && j > 1 && a.at[i - 1] == b[j - 2] && a.at[i - 2] == b[j - 1])
                now[j] = MIN(now[j], (u8)(before[j - 2] + 1));
        }
    }
    return row[a.length % 3][width];
}

const char *key_nearest(struct text word)
{
    const char *best = NULL;
    u32 best_distance;

    if (word.length >= WORD_MAX)
        return NULL;
    /* Half the word right is the least that counts as alike. */
    best_distance = MIN((u32)word.length / 2 + 1, 4u);
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++) {
        u32 far = distance(word, keys[i].name);

        if (far < best_distance) {
            best_distance = far;
            best = keys[i].name;
        }
    }
    return best;
}
