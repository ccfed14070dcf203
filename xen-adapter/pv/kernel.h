/*
 * What a kernel file is: bzImage or ELF, where its payload lies, what its Xen notes say.
 * Pure, host-tested.
 */
#ifndef XEN_ADAPTER_PV_KERNEL_H
#define XEN_ADAPTER_PV_KERNEL_H

#include "hv/lib/elf.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

/* What is wrong with a file, for the person who gave it. */
struct complaint {
    const char *what;
    const char *fix;
    u64 at; /* byte in the file; COMPLAINT_NOWHERE if that says nothing */
};

#define COMPLAINT_NOWHERE (~0ull)

static inline enum status complaint_make(struct complaint *out, enum status status, u64 at,
                                         const char *what, const char *fix)
{
    *out = (struct complaint){what, fix, at};
    return status;
}

enum payload_kind { PAYLOAD_ELF, PAYLOAD_GZIP, PAYLOAD_XZ, PAYLOAD_LZ4, PAYLOAD_ZSTD };

struct payload {
    enum payload_kind kind;
    const u8 *data;
    u64 bytes;
    u64 file_offset; /* of data in the file, for messages */
    u64 elf_bytes;   /* size once extracted, as the file claims */
};

/* Finds the payload in a bzImage, an ELF file, or a gzip file that holds one. */
enum status payload_find(const void *file, u64 bytes, struct payload *out,
                         struct complaint *complaint);

/* The name of the compression, for messages. */
const char *payload_name(enum payload_kind kind);

#define KERNEL_NONE (~0ull)

/* The Xen notes, or the keys of the old __xen_guest section. Absent numbers are KERNEL_NONE. */
struct kernel_notes {
    u64 entry; /* virtual; the ELF entry when there is no note */
    u64 virt_base;
    u64 paddr_offset;
    u64 hypercall_page;
    u64 init_p2m;
    u64 phys32_entry;
    u64 reloc_align, reloc_min, reloc_max;
    bool modules_by_pfn; /* MOD_START_PFN */
    bool is_pv;          /* there are PV notes or an old section */
    bool is_old;         /* from __xen_guest */
};

/* ST_UNSUPPORTED: a kernel that needs something we do not offer; ST_CORRUPT: broken notes. */
enum status kernel_notes_read(const struct elf_image *image, struct kernel_notes *out,
                              struct complaint *complaint);

#endif
