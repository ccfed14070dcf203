/* Private to the decoder: what follows each opcode, and the pass that gives it a meaning. */
#ifndef HV_LIB_INSN_TABLES_H
#define HV_LIB_INSN_TABLES_H

#include "hv/lib/insn_decode.h"

#define LAYOUT_MODRM     0x01u
#define LAYOUT_IMM8      0x02u
#define LAYOUT_IMMZ      0x04u /* 16 or 32 bits, by operand size */
#define LAYOUT_IMM16     0x08u
#define LAYOUT_MOFFS     0x10u /* an address, by address size */
#define LAYOUT_NOT_64    0x20u
#define LAYOUT_NONE_SUCH 0x40u

#define INSN_VECTOR_MAP 16

extern const u8 insn_layout_one[256];
extern const u8 insn_layout_two[256];
u8 insn_vector_layout(u32 map, u8 opcode);

/* Fills op, form and sizes from the raw fields. */
void insn_find_operands(struct insn *insn, enum insn_mode mode);

#endif
