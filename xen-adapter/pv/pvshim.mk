# The PV shim and loader, xen-adapter/pv. Linked with Debian's static decoders; zstd without its
# legacy formats (their entry points are refused in zstd_legacy.c).

# Position-independent code because the image is linked far from zero; no GOT for our own names.
PVSHIM_CFLAGS := $(FREESTANDING) -fpie -fvisibility=hidden -fno-plt
PVSHIM_LIBS := -llzma -lz -lzstd -llz4

PVSHIM_SOURCES := $(wildcard hv/lib/*.c xen-adapter/pv/*.c xen-adapter/pv/*.S)
PVSHIM_OBJECTS := $(PVSHIM_SOURCES:%=$(BUILD)/pvshim/%.o)

$(BUILD)/pvshim/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(PVSHIM_CFLAGS) -c -o $@ $<
$(BUILD)/pvshim/%.S.o: %.S
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(PVSHIM_CFLAGS) -c -o $@ $<
$(BUILD)/pvshim.debug.elf: $(PVSHIM_OBJECTS) xen-adapter/pv/shim.lds
	$(call say,LINK)
	$(Q)$(CC) -nostdlib -static -Wl,-z,max-page-size=4096,-z,noexecstack,--build-id=none,--no-relax \
		-Wl,-T,xen-adapter/pv/shim.lds -o $@ $(PVSHIM_OBJECTS) $(PVSHIM_LIBS)
$(BUILD)/pvshim.elf: $(BUILD)/pvshim.debug.elf
	$(call say,STRIP)
	$(Q)strip -s -o $@ $<
	@test $$(stat -c %s $@) -le 524288 || { echo "$@ is larger than 512 KiB"; exit 1; }
