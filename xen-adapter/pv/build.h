/*
 * Start of day of a PV guest: what the parts of it share.
 */
#ifndef XEN_ADAPTER_PV_BUILD_H
#define XEN_ADAPTER_PV_BUILD_H

#include "xen-adapter/pv/build_layout.h"
#include "xen-adapter/pv/kernel.h"
#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/shim.h"
#include "xen-adapter/pv/spans.h"

struct build {
    struct payload payload;
    struct span output; /* the unpacked ELF file, page-aligned; its frames are the guest's */
    struct elf_image image;
    struct kernel_notes notes;
    struct start_module ramdisk;
    struct pv_layout layout;
    u64 *p2m; /* the guest's list, nr_pages entries */
    u64 nr_pages;
};

/* build_frames.c: who gets which frame. */

/* Backs the list itself, the ramdisk, the rings and every segment; then all other pfns. */
void frames_place(struct build *build);

/* Tells the MMU of every frame's owner. */
void frames_hand_over(const struct build *build);

/* The page that the guest calls pfn. */
void *build_page(const struct build *build, u64 pfn);

/* build_tables.c: page tables, start info and registers. */
void boot_tables_write(const struct build *build);
void start_info_write(const struct build *build);
void hypercall_page_write(const struct build *build);
void registers_set(const struct build *build, struct pv_vcpu *vcpu);

#endif
