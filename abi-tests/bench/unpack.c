/*
 * A kernel's payload unpacked by the decoder alone: the same static libraries as the shim's,
 * plain library calls, input and output in memory that was touched before. First process of a
 * bare Linux under -icount; the kernel image is /vmlinuz. Prints "unpack: NAME BYTES tsc N".
 */
#include <lz4.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>
#include <x86intrin.h>
#include <zlib.h>
#include <zstd.h>

enum {
    ROUNDS = 3,
    SETUP_SECTORS_AT = 0x1f1, /* [Linux: Documentation/arch/x86/boot.rst] */
    PAYLOAD_OFFSET_AT = 0x248,
    PAYLOAD_LENGTH_AT = 0x24c,
    SECTOR = 512,
    LZ4_BLOCK = 8 << 20,
    GZIP_WINDOW = 15 + 16,
    LONG_TICKS = 1000000000, /* as long as this, one round is as good as the best of three */
};

static uint32_t read32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static size_t unpack_xz(const uint8_t *in, size_t bytes, uint8_t *out, size_t room)
{
    lzma_stream stream = LZMA_STREAM_INIT;

    if (lzma_stream_decoder(&stream, UINT64_MAX, 0) != LZMA_OK)
        return 0;
    stream.next_in = in;
    stream.avail_in = bytes;
    stream.next_out = out;
    stream.avail_out = room;
    if (lzma_code(&stream, LZMA_FINISH) != LZMA_STREAM_END)
        stream.total_out = 0;
    lzma_end(&stream);
    return stream.total_out;
}

static size_t unpack_lz4(const uint8_t *in, size_t bytes, uint8_t *out, size_t room)
{
    size_t taken = 4, made = 0;

    while (taken + 4 < bytes) {
        uint32_t packed = read32(in + taken);
        size_t block = room - made < LZ4_BLOCK ? room - made : LZ4_BLOCK;
        int got;
        taken += 4;
        got = LZ4_decompress_safe((const char *)in + taken, (char *)out + made, (int)packed,
                                  (int)block);
        if (got < 0)
            return 0;
        taken += packed;
        made += (size_t)got;
    }
    return made;
}

static size_t unpack_zstd(const uint8_t *in, size_t bytes, uint8_t *out, size_t room)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t frame = ZSTD_findFrameCompressedSize(in, bytes);
    size_t made = ZSTD_decompressDCtx(context, out, room, in, frame);

    ZSTD_freeDCtx(context);
    return ZSTD_isError(made) ? 0 : made;
}

static size_t unpack_gzip(const uint8_t *in, size_t bytes, uint8_t *out, size_t room)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)in,
                       .avail_in = (uInt)bytes,
                       .next_out = out,
                       .avail_out = (uInt)room};

    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return 0;
    inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return stream.total_out;
}

static const struct decoder {
    const char *name;
    uint8_t magic[4];
    size_t (*run)(const uint8_t *, size_t, uint8_t *, size_t);
} decoders[] = {
    {"xz", {0xfd, '7', 'z', 'X'}, unpack_xz},
    {"lz4", {0x02, 0x21, 0x4c, 0x18}, unpack_lz4},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, unpack_zstd},
    {"gzip", {0x1f, 0x8b, 0x08, 0x00}, unpack_gzip},
};

static void measure(const uint8_t *payload, size_t bytes)
{
    size_t room = read32(payload + bytes - 4); /* the size that the kernel's build appends */
    uint8_t *out = malloc(room);

    if (out == NULL)
        return;
    memset(out, 1, room);
    for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++) {
        unsigned long long best = UINT64_MAX;
        size_t made = 0;
        if (memcmp(payload, decoders[i].magic, 4) != 0)
            continue;
        for (unsigned round = 0; round < ROUNDS && (round == 0 || best < LONG_TICKS); round++) {
            unsigned long long begin = __rdtsc(), took;
            made = decoders[i].run(payload, bytes - 4, out, room);
            took = __rdtsc() - begin;
            best = took < best ? took : best;
        }
        printf("unpack: %s %zu tsc %llu\n", decoders[i].name, made, best);
        if (made != room)
            printf("unpack: FAILED, %zu bytes were expected\n", room);
    }
}

int main(void)
{
    static uint8_t image[64 << 20];
    FILE *file = fopen("/vmlinuz", "rb");
    size_t bytes = file == NULL ? 0 : fread(image, 1, sizeof(image), file);
    size_t sectors, begin, length;

    if (bytes > PAYLOAD_LENGTH_AT + 4) {
        sectors = image[SETUP_SECTORS_AT] != 0 ? image[SETUP_SECTORS_AT] : 4;
        begin = (sectors + 1) * SECTOR + read32(image + PAYLOAD_OFFSET_AT);
        length = read32(image + PAYLOAD_LENGTH_AT);
        if (length > 4 && begin + length <= bytes)
            measure(image + begin, length);
    }
    printf("unpack: done\n");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
