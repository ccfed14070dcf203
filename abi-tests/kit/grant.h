/* The guest's own grant table, and pages of another guest by reference [xen/grant_table.h]. */
#ifndef ABI_TESTS_KIT_GRANT_H
#define ABI_TESTS_KIT_GRANT_H

#include "abi-tests/kit/kit.h"

enum { KIT_GRANT_ACCESS = 1, KIT_GRANT_ACCEPT = 2, KIT_GRANT_READONLY = 4 };
enum { KIT_GRANT_READING = 8, KIT_GRANT_WRITING = 16 };
enum { KIT_GRANT_MAP_HOST = 2, KIT_GRANT_MAP_READONLY = 4 };
enum kit_grant_direction { KIT_GRANT_FROM_REF = 1, KIT_GRANT_TO_REF = 2 };

/* An entry of version 1. */
struct kit_grant {
    uint16_t flags, domain;
    uint32_t frame;
};

/* The argument of GNTTABOP_map_grant_ref; what it answered is kept for the unmapping. */
struct kit_grant_map {
    uint64_t address;
    uint32_t flags, ref;
    uint16_t domain;
    int16_t status;
    uint32_t handle;
    uint64_t bus_address;
};

struct kit_grant_side {
    uint64_t ref_or_frame;
    uint16_t domain, offset, pad[2];
};
struct kit_grant_copy {
    struct kit_grant_side source, dest;
    uint16_t bytes, flags;
    int16_t status;
};

/* Maps the table's first page at a page of the image; NULL when a call fails. */
volatile struct kit_grant *kit_grant_table(void *at);
void kit_grant_put(volatile struct kit_grant *entry, uint16_t flags, uint16_t domain,
                   uint64_t frame);

/* A hole where a grant goes, as a back-end's kernel makes it; the error of the hypercall. */
long kit_grant_hole(void *at);

/* These answer the operation's status, or 98 when the hypercall itself fails. */
int kit_grant_map(struct kit_grant_map *io, uint16_t domain, uint32_t ref, uint32_t flags,
                  void *at);
int kit_grant_unmap(const struct kit_grant_map *mapped);
int kit_grant_copy(struct kit_grant_copy *io);

/* A copy between the same offsets of another guest's page and an own one. */
struct kit_grant_copy kit_grant_copy_make(uint16_t domain, uint32_t ref, void *own,
                                          uint16_t offset, uint16_t bytes,
                                          enum kit_grant_direction direction);

#endif
