#include "abi-tests/kit/grant.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

enum { OP_MAP, OP_UNMAP, OP_COPY = 5 };
enum { STATUS_NONE = 99, STATUS_NO_CALL = 98 };

struct unmap_grant {
    uint64_t address, bus_address;
    uint32_t handle;
    int16_t status;
};

static long grant_call(unsigned operation, void *argument)
{
    return kit_hypercall(G_HYPERVISOR_grant_table_op, operation, (uintptr_t)argument, 1, 0);
}

volatile struct kit_grant *kit_grant_table(void *at)
{
    static uint64_t frame;
    struct g_gnttab_setup_table setup = {
        .dom = G_DOMID_SELF, .nr_frames = 1, .frame_list = (uintptr_t)&frame};
    struct g_add_to_physmap add = {
        .domid = G_DOMID_SELF, .space = G_XENMAPSPACE_grant_table, .gpfn = kit_frame(at)};
    long error;

    if (kit_kind == KIT_PV) {
        error = grant_call(G_GNTTABOP_setup_table, &setup);
        if (error == 0)
            error = kit_map(at, frame << 12 | 0x63);
    } else {
        error = kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_add_to_physmap, (uintptr_t)&add,
                              0, 0);
    }
    return error == 0 ? at : NULL;
}

void kit_grant_put(volatile struct kit_grant *entry, uint16_t flags, uint16_t domain,
                   uint64_t frame)
{
    entry->frame = (uint32_t)frame;
    entry->domain = domain;
    __sync_synchronize();
    entry->flags = flags;
}

long kit_grant_hole(void *at)
{
    struct g_remove_from_physmap remove = {.domid = G_DOMID_SELF, .gpfn = kit_frame(at)};

    if (kit_kind != KIT_PVH)
        return 0;
    return kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_remove_from_physmap,
                         (uintptr_t)&remove, 0, 0);
}

int kit_grant_map(struct kit_grant_map *io, uint16_t domain, uint32_t ref, uint32_t flags,
                  void *at)
{
    *io = (struct kit_grant_map){
        .flags = flags, .ref = ref, .domain = domain, .status = STATUS_NONE};
    io->address = kit_kind == KIT_PV ? (uintptr_t)at : kit_frame(at) << 12;
    return grant_call(OP_MAP, io) == 0 ? io->status : STATUS_NO_CALL;
}

int kit_grant_unmap(const struct kit_grant_map *mapped)
{
    struct unmap_grant io = {
        .address = mapped->address, .handle = mapped->handle, .status = STATUS_NONE};

    return grant_call(OP_UNMAP, &io) == 0 ? io.status : STATUS_NO_CALL;
}

struct kit_grant_copy kit_grant_copy_make(uint16_t domain, uint32_t ref, void *own,
                                          uint16_t offset, uint16_t bytes,
                                          enum kit_grant_direction direction)
{
    struct kit_grant_side far = {.ref_or_frame = ref, .domain = domain, .offset = offset};
    struct kit_grant_side near = {
        .ref_or_frame = kit_frame(own), .domain = G_DOMID_SELF, .offset = offset};
    bool is_from = direction == KIT_GRANT_FROM_REF;

    return (struct kit_grant_copy){.source = is_from ? far : near,
                                   .dest = is_from ? near : far,
                                   .bytes = bytes,
                                   .flags = (uint16_t)direction};
}

int kit_grant_copy(struct kit_grant_copy *io)
{
    io->status = STATUS_NONE;
    return grant_call(OP_COPY, io) == 0 ? io->status : STATUS_NO_CALL;
}
