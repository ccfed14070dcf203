/* Signals, processor exceptions seen as signals, and single-stepping through ptrace. */
#include "abi-tests/workload/test.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static sigjmp_buf trap_jump;

static void count_signal(int signal_number)
{
    (void)signal_number;
    caught++;
}

static void trap_caught(int signal_number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    caught = signal_number;
    siglongjmp(trap_jump, 1);
}

enum trap {
    TRAP_DIVIDE,
    TRAP_OPCODE,
    TRAP_BREAKPOINT,
    TRAP_PROTECTION,
    TRAP_NULL,
    TRAP_NO_GATE
};

static void trap_provoke(enum trap trap)
{
    switch (trap) {
    case TRAP_DIVIDE:
        __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::
                             : "eax", "ecx", "edx");
        break;
    case TRAP_OPCODE:
        __asm__ volatile("ud2");
        break;
    case TRAP_BREAKPOINT:
        __asm__ volatile("int3");
        break;
    case TRAP_PROTECTION:
        __asm__ volatile("hlt");
        break;
    case TRAP_NULL:
        __asm__ volatile("xorl %%eax, %%eax; movl 8(%%rax), %%eax" : : : "rax");
        break;
    case TRAP_NO_GATE:
        __asm__ volatile("int $0x81");
        break;
    }
}

/* The signal that the trap gave, 0 when none came. */
static int trap_signal(enum trap trap)
{
    caught = 0;
    if (!sigsetjmp(trap_jump, 1))
        trap_provoke(trap);
    return caught;
}

static const char *traps_check(int rounds)
{
    static const struct {
        enum trap trap;
        int signal_number;
        const char *name;
    } traps[] = {
        {TRAP_DIVIDE, SIGFPE, "divide error"},
        {TRAP_OPCODE, SIGILL, "invalid opcode"},
        {TRAP_BREAKPOINT, SIGTRAP, "breakpoint"},
        {TRAP_PROTECTION, SIGSEGV, "privileged instruction"},
        {TRAP_NULL, SIGSEGV, "null pointer"},
        {TRAP_NO_GATE, SIGSEGV, "interrupt without a gate"},
    };
    struct sigaction action = {.sa_sigaction = trap_caught, .sa_flags = SA_SIGINFO};

    for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
        sigaction(traps[i].signal_number, &action, NULL);
        for (int round = 0; round < rounds; round++) {
            int came = trap_signal(traps[i].trap);

            if (came != traps[i].signal_number)
                return test_fail("%s gave signal %d", traps[i].name, came);
        }
        signal(traps[i].signal_number, SIG_DFL);
    }
    return NULL;
}

/* Two processes send each other signals; none may be lost between sigsuspend calls. */
static const char *ping_pong(int rounds)
{
    sigset_t block, old;
    pid_t parent = getpid();

    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &old);
    signal(SIGUSR1, count_signal);
    caught = 0;
    pid_t child = fork();

    if (child == 0) {
        for (int i = 0; i < rounds; i++) {
            sigsuspend(&old);
            kill(parent, SIGUSR1);
        }
        _exit(0);
    }
    for (int i = 0; i < rounds; i++) {
        kill(child, SIGUSR1);
        sigsuspend(&old);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (test_reap(1) || caught != rounds)
        return test_fail("%d of %d signals came", (int)caught, rounds);
    return NULL;
}

/* An interval timer interrupts a busy loop; registers must survive every delivery. */
static const char *timer_check(int ticks)
{
    struct itimerval period = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
    uint64_t deadline_ns = test_now_ns() + 30000000000ull, state = 7, mirror = 7;

    signal(SIGALRM, count_signal);
    caught = 0;
    setitimer(ITIMER_REAL, &period, NULL);
    while (caught < ticks && test_now_ns() < deadline_ns) {
        for (int i = 0; i < 1000; i++) {
            if (test_random(&state) != test_random(&mirror))
                return "a register changed across a signal";
        }
    }
    setitimer(ITIMER_REAL, &off, NULL);
    return caught >= ticks ? NULL
                           : test_fail("%d of %d timer ticks in 30 s", (int)caught, ticks);
}

const char *test_signals(enum test_size size)
{
    const char *why = traps_check(size == SIZE_FULL ? 50 : 3);

    if (!why)
        why = ping_pong(size == SIZE_FULL ? 500 : 50);
    if (!why)
        why = timer_check(size == SIZE_FULL ? 100 : 10);
    return why;
}

/* A child that stops, then writes `*watched` again and again. */
static void traced_child(volatile int *watched)
{
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (int i = 0; i < 10000; i++)
        *watched = i;
    _exit(0);
}

/* Waits until the child stops with SIGTRAP. */
static int trap_awaited(pid_t child)
{
    int status = 0;

    return waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
           WSTOPSIG(status) == SIGTRAP;
}

/* Lets the child run until debug register 0 sees a write of four bytes to `address`. */
static const char *watch_check(pid_t child, const volatile int *address)
{
    size_t dr0 = offsetof(struct user, u_debugreg[0]);
    size_t dr6 = offsetof(struct user, u_debugreg[6]);
    size_t dr7 = offsetof(struct user, u_debugreg[7]);

    /* DR7: local enable 0, break on writes, length 4 [SDM 3 17.2.4]. */
    if (ptrace(PTRACE_POKEUSER, child, dr0, address) ||
        ptrace(PTRACE_POKEUSER, child, dr7, 0xd0001))
        return "debug registers cannot be set";
    for (int i = 0; i < 20; i++) {
        if (ptrace(PTRACE_CONT, child, 0, 0) || !trap_awaited(child))
            return test_fail("watched write %d was not seen", i);
        if (!(ptrace(PTRACE_PEEKUSER, child, dr6, 0) & 1))
            return test_fail("watched write %d is not in DR6", i);
    }
    return NULL;
}

const char *test_trace(enum test_size size)
{
    static volatile int watched;
    int steps = size == SIZE_FULL ? 2000 : 100, status;
    const char *why = NULL;
    pid_t child = fork();

    if (child == 0)
        traced_child(&watched);
    waitpid(child, &status, 0);
    for (int i = 0; i < steps && !why; i++) {
        if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) || !trap_awaited(child))
            why = test_fail("single step %d", i);
    }
    if (!why)
        why = watch_check(child, &watched);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return why;
}
