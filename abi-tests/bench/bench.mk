# The measurement: programs for real Linux guests and for Xen's first domain, beside the
# micro-guest (kit.mk), and the target.
BENCH_CFLAGS := $(WARNINGS) -D_GNU_SOURCE -I. -O2 -static
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench-,init unpack unpause idle io)

$(BUILD)/bench-init: abi-tests/bench/init.c abi-tests/bench/linux.c
$(BUILD)/bench-unpack: abi-tests/bench/unpack.c
$(BUILD)/bench-unpause: abi-tests/bench/unpause.c
$(BUILD)/bench-idle: abi-tests/bench/idle.c
$(BUILD)/bench-init: abi-tests/bench/linux.h
$(BUILD)/bench-io: $(addprefix abi-tests/bench/,io.c io_measure.c io_disk.c io_net.c io.h)
$(BUILD)/bench-unpack: BENCH_LIBS := $(PVSHIM_LIBS) -lpthread
$(BENCH_PROGRAMS):
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^) $(BENCH_LIBS)

# A ramdisk whose first process is the program.
$(BUILD)/bench-%.gz: $(BUILD)/bench-%
	$(Q)rm -rf $@.root && mkdir -p $@.root/dev && cp $< $@.root/init
	$(Q)cd $@.root && find . | cpio --quiet -o -H newc -R 0:0 | gzip -9 >../$(@F)

# What bare QEMU needs up to a kernel's first instruction.
$(BUILD)/bench-entry.elf: abi-tests/bench/entry.S
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -m32 -nostdlib -static -no-pie -Wl,--build-id=none,-e,start,-Ttext=0x1000000 -o $@ $<

# make bench [PARTS="operations boots extraction pairs io idle"] [COMPARE=earlier results.json]
.PHONY: bench
bench: check-packages images $(BUILD)/bench.elf $(BUILD)/bench-tlfs.elf $(BUILD)/bench-pair.elf \
		$(BUILD)/bench-init.gz $(BUILD)/bench-unpack.gz $(BUILD)/bench-unpause $(BUILD)/bench-idle \
		$(BUILD)/bench-io $(BUILD)/bench-entry.elf $(BUILD)/device-model
	@abi-tests/bench/bench

# What the reporter makes of logs.
.PHONY: bench-test
bench-test:
	@abi-tests/bench/report-test
checks: bench-test
