# shellcheck shell=bash
# Disks from which a UEFI firmware starts a system: a GPT with an EFI system partition, whose
# \EFI\BOOT\BOOTX64.EFI is Debian's GRUB, or a Linux kernel that the firmware starts by itself. The
# same files make the same image, byte by byte; nothing here needs root.

UEFI_MIB=40                            # of the system partition; FAT32 takes no less than 34
UEFI_PARTITION_AT=$((1 << 20))         # where it begins, in bytes
UEFI_ROOT_AT=$(((1 + UEFI_MIB) << 20)) # where a second partition begins
UEFI_LOADER=EFI/BOOT/BOOTX64.EFI

# uefi_tree_loader TREE: the system partition's files with Debian's GRUB, its configuration from
# stdin. That of its package in one file, unsigned, looks for /EFI/debian/grub.cfg beside itself.
uefi_tree_loader() {
    local folder
    folder=$(package_fetch bookworm grub-efi-amd64-bin) || return 1
    mkdir -p "$1"/EFI/{BOOT,debian} && cat >"$1/EFI/debian/grub.cfg" &&
        cp "$folder/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi" "$1/$UEFI_LOADER"
}

# uefi_tree_grub TREE KERNEL RAMDISK WORDS: GRUB, and a system for it in the same partition.
uefi_tree_grub() {
    uefi_tree_loader "$1" <<END && cp "$2" "$1/vmlinuz" && cp "$3" "$1/initrd.img"
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
    local tree=$1 folder work status
    folder=$(package_fetch bookworm systemd-boot-efi) || return 1
    work=$(mktemp -d "$ENTENTE_BUILD/host/uefi.XXXXXX") || return 1
    printf '%s' "$4" >"$work/cmdline"
    mkdir -p "$tree/EFI/BOOT" &&
        objcopy -p --add-section ".cmdline=$work/cmdline" --change-section-vma .cmdline=0x30000 \
            --add-section ".linux=$2" --change-section-vma .linux=0x2000000 \
            --add-section ".initrd=$3" --change-section-vma .initrd=0x6000000 \
            "$folder/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$tree/$UEFI_LOADER"
    status=$?
    rm -rf "$work"
    return "$status"
}

# uefi_partitions IMAGE MIB: a GPT on an empty image; a second partition of that size if not 0.
uefi_partitions() {
    local id=00000000-0000-4000-8000-00000000000 rows
    rows="label: gpt"$'\n'"label-id: ${id}0"$'\n'
    rows+="start=1MiB, size=${UEFI_MIB}MiB, type=uefi, uuid=${id}1"$'\n'
    (($2 == 0)) || rows+="size=${2}MiB, type=linux, uuid=${id}2"$'\n'
    rm -f "$1"
    truncate -s "$((2 + UEFI_MIB + $2))M" "$1" && sfdisk -q "$1" <<<"$rows"
}

# uefi_disk IMAGE TREE [ROOT]: a disk whose system partition holds the tree; ROOT is a file with the
# file system of a second partition.
uefi_disk() {
    local image=$1 tree=$2 root=${3:-} mib=0 entry
    local -x TZ=UTC SOURCE_DATE_EPOCH=315532800 # FAT's first day
    [[ -z $root ]] || mib=$(($(stat -c %s "$root") >> 20))
    uefi_partitions "$image" "$mib" || return 1
    [[ -z $root ]] || dd if="$root" of="$image" bs=1M seek=$((1 + UEFI_MIB)) \
        conv=sparse,notrunc status=none || return 1
    image+=@@$UEFI_PARTITION_AT
    mformat -i "$image" -F -T $((UEFI_MIB << 11)) -h 64 -s 32 -H 2048 -N 00000001 -v ESP :: ||
        return 1
    while read -r entry; do
        if [[ -d $tree/$entry ]]; then
            mmd -i "$image" "::$entry"
        else
            mcopy -i "$image" "$tree/$entry" "::$entry"
        fi || return 1
    done < <(cd "$tree" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort)
}
