# Debian's real Xen as the peer: guests as domUs, and our shim in place of Xen's.
.PHONY: shim-on-xen
shim-on-xen: images
	@abi-tests/oracle/shim-on-xen
