/* User mode of an HVM guest: a hypercall from there is answered with -EPERM, without a fault.
 */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"

#define USER_DATA 0x1bu
#define USER_CODE 0x23u
#define TASK      0x28u
#define USER_BIT  4ull

extern uint64_t kit_top[512], kit_pointers[512], kit_directories[512];
extern uint8_t pvh_user_code[];
void pvh_user_enter(uint64_t stack);

extern uint64_t pvh_user_result;
uint64_t pvh_user_result;

__asm__("    .pushsection .text\n"
        "pvh_user_enter:\n"
        "    pushq $0x1b\n"
        "    pushq %rdi\n"
        "    pushq $2\n"
        "    pushq $0x23\n"
        "    pushq $pvh_user_code\n"
        "    iretq\n"
        "pvh_user_code:\n"
        "    xorl %edi, %edi\n"
        "    xorl %esi, %esi\n"
        "    call hypercall_page + 17 * 32\n"
        "    movq %rax, pvh_user_result(%rip)\n"
        "    ud2\n"
        "    .popsection\n");

static uint8_t user_stack[4096] __attribute__((aligned(16)));
static uint8_t kernel_stack[8192] __attribute__((aligned(16)));
static uint32_t task[26];

/* A GDT with user segments and a task for the stack of traps; all of the image for user mode.
 */
static void user_prepare(void)
{
    static uint64_t gdt[7];
    uint64_t base = (uintptr_t)task, stack = (uintptr_t)kernel_stack + sizeof(kernel_stack);
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(gdt) - 1, (uintptr_t)gdt};

    gdt[1] = 0x00af9b000000ffffull;
    gdt[2] = 0x00cf93000000ffffull;
    gdt[USER_DATA >> 3] = 0x00cff3000000ffffull;
    gdt[USER_CODE >> 3] = 0x00affb000000ffffull;
    gdt[TASK >> 3] = (sizeof(task) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
                     (base >> 24 & 0xff) << 56;
    gdt[(TASK >> 3) + 1] = base >> 32;
    task[1] = (uint32_t)stack;
    task[2] = (uint32_t)(stack >> 32);
    kit_top[0] |= USER_BIT;
    kit_pointers[0] |= USER_BIT;
    for (unsigned i = 0; i < 8; i++)
        kit_directories[i] |= USER_BIT;
    __asm__ volatile("lgdt %0\n ltr %1\n movq %%cr3, %%rax\n movq %%rax, %%cr3" ::"m"(pointer),
                     "r"((uint16_t)TASK)
                     : "rax", "memory");
}

TEST(user_pvh, "user-mode-pvh", TEST_PVH)
{
    struct kit_trap trap;

    user_prepare();
    pvh_user_result = 77;
    trap = kit_try(pvh_user_enter, (uintptr_t)user_stack + sizeof(user_stack));
    expect_trap("xen_version.version", "from user mode: it goes on", trap, 6);
    expect_true("xen_version.version", "from user mode: the trap comes from there",
                (trap.cs & 3) == 3);
    expect("xen_version.version", "from user mode", (long)pvh_user_result, -G_EPERM);
}
