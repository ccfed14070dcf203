# Debian's real Xen as the peer: guests as domUs, and our shim in place of Xen's.
$(BUILD)/device-model: abi-tests/oracle/device-model.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(WARNINGS) -D_GNU_SOURCE -O2 -static -o $@ $<

.PHONY: shim-on-xen
shim-on-xen: check-packages images
	@abi-tests/oracle/shim-on-xen
