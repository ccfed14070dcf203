# Bounded models: every short sequence, on the host. make model-red breaks the sources as the lines
# "// break: FILE SED-SCRIPT" of a model say, in copies, and wants it to notice.
MODELS := $(patsubst abi-tests/model/%.c,%,$(wildcard abi-tests/model/model_*.c))

define MODEL_RULE
$(BUILD)/model/$(1): abi-tests/model/$(1).c $$(call sources_of,abi-tests/model/$(1).c) $(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,MODEL)
	$$(Q)$$(CC) $$(HOST_CFLAGS) -O2 -o $$@ $$(filter %.c,$$^) -lcmocka
endef
$(foreach m,$(MODELS),$(eval $(call MODEL_RULE,$(m))))

# Page types of the PV MMU: the unit test holds both its random runs and all its short ones.
.PHONY: model model-red mutate fuzz-guest-sample
model: $(MODELS:%=$(BUILD)/model/%) $(BUILD)/unit/test_pv_mmu_model
	@for m in $^; do $$m || exit 1; done
model-red:
	@abi-tests/model/model-red $(MODELS:%=abi-tests/model/%.c)
checks: model

# make mutate [T=file.c] [N=mutants a file] [GOAL=least per cent killed of each file]
mutate:
	@abi-tests/tools/mutate --goal $(or $(GOAL),90) $(if $(N),--number $(N)) $(T)

-include abi-tests/fuzz/guest/guest.mk
