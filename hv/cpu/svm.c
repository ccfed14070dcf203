/* AMD's virtual machine extension: start-up, a guest's life, entry. [APM2 ch. 15] */
#include "hv/cpu/svm.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define CPUID_SVM        0x8000000au
#define CPUID_HYPERVISOR 0x40000000u
#define VM_CR_DISABLED   BIT(4)

struct svm_features svm_features;
struct run_speculation svm_speculation;

/* One policy for all guests: see msr_bitmap_fill() and hv/core/msr.c. */
static u8 msr_bitmap[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u8 io_bitmap[3 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

#define MSR_READ  1u
#define MSR_WRITE 2u

/* Two bits an MSR, in areas for 0-1fff, c0000000-c0001fff, c0010000-c0011fff. [APM2 15.11] */
static void msr_bitmap_open(u32 msr, u32 access)
{
    u32 area = msr >= 0xc0010000u ? 2 : msr >= 0xc0000000u ? 1 : 0;
    u32 bit = (msr & 0x1fff) * 2;
    u8 *byte = &msr_bitmap[area * 2048 + bit / 8];

    *byte = (u8)(*byte & ~(access << (bit % 8)));
}

/* What VMLOAD, VMSAVE and the switch carry for each guest needs no exit. */
static void msr_bitmap_fill(void)
{
    static const u32 native[] = {
        0x174,      0x175,      0x176,                  /* SYSENTER */
        0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, /* STAR, LSTAR, CSTAR, SFMASK */
        0xc0000100, 0xc0000101, 0xc0000102,             /* FS, GS, kernel GS base */
    };

    memset(msr_bitmap, 0xff, sizeof(msr_bitmap));
    memset(io_bitmap, 0xff, sizeof(io_bitmap));
    for (u32 i = 0; i < ARRAY_SIZE(native); i++)
        msr_bitmap_open(native[i], MSR_READ | MSR_WRITE);
    if (svm_features.rdtscp)
        msr_bitmap_open(MSR_TSC_AUX, MSR_READ | MSR_WRITE);
}

void run_speculation_set(const struct run_speculation *policy)
{
    svm_speculation = *policy;
    if (policy->barrier_on_switch)
        msr_bitmap_open(MSR_PRED_CMD, MSR_WRITE);
}

bool run_has_spec_ctrl(void)
{
    return svm_speculation.switch_spec_ctrl;
}

static bool vendor_is_amd(void)
{
    struct cpuid_leaf leaf = insn_cpuid(0, 0);

    return leaf.ebx == 0x68747541u /* Auth */ || leaf.ebx == 0x6f677948u /* Hygo */;
}

bool run_is_emulated(void)
{
    return (insn_cpuid(1, 0).ecx & BIT(31)) &&
           insn_cpuid(CPUID_HYPERVISOR, 0).ebx == 0x54474354u /* TCGT */;
}

static void find_xsave(void)
{
    static const u64 wanted = 0x2e7; /* x87, SSE, AVX, AVX-512, PKRU */
    struct cpuid_leaf leaf = insn_cpuid(1, 0);
    u64 allowed = 0;
    u32 size = 576;

    if (!(leaf.ecx & BIT(26)) || insn_cpuid(0, 0).eax < 0xd)
        return;
    leaf = insn_cpuid(0xd, 0);
    for (u32 i = 0; i < 63; i++) {
        if (!(wanted & ((u64)leaf.edx << 32 | leaf.eax) & BIT(i)))
            continue;
        if (i >= 2) {
            struct cpuid_leaf part = insn_cpuid(0xd, i);

            size = MAX(size, part.ebx + part.eax);
        }
        allowed |= BIT(i);
    }
    if ((allowed & 0xe0) != 0xe0)
        allowed &= ~0xe0ul;
    svm_features.xsave = true;
    svm_features.xcr0_max = size <= 2 * PAGE_SIZE ? allowed : 3;
    svm_features.xsave_bytes = size <= 2 * PAGE_SIZE ? size : 576;
}

static void find_features(struct cpuid_leaf svm)
{
    struct cpuid_leaf high = insn_cpuid(0x80000001u, 0);

    svm_features.next_rip = svm.edx & BIT(3);
    svm_features.clean_bits = svm.edx & BIT(5);
    svm_features.flush_by_asid = svm.edx & BIT(6);
    svm_features.decode_assist = svm.edx & BIT(7);
    svm_features.pause_filter = svm.edx & BIT(10);
    svm_features.rdtscp = high.edx & BIT(27);
    svm_features.foreign_call = !vendor_is_amd();
    svm_features.interrupt_repeats = run_is_emulated();
    find_xsave();
    msr_bitmap_fill();
}

static enum status find_svm(struct cpuid_leaf *svm)
{
    if (insn_cpuid(0x80000000u, 0).eax < CPUID_SVM ||
        !(insn_cpuid(0x80000001u, 0).ecx & BIT(2))) {
        print("cpu: no SVM. Entente needs AMD-V (QEMU: -cpu max or -cpu EPYC).\n");
        return ST_UNSUPPORTED;
    }
    *svm = insn_cpuid(CPUID_SVM, 0);
    if (!(svm->edx & BIT(0))) {
        print("cpu: SVM without nested paging. A processor of 2008 or later is needed.\n");
        return ST_UNSUPPORTED;
    }
    if (insn_rdmsr(MSR_VM_CR) & VM_CR_DISABLED) {
        print("cpu: SVM is switched off by the firmware. Turn it on in its set-up.\n");
        return ST_UNSUPPORTED;
    }
    return ST_OK;
}

enum status run_init(hpa_t memory)
{
    struct cpu *here = cpu_this();
    struct svm_cpu *cpu = phys_to_virt(memory);
    struct cpuid_leaf svm;

    TRY(find_svm(&svm));
    if (here->id == 0)
        find_features(svm);
    insn_wrmsr(MSR_EFER, insn_rdmsr(MSR_EFER) | EFER_SVME);
    insn_wrmsr(MSR_VM_HSAVE, memory.raw + PAGE_SIZE);
    cpu->host_save = hpa(memory.raw + 2 * PAGE_SIZE);
    __asm__ volatile("vmsave" ::"a"(cpu->host_save.raw) : "memory");
    cpu->asid_limit = MAX(svm.ebx, 2u);
    cpu->asid_next = 1;
    cpu->asid_generation = 1;
    /* CR0: no task-switched or emulation traps, CR4: OSFXSR, OSXMMEXCPT, OSXSAVE. */
    insn_write_cr0((insn_read_cr0() & ~(BIT(2) | BIT(3))) | BIT(1));
    insn_write_cr4(insn_read_cr4() | BIT(9) | BIT(10) | (svm_features.xsave ? BIT(18) : 0));
    if (svm_features.xsave)
        insn_xsetbv(0, svm_features.xcr0_max);
    cpu->xcr0_now = svm_features.xcr0_max;
    cpu->last_owner = ~0u;
    here->backend = cpu;
    if (here->id != 0)
        return ST_OK;
    print("cpu: SVM with nested paging, %u address space tags%s%s%s\n", svm.ebx,
          svm_features.next_rip ? ", next rip" : "",
          svm_features.decode_assist ? ", decode assists" : "",
          svm_features.clean_bits ? ", clean bits" : "");
    return ST_OK;
}

static void vmcb_fill(struct vmcb *vmcb, hpa_t root)
{
    vmcb->intercept1 =
        (u32)(INTERCEPT1_INTR | INTERCEPT1_NMI | INTERCEPT1_SMI | INTERCEPT1_INIT |
              INTERCEPT1_RDPMC | INTERCEPT1_CPUID | INTERCEPT1_INVD | INTERCEPT1_HLT |
              INTERCEPT1_INVLPGA | INTERCEPT1_IO | INTERCEPT1_MSR | INTERCEPT1_TASK_SWITCH |
              INTERCEPT1_SHUTDOWN);
    vmcb->intercept2 =
        (u32)(INTERCEPT2_VMRUN | INTERCEPT2_VMMCALL | INTERCEPT2_VMLOAD | INTERCEPT2_VMSAVE |
              INTERCEPT2_STGI | INTERCEPT2_CLGI | INTERCEPT2_SKINIT | INTERCEPT2_WBINVD |
              INTERCEPT2_MONITOR | INTERCEPT2_MWAIT | INTERCEPT2_XSETBV | INTERCEPT2_RDPRU);
    /* #AC and #DB can loop in the delivery without an interrupt ever being taken. */
    vmcb->intercept_exceptions = (u32)(BIT(VECTOR_MC) | BIT(VECTOR_AC) | BIT(VECTOR_DB));
    if (svm_features.foreign_call)
        vmcb->intercept_exceptions |= (u32)BIT(VECTOR_UD);
    vmcb->io_bitmap = virt_to_phys(io_bitmap).raw;
    vmcb->msr_bitmap = virt_to_phys(msr_bitmap).raw;
    vmcb->vintr = (u32)VINTR_MASKING;
    vmcb->nested_enable = 1;
    vmcb->nested_root = root.raw;
}

/* Real mode at that code segment, all else as after INIT. [APM2 14.1] */
static void reset_state_set(struct guest *guest, struct segment cs)
{
    struct guest_state reset = {
        .cr0 = 0x60000010,
        .pat = 0x0007040600070406ull,
        .dr6 = 0xffff0ff0,
        .dr7 = 0x400,
        .cs = cs,
        .ds = {0, 0x93, 0xffff, 0},
        .ldtr = {0, 0x82, 0xffff, 0},
        .tr = {0, 0x8b, 0xffff, 0},
        .gdtr = {0, 0, 0xffff, 0},
    };

    reset.es = reset.fs = reset.gs = reset.ss = reset.ds;
    reset.idtr = reset.gdtr;
    guest_state_set(guest, &reset);
    guest->regs = (struct regs){.rflags = RFLAGS_FIXED};
}

void guest_start_real(struct guest *guest, u8 page)
{
    struct svm_guest *svm = svm_of(guest);

    reset_state_set(guest, (struct segment){(u16)(page << 8), 0x9b, 0xffff, (u64)page << 12});
    guest->tpr = 0;
    svm->vmcb->inject = 0;
    svm->vmcb->shadow = 0;
    svm->nmi_active = false;
    svm->iret_pending = false;
    svm->is_shut = false;
    svm->flush = true;
}

enum status guest_make(hpa_t memory, hpa_t root, u32 owner, struct guest **out)
{
    struct svm_guest *guest = phys_to_virt(memory);

    _Static_assert(sizeof(struct svm_guest) <= PAGE_SIZE, "the guest's first page");
    guest->common.owner = owner;
    guest->common.xcr0 = 1;
    guest->vmcb_address = hpa(memory.raw + PAGE_SIZE);
    guest->vmcb = phys_to_virt(guest->vmcb_address);
    guest->extended = phys_to_virt(hpa(memory.raw + 2 * PAGE_SIZE));
    svm_extended_make(guest);
    vmcb_fill(guest->vmcb, root);
    reset_state_set(&guest->common, (struct segment){0xf000, 0x9b, 0xffff, 0xffff0000});
    guest->common.regs.rip = 0xfff0;
    *out = &guest->common;
    return ST_OK;
}

/* Turns of a spin loop before it exits, with a filter; without one each does. [APM2 15.14.4] */
#define PAUSE_TURNS 3000u

void guest_pause_exit(struct guest *guest)
{
    struct vmcb *vmcb = svm_of(guest)->vmcb;

    if (vmcb->intercept1 & INTERCEPT1_PAUSE)
        return;
    vmcb->intercept1 |= (u32)INTERCEPT1_PAUSE;
    vmcb->pause_count = svm_features.pause_filter ? PAUSE_TURNS : 0;
    vmcb->clean &= (u32)~CLEAN_INTERCEPTS;
}

void guest_pause_pass(struct guest *guest)
{
    struct vmcb *vmcb = svm_of(guest)->vmcb;

    vmcb->intercept1 &= (u32)~INTERCEPT1_PAUSE;
    vmcb->clean &= (u32)~CLEAN_INTERCEPTS;
}

void guest_end(struct guest *guest)
{
    for (u32 i = 0; i < cpu_count; i++) {
        struct svm_cpu *cpu = cpu_table[i]->backend;

        if (cpu->current == svm_of(guest))
            cpu->current = NULL;
        /* The next partition may get the same number. */
        if (cpu->last_owner == guest->owner)
            cpu->last_owner = ~0u;
    }
}

void guest_load(struct guest *common)
{
    struct svm_cpu *cpu = cpu_this()->backend;
    struct svm_guest *guest = svm_of(common);

    if (cpu->current != guest)
        svm_switch(cpu, guest);
    if (guest->last_cpu == cpu)
        return;
    /* Tags and the cached VMCB are each CPU's own. [APM2 15.15, 15.16] */
    guest->last_cpu = cpu;
    guest->asid_generation = 0;
    guest->vmcb->clean = 0;
}

/* A new address space tag, so that nothing cached for the old one is found. */
static void tag_renew(struct svm_cpu *cpu, struct svm_guest *guest)
{
    struct vmcb *vmcb = guest->vmcb;

    if (cpu->asid_next >= cpu->asid_limit) {
        cpu->asid_generation++;
        cpu->asid_next = 1;
        vmcb->tlb_control = TLB_FLUSH_ALL;
    }
    vmcb->asid = cpu->asid_next++;
    guest->asid_generation = cpu->asid_generation;
    guest->flush = false;
    vmcb->clean &= (u32)~CLEAN_ASID;
}

void guest_run(struct guest *common, struct exit *out)
{
    struct svm_cpu *cpu = cpu_this()->backend;
    struct svm_guest *guest = svm_of(common);
    struct vmcb *vmcb = guest->vmcb;

    if (guest->is_shut) {
        out->kind = EXIT_SHUTDOWN;
        out->code = VMEXIT_SHUTDOWN;
        return;
    }
    if (guest->flush || guest->asid_generation != cpu->asid_generation)
        tag_renew(cpu, guest);
    vmcb->rax = common->regs.rax;
    vmcb->rsp = common->regs.rsp;
    vmcb->rip = common->regs.rip;
    vmcb->rflags = common->regs.rflags;
    if ((vmcb->vintr & VINTR_TPR) != common->tpr) {
        vmcb->vintr = (vmcb->vintr & ~VINTR_TPR) | common->tpr;
        vmcb->clean &= (u32)~CLEAN_TPR;
    }
    guest->iret_pending = false;
    if (vmcb->inject)
        svm_event_enter(guest);
    if (svm_speculation.switch_spec_ctrl && common->msr.spec_ctrl)
        insn_wrmsr(MSR_SPEC_CTRL, common->msr.spec_ctrl);
    svm_enter(&common->regs, guest->vmcb_address.raw, cpu->host_save.raw,
              svm_speculation.stuff_return_stack);
    if (svm_speculation.switch_spec_ctrl && common->msr.spec_ctrl)
        insn_wrmsr(MSR_SPEC_CTRL, 0);
    common->regs.rax = vmcb->rax;
    common->regs.rsp = vmcb->rsp;
    common->regs.rip = vmcb->rip;
    common->regs.rflags = vmcb->rflags;
    common->tpr = vmcb->vintr & VINTR_TPR;
    vmcb->tlb_control = TLB_KEEP;
    vmcb->clean = CLEAN_ALL;
    vmcb->inject = 0;
    svm_exit_decode(guest, out);
}

void guest_flush_tlb(struct guest *guest)
{
    svm_of(guest)->flush = true;
}

void guest_tsc_offset_set(struct guest *guest, u64 offset)
{
    struct vmcb *vmcb = svm_of(guest)->vmcb;

    guest->tsc_offset = offset;
    vmcb->tsc_offset = offset;
    vmcb->clean &= (u32)~CLEAN_INTERCEPTS;
}
