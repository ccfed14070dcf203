/* The decoder against Zydis: whatever Zydis accepts, we read with the same length and operands.
 */
// sources: hv/lib/insn_decode.c hv/lib/insn_tables.c hv/lib/insn_operands.c hv/lib/insn_compute.c
// libs: -lZydis
#include "abi-tests/unit/insn_oracle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    enum insn_mode mode;
    const char *difference;

    if (size < 2)
        return 0;
    mode = (enum insn_mode)(data[0] % 3);
    difference = oracle_compare(data + 1, size - 1, mode);
    if (difference) {
        oracle_print(data + 1, size - 1, mode, difference);
        abort();
    }
    return 0;
}
