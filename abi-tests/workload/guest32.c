/*
 * A 32-bit program without a C library: system calls by `int $0x80` and through the vdso,
 * thread-local segments (GDT and LDT), signals, fork. Its exit code names the step that failed.
 */

typedef unsigned int u32;

enum {
    NR_EXIT = 1,
    NR_FORK = 2,
    NR_WAITPID = 7,
    NR_GETPID = 20,
    NR_KILL = 37,
    NR_MODIFY_LDT = 123,
    NR_SIGACTION = 174, /* rt_sigaction */
    NR_MMAP2 = 192,
    NR_SET_THREAD_AREA = 243,
};

enum { AT_NULL = 0, AT_SYSINFO = 32 };
enum { SIGNAL_ILLEGAL = 4, SIGNAL_USER = 10 };
enum { SA_RESTORER = 0x04000000, SA_SIGINFO = 4 };

struct user_descriptor {
    u32 entry;
    u32 base;
    u32 limit;
    u32 flags; /* bit 0: 32-bit, bit 4: limit in pages, bit 6: usable */
};

struct kernel_sigaction {
    void (*handler)(int);
    u32 flags;
    void (*restorer)(void);
    u32 mask[2];
};

static u32 sysinfo;
static volatile u32 signals_seen;
static volatile u32 segment_word = 0xc0ffee;

static int call(int nr, u32 a, u32 b, u32 c, u32 d)
{
    int result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
                     : "memory");
    return result;
}

static int call_vdso(int nr)
{
    int result;

    __asm__ volatile("call *%1" : "=a"(result) : "m"(sysinfo), "0"(nr) : "memory");
    return result;
}

static void leave(int code)
{
    call(NR_EXIT, (u32)code, 0, 0, 0);
    __builtin_unreachable();
}

static void expect(int step, int holds)
{
    if (!holds)
        leave(step);
}

/* rt_sigreturn, number 173. */
void signal_return(void);
__asm__(".globl signal_return\nsignal_return: movl $173, %eax; int $0x80\n");

static void signal_caught(int number)
{
    signals_seen += (u32)number;
}

static u32 word_at(u32 selector)
{
    u32 word;

    __asm__ volatile("movw %w1, %%fs; movl %%fs:0, %0" : "=r"(word) : "r"(selector));
    return word;
}

static void segments_check(void)
{
    struct user_descriptor descriptor = {~0u, (u32)&segment_word, 0xfffff, 0x51};

    expect(10, call(NR_SET_THREAD_AREA, (u32)&descriptor, 0, 0, 0) == 0);
    expect(11, word_at(descriptor.entry << 3 | 3) == 0xc0ffee);
    descriptor.entry = 1;
    expect(12, call(NR_MODIFY_LDT, 0x11, (u32)&descriptor, sizeof(descriptor), 0) == 0);
    expect(13, word_at(1 << 3 | 7) == 0xc0ffee);
    for (int i = 0; i < 200; i++) {
        call(NR_GETPID, 0, 0, 0, 0);
        u32 word;

        __asm__ volatile("movl %%fs:0, %0" : "=r"(word));
        expect(14, word == 0xc0ffee);
    }
}

static void memory_check(void)
{
    enum { BYTES = 1 << 20, PRIVATE_ANONYMOUS = 0x22, READ_WRITE = 3 };
    u32 area;

    /* Six arguments: the sixth, the offset, goes in ebp. */
    __asm__ volatile("pushl %%ebp; xorl %%ebp, %%ebp; int $0x80; popl %%ebp"
                     : "=a"(area)
                     : "0"(NR_MMAP2), "b"(0), "c"(BYTES), "d"(READ_WRITE),
                       "S"(PRIVATE_ANONYMOUS), "D"(-1)
                     : "memory");
    expect(20, area < 0xfffff000u);
    for (u32 i = 0; i < BYTES; i += 4096)
        *(volatile u32 *)(area + i) = i ^ 0x5a5a5a5a;
    for (u32 i = 0; i < BYTES; i += 4096)
        expect(21, *(volatile u32 *)(area + i) == (i ^ 0x5a5a5a5a));
}

static void signals_check(void)
{
    struct kernel_sigaction action = {
        .handler = signal_caught, .flags = SA_RESTORER | SA_SIGINFO, .restorer = signal_return};
    int self = call(NR_GETPID, 0, 0, 0, 0);

    expect(30, call(NR_SIGACTION, SIGNAL_USER, (u32)&action, 0, 8) == 0);
    for (int i = 0; i < 50; i++)
        expect(31, call(NR_KILL, (u32)self, SIGNAL_USER, 0, 0) == 0);
    expect(32, signals_seen == 50 * SIGNAL_USER);
}

static void fork_check(void)
{
    for (int i = 0; i < 5; i++) {
        int status = -1, child = call(NR_FORK, 0, 0, 0, 0);

        if (child == 0)
            leave(7);
        expect(40, child > 0);
        expect(41, call(NR_WAITPID, (u32)child, (u32)&status, 0, 0) == child);
        expect(42, status == 7 << 8);
    }
}

/* The stack at entry: argc, argv..., 0, environment..., 0, auxiliary vector. */
__attribute__((used)) void start(u32 *stack)
{
    u32 *word = stack + 1 + stack[0] + 1;

    while (*word++)
        ;
    for (; word[0] != AT_NULL; word += 2) {
        if (word[0] == AT_SYSINFO)
            sysinfo = word[1];
    }
    expect(1, call(NR_GETPID, 0, 0, 0, 0) > 0);
    if (sysinfo) {
        for (int i = 0; i < 200; i++)
            expect(2, call_vdso(NR_GETPID) == call(NR_GETPID, 0, 0, 0, 0));
    }
    segments_check();
    memory_check();
    signals_check();
    fork_check();
    leave(0);
}

__asm__(".globl _start\n_start: movl %esp, %eax; andl $-16, %esp; subl $12, %esp\n"
        "pushl %eax; call start\n");
