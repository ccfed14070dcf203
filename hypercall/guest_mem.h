/*
 * Guest memory by value. Virtual addresses are walked through the guest's own page tables with
 * its current CR3 as a supervisor access (the hypervisor acts for ring 0), page by page, so a
 * structure may straddle pages. Nothing is written when the first byte cannot be; ST_FAULT
 * else.
 */
#ifndef HYPERCALL_GUEST_MEM_H
#define HYPERCALL_GUEST_MEM_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct vcpu;
struct partition;

enum mem_access { MEM_READ, MEM_WRITE, MEM_FETCH };

enum status mem_write(struct vcpu *vcpu, gva_t to, const void *from, u64 bytes);
/* Kernel address of bytes in one page that allows the access, good until the guest's memory
 * changes; NULL otherwise. */
void *mem_pointer(struct vcpu *vcpu, gva_t at, u64 bytes, enum mem_access access);
enum status mem_read_pages(struct vcpu *vcpu, gva_t from, void *to, u64 bytes);
/* Nearly every structure lies in one page, and its size is known where it is read. */
static inline enum status mem_read(struct vcpu *vcpu, gva_t from, void *to, u64 bytes)
{
    const void *pointer = mem_pointer(vcpu, from, bytes, MEM_READ);

    if (!pointer)
        return mem_read_pages(vcpu, from, to, bytes);
    __builtin_memcpy(to, pointer, bytes);
    __asm__ volatile("" ::: "memory"); /* what was read is not looked up there again */
    return ST_OK;
}
/* Instruction bytes: stops early at a page that is not there; *got says how many. */
enum status mem_fetch(struct vcpu *vcpu, gva_t from, void *to, u64 bytes, u64 *got);

/* One page of the walk: the guest-physical address behind a virtual one. */
enum status mem_translate(struct vcpu *vcpu, gva_t at, enum mem_access access, gpa_t *out);

enum status mem_read_gpa(struct partition *p, gpa_t from, void *to, u64 bytes);
enum status mem_write_gpa(struct partition *p, gpa_t to, const void *from, u64 bytes);

#endif
