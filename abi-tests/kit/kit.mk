# Micro-guests: one image boots as PV and as PVH.
KIT_CFLAGS := $(WARNINGS) -I. -O2 -g -ffreestanding -fno-stack-protector -mno-red-zone \
	-mgeneral-regs-only -fno-asynchronous-unwind-tables -fno-pic -fno-pie -fcf-protection=none \
	$(if $(findstring clang,$(CC)),-fno-builtin,-fno-tree-loop-distribute-patterns) -MMD -MP

$(BUILD)/kit/%.o: abi-tests/%
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(KIT_CFLAGS) -c -o $@ $<

# What every image begins with; what follows in each is its own line's.
KIT := $(patsubst %,$(BUILD)/kit/kit/%.o,start.S trap.S kit.c trap.c memory.c) abi-tests/kit/kit.lds
KIT_IMAGES := bench bench-pair bench-tlfs legacy exits abi pair shares tlfs pv_mmu fuzz-guest hostile hostile-vmbus
$(KIT_IMAGES:%=$(BUILD)/%.elf): $(KIT)
	$(call say,LINK)
	$(Q)$(CC) -nostdlib -static -Wl,-T,abi-tests/kit/kit.lds \
		-Wl,-z,max-page-size=4096,-z,noexecstack,--build-id=none,--no-warn-rwx-segments \
		-o $@ $(filter %.o,$^)

$(BUILD)/bench.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/bench/micro.c.o
$(BUILD)/bench-pair.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/kit/grant.c.o \
		$(BUILD)/kit/bench/micro_pair.c.o
$(BUILD)/bench-tlfs.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/bench/micro_tlfs.c.o
$(BUILD)/legacy.elf: $(BUILD)/kit/kit/legacy.S.o $(BUILD)/kit/xen/legacy.c.o
$(BUILD)/exits.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/xen/exits.c.o

# The conformance suite: one image, both guest types. Tests run in the order of this list; the FIFO
# ones are last, since only a reset of all ports goes back to two levels.
ABI_TESTS := boot version memory physmap sched vcpu event grant grant_transfer assist hvm physdev multicall \
	traps user user_pvh segments descriptors tables mmuext long race reset refusals store netif shutdown event_fifo
ABI_OBJECTS := $(BUILD)/kit/native/native.c.o $(patsubst %,$(BUILD)/kit/kit/%.c.o,second store front grant) \
	$(BUILD)/kit/xen/store_ask.c.o $(BUILD)/kit/xen/netif_front.c.o $(patsubst %,$(BUILD)/kit/xen/%.c.o,$(ABI_TESTS))
$(BUILD)/abi.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/kit/test.c.o $(ABI_OBJECTS)
$(BUILD)/kit/rows.inc: abi-tests/golden/rows.tsv
	@mkdir -p $(@D)
	$(Q)awk -F'\t' '/^[CD]/ { printf "{%d, %d, \"%s\"},\n", $$2, $$3, $$4 }' $< >$@
$(BUILD)/kit/xen/refusals.c.o: $(BUILD)/kit/rows.inc
$(BUILD)/kit/xen/refusals.c.o: KIT_CFLAGS += -DROWS_FILE='"$(BUILD)/kit/rows.inc"'

# A guest that leaves in every way there is, and ends in seven.
.PHONY: exits
exits: images $(BUILD)/exits.elf
	@abi-tests/xen/exits-test
checks: exits

# Two guests that share pages and an event channel.
$(BUILD)/pair.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/kit/grant.c.o $(BUILD)/kit/xen/pair.c.o
.PHONY: pair
pair: images $(BUILD)/pair.elf
	@abi-tests/xen/pair-test
checks: pair

# Weights, caps and latency in virtual time.
$(BUILD)/shares.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/xen/shares.c.o
.PHONY: shares
shares: images $(BUILD)/shares.elf
	@abi-tests/xen/shares-test

# The conformance guest of the Hyper-V interface.
TLFS_TESTS := tlfs vmbus profile cpuid msr hypercall synic time rows fuzz
$(BUILD)/kit/tlfs_rows.inc: abi-tests/golden/tlfs_rows.tsv
	@mkdir -p $(@D)
	$(Q)awk -F'\t' '/^[A-D]/ { printf "{\"%s.%s\", %s},\n", $$2, $$4, $$3 }' $< >$@
$(BUILD)/kit/tlfs/rows.c.o: $(BUILD)/kit/tlfs_rows.inc
$(BUILD)/kit/tlfs/rows.c.o: KIT_CFLAGS += -DROWS_FILE='"$(BUILD)/kit/tlfs_rows.inc"'
$(BUILD)/tlfs.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/kit/test.c.o \
		$(patsubst %,$(BUILD)/kit/tlfs/%.c.o,$(TLFS_TESTS))
.PHONY: tlfs
tlfs: images $(BUILD)/tlfs.elf
	@abi-tests/tlfs/tlfs-test
checks: tlfs

# Hostile Hyper-V kernels: make fuzz-tlfs N=10000000 SEED=1.
.PHONY: fuzz-tlfs fuzz-tlfs-sample
fuzz-tlfs: images $(BUILD)/tlfs.elf $(BUILD)/fuzz-guest.elf
	@abi-tests/tlfs/fuzz-test
fuzz-tlfs-sample: images $(BUILD)/tlfs.elf $(BUILD)/fuzz-guest.elf
	@N=100000 EACH=50000 abi-tests/tlfs/fuzz-test
checks: fuzz-tlfs-sample

# The PV MMU's refusals, checked against Debian's Xen (xl domU) and run on us.
$(BUILD)/pv_mmu.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/xen/pv_mmu.c.o

# The conformance suite on us, on Debian's Xen, and the difference.
.PHONY: abi abi-check oracle matrix
ABI_IMAGES := $(addprefix $(BUILD)/,abi.elf legacy.elf tlfs.elf)
abi: images $(ABI_IMAGES)
	@abi-tests/tools/abi run
abi-check: images $(ABI_IMAGES)
	@abi-tests/tools/abi run --sample
oracle: $(ABI_IMAGES) $(BUILD)/device-model
	@abi-tests/tools/abi oracle $(PEERS)
checks: abi-check
matrix: $(BUILD)/abi.elf $(BUILD)/tlfs.elf
	@abi-tests/tools/abi matrix

# Guests that mean ill, and others beside them: make hostile ROUNDS=20 SEED=1 ROLES="disk die".
HOSTILE := hostile value block net disk network control folder revoke store ports bystander
$(BUILD)/hostile.elf: $(BUILD)/kit/kit/notes.S.o \
		$(patsubst %,$(BUILD)/kit/kit/%.c.o,grant store front) $(patsubst %,$(BUILD)/kit/hostile/%.c.o,$(HOSTILE))
$(BUILD)/hostile-vmbus.elf: $(BUILD)/kit/kit/notes.S.o $(BUILD)/kit/kit/test.c.o $(patsubst %,$(BUILD)/kit/tlfs/%.c.o,tlfs vmbus) \
		$(patsubst %,$(BUILD)/kit/hostile/%.c.o,value vmbus_packet vmbus_hostile vmbus_balloon vmbus_bystander)
export ROUNDS ROLES LIFE_MS
.PHONY: hostile hostile-sample
hostile: images $(BUILD)/hostile.elf $(BUILD)/hostile-vmbus.elf
	@abi-tests/hostile/hostile-test
hostile-sample: images $(BUILD)/hostile.elf $(BUILD)/hostile-vmbus.elf
	@SAMPLE=1 ROUNDS=2 LIFE_MS=1500 abi-tests/hostile/hostile-test
checks: hostile-sample
