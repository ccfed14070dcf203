/* User mode of a PV guest: iret into it, and the ways back. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define USER_CS 0xe033u
#define USER_SS 0xe02bu

void user_enter(uint64_t frame);
extern uint8_t user_int3[], user_ud2[], user_syscall[], user_read[], syscall_entry[];

/* Frames of iret as the hypercall's slot leaves them below: flags, rip, cs, rflags, rsp, ss. */
__asm__("    .pushsection .text\n"
        "user_enter:\n"
        "    movq 40(%rdi), %rax\n"
        "    pushq %rax\n"
        "    pushq 32(%rdi)\n"
        "    pushq 24(%rdi)\n"
        "    pushq 16(%rdi)\n"
        "    pushq 8(%rdi)\n"
        "    pushq (%rdi)\n"
        "    movq $0x1111, %rcx\n"
        "    movq $0x2222, %r11\n"
        "    movq $0x3333, %rax\n"
        "    jmp hypercall_page + 23 * 32\n"
        "user_int3:\n"
        "    int3\n"
        "user_ud2:\n"
        "    ud2\n"
        "user_read:\n"
        "    movb (%rdi), %al\n"
        "user_syscall:\n"
        "    movq %rcx, user_rcx(%rip)\n"
        "    movq %r11, user_r11(%rip)\n"
        "    movq %rax, user_rax(%rip)\n"
        "    movl $77, %eax\n"
        "    syscall\n"
        "1:  ud2\n"
        "syscall_entry:\n"
        "    popq %rcx\n"
        "    popq %r11\n"
        "    movq %rax, syscall_rax(%rip)\n"
        "    ud2\n"
        "    .popsection\n");

extern uint64_t user_rcx, user_r11, user_rax, syscall_rax;
uint64_t user_rcx, user_r11, user_rax, syscall_rax;

static uint8_t user_stack[4096] __attribute__((aligned(16)));
static uint8_t kernel_stack[8192] __attribute__((aligned(16)));

static struct kit_trap user_run(const uint8_t *entry, uint64_t flags)
{
    uint64_t frame[6] = {
        flags,  (uintptr_t)entry, USER_CS, 0x202, (uintptr_t)user_stack + sizeof(user_stack),
        USER_SS};

    return kit_try(user_enter, (uintptr_t)frame);
}

static bool user_prepare(void)
{
    uint64_t top = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
    struct g_mmuext_op op = {.cmd = G_MMUEXT_NEW_USER_BASEPTR,
                             .arg1 = kit_frame((const void *)(uintptr_t)top)};
    struct g_callback_register callback = {.type = G_CALLBACKTYPE_syscall,
                                           .address = (uintptr_t)syscall_entry};

    kit_hypercall(G_HYPERVISOR_callback_op, G_CALLBACKOP_register, (uintptr_t)&callback, 0, 0);
    kit_hypercall(G_HYPERVISOR_stack_switch, G_FLAT_RING3_SS64,
                  (uintptr_t)kernel_stack + sizeof(kernel_stack), 0, 0);
    return kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF) == 0;
}

static bool on_kernel_stack(uint64_t address)
{
    return address > (uintptr_t)kernel_stack &&
           address <= (uintptr_t)kernel_stack + sizeof(kernel_stack);
}

static void iret_kernel(uint64_t target)
{
    __asm__ volatile("movq %%rsp, %%rax\n"
                     "    pushq %1\n"
                     "    pushq %%rax\n"
                     "    pushq $0x202\n"
                     "    pushq %2\n"
                     "    pushq %0\n"
                     "    pushq $0\n"
                     "    jmp hypercall_page + 23 * 32"
                     :
                     : "r"(target), "i"(0xe02b), "i"(0xe030)
                     : "rax", "memory");
    __builtin_unreachable();
}

TEST(user, "user-mode", TEST_PV)
{
    const char *row = "iret";
    struct kit_trap trap;
    uint8_t masked = kit_vcpu_info()->upcall_mask;

    if (!user_prepare())
        return test_error("no user page table");
    trap = user_run(user_int3, 0);
    expect_trap(row, "user: int3", trap, 3);
    expect_true(row, "user: int3 comes from user mode", (trap.cs & 3) == 3);
    expect_true(row, "user: its stack is in the frame",
                trap.rsp == (uintptr_t)user_stack + sizeof(user_stack));
    expect_true(row, "IF in the frame unmasks upcalls", kit_vcpu_info()->upcall_mask == 0);
    trap = user_run(user_ud2, 0);
    expect_trap(row, "user: ud2", trap, 6);
    trap = user_run(user_syscall, 0);
    expect_trap("callback_op.register:syscall", "user: syscall reaches the entry", trap, 6);
    expect_true("callback_op.register:syscall", "its rax", syscall_rax == 77);
    expect_true("stack_switch", "entries use the stack", on_kernel_stack(trap.rsp));
    expect_true(row, "rcx, r11 and rax are restored",
                user_rcx == 0x1111 && user_r11 == 0x2222 && user_rax == 0x3333);
    trap = user_run(user_syscall, 256);
    expect_trap(row, "user: return of a system call", trap, 6);
    expect_true(row, "rax is restored then", user_rax == 0x3333);
    trap = user_run((const uint8_t *)KIT_UNMAPPED, 0);
    expect_trap(row, "user: unmapped target", trap, 14);
    expect_true(row, "its address", trap.address == KIT_UNMAPPED);
    trap = kit_try(iret_kernel, (uintptr_t)user_ud2);
    expect_trap(row, "kernel: ud2", trap, 6);
    expect_true(row, "kernel: comes from kernel mode", (trap.cs & 3) == 0);
    trap = kit_try(iret_kernel, (uintptr_t)user_syscall);
    observe(row, "kernel: syscall is a hypercall", (long)trap.vector);
    kit_vcpu_info()->upcall_mask = masked;
}
