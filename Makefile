# Entente: every habit is a target.
#
#   make            image, host tests, layer and format checks (the inner loop)
#   make run        boots a real guest            make check   everything CI runs
#   make unit       cmocka under ASAN + UBSAN     make fuzz    T=noun S=seconds
#   make boots      the matrix of real kernels    make bench   figures, ours and the peers'
#   make lint size docs cover                     make clean
#
# Sources are picked up by folder; the three images and every unit test are made from
#   entente.elf   hv/{lib,cpu,core,entry,boot} hypercall xen-adapter enlight  (not pv, not store)
#   pvshim.elf    xen-adapter/pv + hv/lib                                     (pvshim.mk)
#   steward.elf   guest-drivers/{lib,steward,service} xen-adapter/store + hv/lib
#   unit/test_X   abi-tests/unit/test_X.c + the paths of its line "// sources: ..."
#   fuzz/fuzz_X   abi-tests/fuzz/fuzz_X.c + the paths of its line "// sources: ..."

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
.DEFAULT_GOAL := all

WARNINGS := -std=c11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wswitch-enum -Werror
FRAME_LIMIT := -Wframe-larger-than=512
# make V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $@)

BUILD_ID := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

FREESTANDING := $(WARNINGS) $(FRAME_LIMIT) -I. -O2 -g -ffreestanding -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -mno-red-zone \
	-mgeneral-regs-only -fcf-protection=none -fno-omit-frame-pointer -MMD -MP
# Link-time optimisation: a call through the layers costs what it does, not a frame for each of
# them. Frames that grow together there may have 1024 bytes; each function by itself has been
# held to the limit before. Clang knows frames at the link alone, by the limit of each source.
ifneq ($(findstring clang,$(CC)),)
HV_LTO := -flto -Wframe-larger-than=1024
HV_LTO_LINK := -flto -O2 -Wl,--fatal-warnings
else
HV_LTO := -flto -ffat-lto-objects
HV_LTO_LINK = $(HV_CFLAGS) -flto=1 -flto-partition=one -Wframe-larger-than=1024
endif
HV_CFLAGS := $(FREESTANDING) -mcmodel=kernel -fno-pic -fno-pie -fno-jump-tables $(HV_LTO)
GUEST_CFLAGS := $(FREESTANDING) -fno-pic -fno-pie

HV_SOURCES := $(wildcard hv/lib/*.c hv/cpu/*.c hv/cpu/*.S hv/core/*.c hv/entry/*.c hv/entry/*.S \
	hv/boot/*.c hv/boot/*.S hypercall/*.c xen-adapter/*.c enlight/*.c)
HV_OBJECTS := $(HV_SOURCES:%=$(BUILD)/hv/%.o)

STEWARD_SOURCES := $(wildcard hv/lib/*.c guest-drivers/lib/*.c guest-drivers/lib/*.S \
	guest-drivers/steward/*.c guest-drivers/service/*.c xen-adapter/store/*.c)
STEWARD_OBJECTS := $(STEWARD_SOURCES:%=$(BUILD)/steward/%.o)

.PHONY: all images unit check checks clean FORCE
all: images unit layers format-check
images: $(BUILD)/entente.elf $(BUILD)/steward.elf $(BUILD)/pvshim.elf

# --- the hypervisor: linked at -2 GiB, loaded by multiboot 1/2 or PVH ---
$(BUILD)/build_id: FORCE
	@mkdir -p $(@D)
	@echo $(BUILD_ID) | cmp -s - $@ || echo $(BUILD_ID) >$@
$(BUILD)/hv/hv/boot/build_id.c.o: HV_CFLAGS += -DBUILD_ID='"$(BUILD_ID)"'
$(BUILD)/hv/hv/boot/build_id.c.o: $(BUILD)/build_id
# What one compiler leaves for the link is nothing to another.
$(BUILD)/compiler: FORCE
	@mkdir -p $(@D)
	@echo $(notdir $(lastword $(CC))) | cmp -s - $@ || echo $(notdir $(lastword $(CC))) >$@
$(HV_OBJECTS): $(BUILD)/compiler
$(BUILD)/hv/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(HV_CFLAGS) -c -o $@ $<
$(BUILD)/hv/%.S.o: %.S
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(HV_CFLAGS) -c -o $@ $<
# The compiler may call memcpy() and memset() where nobody wrote them.
$(BUILD)/hv/hv/lib/string.c.o: HV_CFLAGS += -fno-lto
$(BUILD)/entente.elf: $(HV_OBJECTS) hv/boot/hv.lds
	$(call say,LINK)
	$(Q)$(CC) $(HV_LTO_LINK) -nostdlib -static \
		-Wl,-z,max-page-size=4096,-z,noexecstack,--build-id=none \
		-Wl,-T,hv/boot/hv.lds -o $@ $(HV_OBJECTS)

# --- the steward ---
$(BUILD)/steward/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<
$(BUILD)/steward/%.S.o: %.S
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<
$(BUILD)/steward.elf: $(STEWARD_OBJECTS) guest-drivers/lib/guest.lds
	$(call say,LINK)
	$(Q)$(CC) -nostdlib -static -Wl,-z,max-page-size=4096,-z,noexecstack,--build-id=none \
		-Wl,-T,guest-drivers/lib/guest.lds -o $@ $(STEWARD_OBJECTS)

-include xen-adapter/pv/pvshim.mk

# --- unit tests and fuzzers on the host ---
# A test that needs frames maps memory at this address (mmap with MAP_FIXED).
HOST_CFLAGS := $(WARNINGS) -I. -g -O1 -fno-omit-frame-pointer -D_GNU_SOURCE \
	-DDIRECT_MAP_BASE=0x200000000000ull
# The compiler notes the headers of the last of several sources only: any header makes them anew.
HEADERS := $(wildcard hv/*/*.h hypercall/*.h hypercall/abi/*.h xen-adapter/*.h xen-adapter/*/*.h enlight/*.h \
	enlight/abi/*.h guest-drivers/*/*.h abi-tests/*/*.h */abi/*.def)
UNIT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_TESTS := $(patsubst abi-tests/unit/%.c,%,$(wildcard abi-tests/unit/test_*.c))
FUZZERS := $(patsubst abi-tests/fuzz/%.c,%,$(wildcard abi-tests/fuzz/fuzz_*.c))
sources_of = $(shell sed -n 's,^// sources: ,,p' $(1))
libs_of = $(shell sed -n 's,^// libs: ,,p' $(1))

# A test with threads says "// sanitize: thread".
has_threads = $(shell sed -n '/^\/\/ sanitize: thread/p' $(1))
objects_of = $(patsubst %.c,$(BUILD)/$(2)/%.o,$(1) $(call sources_of,$(1)))

# A source is compiled once for all tests, once for those with threads, once for all fuzzers.
FUZZ_SANITIZE := address,undefined -fno-sanitize-recover=undefined
HOST_OBJECT = $(HOST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/objects/asan/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(UNIT_SANITIZE) $(HOST_OBJECT)
$(BUILD)/objects/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -fsanitize=thread $(HOST_OBJECT)
$(BUILD)/objects/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CLANG) -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZE) $(HOST_OBJECT)

# The test, its objects' folder, how it is linked.
define UNIT_RULE
$(BUILD)/unit/$(1): $$(call objects_of,abi-tests/unit/$(1).c,objects/$(2))
	@mkdir -p $$(@D)
	$$(call say,TEST)
	$$(Q)$$(CC) $(3) -o $$@ $$(filter %.o,$$^) -lcmocka $$(call libs_of,abi-tests/unit/$(1).c)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(if $(call has_threads,abi-tests/unit/$(t).c),\
	$(call UNIT_RULE,$(t),tsan,-fsanitize=thread),$(call UNIT_RULE,$(t),asan,$(UNIT_SANITIZE)))))

define FUZZ_RULE
$(BUILD)/fuzz/$(1): $$(call objects_of,abi-tests/fuzz/$(1).c,objects/fuzz)
	@mkdir -p $$(@D)
	$$(call say,FUZZ)
	$$(Q)$$(CLANG) -fsanitize=fuzzer,$(FUZZ_SANITIZE) -o $$@ $$(filter %.o,$$^) $$(call libs_of,abi-tests/fuzz/$(1).c)
endef
$(foreach t,$(FUZZERS),$(eval $(call FUZZ_RULE,$(t))))

unit: $(UNIT_TESTS:%=$(BUILD)/unit/%)
	@failed=0; for t in $(UNIT_TESTS); do \
		$(BUILD)/unit/$$t >$(BUILD)/unit/$$t.log 2>&1 || { failed=1; cat $(BUILD)/unit/$$t.log; }; \
		grep -h 'PASSED\|FAILED' $(BUILD)/unit/$$t.log | sed "s/^/$$t: /"; \
	done; exit $$failed

# make fuzz T=elf S=60: one target; without T all of them, S seconds each.
S ?= 20
.PHONY: fuzz
fuzz: $(if $(T),$(BUILD)/fuzz/fuzz_$(T),$(FUZZERS:%=$(BUILD)/fuzz/%))
	@for f in $^; do \
		mkdir -p $(BUILD)/corpus/$$(basename $$f); \
		echo "fuzz: $$(basename $$f) for $(S) s"; \
		$$f -max_total_time=$(S) -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
			-artifact_prefix=$(BUILD)/ $(BUILD)/corpus/$$(basename $$f) || exit 1; \
	done

# Everything that continuous integration runs; each part can be made alone.
FUZZ_SAMPLE ?= 3
.PHONY: fuzz-sample
fuzz-sample:
	@$(MAKE) --no-print-directory fuzz S=$(FUZZ_SAMPLE)
# The packages come first: the parts below compile and link with what they bring.
check: check-packages
	@$(MAKE) --no-print-directory checks
checks: images unit lint fuzz-sample

clean:
	rm -rf $(BUILD)

-include abi-tests/kit/kit.mk
-include abi-tests/oracle/oracle.mk
-include abi-tests/store/store.mk
-include abi-tests/bench/bench.mk
-include abi-tests/tools/tools.mk
-include abi-tests/model/model.mk
-include hv/host/host.mk

# A source that has moved since the last build is no error: what was made of it is made anew.
%.c: ;
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
