/* The shim's first C: what is below, what was given, which personality. */
#include "hv/lib/string.h"
#include "hv/lib/x86.h"
#include "xen-adapter/pv/extract.h"
#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/libc.h"
#include "xen-adapter/pv/loader.h"
#include "xen-adapter/pv/memory.h"
#include "xen-adapter/pv/shim.h"

#define EARLY_VECTORS    32u
#define EARLY_STUB_BYTES 16u
#define EARLY_CS         0x08u

/* What a guest needs besides its files and their unpacking: the advice in messages. */
#define MEMORY_SLACK ((u64)24 << 20)
#define MEMORY_STEP  ((u64)16 << 20)

extern u8 early_stubs[];
extern void (*const init_array[])(void);
extern void (*const init_array_end[])(void);

void shim_main(u64 start_info) __attribute__((noreturn));
void early_trap(u64 vector, u64 error, u64 rip, u64 cr2) __attribute__((noreturn));

void early_trap(u64 vector, u64 error, u64 rip, u64 cr2)
{
    shim_fail("internal error: trap %lu (error %lx) at %lx, cr2 %lx", vector, error, rip, cr2);
}

static void early_traps_load(void)
{
    static struct x86_gate idt[EARLY_VECTORS];
    struct x86_table_pointer pointer = {sizeof(idt) - 1, (u64)idt};

    for (u64 i = 0; i < EARLY_VECTORS; i++)
        idt[i] =
            x86_gate((u64)early_stubs + i * EARLY_STUB_BYTES, EARLY_CS, 0, X86_GATE_INTERRUPT);
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

void kernel_refuse(const struct complaint *complaint)
{
    if (complaint->at == COMPLAINT_NOWHERE)
        shim_fail("kernel: %s; %s", complaint->what, complaint->fix);
    shim_fail("kernel: %s at byte %lu; %s", complaint->what, complaint->at, complaint->fix);
}

u64 memory_wanted(const struct payload *payload)
{
    u64 bytes = payload->elf_bytes + extract_arena_bytes(payload) + MEMORY_SLACK;

    for (u32 i = 0; i < start.module_count; i++)
        bytes += start.module[i].bytes;
    return align_up(bytes, MEMORY_STEP) >> 20;
}

struct payload kernel_payload(void)
{
    struct span room = spans_largest(&free_ram, FOUR_GIB);
    struct complaint complaint;
    struct payload payload;

    if (start.module_count == 0)
        shim_fail("kernel: none was given; pass a kernel as the first module");
    if (payload_find(phys_to_direct(start.module[0].base), start.module[0].bytes, &payload,
                     &complaint) != ST_OK)
        kernel_refuse(&complaint);
    arena_set(phys_to_direct(room.base), room.end - room.base); /* to ask what it needs */
    return payload;
}

struct elf_image kernel_head(const struct payload *payload)
{
    struct span room = spans_largest(&free_ram, FOUR_GIB);
    struct complaint complaint;
    struct elf_image image;
    u64 got;

    if (room.end - room.base < EXTRACT_HEAD_BYTES + extract_arena_bytes(payload))
        shim_fail("kernel: there is no room to unpack it; give the guest at least %lu MiB",
                  memory_wanted(payload));
    arena_set(phys_to_direct(room.base + EXTRACT_HEAD_BYTES),
              room.end - room.base - EXTRACT_HEAD_BYTES);
    if (extract_head(payload, phys_to_direct(room.base), &got, &complaint) != ST_OK)
        kernel_refuse(&complaint);
    if (elf_open(phys_to_direct(room.base), got, payload->elf_bytes, &image) != ST_OK)
        shim_fail("kernel: what its %s payload holds is no ELF kernel, or a truncated one; "
                  "copy or install the kernel again",
                  payload_name(payload->kind));
    return image;
}

static void modules_reserve(void)
{
    for (u32 i = 0; i < start.module_count; i++) {
        const struct start_module *module = &start.module[i];

        if (!spans_hold(&free_ram, module->base, module->base + module->bytes))
            shim_fail("module %u at %lx is not in free RAM; place it behind the shim", i,
                      module->base);
        (void)spans_remove(&free_ram, align_down(module->base, PAGE_SIZE),
                           align_up(module->base + module->bytes, PAGE_SIZE));
    }
}

void shim_main(u64 start_info)
{
    early_traps_load();
    if (l0_find() == ST_OK)
        l0_rings_find();
    start_read(start_info);
    memory_start();
    modules_reserve();
    memory_protect();
    for (u64 i = 0; &init_array[i] != init_array_end; i++)
        init_array[i](); /* liblzma chooses its CRC code here */
    if (start.cmdline_bytes == 0)
        start.cmdline_bytes =
            string_copy(start.cmdline, start.own_cmdline, sizeof(start.cmdline));
    if (string_has_word(start.own_cmdline, "loader"))
        loader_run();
    build_run();
}
