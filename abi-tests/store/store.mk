# The xenstore server and its client library on the host, beside Debian's.
STORE_SOURCES := $(wildcard xen-adapter/store/*.c)
STORE_IMAGES := $(BUILD)/store/stored $(BUILD)/store/fake_xen.so
# Xen's own headers need GNU C.
$(BUILD)/store/%: HOST_CFLAGS := $(subst -std=c11,-std=gnu11,$(HOST_CFLAGS))

$(BUILD)/store/fake_xen.so: abi-tests/store/fake_xen.c $(HEADERS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(HOST_CFLAGS) -fPIC -shared -o $@ $< -ldl
$(BUILD)/store/stored: abi-tests/store/stored.c abi-tests/store/fake_xen.c $(STORE_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(HOST_CFLAGS) $(UNIT_SANITIZE) -o $@ $(filter %.c,$^) -ldl

# The kept answers of Debian's xenstored to abi-tests/store/trace.txt, and ours; anew on the real one.
.PHONY: store-images store-trace store-oracle
store-images: $(STORE_IMAGES)
store-trace: store-images
	@abi-tests/store/trace check
store-oracle: store-images
	@abi-tests/store/trace keep
checks: store-trace
