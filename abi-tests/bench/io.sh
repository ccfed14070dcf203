# shellcheck shell=bash
# The part `io` of the bench: a Linux with its own drivers measures its disks and its network, on
# ours and as domU of Debian's Xen. Sourced by `bench`.

IO_KERNEL=6.1-cloud
IO_MEMORY=192
IO_DISK_MIB=16 # as a RAM disk of Debian's kernel

# io_ramdisk FILE MODULE...: the measuring program with drivers of IO_KERNEL.
io_ramdisk() {
    local file=$1 folder=$1.root package name
    shift
    package=$(kernel_package "$IO_KERNEL") || return 1
    rm -rf "$folder" && mkdir -p "$folder"/{dev,sys,mods}
    cp "$ENTENTE_BUILD/bench-io" "$folder/init" || return 1
    for name; do
        module_take "$package" "$folder/mods" "$name" || return 1
    done
    (cd "$folder" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$file"
}

# io_guest NAME TYPE WORD LINE: a guest of a manifest.
io_guest() {
    local console=hvc0 initrd=$OUT/io-xen.gz
    [[ $2 != hyperv ]] || console=ttyS0 initrd=$OUT/io-hyperv.gz
    printf 'name = "%s"\ntype = "%s"\nkernel = "%s"\nramdisk = "%s"\nmemory = %s\n' \
        "$1" "$2" "$IO_KERNEL" "$initrd" "$IO_MEMORY"
    printf 'cmdline = "console=%s quiet io=%s"\n%s\n' "$console" "$3" "$4"
}

# io_ours TYPE COLUMN: its disks are copies in the steward's memory.
io_ours() {
    local base=$OUT/io-$1 disk=$OUT/io-disk.img what
    truncate -s "${IO_DISK_MIB}M" "$disk"
    cp "$disk" "$disk.2"
    io_guest disk "$1" disk "disk = [ '$disk,raw,xvda,w', '$disk.2,raw,xvdb,w' ]" >"$base-disk.cfg"
    {
        io_guest server "$1" server "vif = [ 'bridge=lan' ]"
        io_guest client "$1" client "vif = [ 'bridge=lan' ]"
    } >"$base-net.cfg"
    for what in disk net; do
        say "bench: $what, $2"
        ours_manifest exits "$base-$what.cfg" "$base-$what"
        mv "$OUT/exits.log" "$base-$what.exits"
        ran io instructions "$2" "$base-$what" "$base-$what.exits"
    done
}

# io_peer VERSION TYPE: the disk that is measured is a RAM disk of the first domain, the one that is
# flushed a loop device there (a RAM disk asks for no flushes).
io_peer() {
    local base=$OUT/io-xen-$1-$2 guest
    rm -f "$base".*
    guest=(--type "$2" --kernel "$(kernel_path "$IO_KERNEL")" --initrd "$OUT/io-xen.gz"
        --memory "$IO_MEMORY" --extra 'tsc_mode="native"')
    say "bench: disk and net, Xen $1 ${2^^}"
    domus "$1" "$base.run" --icount "${EXIT_LOG[@]/#/--qemu-arg=}" "--qemu-arg=$base.exits" \
        "${guest[@]}" --cmdline 'console=hvc0 quiet io=disk' --disk ram --disk loop \
        --output "$base.disk" \
        --and "${guest[@]}" --cmdline 'console=hvc0 quiet io=server' --bridge lan --beside \
        --and "${guest[@]}" --cmdline 'console=hvc0 quiet io=client' --bridge lan \
        --output "$base.net"
    ran io instructions "Xen $1 ${2^^}" "$base.disk" "$base.exits"
    ran io instructions "Xen $1 ${2^^}" "$base.net" "$base.exits"
}

# A Linux with its own drivers on disks and switches. Nobody sees ERMS: with it Linux copies by
# `rep movsb`, in which each byte counts as an instruction.
io() {
    local version CPU_MODEL=$CPU_MODEL,-erms,-fsrm
    part_begin io
    mark_note io "$ENTENTE_BUILD/bench-io"
    io_ramdisk "$OUT/io-xen.gz" xen-blkfront xen-netfront &&
        io_ramdisk "$OUT/io-hyperv.gz" sd_mod hv_vmbus hv_storvsc hv_netvsc || return 1
    io_ours pv 'ours PV'
    io_ours pvh 'ours PVH'
    io_ours hyperv 'ours Hyper-V'
    for version in $BOOT_PEERS; do
        io_peer "$version" pv
        io_peer "$version" pvh
    done
}
