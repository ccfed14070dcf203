# Debian's real Xen as the peer: guests as domUs, and our shim in place of Xen's.
.PHONY: shim-on-xen
shim-on-xen: check-packages images
	@abi-tests/oracle/shim-on-xen
