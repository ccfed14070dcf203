# shellcheck shell=bash
# The part `idle` of the bench: how much of a CPU idle Linux guests keep awake, all together, with
# their own timers, the root or the first domain and the hypervisor. Sourced by `bench`.

IDLE_GUESTS=${IDLE_GUESTS:-16}
IDLE_SECONDS=300 # as abi-tests/bench/idle.c measures
IDLE_STEP=20
IDLE_TIME_LIMIT=3000
IDLE_PEER_MIB=4096

# idle_ours NAME COLUMN TYPE...
idle_ours() {
    local base=$OUT/idle-$1 column=$2 pid
    shift 2
    say "bench: $IDLE_GUESTS idle guests, $column"
    rm -f "$base".*
    idle_manifest "$IDLE_GUESTS" "$@" >"$base.cfg"
    ours_manifest icount "$base.cfg" "$base" "CONTROL=$IDLE_SOCKET" &
    pid=$!
    if idle_wait "$pid" "$base" "$IDLE_GUESTS"; then
        idle_read "$pid" "$base" "$IDLE_SECONDS" "$IDLE_STEP" &&
            ran idle ours "$column" "$base.first" "$base.last" "$IDLE_GUESTS"
        idle_end "$base.cfg"
    fi
    wait "$pid"
}

# idle_peer VERSION TYPE...: the last guest is let go by the program that measures.
idle_peer() {
    local version=$1 base=$OUT/idle-xen-$1 types=("${@:2}") i beside guests=()
    say "bench: $IDLE_GUESTS idle guests, Xen $version"
    rm -f "$base" "$base".*
    for ((i = 0; i < IDLE_GUESTS; i++)); do
        beside=(--beside)
        ((i < IDLE_GUESTS - 1)) || beside=(--output "$base")
        guests+=(--and --type "${types[i % ${#types[@]}]}" --kernel "$(kernel_path "$KERNEL_DEFAULT")"
            --initrd "$INITRAMFS" --memory 128 --vcpus 2 --extra 'tsc_mode="native"'
            --cmdline 'console=hvc0 earlyprintk=xen quiet entente.idle=100000' "${beside[@]}")
    done
    domus "$version" "$base.run" --icount --unpause "$ENTENTE_BUILD/bench-idle" \
        --qemu-arg=-m "--qemu-arg=$IDLE_PEER_MIB" "${guests[@]:1}"
    ran idle xen "Xen $version" "$base" "$IDLE_GUESTS"
}

idle() {
    # shellcheck disable=SC2034 # what boots the machines reads it
    local version TIME_LIMIT=$IDLE_TIME_LIMIT
    part_begin idle
    kernel_fetch "$KERNEL_DEFAULT" && initramfs_build || return 1
    idle_ours two ours pv pvh
    idle_ours three 'ours, Hyper-V too' pv pvh hyperv
    for version in $BOOT_PEERS; do
        idle_peer "$version" pv pvh
    done
}
