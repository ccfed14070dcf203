/*
 * Debian's libzstd.a decodes the formats of before 2016 too, 90 KiB of code that no kernel
 * needs. Here their entry points say "not that format" or "error", so none of it is linked.
 */
#include <stddef.h>
#include "hv/lib/types.h"

#define LEGACY_ERROR ((size_t)-1)

/* clang-format off */
#define LEGACY_VERSION(v)                                                                          \
    int ZSTDv0##v##_getFrameParams(void *p, const void *s, size_t n);                              \
    int ZSTDv0##v##_getFrameParams(void *p, const void *s, size_t n)                               \
    { (void)p; (void)s; (void)n; return 1; }                                                       \
    void ZSTDv0##v##_findFrameSizeInfoLegacy(const void *s, size_t n, size_t *c, u64 *d);          \
    void ZSTDv0##v##_findFrameSizeInfoLegacy(const void *s, size_t n, size_t *c, u64 *d)           \
    { (void)s; (void)n; *c = LEGACY_ERROR; *d = ~0ull - 1; }                                       \
    void *ZSTDv0##v##_createDCtx(void);                                                            \
    void *ZSTDv0##v##_createDCtx(void) { return NULL; }                                            \
    size_t ZSTDv0##v##_freeDCtx(void *c);                                                          \
    size_t ZSTDv0##v##_freeDCtx(void *c) { (void)c; return 0; }                                    \
    size_t ZSTDv0##v##_decompress_usingDict(void *c, void *d, size_t dn, const void *s, size_t sn, \
                                            const void *w, size_t wn);                             \
    size_t ZSTDv0##v##_decompress_usingDict(void *c, void *d, size_t dn, const void *s, size_t sn, \
                                            const void *w, size_t wn)                              \
    { (void)c; (void)d; (void)dn; (void)s; (void)sn; (void)w; (void)wn; return LEGACY_ERROR; }     \
    void *ZBUFFv0##v##_createDCtx(void);                                                           \
    void *ZBUFFv0##v##_createDCtx(void) { return NULL; }                                           \
    size_t ZBUFFv0##v##_freeDCtx(void *c);                                                         \
    size_t ZBUFFv0##v##_freeDCtx(void *c) { (void)c; return 0; }                                   \
    size_t ZBUFFv0##v##_decompressInitDictionary(void *c, const void *w, size_t n);                \
    size_t ZBUFFv0##v##_decompressInitDictionary(void *c, const void *w, size_t n)                 \
    { (void)c; (void)w; (void)n; return LEGACY_ERROR; }                                            \
    size_t ZBUFFv0##v##_decompressContinue(void *c, void *d, size_t *dn, const void *s, size_t *sn);\
    size_t ZBUFFv0##v##_decompressContinue(void *c, void *d, size_t *dn, const void *s, size_t *sn)\
    { (void)c; (void)d; (void)dn; (void)s; (void)sn; return LEGACY_ERROR; }

/* clang-format on */

LEGACY_VERSION(5)
LEGACY_VERSION(6)
LEGACY_VERSION(7)

/* Weak in the library; undefined they would be at zero, out of reach of a near call. */
u64 ZSTD_trace_decompress_begin(const void *context);
u64 ZSTD_trace_decompress_begin(const void *context)
{
    (void)context;
    return 0;
}

void ZSTD_trace_decompress_end(u64 context, const void *trace);
void ZSTD_trace_decompress_end(u64 context, const void *trace)
{
    (void)context;
    (void)trace;
}
