/*
 * The protected-mode code of a bzImage goes where it wants to be, the zero page tells it what
 * there is, its own decompressor does the rest [Linux Documentation/arch/x86/boot.rst].
 */
#include "xen-adapter/pv/linux_boot.h"
#include "hv/lib/string.h"
#include "xen-adapter/pv/bzimage.h"
#include "xen-adapter/pv/footprint.h"
#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/loader.h"
#include "xen-adapter/pv/trampoline.h"

#define MIB         ((u64)1 << 20)
#define RSDP_LENGTH 36u /* of ACPI 2.0 and later [ACPI 6.4 5.2.5.3] */

/* What is left behind for the kernel. */
struct linux_block {
    struct linux_params params;
    char cmdline[START_CMDLINE_MAX];
};

bool linux_boot_serves(void)
{
    return shim.xen_leaf == 0 &&
           bzimage_is(phys_to_direct(start.module[0].base), start.module[0].bytes);
}

/* The advice: as for a kernel that ends where this one does, unpacked. */
static u64 memory_advised(const struct bzimage *image)
{
    return memory_wanted(
        &(struct payload){.elf_bytes = image->header.pref_address + image->bytes});
}

static void cmdline_check(const struct bzimage *image)
{
    if (start.cmdline_bytes > image->header.cmdline_size)
        shim_fail("kernel: the command line has %lu bytes and it takes %u at most; shorten "
                  "`extra` or `cmdline`",
                  start.cmdline_bytes, image->header.cmdline_size);
}

/* A kernel that nobody told about its RSDP looks for it where a PC has its firmware. */
static void firmware_write(void)
{
    (void)spans_remove(&free_ram, FIRMWARE_BASE, FIRMWARE_END);
    (void)spans_remove(&all_ram, FIRMWARE_BASE, FIRMWARE_END);
    if (shim.domain.rsdp != 0)
        memcpy(phys_to_direct(FIRMWARE_BASE), phys_to_direct(shim.domain.rsdp), RSDP_LENGTH);
}

static u64 ramdisk_limit(const struct bzimage *image)
{
    return MIN((u64)image->header.initrd_addr_max + 1, FOUR_GIB);
}

/* Code that moves upwards would be overwritten by its own beginning: its file moves first. */
static enum status modules_place(const struct bzimage *image, const struct footprint *at)
{
    struct start_module *kernel = &start.module[0], *ramdisk = &start.module[1];

    if (kernel->base + image->code_offset < at->target.base)
        TRY(footprint_avoid(at, kernel, FOUR_GIB));
    return footprint_avoid(at, ramdisk, ramdisk_limit(image));
}

static void footprint_find(const struct bzimage *image, struct footprint *at)
{
    if (bzimage_place(image, &all_ram, &at->target) != ST_OK)
        shim_fail("kernel: it takes %lu MiB of memory from %lu MiB on%s, which this guest does "
                  "not have; give it at least %lu MiB",
                  align_up(image->bytes, MIB) / MIB, image->header.pref_address / MIB,
                  image->header.relocatable_kernel != 0 ? " or above" : "",
                  memory_advised(image));
    if (modules_place(image, at) != ST_OK)
        shim_fail("kernel: beside it there is no room for its files, of which it wants the "
                  "ramdisk below %lu MiB; give the guest at least %lu MiB or a smaller ramdisk",
                  ramdisk_limit(image) / MIB, memory_advised(image));
}

static void block_write(const struct bzimage *image, const struct footprint *at, u64 base)
{
    struct linux_block *block = phys_to_direct(base);
    const struct linux_boot boot = {
        .code = at->target.base,
        .cmdline = base + offsetof(struct linux_block, cmdline),
        .ramdisk = start.module[1].base,
        .ramdisk_bytes = start.module[1].bytes,
        .rsdp = shim.domain.rsdp,
        .map = shim.domain.map,
        .map_count = shim.domain.map_count,
    };

    linux_params_fill(&block->params, image, &boot);
    memcpy(block->cmdline, start.cmdline, sizeof(block->cmdline));
}

void linux_boot_run(void)
{
    static struct trampoline_job job;
    static struct footprint at;
    static struct bzimage image;
    struct complaint complaint;
    struct spans *places;
    u64 block, page;

    if (bzimage_read(phys_to_direct(start.module[0].base), start.module[0].bytes, &image,
                     &complaint) != ST_OK)
        kernel_refuse(&complaint);
    cmdline_check(&image);
    firmware_write();
    footprint_find(&image, &at);
    places = footprint_free(&at);
    if (spans_take_low(places, sizeof(struct linux_block), PAGE_SIZE, PAGE_SIZE, &block) !=
            ST_OK ||
        spans_take_low(places, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, &page) != ST_OK)
        shim_fail("kernel: beside it there is no room for its parameters; give the guest more "
                  "memory");
    block_write(&image, &at, block);
    trampoline_move_add(&job, at.target.base, start.module[0].base + image.code_offset,
                        image.code_bytes);
    trampoline_moves_do(&job, &at.target);
    job.entry = (u32)at.target.base;
    job.zero_page = (u32)block;
    trampoline_run(page, &job);
}
