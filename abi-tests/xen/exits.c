/*
 * As PVH: a guest that leaves to the hypervisor in every way there is: instructions it has not,
 * MSRs and ports that do not exist, addresses without memory, its local APIC. Each check prints
 * "ok" or "not ok". With end=N on the command line it ends, after the checks, in one of the
 * ways that must cost nobody but itself: 1 triple fault, 2 page tables outside memory, 3 a
 * stack outside memory, 4 halt for ever, 5 a descriptor table outside memory, 6 a wild jump
 * with interrupts on. In the place of the PV shim it has the shim's command line, "pv", and
 * halts for ever. As PV: a guest that leaves long mode, where the CPU lets it.
 */
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/kit/kit.h"

enum { DB = 1, NMI = 2, UD = 6, GP = 13, PF = 14, NONE = -1 };
#define HOLE   0xd0000000ul
#define APIC   0xfee00000ul
#define VECTOR 0x50

static unsigned checks, failures;
static void *resume[5];
static volatile int trapped;
static volatile unsigned interrupts;
static volatile bool is_trying;

static void check(bool good, const char *what, long got)
{
    checks++;
    failures += !good;
    kit_print("%s %u - %s (%ld)\n", good ? "ok" : "not ok", checks, what, got);
}

void exits_trap(uint64_t vector);
void exits_interrupt(void);

/* Called by the stubs below: an exception ends the attempt, an NMI only counts. */
void exits_trap(uint64_t vector)
{
    trapped = (int)vector;
    if (!is_trying) {
        kit_print("not ok %u - unexpected exception %ld\n", ++checks, (long)vector);
        kit_exit(3);
    }
    __builtin_longjmp(resume, 1);
}

static uint32_t apic_read(uint32_t offset)
{
    return *(volatile uint32_t *)(APIC + offset);
}

static void apic_write(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(APIC + offset) = value;
}

void exits_interrupt(void)
{
    interrupts++;
    apic_write(0xb0, 0);
}

__asm__(".altmacro\n"
        ".macro stub n\n"
        "trap_\\n: pushq $\\n\n jmp 1f\n"
        ".endm\n"
        ".set i, 0\n"
        ".rept 32\n stub %i\n .set i, i + 1\n .endr\n"
        "1: popq %rdi\n andq $-16, %rsp\n call exits_trap\n"
        "interrupt_stub: push %rax\n push %rcx\n push %rdx\n push %rsi\n push %rdi\n push %r8\n"
        " push %r9\n push %r10\n push %r11\n cld\n call exits_interrupt\n pop %r11\n pop %r10\n"
        " pop %r9\n pop %r8\n pop %rdi\n pop %rsi\n pop %rdx\n pop %rcx\n pop %rax\n iretq\n"
        ".section .rodata\n .balign 8\n trap_table:\n"
        ".macro row n\n .quad trap_\\n\n .endm\n"
        ".set i, 0\n .rept 32\n row %i\n .set i, i + 1\n .endr\n .text\n");
extern const uint64_t trap_table[32];
extern const char interrupt_stub[];

static uint64_t idt[512] __attribute__((aligned(16)));

static void gate_set(unsigned vector, uint64_t entry)
{
    idt[2 * vector] =
        (entry & 0xffff) | 0x8ull << 16 | 0x8eull << 40 | (entry >> 16 & 0xffff) << 48;
    idt[2 * vector + 1] = entry >> 32;
}

static void traps_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};

    for (unsigned i = 0; i < 32; i++)
        gate_set(i, trap_table[i]);
    for (unsigned i = 32; i < 256; i++)
        gate_set(i, (uintptr_t)interrupt_stub);
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

/* Runs one instruction (or a few) and says which exception came, or NONE. */
#define TRY(text, ...)                                                                         \
    ({                                                                                         \
        trapped = NONE;                                                                        \
        is_trying = true;                                                                      \
        if (!__builtin_setjmp(resume))                                                         \
            __asm__ volatile(text __VA_ARGS__);                                                \
        is_trying = false;                                                                     \
        trapped;                                                                               \
    })

#define EXPECT(vector, what, text, ...)                                                        \
    do {                                                                                       \
        int came = TRY(text, __VA_ARGS__);                                                     \
        check(came == (vector), what, came);                                                   \
    } while (0)

static void absent_instructions(void)
{
    EXPECT(UD, "vmrun", "vmrun", ::"a"(0x1000));
    EXPECT(UD, "vmload", "vmload", ::"a"(0x1000));
    EXPECT(UD, "vmsave", "vmsave", ::"a"(0x1000));
    EXPECT(UD, "stgi", "stgi");
    EXPECT(UD, "clgi", "clgi");
    EXPECT(UD, "skinit", ".byte 0x0f, 0x01, 0xde", ::"a"(0));
    EXPECT(UD, "invlpga", "invlpga", ::"a"(0), "c"(1));
    EXPECT(UD, "monitor", "monitor", ::"a"(&idt), "c"(0), "d"(0));
    EXPECT(UD, "mwait", "mwait", ::"a"(0), "c"(0));
    EXPECT(GP, "rdpmc", "rdpmc", ::"c"(0) : "rax", "rdx");
    EXPECT(NONE, "wbinvd", "wbinvd");
    EXPECT(NONE, "invd", "invd");
    EXPECT(NONE, "prefixed cpuid", ".byte 0x66, 0xf3, 0x0f, 0xa2", ::"a"(0), "c"(0)
           : "rbx", "rdx");
}

static void registers(void)
{
    EXPECT(GP, "rdmsr of none", "rdmsr", ::"c"(0x12345678) : "rax", "rdx");
    EXPECT(GP, "wrmsr of none", "wrmsr", ::"c"(0x12345678), "a"(0), "d"(0));
    EXPECT(GP, "EFER.SVME", "wrmsr", ::"c"(0xc0000080), "a"(0x1500), "d"(0));
    EXPECT(GP, "EFER.LME off with paging on", "wrmsr", ::"c"(0xc0000080), "a"(0), "d"(0));
    EXPECT(GP, "APIC base moved", "wrmsr", ::"c"(0x1b), "a"(0xfed00900), "d"(0));
    EXPECT(GP, "x2APIC MSR in xAPIC mode", "rdmsr", ::"c"(0x802) : "rax", "rdx");
    EXPECT(GP, "PAT with a reserved type", "wrmsr", ::"c"(0x277), "a"(0x02020202), "d"(0));
    EXPECT(GP, "hardware save area", "wrmsr", ::"c"(0xc0010117), "a"(0x1000), "d"(0));
    EXPECT(NONE, "PAT", "wrmsr", ::"c"(0x277), "a"(0x00070406), "d"(0x00070406));
    EXPECT(NONE, "KERNEL_GS_BASE", "wrmsr", ::"c"(0xc0000102), "a"(0x1234), "d"(0));
}

static void ports(void)
{
    static uint8_t buffer[4096];
    uint32_t value = 0;
    uint64_t count = sizeof(buffer);
    uint8_t *to = buffer;
    const char *from = "nowhere";

    __asm__ volatile("inl %%dx, %0" : "=a"(value) : "d"((uint16_t)0xcf8));
    check(value == 0xffffffff, "absent port reads all ones", value);
    __asm__ volatile("outl %0, %%dx" ::"a"(5), "d"((uint16_t)0xcf8));
    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"((uint16_t)0x300) : "memory");
    check(to == buffer + sizeof(buffer) && count == 0 && buffer[4095] == 0xff, "rep insb",
          (long)count);
    count = 7;
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"((uint16_t)0x300));
    check(count == 0 && *from == 0, "rep outsb", (long)count);
    count = 0;
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"((uint16_t)0x300));
    check(count == 0, "rep outsb of nothing", (long)count);
    EXPECT(PF, "ins to no page", "insb", ::"D"(0xffff900000000000), "d"((uint16_t)0x300)
           : "memory");
}

static void holes(void)
{
    volatile uint64_t *hole = (volatile uint64_t *)HOLE;
    uint8_t copy[16] = {0};
    uint8_t *to = copy;
    const uint8_t *from = (const uint8_t *)HOLE;
    uint64_t count = sizeof(copy);
    uint64_t value = 5;
    int32_t wide = 0;

    check(*hole == ~0ull, "absent memory reads all ones", (long)*hole);
    *hole = 5;
    check(*(volatile uint8_t *)hole == 0xff, "and keeps nothing", 0);
    __asm__ volatile("movsbl (%1), %0" : "=r"(wide) : "r"(hole));
    check(wide == -1, "movsx", wide);
    __asm__ volatile("movzwl 2(%1,%2,4), %k0" : "=r"(value) : "r"(hole), "r"(3ul));
    check(value == 0xffff, "movzx", (long)value);
    __asm__ volatile("xchg %0, (%1)" : "+r"(value) : "r"(hole) : "memory");
    check(value == ~0ull, "xchg", (long)value);
    value = 1;
    __asm__ volatile(
        "lock addq $3, (%0)\n lock cmpxchgq %%rax, (%0)\n orl $1, (%0)" ::"r"(hole), "a"(value)
        : "memory", "cc");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    check(count == 0 && copy[15] == 0xff, "rep movsb from it", copy[15]);
    to = (uint8_t *)HOLE;
    count = 100;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
    check(count == 0 && to == (uint8_t *)HOLE + 100, "rep stosb to it", (long)count);
    EXPECT(GP, "fxsave to it", "fxsave (%0)", ::"r"(hole) : "memory");
    EXPECT(UD, "a call into it", "call *%0", ::"r"(hole) : "memory", "rax");
}

static void single_step(void)
{
    int came = TRY("pushfq\n orq $0x100, (%%rsp)\n popfq\n cpuid\n nop", ::"a"(0), "c"(0)
                   : "rbx", "rdx", "cc");

    check(came == DB, "a single step over cpuid", came);
}

static void wait_interrupts(unsigned wanted)
{
    uint64_t end = kit_tsc() + 2000000000ull;

    while (interrupts < wanted && kit_tsc() < end)
        __asm__ volatile("sti\n hlt\n cli");
}

/* A period that ran out before the timer was stopped is still pending. */
static void take_pending(void)
{
    __asm__ volatile("sti\n nop\n cli");
}

static void apic_timer(void)
{
    uint64_t deadline;

    apic_write(0xf0, 0x1ff);
    check(apic_read(0x30) == 0x50014, "APIC version", apic_read(0x30));
    apic_write(0x3e0, 0xb);
    interrupts = 0;
    apic_write(0x320, VECTOR);
    apic_write(0x380, 1000000);
    wait_interrupts(1);
    check(interrupts == 1 && apic_read(0x390) == 0, "one-shot timer", interrupts);
    apic_write(0x320, 0x20000 | VECTOR);
    apic_write(0x380, 2000000);
    wait_interrupts(6);
    check(interrupts >= 6, "periodic timer", interrupts);
    apic_write(0x380, 0);
    take_pending();
    apic_write(0x320, 0x40000 | VECTOR);
    interrupts = 0;
    deadline = kit_tsc() + 1000000;
    __asm__ volatile("wrmsr" ::"c"(0x6e0), "a"((uint32_t)deadline),
                     "d"((uint32_t)(deadline >> 32)));
    wait_interrupts(1);
    check(interrupts == 1, "TSC deadline timer", interrupts);
    apic_write(0x320, 0x10000);
}

static void apic_messages(void)
{
    uint64_t cr8 = 8;

    interrupts = 0;
    apic_write(0x300, 1u << 18 | 0x61);
    check(interrupts == 0, "a message to itself waits for IF", interrupts);
    __asm__ volatile("sti\n nop\n cli");
    check(interrupts == 1, "and comes", interrupts);
    __asm__ volatile("mov %0, %%cr8" ::"r"(cr8));
    check(apic_read(0x80) == 0x80, "CR8 is the task priority", apic_read(0x80));
    apic_write(0x300, 1u << 18 | 0x61);
    __asm__ volatile("sti\n nop\n nop");
    check(interrupts == 1, "a lower class is held back", interrupts);
    __asm__ volatile("mov %0, %%cr8\n nop\n nop\n cli" ::"r"(0ul));
    check(interrupts == 2, "until the priority falls", interrupts);
    EXPECT(NMI, "NMI to itself", "movl $0x400, (%0)\n nop\n nop", ::"r"(APIC + 0x300)
           : "memory");
}

static void end_badly(uint64_t how)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0}, far_away = {4095, HOLE};

    kit_print("ending in way %lu\n", (unsigned long)how);
    if (how == 1)
        __asm__ volatile("lidt %0\n int3" ::"m"(nothing));
    if (how == 2)
        __asm__ volatile("mov %0, %%cr3" ::"r"(HOLE));
    if (how == 3)
        __asm__ volatile("mov %0, %%rsp\n push %%rax\n int3" ::"r"(HOLE + 0x800));
    if (how == 4)
        __asm__ volatile("cli\n hlt");
    if (how == 5)
        __asm__ volatile("lidt %0\n int3" ::"m"(far_away));
    if (how == 6)
        __asm__ volatile("lidt %0\n sti\n jmp *%1" ::"m"(nothing), "r"(HOLE));
}

/* Ring 3 with VM set in the frame: the processor ignores it and refuses the selector;
 * QEMU 7.2's TCG goes to virtual 8086 mode. [docs/qemu.md] */
#define SEGMENT 0x120ul
#define OFFSET  0x30ul
static void iretd_vm(uint64_t flags)
{
    static uint8_t stack[256];
    uint32_t frame[9] = {OFFSET, SEGMENT, (uint32_t)flags, (uint32_t)(uintptr_t)(stack + 240),
                         SEGMENT};

    __asm__ volatile("mov %0, %%rsp\n iretl" ::"r"(frame) : "memory");
}

/* The first instruction there, if that is memory of ours. */
static void code_put(uint64_t code)
{
    *(volatile uint8_t *)(SEGMENT * 16 + OFFSET) = (uint8_t)code;
}

static void virtual_8086(void)
{
    enum { HLT = 0xf4, NOP = 0x90 };
    struct kit_trap trap;

    kit_traps_init();
    kit_try(code_put, kit_option("step", 0) ? NOP : HLT);
    trap = kit_try(iretd_vm, kit_option("step", 0) ? 0x20302 : 0x20202);
    check(trap.vector == GP && trap.error == SEGMENT, "iretd to virtual 8086", trap.vector);
    kit_print("exits: %u checks, %u failed\n", checks, failures);
}

static bool is_shim(void)
{
    return kit_command_line[0] == 'p' && kit_command_line[1] == 'v';
}

void kit_main(void)
{
    if (kit_kind == KIT_PV) {
        virtual_8086();
        return;
    }
    traps_init();
    absent_instructions();
    registers();
    ports();
    holes();
    single_step();
    apic_timer();
    apic_messages();
    kit_print("exits: %u checks, %u failed\n", checks, failures);
    end_badly(is_shim() ? 4 : kit_option("end", 0));
    if (failures)
        kit_exit(3);
}
