/* Random operations on the fake machine's MMU, and the promises that must hold after each. */
#ifndef ABI_TESTS_UNIT_PV_MMU_MODEL_H
#define ABI_TESTS_UNIT_PV_MMU_MODEL_H

#include "hv/lib/types.h"

/* Where the model's choices come from; `limit` > 0. */
struct model_source {
    u32 (*choose)(void *state, u32 limit);
    void *state;
};

/* One operation, then every count is recomputed, and no table may be writable through a stale
 * translation once the flushes are settled. */
void model_step(const struct model_source *source);

/* Undoes everything the operations can have done; all counts must be zero then. */
void model_end(void);

#endif
