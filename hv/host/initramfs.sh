# shellcheck shell=bash
# The busybox initramfs of the default guest, built on the spot from abi-tests/workload.

INITRAMFS=$ENTENTE_BUILD/host/initramfs.gz
WORKLOAD_DIR=$ENTENTE_ROOT/abi-tests/workload
WORKLOAD_SOURCES=(main.c process.c memory.c signals.c fpu.c clock.c compat32.c flush.c disk.c
    clocks.c broadcast.c kexec.c legacy.c offloads.c)
WORKLOAD_FLAGS=(-std=gnu11 -D_GNU_SOURCE "-I$ENTENTE_ROOT" -O2 -Wall -Wextra -Wconversion
    -Wshadow -Wstrict-prototypes -Wvla -Wundef -Werror)

# busybox_find: a busybox that needs no shared library.
busybox_find() {
    local path
    for path in "${BUSYBOX:-}" /bin/busybox /usr/bin/busybox; do
        if [[ -n $path && -x $path ]] && ! ldd "$path" >/dev/null 2>&1; then
            printf '%s' "$path"
            return 0
        fi
    done
    return 1
}

# workload_build DIR: the test programs, 64-bit and 32-bit. The 32-bit one uses no C library,
# so it needs no multilib packages.
workload_build() {
    local cc=${HOSTCC:-cc}
    (
        cd "$WORKLOAD_DIR" || exit 1
        "$cc" "${WORKLOAD_FLAGS[@]}" -static -pthread -o "$1/workload" \
            "${WORKLOAD_SOURCES[@]}" &&
            "$cc" "${WORKLOAD_FLAGS[@]}" -m32 -ffreestanding -nostdlib -static -fno-pie \
                -no-pie -fno-stack-protector -mgeneral-regs-only -o "$1/compat32" guest32.c &&
            strip "$1/workload" "$1/compat32"
    )
}

# initramfs_current: true when nothing it is made from is newer.
initramfs_current() {
    [[ -s $INITRAMFS ]] &&
        [[ -z $(find "$WORKLOAD_DIR" "$ENTENTE_HOST_DIR/initramfs.sh" -newer "$INITRAMFS") ]]
}

# initramfs_build: makes sure $INITRAMFS exists and is current.
initramfs_build() {
    local busybox work
    if initramfs_current; then
        return 0
    fi
    busybox=$(busybox_find) || die busybox "no static busybox on this machine" \
        "install busybox-static, or set BUSYBOX=path"
    mkdir -p "$ENTENTE_BUILD/host"
    work=$(mktemp -d "$ENTENTE_BUILD/host/initramfs.XXXXXX")
    mkdir -p "$work"/{bin,dev,etc,proc,root,sys,tmp}
    cp "$busybox" "$work/bin/busybox"
    cp "$WORKLOAD_DIR/init" "$work/init"
    chmod 755 "$work/init" "$work/bin/busybox"
    if ! workload_build "$work/bin"; then
        rm -rf "$work"
        die abi-tests/workload "the test programs do not compile" \
            "install gcc and libc6-dev, or set HOSTCC="
    fi
    local mib
    for mib in 2 50; do
        printf '%s %s\n' "$mib" \
            "$("$work/bin/workload" generate "$mib" | sha256sum | cut -d' ' -f1)"
    done >"$work/etc/generate.sums"
    (cd "$work" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) |
        gzip -9n >"$INITRAMFS.new"
    rm -rf "$work"
    mv "$INITRAMFS.new" "$INITRAMFS"
}

# initramfs_extend OUT FOLDER: the test initramfs with the files of a folder on top.
initramfs_extend() {
    initramfs_build || return 1
    {
        cat "$INITRAMFS"
        (cd "$2" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n
    } >"$1.new" && mv "$1.new" "$1"
}

# initramfs_with KERNEL MODULE SCRIPT OUT: the test initramfs with a module of that kernel and a
# script of abi-tests/workload, which the word entente.run=SCRIPT runs.
initramfs_with() {
    local kernel=$1 module=$2 script=$3 out=$4 package path folder
    package=$(kernel_package "$kernel") || return 1
    path=$(find "$package" -name "$module.ko*" | head -n 1)
    mkdir -p "$ENTENTE_BUILD/host"
    folder=$(mktemp -d "$ENTENTE_BUILD/host/initramfs.XXXXXX") || return 1
    # without a path it is part of the kernel
    cp "$WORKLOAD_DIR/$script" "$folder/" &&
        { [[ -z $path ]] || module_unpack "$path" "$folder/$module.ko"; } &&
        initramfs_extend "$out" "$folder"
    local status=$?
    rm -rf "$folder"
    return "$status"
}
