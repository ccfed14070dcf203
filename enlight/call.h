/* A hypercall while it is being served, and what the handlers share. [TLFS 3] */
#ifndef ENLIGHT_CALL_H
#define ENLIGHT_CALL_H

#include "enlight/state.h"
#include "enlight/vpset.h"

/* The longest input a handler looks at: a message, or a header with the first bank of a set. */
#define TLFS_INPUT_BYTES 256u

struct tlfs_call {
    struct vcpu *vcpu;
    struct partition *partition;
    u64 control;
    u64 in, out; /* guest-physical; the first 16 bytes of input when fast */
    u32 count;   /* repetitions */
    u32 done;    /* the cursor: of them, finished */
    u32 banks;   /* quadwords of the variable header */
    union {
        u64 word[TLFS_INPUT_BYTES / sizeof(u64)];
        u8 bytes[TLFS_INPUT_BYTES];
    } input;
};

/* The input header, typed. */
#define TLFS_INPUT(call, type) ((const type *)(const void *)(call)->input.bytes)

/* The set at the end of the input header; its banks follow. */
enum tlfs_status tlfs_set_read(const struct tlfs_call *call, const struct tlfs_vpset *set,
                               u64 *vps);
/* Takes the next processor of a set that is there; NULL: no more. */
struct vcpu *tlfs_set_take(const struct tlfs_call *call, u64 *vps);

/* Prototypes of the handlers, stamped from the rows that are DONE or PART. */
#define PROTO_DONE(name) enum tlfs_status tlfs_##name(struct tlfs_call *call);
#define PROTO_PART(name) PROTO_DONE(name)
#define PROTO_REFUSED(name)
#define PROTO_ABSENT(name)
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    PROTO_##state(name)
#include "enlight/abi/tlfs.def"

#endif
