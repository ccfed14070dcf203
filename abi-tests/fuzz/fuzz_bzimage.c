/* Any bytes as a kernel file: header, then the decoders on what it claims, in small memory; and
 * the same bytes by Linux's boot protocol. */
// sources: xen-adapter/pv/extract.c xen-adapter/pv/extract_gzip.c xen-adapter/pv/extract_xz.c
// sources: xen-adapter/pv/extract_lz4.c xen-adapter/pv/extract_zstd.c
// sources: xen-adapter/pv/kernel.c hv/lib/elf.c xen-adapter/pv/bzimage.c xen-adapter/pv/spans.c
// libs: -llzma -lz -lzstd -llz4
#include <stdlib.h>
#include "xen-adapter/pv/bzimage.h"
#include "xen-adapter/pv/extract.h"

#define OUTPUT_MAX ((u64)1 << 20)
#define ARENA_MAX  ((u64)64 << 20)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void promise(bool kept)
{
    if (!kept)
        abort();
}

/* What is read lies in the file, what is taken in memory, and the zero page has no more. */
static void boot_protocol(const u8 *data, size_t size)
{
    static const struct memory_range map[] = {{0, 3ull << 30, MEMORY_RAM, 0}};
    static const struct spans ram = {.span = {{PAGE_SIZE, 3ull << 30}}, .count = 1};
    struct linux_boot boot = {.map = map, .map_count = ARRAY_SIZE(map)};
    struct linux_params params;
    struct complaint complaint;
    struct bzimage image;
    struct span place;

    if (bzimage_read(data, size, &image, &complaint) != ST_OK ||
        bzimage_place(&image, &ram, &place) != ST_OK)
        return;
    promise(image.code_bytes != 0 && image.code_offset + image.code_bytes <= size);
    promise(spans_hold(&ram, place.base, place.end));
    promise(place.base >= image.header.pref_address &&
            place.end - place.base >= image.code_bytes);
    linux_params_fill(&params, &image, &boot);
    promise(params.e820_entries == 3 && params.sentinel[6] == 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static u8 head[EXTRACT_HEAD_BYTES];
    struct complaint complaint;
    struct payload payload;
    u64 got;
    u8 *out;

    boot_protocol(data, size);
    if (payload_find(data, size, &payload, &complaint) != ST_OK)
        return 0;
    if (extract_arena_bytes(&payload) > ARENA_MAX)
        return 0;
    (void)extract_head(&payload, head, &got, &complaint);
    if (payload.elf_bytes > OUTPUT_MAX)
        return 0;
    out = malloc(payload.elf_bytes);
    (void)extract_all(&payload, out, &complaint);
    free(out);
    return 0;
}
