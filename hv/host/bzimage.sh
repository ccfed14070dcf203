# shellcheck shell=bash
# Part of hv/host/hyperv-test: kernels without a PVH entry, by Linux's 32-bit boot protocol.

# The 32-bit kernel, without PAE and PVH. On processors for which Linux takes retpolines its
# hypercalls jump into nowhere: the sequence pushes a return address and then reads the page's own
# relative to the stack.
BZIMAGE_NARROW=6.1-686
BZIMAGE_NARROW_WORDS='spectre_v2=off'

# bzimage_boot LOG SETTING...: of the manifest FOLDER/LOG.cfg.
bzimage_boot() {
    local log=$1
    shift
    run_boot "hyperv-$log" "CONF=$FOLDER/$log.cfg" TIMEOUT=150 "$@"
}

# bzimage_write FILE OFFSET BYTES: into a kernel, the bytes as printf has them.
bzimage_write() { printf '%b' "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none; }

# bzimage_blind KERNEL OUT MINOR: the same kernel, which does not say where its payload is
# (payload_offset and payload_length), so nobody can see its PVH entry, with protocol 2.MINOR, and
# which wants its ramdisk below 128 MiB (initrd_addr_max).
bzimage_blind() {
    cp "$(kernel_path "$1")" "$2" && bzimage_write "$2" 0x248 '\0\0\0\0\0\0\0\0' &&
        bzimage_write "$2" 0x206 "\\x$3" && bzimage_write "$2" 0x22c '\xff\xff\xff\x07'
}

# bzimage_kernel KERNEL MINOR RSDP: and where it is to find ACPI's tables.
bzimage_kernel() {
    local kernel=$1 log=bzimage-$1 status=0 failed=$TAP_FAILED
    bzimage_blind "$kernel" "$FOLDER/blind-$kernel" "$2" || return 1
    {
        guest_config hv hyperv "$FOLDER/blind-$kernel" builtin entente.check | sed 's/ quiet//'
        printf 'vcpus = 2\n'
    } >"$FOLDER/$log.cfg"
    bzimage_boot "$log" || status=$?
    tap_expect "bzImage: $kernel: it has its memory map from the zero page" \
        says "$log" 'BIOS-e820: .mem 0x0*e0000-0x0*fffff. .*reserved'
    tap_expect "bzImage: $kernel: protocol 2.$((16#$2)): the RSDP at $3" \
        says "$log" "ACPI: RSDP 0x0*$3 "
    tap_expect "bzImage: $kernel: the ramdisk lies where it wants it" \
        says "$log" 'RAMDISK: .mem 0x0*7[0-9a-f]{6}-0x0*7ffffff'
    tap_expect "bzImage: $kernel: hypervisor, clock, both CPUs" \
        says "$log" 'hypervisor hyperv,.* CPUs 2, clock hyperv_clocksource_tsc_page'
    tap_expect "bzImage: $kernel: it checks itself" says "$log" 'entente-check: all ok'
    tap_expect "bzImage: $kernel: exit code 0" test "$status" = 0
    ((TAP_FAILED == failed)) || tap_tail "$LOGS/hyperv-$log.log"
}

# bzimage_narrow_ramdisk OUT: its drivers, the guests' scripts, and a busybox it can run.
bzimage_narrow_ramdisk() {
    local suite busybox tree=$FOLDER/narrow
    suite=$(kernel_field "$BZIMAGE_NARROW" 2)
    busybox=$(package_fetch "$suite" busybox-static) &&
        hyperv_ramdisk "$BZIMAGE_NARROW" "$FOLDER" && mkdir -p "$tree/bin" &&
        cp "$busybox/bin/busybox" "$tree/bin/" || return 1
    {
        cat "$FOLDER/$BZIMAGE_NARROW.initrd"
        (cd "$tree" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0) | gzip -9n
    } >"$1"
}

bzimage_narrow() {
    local log=bzimage-$BZIMAGE_NARROW status=0 failed=$TAP_FAILED name="bzImage: 32 bits"
    bzimage_narrow_ramdisk "$FOLDER/narrow.initrd" || return 1
    disks_make "$FOLDER" "$DISK_MIB"
    {
        guest_config hv hyperv "$BZIMAGE_NARROW" "$FOLDER/narrow.initrd" \
            "$BZIMAGE_NARROW_WORDS entente.run=hyperv-test hyperv.do=sums"
        printf 'vcpus = 2\ndisk = [ "%s,raw,xvda,w", "%s,raw,xvdb,w" ]\n' "$FOLDER"/{a,b}.img
    } >"$FOLDER/$log.cfg"
    bzimage_boot "$log" || status=$?
    tap_expect "$name: hypervisor, clock, both CPUs" \
        says "$log" 'Linux 6[.]1[.].*-686,.* CPUs 2, clock hyperv_clocksource_tsc_page'
    tap_expect "$name: unit 0: the guest reads what the image holds" image_is "$log" 0 a.img
    tap_expect "$name: unit 1: the guest reads what the image holds" image_is "$log" 1 b.img
    tap_expect "$name: storage and utilities are bound" \
        says "$log" 'hyperv: bound: storvsc 1, netvsc 0, utils [34]'
    tap_expect "$name: exit code 0" test "$status" = 0
    ((TAP_FAILED == failed)) || tap_tail "$LOGS/hyperv-$log.log"
}

# No Linux at all, and it must lie where the loader is: at 1 MiB.
bzimage_memtest() {
    local log=bzimage-memtest package status=0 failed=$TAP_FAILED
    package=$(package_fetch bookworm memtest86+) || return 1
    printf 'name = "hv"\ntype = "hyperv"\nkernel = "%s"\nmemory = 24\ncmdline = "%s"\n' \
        "$package/boot/memtest86+x64.bin" console=ttyS0,115200 >"$FOLDER/$log.cfg"
    bzimage_boot "$log" "UNTIL=1:walking ones" || status=$?
    tap_expect "bzImage: memtest86+ begins its first test" test "$status" = 0
    tap_expect "bzImage: memtest86+ knows how much it has" says "$log" 'Memory *: *24MB'
    ((TAP_FAILED == failed)) || tap_tail "$LOGS/hyperv-$log.log"
}

# The oldest kernel is told nothing of ACPI, as before 2.14.
bzimage_run() {
    local kernel
    bzimage_kernel "${KERNEL_LIST[0]}" 0d E0000
    for kernel in "${LONG_LIST[@]:1}"; do
        bzimage_kernel "$kernel" 0f FC000000
    done
    bzimage_narrow
    bzimage_memtest
}
