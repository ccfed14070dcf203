/* Any bytes as a kernel file: header, then the decoders on what it claims, in small memory. */
// sources: xen-adapter/pv/extract.c xen-adapter/pv/extract_gzip.c xen-adapter/pv/extract_xz.c
// sources: xen-adapter/pv/extract_lz4.c xen-adapter/pv/extract_zstd.c
// sources: xen-adapter/pv/kernel.c hv/lib/elf.c
// libs: -llzma -lz -lzstd -llz4
#include <stdlib.h>
#include "xen-adapter/pv/extract.h"

#define OUTPUT_MAX ((u64)1 << 20)
#define ARENA_MAX  ((u64)64 << 20)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static u8 head[EXTRACT_HEAD_BYTES];
    struct complaint complaint;
    struct payload payload;
    u64 got;
    u8 *out;

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
