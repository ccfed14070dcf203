#include "hv/boot/boot.h"
#include "hv/boot/start_info.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/string.h"

/* Multiboot 1 information. [Multiboot 0.6.96, 3.3] */
struct mb1_info {
    u32 flags;
    u32 mem_lower;
    u32 mem_upper;
    u32 boot_device;
    u32 cmdline;
    u32 mods_count;
    u32 mods_addr;
    u32 syms[4];
    u32 mmap_length;
    u32 mmap_addr;
};
#define MB1_HAS_CMDLINE BIT(2)
#define MB1_HAS_MODULES BIT(3)
#define MB1_HAS_MMAP    BIT(6)

struct mb1_module {
    u32 begin;
    u32 end;
    u32 cmdline;
    u32 reserved;
};

struct mb1_range {
    u32 size;
    u64 address;
    u64 length;
    u32 type;
} __attribute__((packed));

/* Multiboot 2 tags. [Multiboot2 2.0, 3.6] */
struct mb2_tag {
    u32 type;
    u32 size;
};
enum mb2_type {
    MB2_END = 0,
    MB2_CMDLINE = 1,
    MB2_MODULE = 3,
    MB2_MMAP = 6,
    MB2_RSDP_OLD = 14,
    MB2_RSDP_NEW = 15
};

#define RANGE_RAM 1u

static const void *at(u64 physical)
{
    return phys_to_virt(hpa(physical));
}

/* Ranges stay sorted; overlaps are not expected from firmware and cut to what is new. */
static void range_add(struct boot_info *info, u64 address, u64 length)
{
    u64 begin = align_up(address, PAGE_SIZE);
    u64 end = align_down(address + length, PAGE_SIZE);
    u32 place = info->range_count;

    if (address + length < address || end <= begin || info->range_count == BOOT_RANGES_MAX)
        return;
    while (place > 0 && info->range[place - 1].begin > begin) {
        info->range[place] = info->range[place - 1];
        place--;
    }
    info->range[place] = (struct boot_range){begin, end};
    info->range_count++;
}

static void module_add(struct boot_info *info, u64 begin, u64 end, const char *line)
{
    struct boot_module *module;

    if (info->module_count == BOOT_MODULES_MAX) {
        info->error = "more than 64 modules; give each file once";
        return;
    }
    module = &info->module[info->module_count++];
    module->begin = begin;
    module->end = end;
    if (string_copy(module->line, line, sizeof(module->line)) >= sizeof(module->line))
        info->error = "a module line is longer than 511 characters";
}

/* QEMU, and some other loaders, put the file's path before the words that the user gave. */
static const char *after_path(const char *line)
{
    static const char *const roles[] = {"steward", "pvshim", "manifest", "file"};
    const char *blank = strchr(line, ' ');
    size_t first = blank == NULL ? strlen(line) : (size_t)(blank - line);

    for (u32 i = 0; i < ARRAY_SIZE(roles); i++)
        if (strlen(roles[i]) == first && memcmp(roles[i], line, first) == 0)
            return line;
    return blank == NULL ? "" : blank + 1;
}

static void read_multiboot1(const struct mb1_info *from, struct boot_info *info)
{
    if (from->flags & MB1_HAS_CMDLINE)
        string_copy(info->line, at(from->cmdline), sizeof(info->line));
    if (from->flags & MB1_HAS_MODULES) {
        const struct mb1_module *module = at(from->mods_addr);
        for (u32 i = 0; i < from->mods_count; i++)
            module_add(info, module[i].begin, module[i].end, after_path(at(module[i].cmdline)));
    }
    if (!(from->flags & MB1_HAS_MMAP)) {
        range_add(info, 0x100000, (u64)from->mem_upper << 10);
        return;
    }
    for (u64 offset = 0; offset + sizeof(struct mb1_range) <= from->mmap_length;) {
        const struct mb1_range *range = at(from->mmap_addr + offset);
        if (range->type == RANGE_RAM)
            range_add(info, range->address, range->length);
        offset += range->size + 4;
    }
}

static void read_mb2_map(const u8 *tag, u32 size, struct boot_info *info)
{
    u32 entry_size = *(const u32 *)(const void *)(tag + 8);

    if (entry_size < 24)
        return;
    for (u32 offset = 16; offset + 24 <= size; offset += entry_size) {
        const u64 *entry = (const void *)(tag + offset);
        if ((u32)entry[2] == RANGE_RAM)
            range_add(info, entry[0], entry[1]);
    }
}

static void read_multiboot2(u64 physical, struct boot_info *info)
{
    u32 total = *(const u32 *)at(physical);

    for (u64 offset = 8; offset + sizeof(struct mb2_tag) <= total;) {
        const u8 *bytes = at(physical + offset);
        const struct mb2_tag *tag = (const void *)bytes;
        const u32 *words = (const void *)bytes;

        if (tag->size < sizeof(*tag) || tag->type == MB2_END)
            return;
        if (tag->type == MB2_CMDLINE)
            string_copy(info->line, (const char *)bytes + 8, sizeof(info->line));
        if (tag->type == MB2_MODULE)
            module_add(info, words[2], words[3], after_path((const char *)bytes + 16));
        if (tag->type == MB2_MMAP)
            read_mb2_map(bytes, tag->size, info);
        if (tag->type == MB2_RSDP_OLD || tag->type == MB2_RSDP_NEW)
            info->rsdp = physical + offset + 8;
        offset += align_up(tag->size, 8);
    }
}

static void read_pvh(const struct start_info *from, struct boot_info *info)
{
    const struct start_module *module = at(from->modules);
    const struct start_range *range = at(from->memmap);

    if (from->magic != START_INFO_MAGIC || from->version < 1) {
        info->error = "PVH start information without a memory map (version 0)";
        return;
    }
    if (from->cmdline != 0)
        string_copy(info->line, at(from->cmdline), sizeof(info->line));
    info->rsdp = from->rsdp;
    for (u32 i = 0; i < from->module_count; i++)
        module_add(info, module[i].address, module[i].address + module[i].size,
                   module[i].cmdline == 0 ? "" : at(module[i].cmdline));
    for (u32 i = 0; i < from->memmap_entries; i++)
        if (range[i].type == RANGE_RAM)
            range_add(info, range[i].address, range[i].size);
}

void boot_info_read(enum boot_protocol protocol, u64 physical, struct boot_info *out)
{
    memset(out, 0, sizeof(*out));
    if (protocol == BOOT_MULTIBOOT1)
        read_multiboot1(at(physical), out);
    else if (protocol == BOOT_MULTIBOOT2)
        read_multiboot2(physical, out);
    else
        read_pvh(at(physical), out);
    if (out->range_count == 0 && out->error == NULL)
        out->error = "the boot loader gave no memory map";
}
