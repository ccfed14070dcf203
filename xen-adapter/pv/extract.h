/*
 * Unpacking of kernel payloads with the packaged decoders, straight into their place.
 * The decoders allocate by malloc(): the shim's (libc.c) serves it from an arena, a host test
 * from the host.
 */
#ifndef XEN_ADAPTER_PV_EXTRACT_H
#define XEN_ADAPTER_PV_EXTRACT_H

#include "xen-adapter/pv/kernel.h"

/* Room that extract_head() needs: one zstd block and more than any ELF's program headers. */
#define EXTRACT_HEAD_BYTES ((u64)256 << 10)

/* Bytes of arena that extract_all() of this payload will need. */
u64 extract_arena_bytes(const struct payload *payload);

/*
 * The first bytes of the ELF, `*got` of them (at least a page of a healthy payload), into a
 * buffer of EXTRACT_HEAD_BYTES. ST_CORRUPT, ST_NO_MEMORY (arena).
 */
enum status extract_head(const struct payload *payload, u8 *out, u64 *got,
                         struct complaint *complaint);

/* All elf_bytes of it. */
enum status extract_all(const struct payload *payload, u8 *out, struct complaint *complaint);

/* One decoder each; `want` <= the payload's elf_bytes, all of it unless it is a head. */
struct extraction {
    const struct payload *payload;
    u8 *out;
    u64 want;
    u64 got;    /* bytes written */
    u64 taken;  /* bytes of payload consumed when it went wrong, COMPLAINT_NOWHERE if unknown */
    bool ended; /* the compressed stream came to its proper end */
};

enum status extract_gzip(struct extraction *job);
enum status extract_xz(struct extraction *job);
enum status extract_lz4(struct extraction *job);
enum status extract_zstd(struct extraction *job);

u64 extract_xz_arena(const struct payload *payload);

#endif
