/* Instruction decoder: fixed examples, arithmetic against this processor, and Zydis as oracle.
 */
// sources: hv/lib/insn_decode.c hv/lib/insn_tables.c hv/lib/insn_operands.c hv/lib/insn_compute.c
// libs: -lZydis
#include "abi-tests/unit/insn_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct insn decode(const char *bytes, size_t count, enum insn_mode mode)
{
    struct insn insn;

    assert_int_equal(insn_decode((const u8 *)bytes, count, mode, &insn), ST_OK);
    assert_int_equal(insn.length, count);
    return insn;
}

#define DECODE(bytes, mode) decode(bytes, sizeof(bytes) - 1, mode)

static void hot_instructions(void **state)
{
    struct insn i = DECODE("\x0f\x01\xd9", INSN_64);

    (void)state;
    assert_int_equal(i.op, INSN_VMMCALL);
    i = DECODE("\x0f\x01\xc1", INSN_32);
    assert_int_equal(i.op, INSN_VMCALL);
    i = DECODE("\x0f\xa2", INSN_64);
    assert_int_equal(i.op, INSN_CPUID);
    i = DECODE("\x0f\x22\xd8", INSN_64); /* mov cr3, rax */
    assert_int_equal(i.op, INSN_MOV_TO_CR);
    assert_int_equal(i.reg, 3);
    assert_int_equal(i.rm, 0);
    assert_int_equal(i.size, 8);
    i = DECODE("\xcd\x80", INSN_64);
    assert_int_equal(i.op, INSN_INT);
    assert_int_equal(i.immediate, 0x80);
}

static void memory_forms(void **state)
{
    u64 bases[INSN_SEGMENTS] = {[INSN_GS] = 0x1000};
    struct regs regs = {.rax = 0x100, .rcx = 0x10, .rip = 0x400000, .rsp = 0x7000};
    struct insn i =
        DECODE("\x65\x48\x8b\x44\x88\xf0", INSN_64); /* mov rax, gs:[rax+rcx*4-16] */

    (void)state;
    assert_int_equal(i.op, INSN_MOV);
    assert_int_equal(i.form, INSN_FORM_REG_RM);
    assert_int_equal(i.size, 8);
    assert_int_equal(insn_address(&i, &regs, bases), 0x1000 + 0x100 + 0x40 - 0x10);
    i = DECODE("\x89\x05\x10\x00\x00\x00", INSN_64); /* mov [rip+16], eax */
    assert_int_equal(insn_address(&i, &regs, bases), 0x400000 + 6 + 16);
    i = DECODE("\xc7\x04\x24\xff\xff\xff\xff", INSN_64); /* mov dword [rsp], -1 */
    assert_int_equal(i.form, INSN_FORM_RM_IMMEDIATE);
    assert_int_equal(i.immediate, -1);
    assert_int_equal(i.segment, INSN_SS);
    i = DECODE("\x0f\xb6\x00", INSN_64);
    assert_int_equal(i.op, INSN_MOVZX);
    assert_int_equal(i.source_size, 1);
    assert_int_equal(i.size, 4);
    i = DECODE("\x67\x8b\x40\x04", INSN_64); /* mov eax, [eax+4] */
    assert_int_equal(i.address_size, 4);
    i = DECODE("\x8b\x40\x04", INSN_16); /* mov ax, [bx+si+4] */
    assert_int_equal(i.base, 3);
    assert_int_equal(i.index, 6);
    i = DECODE("\xf0\x48\x0f\xb1\x0f", INSN_64);
    assert_int_equal(i.op, INSN_CMPXCHG);
    assert_int_equal(i.prefixes, INSN_LOCK);
    i = DECODE("\xf3\x48\xab", INSN_64);
    assert_int_equal(i.op, INSN_STOS);
    assert_int_equal(i.size, 8);
}

static void bad_input(void **state)
{
    u8 prefixes[32];
    struct insn insn;

    (void)state;
    memset(prefixes, 0x66, sizeof(prefixes));
    assert_int_equal(insn_decode(prefixes, sizeof(prefixes), INSN_64, &insn), ST_INVALID);
    assert_int_equal(insn_decode(prefixes, 4, INSN_64, &insn), ST_NO_DATA);
    assert_int_equal(insn_decode(prefixes, 0, INSN_64, &insn), ST_NO_DATA);
    assert_int_equal(insn_decode((const u8 *)"\x0f\x04", 2, INSN_64, &insn), ST_INVALID);
    assert_int_equal(insn_decode((const u8 *)"\x06", 1, INSN_64, &insn), ST_INVALID);
}

static void registers(void **state)
{
    struct regs regs = {.rax = 0x1122334455667788, .rsp = 0xaabb};

    (void)state;
    assert_int_equal(insn_register_read(&regs, 4, 1, 0), 0x77);    /* ah */
    assert_int_equal(insn_register_read(&regs, 4, 1, 0x40), 0xbb); /* spl */
    insn_register_write(&regs, 0, 2, 0, 0xffff);
    assert_true(regs.rax == 0x112233445566ffff);
    insn_register_write(&regs, 4, 1, 0, 1);
    assert_true(regs.rax == 0x11223344556601ff);
    insn_register_write(&regs, 0, 4, 0, 0xffffffffdeadbeef);
    assert_true(regs.rax == 0xdeadbeef);
}

/* The stack is moved below the red zone before it is used. */
#define NATIVE(name, text)                                                                     \
    static u64 name(u64 first, u64 second, u64 *flags)                                         \
    {                                                                                          \
        __asm__("lea -128(%%rsp), %%rsp; push %1; popf; " text                                 \
                " %k2, %k0; pushf; pop %1; lea 128(%%rsp), %%rsp"                              \
                : "+r"(first), "+r"(*flags)                                                    \
                : "r"(second)                                                                  \
                : "cc");                                                                       \
        return first;                                                                          \
    }
NATIVE(native_add, "addl")
NATIVE(native_adc, "adcl")
NATIVE(native_sub, "subl")
NATIVE(native_sbb, "sbbl")
NATIVE(native_and, "andl")
NATIVE(native_xor, "xorl")

static u64 random_64(void)
{
    u64 value = (u64)random() << 42 ^ (u64)random() << 21 ^ (u64)random();

    return random() % 4 ? value : value & 3;
}

/* The six are the same for all sizes but for the width: 32 bits stand for them. */
static void arithmetic(void **state)
{
    static const struct {
        enum insn_op op;
        u64 (*native)(u64, u64, u64 *);
        u64 flags;
    } row[] = {
        {INSN_ADD, native_add, 0x8d5}, {INSN_ADC, native_adc, 0x8d5},
        {INSN_SUB, native_sub, 0x8d5}, {INSN_SBB, native_sbb, 0x8d5},
        {INSN_AND, native_and, 0x8c5}, {INSN_XOR, native_xor, 0x8c5},
    };

    (void)state;
    for (u32 n = 0; n < 20000; n++) {
        u64 first = (u32)random_64();
        u64 second = (u32)random_64();
        u32 i = (u32)random() % (u32)ARRAY_SIZE(row);
        u64 ours = 0x202 | ((u64)random() & 1);
        u64 theirs = ours;
        u64 result = insn_compute(row[i].op, 4, first, second, &ours);

        assert_int_equal(result, (u32)row[i].native(first, second, &theirs));
        assert_int_equal(ours & row[i].flags, theirs & row[i].flags);
    }
}

static void oracle(void **state)
{
    u8 bytes[INSN_MAX];
    u32 wrong = 0;

    (void)state;
    for (u32 n = 0; n < 400000 && wrong < 20; n++) {
        enum insn_mode mode = (enum insn_mode)(n % 3);
        const char *difference;

        for (u32 i = 0; i < sizeof(bytes); i++)
            bytes[i] = (u8)random();
        if (random() % 3 == 0)
            bytes[random() % 3] = 0x0f;
        difference = oracle_compare(bytes, sizeof(bytes), mode);
        if (difference) {
            oracle_print(bytes, sizeof(bytes), mode, difference);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot_instructions), cmocka_unit_test(memory_forms),
        cmocka_unit_test(bad_input),        cmocka_unit_test(registers),
        cmocka_unit_test(arithmetic),       cmocka_unit_test(oracle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
