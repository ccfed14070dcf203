#include "xen-adapter/pv/cpu_tables.h"

#include "hv/lib/string.h"
#include "hv/lib/x86.h"
#include "xen-adapter/pv/cpuid.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/vcpu.h"

struct smap_site {
    s32 place; /* relative to this field */
    u32 kind;  /* 0 clac, 1 stac */
};

/* Descriptors of GDT page 14, selector 0xe000 on: flat code and data of ring 0 and ring 3. */
#define DESCRIPTOR_CODE64_RING0 0x00af9b000000ffffull
#define DESCRIPTOR_DATA_RING0   0x00cf93000000ffffull
#define DESCRIPTOR_CODE32_RING3 0x00cffb000000ffffull
#define DESCRIPTOR_DATA_RING3   0x00cff3000000ffffull
#define DESCRIPTOR_CODE64_RING3 0x00affb000000ffffull

#define GATE_BYTES 16 /* of code, each stub of entry_gates */
#define STUB_BYTES 32

#define FMASK_BITS                                                                             \
    (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC)

/* entry.S, shim.lds */
extern const char entry_gates[], entry_syscall_stubs[], entry_syscall32_stubs[];
extern const char entry_sysenter[], entry_nmi[], entry_debug[], entry_double_fault[];
extern const char entry_machine_check[];
extern const struct smap_site smap_sites[], smap_sites_end[];

static struct x86_tss tss_table[SHIM_VCPUS_MAX];
static struct x86_gate idt[256];
static u8 tables_ready;
static u64 cr0_set, efer_set; /* the same on all */

static void gate_set(u32 vector, u64 address, u8 ist, u8 type)
{
    idt[vector] = x86_gate(address, SHIM_CS, ist, type);
}

static void idt_make(void)
{
    for (u32 i = 0; i < 256; i++)
        gate_set(i, (u64)entry_gates + i * GATE_BYTES, 0, X86_GATE_INTERRUPT);
    gate_set(3, (u64)entry_gates + 3 * GATE_BYTES, 0, X86_GATE_INTERRUPT | X86_GATE_DPL3);
    gate_set(4, (u64)entry_gates + 4 * GATE_BYTES, 0, X86_GATE_INTERRUPT | X86_GATE_DPL3);
    gate_set(0x80, (u64)entry_gates + 0x80 * GATE_BYTES, 0, X86_GATE_INTERRUPT | X86_GATE_DPL3);
    gate_set(2, (u64)entry_nmi, 1, X86_GATE_INTERRUPT);
    gate_set(18, (u64)entry_machine_check, 2, X86_GATE_INTERRUPT);
    gate_set(1, (u64)entry_debug, 3, X86_GATE_INTERRUPT);
    gate_set(8, (u64)entry_double_fault, 4, X86_GATE_INTERRUPT);
}

/* Turns the three-byte nops of entry.S into clac and stac, through the direct map. */
static void smap_sites_patch(void)
{
    static const u8 code[2][3] = {{0x0f, 0x01, 0xca}, {0x0f, 0x01, 0xcb}};

    u64 cr0 = insn_read_cr0();

    insn_write_cr0(cr0 & ~CR0_WP); /* text is read-only in the direct map too */
    for (const struct smap_site *site = smap_sites; site < smap_sites_end; site++) {
        const char *place = (const char *)&site->place + site->place;

        memcpy(phys_to_direct(image_to_phys(place)), code[site->kind], 3);
    }
    insn_write_cr0(cr0);
}

/* A system descriptor of 16 bytes. [APM2 4.8.3] */
static void system_descriptor_set(u64 *entry, u64 base, u32 limit, u64 type)
{
    entry[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (0x80 | type) << 40 |
               (base >> 24 & 0xff) << 56;
    entry[1] = base >> 32;
}

static u64 *table_below(u64 entry)
{
    return phys_to_direct(entry & PTE_FRAME);
}

static u64 *window_entries(u64 virt)
{
    u64 *l3 = table_below(shim.slots[(virt >> 39 & 511) - SHIM_SLOT_FIRST]);
    u64 *l2 = table_below(l3[virt >> 30 & 511]);
    u64 *l1 = table_below(l2[virt >> 21 & 511]);

    return &l1[virt >> 12 & 511];
}

static void window_map(u64 virt, mfn_t frame, u64 flags)
{
    if (shim_map(virt, frame, flags) != ST_OK)
        shim_fail("no memory for the descriptor tables");
}

void cpu_tables_make(struct pv_vcpu *vcpu, u64 ist, u64 ist_bytes)
{
    u64 window = WINDOW_VIRT + vcpu->id * WINDOW_STRIDE;
    struct x86_tss *tss = &tss_table[vcpu->id];
    u64 *own = shim_page_alloc();

    if (!own)
        shim_fail("no memory for the descriptor tables");
    if (!tables_ready) {
        idt_make();
        if (shim.smep_smap & CR4_SMAP)
            smap_sites_patch();
        tables_ready = 1;
    }
    for (u32 i = 0; i < 14; i++)
        window_map(window + WINDOW_GDT + i * PAGE_SIZE, mmu.zero, PTE_P | PTE_NX);
    window_map(window + WINDOW_GDT + 14 * PAGE_SIZE, virt_to_mfn(own), PTE_P | PTE_RW | PTE_NX);
    window_map(window + WINDOW_GDT + 15 * PAGE_SIZE, mmu.zero, PTE_P | PTE_NX);
    for (u32 i = 0; i < 16; i++)
        window_map(window + WINDOW_LDT + i * PAGE_SIZE, mmu.zero, PTE_P | PTE_NX);
    own[1] = DESCRIPTOR_CODE64_RING0;
    own[2] = DESCRIPTOR_DATA_RING0;
    own[4] = DESCRIPTOR_CODE32_RING3;
    own[5] = DESCRIPTOR_DATA_RING3;
    own[6] = DESCRIPTOR_CODE64_RING3;
    system_descriptor_set(&own[(SHIM_TSS - 0xe000) / 8], (u64)tss, sizeof(*tss) - 1, 9);
    tss->rsp[0] = (u64)vcpu + REGS_SIZE;
    for (u32 i = 0; i < 4; i++)
        tss->ist[i] = ist + (i + 1) * ist_bytes;
    tss->io_map = sizeof(*tss);
    mmu_vcpu_start(vcpu, window_entries(window));
}

static void tables_load(const struct pv_vcpu *vcpu)
{
    struct x86_table_pointer gdt = {0xffff,
                                    WINDOW_VIRT + vcpu->id * WINDOW_STRIDE + WINDOW_GDT};
    struct x86_table_pointer interrupts = {sizeof(idt) - 1, (u64)idt};

    __asm__ volatile("lgdt %0" ::"m"(gdt));
    __asm__ volatile("lidt %0" ::"m"(interrupts));
    __asm__ volatile("pushq %q0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n\t"
                     "1: mov %1, %%ss\n\t"
                     "mov %2, %%ds; mov %2, %%es; mov %2, %%fs; mov %2, %%gs\n\t"
                     "lldt %w2\n\t"
                     "ltr %w3"
                     :
                     : "r"((u64)SHIM_CS), "r"(SHIM_SS), "r"(0), "r"(SHIM_TSS)
                     : "rax", "memory");
}

u64 cpu_cr0(void)
{
    return cr0_set;
}

u64 cpu_efer(void)
{
    return efer_set;
}

void cpu_cr4_load(struct pv_vcpu *vcpu)
{
    u64 cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT | shim.smep_smap;

    if (cpuid_host_has_xsave())
        cr4 |= CR4_OSXSAVE;
    cr4 |= vcpu->cr4 & (CR4_TSD | CR4_DE | CR4_FSGSBASE);
    if (cr4 == vcpu->cr4_now)
        return;
    vcpu->cr4_now = cr4;
    insn_write_cr4(cr4);
}

void cpu_tables_load(struct pv_vcpu *vcpu)
{
    u64 id = vcpu->id;

    tables_load(vcpu);
    cpu_cr4_load(vcpu);
    cr0_set = insn_read_cr0() & ~CR0_TS;
    efer_set = insn_rdmsr(MSR_EFER);
    insn_wrmsr(MSR_STAR, (u64)PV_CS32 << 48 | (u64)SHIM_CS << 32);
    insn_wrmsr(MSR_LSTAR, (u64)entry_syscall_stubs + id * STUB_BYTES);
    insn_wrmsr(MSR_CSTAR, (u64)entry_syscall32_stubs + id * STUB_BYTES);
    insn_wrmsr(MSR_FMASK, FMASK_BITS);
    (void)msr_write_safe(MSR_PAT, XEN_PAT);
    (void)msr_write_safe(MSR_SYSENTER_CS, SHIM_CS);
    (void)msr_write_safe(MSR_SYSENTER_ESP, (u64)vcpu + REGS_SIZE);
    (void)msr_write_safe(MSR_SYSENTER_EIP, (u64)entry_sysenter);
}
