# shellcheck shell=bash
# A Debian 12 system on a disk image, as debootstrap makes it: one partition with an ext4 root,
# its own kernel, ramdisk and GRUB configuration. Made once, as root, and kept in the cache.

DEBIAN_SUITE=bookworm
DEBIAN_FOLDER=$ENTENTE_CACHE/debian-3 # the number grows when what is below makes another image
DEBIAN_IMAGE=$DEBIAN_FOLDER/$DEBIAN_SUITE.img
DEBIAN_MIB=1536
DEBIAN_ROOT_AT=$((1 << 20)) # where the partition begins, in bytes
DEBIAN_PACKAGES=systemd-sysv,udev,kmod,initramfs-tools,linux-image-amd64,e2fsprogs,login

# debian_ramdisk_configure ROOT: before its kernel is unpacked. A small ramdisk, soon unpacked.
debian_ramdisk_configure() {
    mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
    printf 'MODULES=list\nCOMPRESS=gzip\n' >"$1/etc/initramfs-tools/conf.d/small"
    printf '%s\n' xen-blkfront hv_storvsc sd_mod ext4 crc32c_generic \
        >"$1/usr/share/initramfs-tools/modules.d/small"
}

# debian_package FOLDER: a package that prints a line, as FOLDER/hello.deb.
debian_package() {
    local tree=$1/hello
    mkdir -p "$tree/DEBIAN" "$tree/usr/bin"
    printf '#!/bin/sh\necho "hello from a package"\n' >"$tree/usr/bin/entente-hello"
    chmod 755 "$tree/usr/bin/entente-hello"
    cat >"$tree/DEBIAN/control" <<'END'
Package: entente-hello
Version: 1
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: prints a line
END
    dpkg-deb --root-owner-group -b "$tree" "$1/hello.deb" >/dev/null
}

# debian_service ROOT: with entente.debian on the command line the system tries itself and goes off.
debian_service() {
    cat >"$1/usr/local/sbin/try" <<'END'
#!/bin/bash
echo "debian: root on $(findmnt -no SOURCE /), $(nproc) CPU(s), $(systemd-detect-virt)"
apt-get -qq install -y /root/hello.deb && entente-hello && echo "debian: package installed"
for _ in $(seq 60); do
    [ -e /sys/class/net/eth0 ] && [ -z "$(hostname -I)" ] || break
    sleep 1
done
echo "debian: addresses: $(hostname -I)"
# a guest that gave the address serves until it is told (abi-tests/workload/network-test)
case " $(hostname -I)" in *" 10.9.0."*) echo end >/dev/tcp/10.9.0.1/5009 ;; esac
sleep 5
systemctl poweroff
END
    chmod 755 "$1/usr/local/sbin/try"
    cat >"$1/etc/systemd/system/try.service" <<'END'
[Unit]
After=getty.target serial-getty@hvc0.service serial-getty@ttyS0.service
ConditionKernelCommandLine=entente.debian

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/try
StandardOutput=journal+console

[Install]
WantedBy=multi-user.target
END
    ln -s ../try.service "$1/etc/systemd/system/multi-user.target.wants/try.service"
}

# debian_network ROOT: an address by DHCP for each network device.
debian_network() {
    printf '[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\n' >"$1/etc/systemd/network/all.network"
    ln -s /lib/systemd/system/systemd-networkd.service \
        "$1/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
}

# debian_grub ROOT: a configuration as update-grub writes it, for the kernel that is there.
debian_grub() {
    local kernel
    kernel=$(cd "$1/boot" && echo vmlinuz-*)
    mkdir -p "$1/boot/grub"
    cat >"$1/boot/grub/grub.cfg" <<END
set default="0"
set timeout=1
insmod part_msdos
insmod ext2
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux --class os {
	insmod gzio
	if [ x\$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	search --no-floppy --file --set=root /boot/$kernel
	echo	'Loading Linux ${kernel#vmlinuz-} ...'
	linux	/boot/$kernel root=/dev/xvda1 ro console=hvc0 quiet entente.debian
	echo	'Loading initial ramdisk ...'
	initrd	/boot/initrd.img-${kernel#vmlinuz-}
}
END
}

debian_root_make() {
    local root=$1/root
    debian_ramdisk_configure "$root"
    debootstrap --variant=minbase --include="$DEBIAN_PACKAGES" "$DEBIAN_SUITE" "$root" \
        "$(mirror_find)" >"$DEBIAN_FOLDER/debootstrap.log" 2>&1 || return 1
    echo debian >"$root/etc/hostname"
    echo 'LABEL=root / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    sed -i 's/^root:[^:]*:/root::/' "$root/etc/shadow"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    debian_package "$1" && cp "$1/hello.deb" "$root/root/"
    debian_service "$root"
    debian_network "$root"
    debian_grub "$root"
}

# debian_image_make WORK: inside cache_locked.
debian_image_make() {
    local image=$1/image
    mkdir -p "$DEBIAN_FOLDER"
    if ! debian_root_make "$1"; then
        error "$DEBIAN_FOLDER/debootstrap.log" \
            "$(tail -n 1 "$DEBIAN_FOLDER/debootstrap.log")" "run as root, with the archive in reach"
        return 1
    fi
    truncate -s "${DEBIAN_MIB}M" "$image"
    echo 'start=2048, type=83' | sfdisk -q "$image" &&
        mke2fs -q -t ext4 -L root -d "$1/root" -E "offset=$DEBIAN_ROOT_AT" "$image" \
            $(((DEBIAN_MIB - 1) * 1024))k &&
        cp "$1"/root/boot/vmlinuz-* "$DEBIAN_FOLDER/vmlinuz" &&
        cp "$1"/root/boot/initrd.img-* "$DEBIAN_FOLDER/initrd.img" &&
        mv "$image" "$DEBIAN_IMAGE"
}

debian_image() {
    if [[ ! -s $DEBIAN_IMAGE ]]; then
        say "debian: debootstrap of $DEBIAN_SUITE, some minutes"
        cache_locked debian_image_make
    fi
}

# debian_grub_put ROOT CONFIG: the configuration in a file system that is not mounted.
debian_grub_put() {
    debugfs -w "$1" >/dev/null 2>&1 <<END
rm /boot/grub/grub.cfg
write $2 /boot/grub/grub.cfg
END
}

# debian_uefi_image OUT: the same system on a disk that UEFI starts. Beside its loader GRUB finds, as
# grub-install writes it, where the system's own configuration is; root is named by its UUID, and the
# kernel tells of its start.
debian_uefi_image() {
    local root=$1.root tree=$1.tree uuid status
    rm -rf "$tree"
    mkdir -p "$tree" || return 1
    dd if="$DEBIAN_IMAGE" of="$root" bs="$DEBIAN_ROOT_AT" skip=1 conv=sparse status=none || return 1
    uuid=$(blkid -p -o value -s UUID "$root")
    debugfs -R 'cat /boot/grub/grub.cfg' "$root" 2>/dev/null |
        sed "s,/dev/xvda1,UUID=$uuid,; s/hvc0 quiet/ttyS0/; s/part_msdos/part_gpt/" >"$1.cfg"
    debian_grub_put "$root" "$1.cfg" && uefi_tree_loader "$tree" <<END && uefi_disk "$1" "$tree" "$root"
search.fs_uuid $uuid root
set prefix=(\$root)'/boot/grub'
configfile \$prefix/grub.cfg
END
    status=$?
    rm -rf "$root" "$tree" "$1.cfg"
    return "$status"
}
