# The fuzzing guest: make fuzz-guest N=10000000 TELL=60 TIMEOUT=3000 SEED=1 TYPES="pv pvh", a sample for every check.
FUZZ_GUEST := $(patsubst %,$(BUILD)/kit/fuzz/guest/%.o,entry.S call.c call_memory.c call_mmu.c \
	call_cpu.c call_objects.c value.c game_pv.c game_pvh.c bystander.c fuzz_main.c arena.c)
$(BUILD)/fuzz-guest.elf: $(BUILD)/kit/kit/notes.S.o $(FUZZ_GUEST)

export N SEED TYPES GUESTS SILENCE TELL
.PHONY: fuzz-guest fuzz-guest-sample checks
fuzz-guest: images $(BUILD)/fuzz-guest.elf
	@abi-tests/fuzz/guest/fuzz-guest
fuzz-guest-sample: images $(BUILD)/fuzz-guest.elf
	@N=50000 TIMEOUT=120 abi-tests/fuzz/guest/fuzz-guest
checks: fuzz-guest-sample
