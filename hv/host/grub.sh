# shellcheck shell=bash
# GRUB's PV image for `bootloader = "pygrub"`: it starts inside the guest and follows the
# configuration that it finds on the guest's disks.

GRUB_IMAGE=$ENTENTE_BUILD/host/pygrub.elf
GRUB_MODULES=(memdisk tar normal configfile legacycfg search search_fs_file search_fs_uuid search_label
    part_msdos part_gpt lvm mdraid1x ext2 xfs btrfs fat iso9660 linux gzio xzio lzopio
    echo test true regexp loadenv sleep halt reboot help ls cat)

grub_config() {
    cat <<'END'
for path in /boot/grub /grub; do
    if search --no-floppy --set=root --file $path/grub.cfg; then
        set prefix=($root)$path
        configfile $path/grub.cfg
    fi
    if search --no-floppy --set=root --file $path/menu.lst; then
        legacy_configfile $path/menu.lst
    fi
done
echo "pygrub: no /boot/grub/grub.cfg or menu.lst on the guest's disks"
halt
END
}

# grub_build: makes sure $GRUB_IMAGE is there.
grub_build() {
    local folder work status
    if [[ $GRUB_IMAGE -nt $ENTENTE_HOST_DIR/grub.sh ]]; then
        return 0
    fi
    folder=$(package_fetch bookworm grub-xen-bin)/usr/lib/grub/x86_64-xen || return 1
    mkdir -p "$ENTENTE_BUILD/host"
    work=$(mktemp -d "$ENTENTE_BUILD/host/grub.XXXXXX") || return 1
    grub_config >"$work/grub.cfg"
    # The configuration built into an image knows neither `if` nor `for`: it starts one that does.
    echo 'normal (memdisk)/grub.cfg' >"$work/start.cfg"
    tar -cf "$work/memdisk.tar" -C "$work" grub.cfg
    grub-mkimage -O x86_64-xen -d "$folder" -c "$work/start.cfg" -m "$work/memdisk.tar" \
        -p '(memdisk)' -o "$work/image" "${GRUB_MODULES[@]}" && mv "$work/image" "$GRUB_IMAGE"
    status=$?
    rm -rf "$work"
    return "$status"
}
