/* From the VMCB's exit code to the neutral struct exit. [APM2 appendix C] */
#include "hv/cpu/cpu.h"
#include "hv/cpu/svm.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define IO_IN        BIT(0)
#define IO_STRING    BIT(2)
#define IO_REPEAT    BIT(3)
#define NPF_PRESENT  BIT(0)
#define NPF_WRITE    BIT(1)
#define NPF_RESERVED BIT(3)
#define NPF_FETCH    BIT(4)
#define NPF_TABLE    BIT(33)

static void exit_io(struct svm_guest *guest, struct exit *out)
{
    u64 info = guest->vmcb->exit_info1;

    guest->next_rip = guest->vmcb->exit_info2;
    out->kind = EXIT_IO;
    out->io.port = (u16)(info >> 16);
    out->io.size = (u8)(info >> 4 & 7);
    out->io.flags =
        (u8)((info & IO_IN ? EXIT_IO_IN : 0) | (info & IO_STRING ? EXIT_IO_STRING : 0) |
             (info & IO_REPEAT ? EXIT_IO_REPEAT : 0));
}

static void exit_memory(struct svm_guest *guest, struct exit *out)
{
    struct vmcb *vmcb = guest->vmcb;
    u64 info = vmcb->exit_info1;

    out->kind = info & NPF_RESERVED ? EXIT_BROKEN : EXIT_MEMORY;
    out->memory.gpa = gpa(vmcb->exit_info2);
    out->memory.flags = (info & NPF_PRESENT ? EXIT_MEMORY_PRESENT : 0) |
                        (info & NPF_WRITE ? EXIT_MEMORY_WRITE : 0) |
                        (info & NPF_FETCH ? EXIT_MEMORY_FETCH : 0) |
                        (info & NPF_TABLE ? EXIT_MEMORY_TABLE : 0) |
                        (vmcb->exit_event & INJECT_VALID ? EXIT_MEMORY_DELIVERY : 0);
    out->memory.byte_count = 0;
    if (svm_features.decode_assist && vmcb->fetched_count <= sizeof(out->memory.bytes)) {
        out->memory.byte_count = vmcb->fetched_count;
        memcpy(out->memory.bytes, vmcb->fetched, sizeof(out->memory.bytes));
    }
}

/* Intercepted only against endless delivery loops: the guest gets what it would have got. */
static void exit_exception(struct svm_guest *guest, u8 vector, struct exit *out)
{
    struct event event = {.kind = EVENT_EXCEPTION, .vector = vector};

    out->kind = EXIT_NONE;
    if (vector == VECTOR_UD) {
        out->kind = EXIT_UNDEFINED;
        return;
    }
    if (vector == VECTOR_MC) {
        print("cpu: machine check while a guest of partition %u ran\n", guest->common.owner);
        out->kind = EXIT_BROKEN;
        return;
    }
    event.has_error = vector == VECTOR_AC;
    event.error = event.has_error ? (u32)guest->vmcb->exit_info1 : 0;
    guest_inject(&guest->common, event);
}

static void exit_iret(struct svm_guest *guest)
{
    guest->nmi_active = false;
    guest->iret_pending = true;
    guest->vmcb->intercept1 &= (u32)~INTERCEPT1_IRET;
    guest->vmcb->clean &= (u32)~CLEAN_INTERCEPTS;
}

/* The kinds that need nothing but their name. */
static enum exit_kind kind_of_code(u64 code)
{
    static const struct {
        u16 code;
        u16 kind;
    } plain[] = {
        {VMEXIT_INTR, EXIT_INTERRUPT},
        {VMEXIT_HLT, EXIT_HALT},
        {VMEXIT_CPUID, EXIT_CPUID},
        {VMEXIT_NMI, EXIT_INTERRUPT},
        {VMEXIT_XSETBV, EXIT_XSETBV},
        {VMEXIT_SHUTDOWN, EXIT_SHUTDOWN},
        {VMEXIT_INVD, EXIT_SKIP},
        {VMEXIT_WBINVD, EXIT_SKIP},
        {VMEXIT_RDPMC, EXIT_PROTECTED},
        {VMEXIT_MONITOR, EXIT_UNDEFINED},
        {VMEXIT_MWAIT, EXIT_UNDEFINED},
        {VMEXIT_MWAIT_ARMED, EXIT_UNDEFINED},
        {VMEXIT_RDPRU, EXIT_UNDEFINED},
        {VMEXIT_VMRUN, EXIT_UNDEFINED},
        {VMEXIT_VMLOAD, EXIT_UNDEFINED},
        {VMEXIT_VMSAVE, EXIT_UNDEFINED},
        {VMEXIT_STGI, EXIT_UNDEFINED},
        {VMEXIT_CLGI, EXIT_UNDEFINED},
        {VMEXIT_SKINIT, EXIT_UNDEFINED},
        {VMEXIT_INVLPGA, EXIT_UNDEFINED},
        {VMEXIT_SMI, EXIT_INTERRUPT},
        {VMEXIT_INIT, EXIT_INTERRUPT},
        {VMEXIT_TASK_SWITCH, EXIT_TASK_SWITCH},
        {VMEXIT_CR8_WRITE, EXIT_PRIORITY},
        {VMEXIT_PAUSE, EXIT_PAUSE},
    };

    for (u32 i = 0; i < ARRAY_SIZE(plain); i++)
        if (plain[i].code == code)
            return (enum exit_kind)plain[i].kind;
    return EXIT_BROKEN;
}

static void exit_other(struct svm_guest *guest, u64 code, struct exit *out)
{
    out->kind = EXIT_NONE;
    if (code == VMEXIT_MSR)
        out->kind = guest->vmcb->exit_info1 ? EXIT_MSR_WRITE : EXIT_MSR_READ;
    else if (code == VMEXIT_IO)
        exit_io(guest, out);
    else if (code == VMEXIT_NPF)
        exit_memory(guest, out);
    else if (code == VMEXIT_IRET)
        exit_iret(guest);
    else if (code >= VMEXIT_EXCEPTION && code < VMEXIT_INTR)
        exit_exception(guest, (u8)(code - VMEXIT_EXCEPTION), out);
    else
        out->kind = kind_of_code(code);
}

void svm_exit_decode(struct svm_guest *guest, struct exit *out)
{
    struct vmcb *vmcb = guest->vmcb;
    u64 code = vmcb->exit_code;

    if ((vmcb->exit_event & INJECT_VALID) || guest->interrupt_is_virtual)
        svm_event_exit(guest);
    guest->next_rip = svm_features.next_rip ? vmcb->next_rip : 0;
    out->code = code;
    if (code == VMEXIT_VMMCALL) {
        out->kind = EXIT_HYPERCALL;
    } else if (code == VMEXIT_VINTR) {
        svm_window_close(vmcb);
        out->kind = EXIT_WINDOW;
    } else {
        exit_other(guest, code, out);
    }
}

static struct svm_site *site_of(const struct svm_guest *guest)
{
    u64 rip = guest->common.regs.rip;

    return (struct svm_site *)(uintptr_t)&guest->site[(rip ^ rip >> 6) % SVM_SITES];
}

u32 guest_insn_length(const struct guest *common)
{
    const struct svm_guest *guest = svm_of_const(common);
    const struct svm_site *site;

    if (guest->next_rip)
        return (u32)(guest->next_rip - common->regs.rip) & 0xf;
    site = site_of(guest);
    if (site->rip == common->regs.rip && site->cr3 == guest->vmcb->cr3)
        return site->length;
    return 0;
}

void guest_insn_remember(struct guest *common, u32 length)
{
    struct svm_guest *guest = svm_of(common);
    struct svm_site *site = site_of(guest);

    site->rip = common->regs.rip;
    site->cr3 = guest->vmcb->cr3;
    site->length = length;
}
