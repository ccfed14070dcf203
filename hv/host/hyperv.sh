# shellcheck shell=bash
# Hyper-V guests in tests: a ramdisk with the kernel's drivers, the disks and lines of a manifest.

HYPERV_DRIVERS=(ext4 sd_mod hv_vmbus hv_storvsc hv_netvsc hv_utils
    hv_balloon hyperv_keyboard evdev)

# module_take PACKAGE FOLDER NAME: a module behind those it needs, as NUMBER-NAME.ko; none if the
# kernel has it built in.
module_take() {
    local package=$1 folder=$2 name=${3//-/_} path needed
    path=$(find "$package" -name "${name//_/[-_]}.ko*" -type f | head -n 1)
    if [[ -z $path ]] || compgen -G "$folder/*-$name.ko" >/dev/null; then
        return 0
    fi
    module_unpack "$path" "$folder/.next" || return 1
    needed=$(tr '\0' '\n' <"$folder/.next" | sed -n 's/^depends=//p' | head -n 1)
    mv "$folder/.next" "$folder/.$name"
    for needed in ${needed//,/ }; do
        module_take "$package" "$folder" "$needed" || return 1
    done
    mv "$folder/.$name" "$folder/$(printf '%02d' "$(find "$folder" -name '*.ko' | wc -l)")-$name.ko"
}

# hyperv_ramdisk KERNEL FOLDER: the test ramdisk with that kernel's drivers and the guests' scripts,
# as FOLDER/KERNEL.initrd.
hyperv_ramdisk() {
    local package name folder=$2/ramdisk
    package=$(kernel_package "$1") || return 1
    rm -rf "$folder"
    mkdir -p "$folder/mods"
    cp "$WORKLOAD_DIR"/{hyperv-root,hyperv-test,hyperv-time,network-test,uefi-test} "$folder/" || return 1
    for name in "${HYPERV_DRIVERS[@]}"; do
        module_take "$package" "$folder/mods" "$name" || return 1
    done
    initramfs_extend "$2/$1.initrd" "$folder"
}

# guest_config NAME TYPE KERNEL RAMDISK WORDS
guest_config() {
    local console=hvc0
    [[ $2 != hyperv ]] || console=ttyS0
    printf 'name = "%s"\ntype = "%s"\nkernel = "%s"\nramdisk = "%s"\nmemory = %s\n' \
        "$1" "$2" "$3" "$4" "${GUEST_MIB:-192}"
    printf 'cmdline = "console=%s quiet %s"\n' "$console" "$5"
}

# disks_make FOLDER MIB: a.img, a file system with a file and its sum, and b.img, empty.
disks_make() {
    local tree=$1/tree
    mkdir -p "$tree"
    head -c 3000000 "$INITRAMFS" >"$tree/data"
    (cd "$tree" && sha256sum data >sums)
    rm -f "$1"/{a,b}.img
    truncate -s "$2M" "$1"/{a,b}.img
    mke2fs -q -t ext4 -d "$tree" "$1/a.img" || die "$1/a.img" "mke2fs failed" "install e2fsprogs"
}

# await_line LAUNCHER LOG TEXT: until the serial line says so, or the launcher has ended.
await_line() {
    while kill -0 "$1" 2>/dev/null && ! grep -aEq -- "$3" "$LOGS/$2.log" 2>/dev/null; do
        sleep 0.5
    done
}
