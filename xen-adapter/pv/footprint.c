#include "xen-adapter/pv/footprint.h"
#include "hv/lib/string.h"

static bool footprint_meets(const struct footprint *footprint, u64 base, u64 end)
{
    return spans_overlap(base, end, footprint->target.base, footprint->target.end) ||
           spans_overlap(base, end, footprint->output.base, footprint->output.end);
}

struct spans *footprint_free(const struct footprint *footprint)
{
    static struct spans places;

    places = free_ram;
    (void)spans_remove(&places, align_down(footprint->target.base, PAGE_SIZE),
                       align_up(footprint->target.end, PAGE_SIZE));
    (void)spans_remove(&places, align_down(footprint->output.base, PAGE_SIZE),
                       align_up(footprint->output.end, PAGE_SIZE));
    return &places;
}

enum status footprint_avoid(const struct footprint *footprint, struct start_module *module,
                            u64 limit)
{
    u64 end = module->base + module->bytes;
    u64 base;

    if (module->bytes == 0 || (end <= limit && !footprint_meets(footprint, module->base, end)))
        return ST_OK;
    TRY(spans_take_high(footprint_free(footprint), align_up(module->bytes, PAGE_SIZE),
                        PAGE_SIZE, limit, &base));
    memmove(phys_to_direct(base), phys_to_direct(module->base), module->bytes);
    (void)spans_add(&free_ram, align_down(module->base, PAGE_SIZE), align_up(end, PAGE_SIZE));
    (void)spans_remove(&free_ram, base, base + align_up(module->bytes, PAGE_SIZE));
    module->base = base;
    return ST_OK;
}
