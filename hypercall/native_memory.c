/* Native calls: memory of partitions: given, mapped, granted. */
#include "hypercall/native_rows.h"
#include "hv/core/partition.h"
#include "hv/core/share.h"
#include "hypercall/guest_mem.h"
#include "hypercall/op_memory.h"

#define POPULATE_STEP ((u64)64 << 20)

static enum status machine_find(struct call *call, u64 local_at, u64 *out)
{
    hpa_t frame;
    u32 flags;

    if (local_at >= SPACE_LIMIT)
        return ST_FAULT;
    TRY(space_find(&call->vcpu->partition->space, gpa(local_at), &frame, &flags));
    *out = frame.raw + (local_at & PAGE_MASK);
    return ST_OK;
}

_Static_assert(NATIVE_MEMORY_RANGES_MAX * sizeof(struct native_memory_range) <= PAGE_SIZE,
               "a memory map fits a page");

enum status native_memory_layout(struct call *call)
{
    const struct native_memory_layout *in = IN(call, struct native_memory_layout);
    struct partition *p;
    u64 bytes = (u64)in->count * sizeof(struct native_memory_range);

    TRY(native_find(in->partition, &p));
    if (in->count > NATIVE_MEMORY_RANGES_MAX)
        return ST_TOO_BIG;
    if (!p->memory_map_page)
        TRY(op_page_alloc(p, &p->memory_map_page));
    p->memory_map_bytes = 0;
    TRY(mem_read(call->vcpu, gva(in->ranges), p->memory_map_page, bytes));
    p->memory_map_bytes = bytes;
    return ST_OK;
}

enum status native_memory_populate(struct call *call)
{
    const struct native_memory_populate *in = IN(call, struct native_memory_populate);
    struct partition *p;
    u64 step;
    u64 end;

    TRY(native_find(in->partition, &p));
    if (call->done > in->bytes || add_overflows(in->at, in->bytes, &end) ||
        (in->flags & ~(u32)SPACE_RAM) || !(in->flags & SPACE_READ))
        return ST_INVALID;
    step = MIN(in->bytes - call->done, POPULATE_STEP);
    TRY(space_populate(&p->space, gpa(in->at + call->done), step, in->flags));
    call->done += step;
    return call->done < in->bytes ? ST_RESTART : ST_OK;
}

/* What is borrowed of it stays, with ST_BUSY; so the root gives it back before. */
enum status native_memory_remove(struct call *call)
{
    const struct native_memory_remove *in = IN(call, struct native_memory_remove);
    struct partition *p;
    u64 step;
    u64 end;

    TRY(native_find(in->partition, &p));
    if (call->done > in->bytes || add_overflows(in->at, in->bytes, &end) ||
        p == call->vcpu->partition)
        return ST_INVALID;
    step = MIN(in->bytes - call->done, POPULATE_STEP);
    TRY(op_memory_remove(p, gpa(in->at + call->done), step));
    call->done += step;
    return call->done < in->bytes ? ST_RESTART : ST_OK;
}

enum status native_memory_map(struct call *call)
{
    const struct native_memory_map *in = IN(call, struct native_memory_map);
    struct partition *p;

    TRY(native_find(in->partition, &p));
    if (!(in->flags & SPACE_READ) || (in->flags & ~(u32)(SPACE_RAM | NATIVE_HOLES)))
        return ST_INVALID;
    if ((in->flags & NATIVE_HOLES) && in->pages > NATIVE_HOLES_PAGES_MAX)
        return ST_TOO_BIG;
    return share_map(p, gpa(in->remote_at), call->vcpu->partition, gpa(in->local_at), in->pages,
                     in->flags);
}

enum status native_memory_unmap(struct call *call)
{
    return share_unmap(call->vcpu->partition,
                       gpa(IN(call, struct native_memory_unmap)->local_at));
}

enum status native_grant_map(struct call *call)
{
    const struct native_grant_map *in = IN(call, struct native_grant_map);
    struct native_grant_map_out *out = OUT(call, struct native_grant_map_out);
    struct partition *p;

    TRY(native_find(in->partition, &p));
    if (!(in->flags & GRANT_READ) || (in->flags & ~(u32)(GRANT_READ | GRANT_WRITE)))
        return ST_INVALID;
    out->reserved = 0;
    TRY(share_map_grant(p, in->ref, call->vcpu->partition, gpa(in->local_at), in->flags,
                        &out->handle));
    return machine_find(call, in->local_at, &out->machine);
}

enum status native_grant_unmap(struct call *call)
{
    const struct native_grant_unmap *in = IN(call, struct native_grant_unmap);

    return share_unmap_grant(call->vcpu->partition, in->handle, gpa(in->local_at));
}

/* A part of a copy, read once; out of line, for the stack of native_call(). */
static enum status __attribute__((noinline))
grant_part_copy(struct call *call, struct partition *p, u64 part_at, u32 direction)
{
    struct partition *root = call->vcpu->partition;
    struct native_grant_copy_part part;
    struct share_side far, near;

    TRY(mem_read(call->vcpu, gva(part_at), &part, sizeof(part)));
    /* The root has it from a guest, to whom it must not mean "any page of yours". */
    if (part.ref == SHARE_NO_REF)
        return ST_NO_ENTRY;
    far = (struct share_side){.partition = p, .ref = part.ref, .offset = part.offset};
    near = (struct share_side){.partition = root,
                               .ref = SHARE_NO_REF,
                               .offset = (u32)(part.local_at & PAGE_MASK),
                               .at = gpa(align_down(part.local_at, PAGE_SIZE))};
    return direction == NATIVE_GRANT_STORE ? share_copy(root, &near, &far, part.bytes)
                                           : share_copy(root, &far, &near, part.bytes);
}

/* A refusal is the answer of the whole call only when it is the first part's. */
enum status native_grant_copy(struct call *call)
{
    const struct native_grant_copy *in = IN(call, struct native_grant_copy);
    struct native_grant_copy_out *out = OUT(call, struct native_grant_copy_out);
    struct partition *p;

    TRY(native_find(in->partition, &p));
    if (in->count > NATIVE_GRANT_PARTS_MAX)
        return ST_TOO_BIG;
    *out = (struct native_grant_copy_out){0};
    for (; out->done < in->count; out->done++) {
        enum status status = grant_part_copy(
            call, p, in->parts + out->done * sizeof(struct native_grant_copy_part),
            in->direction);

        if (status != ST_OK)
            return out->done == 0 ? status : ST_OK;
    }
    return ST_OK;
}

enum status native_memory_machine(struct call *call)
{
    return machine_find(call, IN(call, struct native_memory_machine)->local_at,
                        &OUT(call, struct native_memory_machine_out)->machine);
}
