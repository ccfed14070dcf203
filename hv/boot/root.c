#include "hv/boot/root.h"
#include "hv/boot/start_info.h"
#include "hv/core/partition.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/elf.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

/* Where things are in the root's guest-physical memory; guest-drivers/lib starts from these. */
#define ROOT_MEMORY       ((u64)4 << 20)
#define ROOT_MORE         ((u64)48 << 20) /* that it may ask for */
#define ROOT_INFO         0x1000u
#define ROOT_INFO_BYTES   0xf000u
#define ROOT_MODULES      ((u64)4 << 30)
#define NOTE_PHYS32_ENTRY 18u
/* First words of the modules' lines; a disk's bytes are the steward's to change. */
#define ROLE_STEWARD      "steward"
#define ROLE_DISK         "disk "

/* Writes one thing after the other into the information area; addresses are guest-physical. */
struct writer {
    u8 *area;
    u64 used;
};

static u64 writer_put(struct writer *writer, const void *bytes, u64 count)
{
    u64 at = align_up(writer->used, 8);

    if (at + count > ROOT_INFO_BYTES)
        panic("the modules' names do not fit the root's start information");
    memcpy(writer->area + at, bytes, count);
    writer->used = at + count;
    return ROOT_INFO + at;
}

static bool line_is(const struct boot_module *module, const char *role)
{
    return strncmp(module->line, role, strlen(role)) == 0;
}

static const struct boot_module *steward_find(const struct boot_info *boot)
{
    for (u32 i = 0; i < boot->module_count; i++)
        if (line_is(&boot->module[i], ROLE_STEWARD))
            return &boot->module[i];
    panic("no boot module with the role 'steward'; give one: -initrd \"steward.elf "
          "steward,...\"");
}

static void segment_load(struct space *space, const struct boot_module *module,
                         const struct elf_segment *segment)
{
    const u8 *from = phys_to_virt(hpa(module->begin + segment->offset));
    u8 *to;

    if (segment->phys < ROOT_INFO + ROOT_INFO_BYTES || segment->phys >= ROOT_MEMORY ||
        segment->memory_bytes > ROOT_MEMORY - segment->phys)
        panic("the steward's image lies outside its memory");
    for (u64 done = 0; done < segment->file_bytes;) {
        u64 at = segment->phys + done;
        u64 count = MIN(segment->file_bytes - done, PAGE_SIZE - (at & PAGE_MASK));
        to = space_pointer(space, gpa(at), SPACE_WRITE);
        if (to == NULL)
            panic("the steward's memory is not mapped");
        memcpy(to, from + done, count);
        done += count;
    }
}

static u64 image_load(struct space *space, const struct boot_module *module)
{
    const void *bytes = phys_to_virt(hpa(module->begin));
    u64 size = module->end - module->begin;
    struct elf_image image;
    struct elf_segment segment;
    struct elf_note note;
    u64 entry;

    if (elf_open(bytes, size, size, &image) != ST_OK ||
        elf_note_find(&image, "Xen", NOTE_PHYS32_ENTRY, &note) != ST_OK ||
        elf_note_number(&note, &entry) != ST_OK)
        panic("the steward's module is no ELF image with a PHYS32_ENTRY note");
    for (u32 i = 0; elf_segment_get(&image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD)
            segment_load(space, module, &segment);
    return entry;
}

static void modules_map(struct space *space, const struct boot_info *boot,
                        struct writer *writer, struct start_module *list)
{
    u64 at = ROOT_MODULES;

    for (u32 i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = &boot->module[i];
        u64 begin = align_down(module->begin, PAGE_SIZE);
        u64 bytes = align_up(module->end, PAGE_SIZE) - begin;
        u32 rights = line_is(module, ROLE_DISK) ? SPACE_READ | SPACE_WRITE : SPACE_READ;

        if (bytes != 0 && space_map(space, gpa(at), hpa(begin), bytes, rights) != ST_OK)
            panic("the module '%s' cannot be mapped into the root", module->line);
        list[i] = (struct start_module){
            .address = at + (module->begin - begin),
            .size = module->end - module->begin,
            .cmdline = writer_put(writer, module->line, strlen(module->line) + 1),
        };
        at += bytes;
    }
}

static void info_write(struct space *space, const struct boot_info *boot)
{
    static struct start_module list[BOOT_MODULES_MAX];
    struct start_range range = {0, ROOT_MEMORY, 1, 0};
    struct start_info info = {.magic = START_INFO_MAGIC, .version = 1};
    struct writer writer = {.area = space_pointer(space, gpa(ROOT_INFO), SPACE_WRITE)};

    if (writer.area == NULL)
        panic("the root's start information is not mapped");
    writer_put(&writer, &info, sizeof(info));
    modules_map(space, boot, &writer, list);
    info.module_count = boot->module_count;
    info.modules = writer_put(&writer, list, boot->module_count * sizeof(list[0]));
    info.cmdline = writer_put(&writer, boot->line, strlen(boot->line) + 1);
    info.memmap = writer_put(&writer, &range, sizeof(range));
    info.memmap_entries = 1;
    memcpy(writer.area, &info, sizeof(info));
}

void root_start(const struct boot_info *boot)
{
    const struct boot_module *module = steward_find(boot);
    struct partition *root;
    struct vcpu *vcpu;
    u64 entry;

    if (partition_make("root", PARTITION_NATIVE | PARTITION_PRIVILEGED,
                       (ROOT_MEMORY + ROOT_MORE) / PAGE_SIZE, &root) != ST_OK ||
        root->id != PARTITION_ROOT ||
        space_populate(&root->space, gpa(0), ROOT_MEMORY, SPACE_RAM) != ST_OK)
        panic("no memory for the root partition (it needs 4 MiB)");
    entry = image_load(&root->space, module);
    info_write(&root->space, boot);
    if (vcpu_make(root, 0, &vcpu) != ST_OK || vcpu_start_pvh(vcpu, entry, ROOT_INFO) != ST_OK ||
        partition_resume(root) != ST_OK)
        panic("the root's vCPU cannot be started");
}
