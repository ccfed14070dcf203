# What runs on the user's machine: `make run`, and the tests that boot real guests.

HOST := hv/host
RUN_SETTINGS := KERNEL INITRD CMDLINE DISK FIRMWARE TYPE MEMORY VCPUS CONF TIMEOUT STALL QEMU ACCEL CPU CPUS \
	MACHINE HVOPTIONS LOG STAGES UNTIL DISKS NET NETDEV CONTROL
BOOTS_SETTINGS := KERNELS TYPES MEMORIES SAMPLE QEMU ACCEL CPU CPUS
$(foreach name,$(RUN_SETTINGS) $(BOOTS_SETTINGS),$(eval export $(name)))
export ENTENTE_BUILD := $(abspath $(BUILD))

.PHONY: run boots boots-sample badinput three-guests three-kinds disk-test network hyperv-test hyperv-time uefi-test ipxe-test control-test debian cycles many smp vcpus broadcast loaders launcher terminal
.PHONY: p9-test p9-sample hyperv-sample uefi-sample cycles-sample smp-sample preflight check-packages shellcheck host-tests lint check checks

# "NAME=value" words, taken from the environment so that no quote in a value can break the shell.
settings = $(foreach name,$(1),"$(name)=$$$(name)")

preflight:
	@$(HOST)/entente preflight --for run

check-packages:
	@$(HOST)/entente preflight --for run check

run: preflight
	@mkdir -p $(BUILD)
	@$(MAKE) --no-print-directory images >$(BUILD)/images.log 2>&1 || \
		{ tail -n 20 $(BUILD)/images.log >&2; \
		echo "entente: error: $(BUILD)/images.log: the build failed; see the lines above" >&2; \
		exit 1; }
	@$(HOST)/entente run $(call settings,$(RUN_SETTINGS))

# The matrix kernels x types x memory sizes; SAMPLE=1 for a short one.
boots: preflight images
	@$(HOST)/boots

boots-sample: preflight images
	@SAMPLE=1 $(HOST)/boots

badinput: preflight images
	@$(HOST)/badinput

three-guests: preflight images
	@$(HOST)/three-guests

# Disks of a PV and a PVH guest, with power-off and with the plug pulled.
disk-test: preflight images
	@$(HOST)/disk-test

# A folder of the host in guests whose kernels have a 9P front-end: KERNELS="6.1 7.2".
p9-test: preflight images
	@$(HOST)/p9-test
p9-sample: preflight images
	@KERNELS=6.1 TYPES=pv $(HOST)/p9-test

# Guests on one switch: addresses, ping, TCP both ways.
network: preflight images
	@$(HOST)/network-test

# Hyper-V guests: disks on VMBus, network, an end that was asked for.
hyperv-test: preflight images
	@$(HOST)/hyperv-test
hyperv-sample: preflight images
	@SAMPLE=1 $(HOST)/hyperv-test

# Its clocks beside this machine's.
hyperv-time: preflight images
	@$(HOST)/hyperv-time

# Guests that a UEFI firmware starts from their disks.
uefi-test: preflight images
	@$(HOST)/uefi-test
uefi-sample: preflight images
	@SAMPLE=1 PARTS="media grub restart empty" $(HOST)/uefi-test

# iPXE, a second client of VMBus.
ipxe-test: preflight images
	@$(HOST)/ipxe-test

# A PV, a PVH and a Hyper-V guest on one switch; disks handed from one kind to another.
three-kinds: preflight images
	@$(HOST)/three-kinds

# The steward's commands.
control-test: preflight images
	@$(HOST)/control-test

# Lives and ends of guests, counted; CYCLES=500.
cycles: preflight images $(BUILD)/shares.elf
	@$(HOST)/cycles
cycles-sample: preflight images $(BUILD)/shares.elf
	@CYCLES=20 $(HOST)/cycles

# Sixteen guests at once on four CPUs.
many: preflight images
	@$(HOST)/many

# Several CPUs above and below, counted: ROUNDS=5 CPUS_LIST="2 4" VCPUS_LIST="1 2 4".
smp: preflight images
	@$(HOST)/smp
smp-sample: preflight images
	@SAMPLE=1 $(HOST)/smp

# Exits for interrupts and flushes to all other virtual CPUs.
broadcast: preflight images
	@$(HOST)/broadcast

# As many virtual CPUs as a guest may have.
vcpus: preflight images
	@ROUNDS=$${ROUNDS:-1} KERNELS="$${KERNELS:-5.10-cloud 6.1-cloud}" CPUS_LIST="$${CPUS_LIST:-1}" \
		VCPUS_LIST="$${VCPUS_LIST:-8 16 32}" $(HOST)/smp

# Debian 12 with systemd on a disk, as PV, PVH, by its own GRUB configuration, as Hyper-V, there
# also under other kernels.
debian: images
	@$(HOST)/entente preflight --for run debian
	@$(HOST)/debian-test

# GRUB's PV image and Debian's installer.
loaders: preflight images
	@$(HOST)/loaders

# Multiboot 2 and PVH.
entries: preflight images $(BUILD)/legacy.elf
	@$(HOST)/entries

# An interactive session, on a terminal of its own.
terminal: preflight images
	@$(HOST)/shell-test

launcher:
	@$(HOST)/launcher-test

shellcheck:
	shellcheck -x -e SC2034 $(HOST)/entente $(HOST)/boots $(HOST)/badinput \
		$(HOST)/three-guests $(HOST)/disk-test $(HOST)/p9-test $(HOST)/network-test $(HOST)/hyperv-test \
		$(HOST)/hyperv-time $(HOST)/uefi-test $(HOST)/ipxe-test $(HOST)/three-kinds \
		$(HOST)/debian-test $(HOST)/cycles $(HOST)/many $(HOST)/smp $(HOST)/broadcast \
		$(HOST)/loaders $(HOST)/entries $(HOST)/launcher-test .ci/run $(wildcard $(HOST)/*.sh)
	shellcheck -s sh abi-tests/workload/init abi-tests/workload/disk-test abi-tests/workload/network-test \
		abi-tests/workload/hyperv-test abi-tests/workload/hyperv-time abi-tests/workload/hyperv-root \
		abi-tests/workload/broadcast-test abi-tests/workload/p9-test abi-tests/workload/uefi-test

# What `make check` takes from here. One at a time: each boots machines of its own.
host-tests: check-packages
	@$(MAKE) --no-print-directory -j1 launcher entries boots-sample terminal badinput \
		three-guests disk-test p9-sample network hyperv-sample hyperv-time uefi-sample three-kinds cycles-sample smp-sample control-test
checks: host-tests
lint: shellcheck
