# shellcheck shell=bash
# The machine the hypervisor runs on: QEMU's command line, and the minder around it.

MACHINE_EXTRA_MIB=256

# The first QEMU whose software emulation has SMAP right.
QEMU_SMAP_GOOD=8.0

MINDER=$ENTENTE_BUILD/host/minder

# tool_build NAME: a program of hv/host into build/host.
tool_build() {
    local tool=$ENTENTE_BUILD/host/$1 source=$ENTENTE_HOST_DIR/$1.c
    if [[ $tool -nt $source ]]; then
        return 0
    fi
    mkdir -p "$ENTENTE_BUILD/host"
    if ! "${HOSTCC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$tool.$$" "$source"; then
        die "hv/host/$1.c" "does not compile" "install gcc and libc6-dev, or set HOSTCC="
    fi
    mv "$tool.$$" "$tool"
}

# The control line of a run on a terminal, where none is named.
CONTROL_DEFAULT=$ENTENTE_BUILD/run/control

# control_main WORD...: one command to the machine at CONTROL=, or the one on a terminal.
control_main() {
    tool_build control
    exec "$ENTENTE_BUILD/host/control" "${CONTROL:-$CONTROL_DEFAULT}" "$@"
}

# control_options: QEMU's second serial port is the control line, if there is to be one.
control_options() {
    local path=${CONTROL:-}
    if [[ -z $path ]] && ((INTERACTIVE)); then
        path=$CONTROL_DEFAULT
        mkdir -p "${path%/*}"
        # QEMU would take the name away from a machine that is on.
        [[ ! -S $path ]] || ! tool_build control || ! "$ENTENTE_BUILD/host/control" "$path" help \
            >/dev/null 2>&1 || return 0
    fi
    [[ -z $path ]] || printf '%s\n' -chardev \
        "socket,id=control,path=${path//,/,,},server=on,wait=off" -serial chardev:control
}

# images_check: the three images make builds, or the missing one by name.
images_check() {
    local image
    for image in "${ENTENTE_IMAGES[@]}"; do
        [[ -s $ENTENTE_BUILD/$image ]] ||
            die "${ENTENTE_BUILD#"$ENTENTE_ROOT"/}/$image" "not built" "run: make images"
    done
}

# machine_memory FOLDER: MiB for QEMU: the guests' memory, the modules there, and room for the rest.
machine_memory() {
    local i bytes=0
    if [[ -n ${MACHINE:-} ]]; then
        is_number "$MACHINE" || usage_error "MACHINE=$MACHINE is not a number of MiB"
        printf '%s' "$MACHINE"
        return
    fi
    for i in "${!MODULE_PATHS[@]}"; do
        bytes=$((bytes + $(stat -L -c %s "$1/m$i")))
    done
    printf '%s' $((MEMORY_TOTAL + MEMORY_TOTAL / 64 + bytes / 1048576 + MACHINE_EXTRA_MIB))
}

# memory_enough MIB: refuses what this machine cannot give, by manifest line.
memory_enough() {
    local available
    available=$(memory_available_mib)
    if (($1 > available)); then
        die "${MEMORY_LARGEST_PLACE:-MACHINE=}" \
            "memory = $MEMORY_LARGEST: the guests need a machine of $1 MiB, $available are free" \
            "lower memory = or close other programs"
    fi
}

# folder_pack FOLDER OUT: all of it as an archive; the steward serves it by 9P.
folder_pack() {
    local said
    # cpio leaves out what it cannot pack, and may call that a success.
    if ! said=$( (cd "$1" && find . -print0 | LC_ALL=C sort -z |
        cpio --quiet -0 -o -H newc --reproducible >"$2") 2>&1) || [[ -n $said ]]; then
        die "$1" "cannot be packed: ${said%%$'\n'*}" \
            "a shared folder holds readable files below 4 GiB"
    fi
}

# modules_link FOLDER: short names without blanks or commas for QEMU's -initrd; prints it.
# QEMU cuts a module's path at the first blank and wants a comma doubled.
modules_link() {
    local folder=$1 i list=''
    ln -s "$ENTENTE_BUILD/entente.elf" "$folder/entente.elf"
    ln -s "$ENTENTE_BUILD/steward.elf" "$folder/steward"
    ln -s "$ENTENTE_BUILD/pvshim.elf" "$folder/pvshim"
    list='steward steward,pvshim pvshim'
    for i in "${!MODULE_PATHS[@]}"; do
        if [[ -d ${MODULE_PATHS[i]} ]]; then
            folder_pack "${MODULE_PATHS[i]}" "$folder/m$i"
        else
            ln -s "${MODULE_PATHS[i]}" "$folder/m$i"
        fi
        list+=",m$i ${MODULE_TITLES[i]//,/,,}"
    done
    for i in "${!DRIVE_TITLES[@]}"; do
        printf 'd%s\n' "$i" >"$folder/d$i"
        list+=",d$i drive ${DRIVE_TITLES[i]//,/,,}"
    done
    printf '%s' "$list"
}

# cpu_model ACCELERATOR
cpu_model() {
    if [[ -n ${CPU:-} ]]; then
        printf '%s' "$CPU"
    elif [[ $1 == kvm ]]; then
        printf 'host,migratable=off,+invtsc'
    elif version_at_least "$(qemu_version)" "$QEMU_SMAP_GOOD"; then
        # Neither the hypervisor nor TCG gains from five-level paging.
        printf 'max,-la57'
    else
        # Before that version iret in ring 3 reads its own stack as the supervisor: docs/qemu.md.
        printf 'max,-la57,-smap,-cx16'
    fi
}

# accelerator_options ACCELERATOR: a thread for each CPU where this machine has CPUs for them. Else
# they take turns in one: a CPU that waits for another must not take away its time.
accelerator_options() {
    if [[ $1 == tcg ]] && ((10#${CPUS:-1} > 1)); then
        if ((10#$CPUS < $(nproc))); then
            printf 'tcg,thread=multi'
        else
            printf 'tcg,thread=single'
        fi
    else
        printf '%s' "$1"
    fi
}

# network_options: QEMU's side of the machine's network device, or nothing.
network_options() {
    if ((VIF_COUNT > 0)) && [[ ${NET:-user} != none ]]; then
        printf '%s' "${NETDEV:-user}"
    fi
}

# machine_run: boots the gathered modules; the exit code is the minder's.
machine_run() {
    local memory folder accelerator modules options=${HVOPTIONS:-} status=0
    local minder=("$MINDER") console=(-serial stdio -monitor none) control=()
    accelerator=$(accelerator_choose)
    folder=$(mktemp -d "${TMPDIR:-/tmp}/entente.XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    modules=$(modules_link "$folder") || exit "$EXIT_FAILED"
    memory=$(machine_memory "$folder")
    memory_enough "$memory"
    if ((INTERACTIVE)); then
        options="interactive $options"
        console=(-serial mon:stdio)
        minder+=(--timeout "${TIMEOUT:-0}")
    else
        minder+=(--timeout "${TIMEOUT:-300}" --stall "${STALL:-120}")
    fi
    [[ -z ${CONTROL:-} ]] || options="stay $options"
    mapfile -t control < <(control_options)
    [[ -z ${LOG:-} ]] || minder+=(--log "$LOG")
    [[ -z ${STAGES:-} ]] || minder+=(--stages "$STAGES")
    [[ -z ${UNTIL:-} ]] || minder+=(--until "$UNTIL")
    say "machine: $accelerator, $memory MiB, $GUEST_COUNT guest(s)"
    local qemu i drives=() network=(-nic none) netdev
    qemu=$(command -v "$(qemu_command)")
    # shellcheck disable=SC2153 # the manifest part fills it
    for i in "${!DRIVES[@]}"; do
        drives+=(-drive "${DRIVES[i]}" -device "virtio-blk-pci,drive=d$i,serial=d$i")
    done
    netdev=$(network_options)
    if [[ -n $netdev ]]; then
        network+=(-netdev "$netdev,id=n0" -device "virtio-net-pci,netdev=n0,romfile=")
    fi
    (
        cd "$folder" && exec "${minder[@]}" -- "$qemu" \
            -accel "$(accelerator_options "$accelerator")" -smp "$((10#${CPUS:-1}))" -cpu "$(cpu_model "$accelerator")" -m "$memory" \
            -display none -vga none "${network[@]}" -no-reboot "${console[@]}" "${control[@]}" \
            -device isa-debug-exit,iobase=0xf4,iosize=4 "${drives[@]}" \
            -kernel entente.elf -append "${options% }" -initrd "$modules"
    ) || status=$?
    rm -rf "$folder"
    trap - EXIT
    return "$status"
}
