# shellcheck shell=bash
# Disks from which a UEFI firmware starts a system: a GPT with one EFI system partition, whose
# \EFI\BOOT\BOOTX64.EFI is Debian's GRUB, or a Linux kernel that the firmware starts by itself. The
# same files make the same image, byte by byte; nothing here needs root.

UEFI_PARTITION_AT=$((1 << 20)) # where the system partition begins, in bytes
UEFI_LOADER=EFI/BOOT/BOOTX64.EFI
UEFI_GRUB_CONFIG=EFI/debian/grub.cfg # beside its loader Debian's GRUB looks for no other

# uefi_grub: Debian's GRUB for EFI in one file, unsigned; prints its path.
uefi_grub() {
    local folder
    folder=$(package_fetch bookworm grub-efi-amd64-bin) || return 1
    printf '%s/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi' "$folder"
}

# uefi_tree_grub TREE KERNEL RAMDISK WORDS: the system partition's files, with GRUB.
uefi_tree_grub() {
    local tree=$1 grub
    grub=$(uefi_grub) || return 1
    mkdir -p "$tree"/EFI/{BOOT,debian} &&
        cp "$grub" "$tree/$UEFI_LOADER" && cp "$2" "$tree/vmlinuz" && cp "$3" "$tree/initrd.img" &&
        cat >"$tree/$UEFI_GRUB_CONFIG" <<END
set timeout=0
menuentry 'Debian GNU/Linux' {
	linux	/vmlinuz $4
	initrd	/initrd.img
}
END
}

# uefi_tree_stub TREE KERNEL RAMDISK WORDS: the same without GRUB, kernel, ramdisk and command line
# in one program as systemd makes it: its stub hands them to the kernel's own [UAPI.5]. -p also keeps
# the stub's date, which is in its header.
uefi_tree_stub() {
    local tree=$1 stub work status
    stub=$(package_fetch bookworm systemd-boot-efi)/usr/lib/systemd/boot/efi/linuxx64.efi.stub || return 1
    work=$(mktemp -d "$ENTENTE_BUILD/host/uefi.XXXXXX") || return 1
    printf '%s' "$4" >"$work/cmdline"
    mkdir -p "$tree/EFI/BOOT" &&
        objcopy -p --add-section ".cmdline=$work/cmdline" --change-section-vma .cmdline=0x30000 \
            --add-section ".linux=$2" --change-section-vma .linux=0x2000000 \
            --add-section ".initrd=$3" --change-section-vma .initrd=0x6000000 \
            "$stub" "$tree/$UEFI_LOADER"
    status=$?
    rm -rf "$work"
    return "$status"
}

# uefi_disk IMAGE MIB TREE: a disk of that size whose system partition holds the tree.
uefi_disk() {
    local image=$1 sectors=$((($2 - 2) << 11)) tree=$3 entry
    local -x TZ=UTC SOURCE_DATE_EPOCH=315532800 # FAT's first day
    rm -f "$image"
    truncate -s "$2M" "$image"
    sfdisk -q "$image" <<END || return 1
label: gpt
label-id: 00000000-0000-4000-8000-000000000001
start=2048, size=$sectors, type=uefi, uuid=00000000-0000-4000-8000-000000000002
END
    image+=@@$UEFI_PARTITION_AT
    mformat -i "$image" -F -T "$sectors" -h 64 -s 32 -H 2048 -N 00000001 -v ESP :: || return 1
    while read -r entry; do
        if [[ -d $tree/$entry ]]; then
            mmd -i "$image" "::$entry"
        else
            mcopy -i "$image" "$tree/$entry" "::$entry"
        fi || return 1
    done < <(cd "$tree" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort)
}
