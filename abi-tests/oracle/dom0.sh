# shellcheck shell=bash
# Debian's real Xen with a small first domain, from packages only: hypervisor, dom0 kernel and an
# initramfs with xl, xenstored and xenconsoled, kept in the cache for each version of Xen.
# Sourced after hv/host/common.sh and hv/host/fetch.sh.

# version | suite
ORACLE_TABLE='
4.17 | bookworm
4.20 | trixie
'
# Linux of the first domain: the newest 6.1 of Debian 12, with XEN_DOM0.
ORACLE_KERNEL_SUITE=bookworm
ORACLE_KERNEL='linux-image-6[.]1[.]0-[0-9]+-amd64'
ORACLE_MODULES=(virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
    virtio_blk virtio_console xen-evtchn xen-privcmd xenfs xen-gntdev xen-gntalloc)
ORACLE_PROGRAMS=(xl xenstored xenconsoled xenconsole xen-init-dom0)
ORACLE_STORE_PROGRAMS=(xenstore-read xenstore-write xenstore-watch xenstore-ls)
# Inserted for guests with disks and interfaces only.
ORACLE_BACK_ENDS=(llc stp bridge xen-netback brd loop xen-blkback)

oracle_versions() { awk -F'|' 'NF == 2 { gsub(/ /, "", $1); print $1 }' <<<"$ORACLE_TABLE"; }

# oracle_suite VERSION
oracle_suite() {
    awk -F'|' -v v="$1" 'NF == 2 { gsub(/ /, ""); if ($1 == v) print $2 }' <<<"$ORACLE_TABLE"
}

oracle_path() { printf '%s/oracle/%s' "$ENTENTE_CACHE" "$1"; }

# oracle_packages VERSION: what the first domain is made of; libraries as apt resolves them.
oracle_packages() {
    local suite
    suite=$(oracle_suite "$1")
    printf '%s\n' "xen-hypervisor-$1-amd64" "xen-utils-$1" xenstore-utils busybox-static
    suite_apt "$suite" apt-get -s install --no-install-recommends "xen-utils-$1" xenstore-utils |
        awk '$1 == "Inst" { print $2 }' |
        grep -E '^(libxen.*|libc6|libgcc-s1|libyajl2|libuuid1|liblzma5|libzstd1|zlib1g|libbz2-1.0)$'
}

# oracle_download SUITE PACKAGE DIR LIST: unpacks below DIR/root, adds "package version" to LIST.
oracle_download() {
    local suite=$1 package=$2 work=$3
    rm -f "$work"/*.deb
    if ! package_unpack "$suite" "$package" "$work"; then
        error "package $package" "cannot be fetched from $(mirror_find) ($suite)" \
            "check the network and run the same command again"
        return 1
    fi
    printf '%s %s %s\n' "$suite" "$package" "$(dpkg-deb -f "$work"/*.deb Version)" >>"$4"
}

# tree_add FILE TREE PATH: one file, links resolved.
tree_add() {
    mkdir -p "$2/$(dirname "$3")"
    cp -L "$1" "$2/$3"
}

# libraries_close ROOT TREE: every library that a program of TREE names, from ROOT, until none is
# missing.
libraries_close() {
    local root=$1 tree=$2 name found added=1
    while ((added)); do
        added=0
        while read -r name; do
            [[ ! -e $tree/lib/x86_64-linux-gnu/$name ]] || continue
            found=$(find "$root" -name "$name" | head -n 1)
            if [[ -z $found ]]; then
                error "the dom0 of the oracle" "no package gave $name" \
                    "add its package to oracle_packages in abi-tests/oracle/dom0.sh"
                return 1
            fi
            tree_add "$(realpath "$found")" "$tree" "lib/x86_64-linux-gnu/$name"
            added=1
        done < <(find "$tree/bin" "$tree/lib" -type f -exec readelf -d {} + 2>/dev/null |
            sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
    done
    # Opened at run time, by pthread_cancel().
    tree_add "$(find -L "$root" -name libgcc_s.so.1 -type f | head -n 1)" "$tree" \
        lib/x86_64-linux-gnu/libgcc_s.so.1
    tree_add "$(find -L "$root" -name 'ld-linux-x86-64.so.2' -type f | head -n 1)" "$tree" \
        lib64/ld-linux-x86-64.so.2
}

# dom0_tree VERSION ROOT TREE
dom0_tree() {
    local version=$1 root=$2 tree=$3 name file
    mkdir -p "$tree"/{bin,dev,proc,sys,run,tmp,job,etc/xen,var,usr,modules,"usr/lib/xen-$version/boot"}
    ln -s ../run "$tree/var/run"
    ln -s ../run/lock "$tree/var/lock"
    ln -s ../bin "$tree/usr/bin"
    cp "$root/bin/busybox" "$tree/bin/busybox" 2>/dev/null ||
        cp "$root/usr/bin/busybox" "$tree/bin/busybox"
    for name in "${ORACLE_PROGRAMS[@]}" "${ORACLE_STORE_PROGRAMS[@]}"; do
        file=$(find -L "$root/usr/lib/xen-$version/bin" "$root/usr/sbin" "$root/usr/bin" \
            -name "$name" -type f 2>/dev/null | head -n 1)
        if [[ -z $file ]]; then
            error "the dom0 of the oracle" "no package gave $name" \
                "see ORACLE_PROGRAMS in abi-tests/oracle/dom0.sh"
            return 1
        fi
        tree_add "$(realpath "$file")" "$tree" "bin/$name"
    done
    # libxl knows its helper programs by these places.
    ln -s ../../bin "$tree/usr/lib/xen-$version/bin"
    cp "$root/usr/lib/xen-$version/boot/xen-shim" "$tree/usr/lib/xen-$version/boot/"
    for name in "${ORACLE_MODULES[@]}" "${ORACLE_BACK_ENDS[@]}"; do
        file=$(find "$root" -name "$name.ko*" | head -n 1)
        [[ -z $file ]] || module_unpack "$file" "$tree/modules/$name.ko"
    done
    : >"$tree/etc/xen/xl.conf"
    echo root:x:0:0:root:/:/bin/sh >"$tree/etc/passwd"
    echo root:x:0: >"$tree/etc/group"
    printf '%s\n' "${ORACLE_MODULES[@]}" >"$tree/modules/order"
    printf '%s\n' "${ORACLE_BACK_ENDS[@]}" >"$tree/modules/back-ends"
    libraries_close "$root" "$tree"
}

# oracle_current VERSION: its first domain is there, with these modules.
oracle_current() {
    local modules
    modules=$(oracle_path "$1")/tree/modules
    cmp -s <(printf '%s\n' "${ORACLE_MODULES[@]}") "$modules/order" &&
        cmp -s <(printf '%s\n' "${ORACLE_BACK_ENDS[@]}") "$modules/back-ends"
}

# oracle_install VERSION WORK: inside cache_locked.
oracle_install() {
    local version=$1 work=$2 suite package kernel out=$2/out
    suite=$(oracle_suite "$version")
    if oracle_current "$version"; then
        return 0
    fi
    say "oracle: fetching Xen $version and its tools from Debian ($suite)"
    suite_update "$suite" && suite_update "$ORACLE_KERNEL_SUITE" || return 1
    mkdir -p "$out"
    while read -r package; do
        oracle_download "$suite" "$package" "$work" "$out/packages" || return 1
    done < <(oracle_packages "$version")
    if ! kernel=$(package_newest "$ORACLE_KERNEL_SUITE" "$ORACLE_KERNEL"); then
        error "the dom0 of the oracle" "no package like $ORACLE_KERNEL in $ORACLE_KERNEL_SUITE" \
            "check that the mirror carries $ORACLE_KERNEL_SUITE"
        return 1
    fi
    oracle_download "$ORACLE_KERNEL_SUITE" "${kernel% *}" "$work" "$out/packages" || return 1
    dom0_tree "$version" "$work/root" "$out/tree" || return 1
    gzip -dc "$work"/root/boot/xen-"$version"-amd64.gz >"$out/xen" || return 1
    # Xen takes longer to unpack a kernel than QEMU takes to load it.
    "$ENTENTE_ROOT/abi-tests/tools/extract-vmlinux" "$work"/root/boot/vmlinuz-* "$out/vmlinux" ||
        return 1
    cp "$work/root/usr/lib/xen-$version/boot/xen-shim" "$out/"
    mkdir -p "$ENTENTE_CACHE/oracle"
    rm -rf "$(oracle_path "$version")"
    mv "$out" "$(oracle_path "$version")"
    while read -r _ package kernel; do
        versions_record "oracle-$version/$package" "$package" "$kernel" -
    done <"$(oracle_path "$version")/packages"
}

# oracle_pack FOLDER WORK: the initramfs, from the kept tree and the first process.
oracle_pack() {
    install -m 755 "$ENTENTE_ROOT/abi-tests/oracle/dom0-init" "$1/tree/init" &&
        (cd "$1/tree" && find . | LC_ALL=C sort |
            cpio --quiet -o -H newc -R 0:0 --reproducible) | gzip -n >"$2/dom0.gz" &&
        mv "$2/dom0.gz" "$1/dom0.gz"
}

# oracle_fetch VERSION: makes sure the oracle is in the cache and as new as its first process;
# prints its folder.
oracle_fetch() {
    local folder init=$ENTENTE_ROOT/abi-tests/oracle/dom0-init
    folder=$(oracle_path "$1")
    if [[ -z $(oracle_suite "$1") ]]; then
        usage_error "no oracle for Xen '$1'" "known are: $(oracle_versions | tr '\n' ' ')"
    fi
    oracle_current "$1" || cache_locked oracle_install "$1" || return 1
    if [[ ! -s $folder/dom0.gz ]] || ! cmp -s "$init" "$folder/tree/init"; then
        cache_locked oracle_pack "$folder" || return 1
    fi
    printf '%s\n' "$folder"
}
