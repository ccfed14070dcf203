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

# Our libxenstore.so.4, and programs: above Debian's (libxenstore-dev comes with libxen-dev) or,
# with LD_LIBRARY_PATH, above ours; and with ours inside, under sanitizers.
CLIENT_SOURCES := $(wildcard xen-adapter/store/client/*.c)
CLIENT_MAP := xen-adapter/store/client/libxenstore.map
$(BUILD)/store/lib/libxenstore.so.4: $(CLIENT_SOURCES) $(CLIENT_MAP) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(HOST_CFLAGS) -fPIC -shared -Wl,-soname,libxenstore.so.4 \
		-Wl,--version-script=$(CLIENT_MAP) -o $@ $(filter %.c,$^) -lpthread
$(BUILD)/store/api $(BUILD)/store/tool: $(BUILD)/store/%: abi-tests/store/%.c
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(HOST_CFLAGS) -o $@ $< -lxenstore -lpthread
$(BUILD)/store/api-checked: UNIT_SANITIZE += -fsanitize=leak
$(BUILD)/store/api-threads: UNIT_SANITIZE := -fsanitize=thread
$(BUILD)/store/api-checked $(BUILD)/store/api-threads: abi-tests/store/api.c $(CLIENT_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(HOST_CFLAGS) $(UNIT_SANITIZE) -o $@ $(filter %.c,$^) -lpthread

# Inside of Linux guests.
.PHONY: store-guest
store-guest: images $(BUILD)/store/tool $(BUILD)/store/lib/libxenstore.so.4
	@abi-tests/store/guest-test
checks: store-guest

# The kept answers of Debian's xenstored to abi-tests/store/trace.txt, and ours; anew on the real one.
.PHONY: store-images store-trace store-lib store-oracle
STORE_IMAGES += $(addprefix $(BUILD)/store/,lib/libxenstore.so.4 api tool api-checked api-threads)
store-images: $(STORE_IMAGES)
store-trace: store-images
	@abi-tests/store/trace check
store-lib: store-images
	@abi-tests/store/lib-test ours
store-oracle: store-images
	@abi-tests/store/trace keep
	@abi-tests/store/trace chance 0 29
	@abi-tests/store/lib-test 4.17 4.20
checks: store-trace store-lib
