/*
 * Unpacking: payloads packed here with each library, whole and head, truncated at every length
 * and with single bytes broken. ENTENTE_KERNELS may name real vmlinuz files besides.
 */
// sources: xen-adapter/pv/extract.c xen-adapter/pv/extract_gzip.c xen-adapter/pv/extract_xz.c
// sources: xen-adapter/pv/extract_lz4.c xen-adapter/pv/extract_zstd.c
// sources: xen-adapter/pv/kernel.c hv/lib/elf.c
// libs: -llzma -lz -lzstd -llz4
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include "xen-adapter/pv/extract.h"

#define PLAIN_BYTES 700000u
#define PACKED_MAX  900000u

static u8 plain[PLAIN_BYTES];
static u8 packed[PACKED_MAX];
static u8 output[PLAIN_BYTES + EXTRACT_HEAD_BYTES];

/* Compressible, with calls in it so that the x86 filter has something to do. */
static int plain_make(void **state)
{
    (void)state;
    srand(3);
    for (u32 i = 0; i < PLAIN_BYTES; i++)
        plain[i] = (u8)(rand() % 7 == 0 ? rand() : (int)(i / 64));
    for (u32 i = 100; i + 5 < PLAIN_BYTES; i += 997) {
        s32 target = (s32)(5000 - i);

        plain[i] = 0xe8;
        memcpy(plain + i + 1, &target, 4);
    }
    return 0;
}

static u64 pack_gzip(void)
{
    z_stream s = {
        .next_in = plain, .avail_in = PLAIN_BYTES, .next_out = packed, .avail_out = PACKED_MAX};

    deflateInit2(&s, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY);
    assert_int_equal(deflate(&s, Z_FINISH), Z_STREAM_END);
    deflateEnd(&s);
    return s.total_out;
}

static u64 pack_xz(void)
{
    lzma_options_lzma options;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    size_t bytes = 0;

    lzma_lzma_preset(&options, 3);
    assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, plain,
                                               PLAIN_BYTES, packed, &bytes, PACKED_MAX),
                     LZMA_OK);
    return bytes;
}

static u64 pack_zstd(void)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t bytes;

    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    bytes = ZSTD_compress2(context, packed, PACKED_MAX, plain, PLAIN_BYTES);
    assert_false(ZSTD_isError(bytes));
    ZSTD_freeCCtx(context);
    return bytes;
}

static u64 pack_lz4(void)
{
    u32 magic = 0x184c2102, bytes;

    memcpy(packed, &magic, 4);
    bytes = (u32)LZ4_compress_default((const char *)plain, (char *)packed + 8, PLAIN_BYTES,
                                      PACKED_MAX - 8);
    memcpy(packed + 4, &bytes, 4);
    return bytes + 8;
}

static u64 pack(enum payload_kind kind)
{
    static u64 (*const by_kind[])(void) = {NULL, pack_gzip, pack_xz, pack_lz4, pack_zstd};

    return by_kind[kind]();
}

static struct payload payload_of(enum payload_kind kind, u64 bytes)
{
    return (struct payload){
        .kind = kind, .data = packed, .bytes = bytes, .elf_bytes = PLAIN_BYTES};
}

static void unpacks_whole_and_head(void **state)
{
    struct complaint complaint;
    u64 got;

    (void)state;
    for (enum payload_kind kind = PAYLOAD_GZIP; kind <= PAYLOAD_ZSTD; kind++) {
        struct payload payload = payload_of(kind, pack(kind));

        memset(output, 0, sizeof(output));
        assert_int_equal(extract_all(&payload, output, &complaint), ST_OK);
        assert_memory_equal(output, plain, PLAIN_BYTES);
        memset(output, 0, sizeof(output));
        assert_int_equal(extract_head(&payload, output, &got, &complaint), ST_OK);
        assert_true(got >= EXTRACT_HEAD_BYTES / 2 && got <= EXTRACT_HEAD_BYTES);
        assert_memory_equal(output, plain, got);
        assert_true(extract_arena_bytes(&payload) >= 256 << 10);
    }
}

static void refuses_wrong_sizes(void **state)
{
    struct complaint complaint;

    (void)state;
    for (enum payload_kind kind = PAYLOAD_GZIP; kind <= PAYLOAD_ZSTD; kind++) {
        struct payload payload = payload_of(kind, pack(kind));

        payload.elf_bytes = PLAIN_BYTES - 1;
        assert_int_equal(extract_all(&payload, output, &complaint), ST_CORRUPT);
        payload.elf_bytes = PLAIN_BYTES + 1;
        assert_int_equal(extract_all(&payload, output, &complaint), ST_CORRUPT);
    }
}

static void refuses_truncation(void **state)
{
    struct complaint complaint;

    (void)state;
    for (enum payload_kind kind = PAYLOAD_GZIP; kind <= PAYLOAD_ZSTD; kind++) {
        u64 bytes = pack(kind);

        for (u64 cut = 0; cut < bytes; cut += cut < 64 ? 1 : bytes / 37) {
            struct payload payload = payload_of(kind, cut);

            assert_int_equal(extract_all(&payload, output, &complaint), ST_CORRUPT);
            assert_non_null(strstr(complaint.what, payload_name(kind)));
        }
    }
}

/* lz4's container has no checksum: there only memory safety is asked for (by ASAN). */
static void notices_broken_bytes(void **state)
{
    struct complaint complaint;

    (void)state;
    for (enum payload_kind kind = PAYLOAD_GZIP; kind <= PAYLOAD_ZSTD; kind++) {
        u64 bytes = pack(kind);

        for (u64 at = 20; at < bytes; at += bytes / 41) {
            struct payload payload = payload_of(kind, bytes);
            enum status status;

            packed[at] ^= 0x40;
            status = extract_all(&payload, output, &complaint);
            packed[at] ^= 0x40;
            if (status == ST_OK && kind != PAYLOAD_LZ4) /* a bit that means nothing */
                assert_memory_equal(output, plain, PLAIN_BYTES);
        }
    }
}

static void kernel_try(const char *path)
{
    FILE *stream = fopen(path, "rb");
    struct complaint complaint;
    struct elf_image image;
    struct payload payload;
    u8 *file, *out;
    long bytes;

    assert_non_null(stream);
    fseek(stream, 0, SEEK_END);
    bytes = ftell(stream);
    rewind(stream);
    file = malloc((size_t)bytes);
    assert_int_equal(fread(file, 1, (size_t)bytes, stream), bytes);
    fclose(stream);
    assert_int_equal(payload_find(file, (u64)bytes, &payload, &complaint), ST_OK);
    out = malloc(payload.elf_bytes);
    assert_int_equal(extract_all(&payload, out, &complaint), ST_OK);
    assert_int_equal(elf_open(out, payload.elf_bytes, payload.elf_bytes, &image), ST_OK);
    print_message("%s: %s, %lu MiB\n", path, payload_name(payload.kind),
                  payload.elf_bytes >> 20);
    free(out);
    free(file);
}

static void unpacks_real_kernels(void **state)
{
    const char *list = getenv("ENTENTE_KERNELS");
    char *copy, *rest = NULL;

    (void)state;
    if (list == NULL)
        skip();
    copy = strdup(list);
    for (char *path = strtok_r(copy, ":", &rest); path; path = strtok_r(NULL, ":", &rest))
        kernel_try(path);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_whole_and_head), cmocka_unit_test(refuses_wrong_sizes),
        cmocka_unit_test(refuses_truncation),     cmocka_unit_test(notices_broken_bytes),
        cmocka_unit_test(unpacks_real_kernels),
    };

    return cmocka_run_group_tests(tests, plain_make, NULL);
}
