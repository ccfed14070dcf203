/* Between the files that make calls. */
#ifndef ABI_TESTS_FUZZ_GUEST_CALL_H
#define ABI_TESTS_FUZZ_GUEST_CALL_H

#include "abi-tests/fuzz/guest/fuzz.h"

extern bool fuzz_in_batch; /* entries of a multicall are made now */

/* --- arguments (call.c) --- */
uint64_t fuzz_put(const void *bytes, size_t size); /* mutated */
uint32_t fuzz_count(void);
uint64_t fuzz_frames_put(uint32_t count, uint64_t order);
uint64_t fuzz_words_put(uint32_t command);

/* --- call_memory.c --- */
void fuzz_memory_make(struct fuzz_call *call);

/* --- call_mmu.c --- */
uint64_t fuzz_entry_address(void);
void fuzz_mmu_update_make(struct fuzz_call *call);
void fuzz_va_mapping_make(struct fuzz_call *call);
void fuzz_mmuext_make(struct fuzz_call *call);

/* --- call_cpu.c --- */
void fuzz_pv_cpu_make(struct fuzz_call *call);

/* --- call_objects.c --- */
void fuzz_event_make(struct fuzz_call *call);
void fuzz_event_compat_make(struct fuzz_call *call);
void fuzz_vcpu_make(struct fuzz_call *call);
void fuzz_sched_make(struct fuzz_call *call);
void fuzz_grant_make(struct fuzz_call *call);
void fuzz_hvm_make(struct fuzz_call *call);
void fuzz_version_make(struct fuzz_call *call);
void fuzz_console_make(struct fuzz_call *call);

#endif
