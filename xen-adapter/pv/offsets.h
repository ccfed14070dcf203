/*
 * Numbers that entry.S and C share: where things lie in a vCPU's block and in struct pv_vcpu.
 * vcpu.c asserts each of them.
 */
#ifndef XEN_ADAPTER_PV_OFFSETS_H
#define XEN_ADAPTER_PV_OFFSETS_H

/*
 * The block of a vCPU, aligned to its size: four IST stacks, the entry stack, and above it the
 * struct pv_vcpu, whose first member is the register frame. So the CPU pushes straight into
 * vcpu->regs, the stack pointer is the vCPU once all registers are saved, and the C stack goes
 * on below it.
 */
#define VCPU_BLOCK_SIZE       0x10000
#define VCPU_BLOCK_IST_SIZE   0x400
#define VCPU_BLOCK_VCPU       0xe008
#define VCPU_BLOCK_VCPU_BYTES 0x1ff8

#define REGS_R11    48
#define REGS_RAX    80
#define REGS_RCX    88
#define REGS_ERROR  120
#define REGS_VECTOR 124
#define REGS_RIP    128
#define REGS_CS     136
#define REGS_RFLAGS 144
#define REGS_RSP    152
#define REGS_SS     160
#define REGS_SIZE   168

#define VCPU_MODE       172
#define VCPU_UPCALL     176
#define VCPU_WORK       184
#define VCPU_NMI_MASKED 188
#define VCPU_USER_L4    200

#define WORK_NMI  1
#define WORK_DOWN 2 /* the vCPU is to go down */

/* regs.error, with vector 0, of a frame that may be left by sysret: the guest expects rcx and
 * r11 destroyed. */
#define FRAME_SYSCALL 0x100

/* The shim's own selectors, in the reserved part of every GDT. */
#define SHIM_CS  0xe008
#define SHIM_SS  0xe010
#define SHIM_TSS 0xe040
#define SHIM_LDT 0xe050

#define VECTOR_UPCALL 0xf3

#define HYPERCALL_SLOTS 64
#define HYPERCALL_IRET  23

#endif
