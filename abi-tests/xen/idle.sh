# shellcheck shell=bash
# Linux guests that do nothing on one machine, and readings of its counters from outside. What lies
# between two readings of one boot is what idling costs; boots differ by more. Sourced after
# hv/host/common.sh and fetch.sh; IDLE_SOCKET is the machine's control line.

IDLE_SOCKET=$(mktemp -u /tmp/entente-idle.XXXXXX)

idle_control() { CONTROL=$IDLE_SOCKET "$ENTENTE_ROOT/hv/host/entente" ctl "$@"; }

# idle_manifest COUNT TYPE...: guests of each type in turn, with two virtual CPUs.
idle_manifest() {
    local count=$1 type i
    shift
    local types=("$@")
    for ((i = 0; i < count; i++)); do
        type=${types[i % ${#types[@]}]}
        printf 'name = "%s"\ntype = "%s"\nkernel = "%s"\nramdisk = "builtin"\n' "$type$i" "$type" \
            "$KERNEL_DEFAULT"
        printf 'memory = 128\nvcpus = 2\ncmdline = "%s quiet entente.idle=100000"\n' \
            "$(console_words "$type")"
    done
}

# idle_wait PID LOG COUNT: until all guests of the machine, whose serial line is LOG, are idle.
idle_wait() {
    until [[ $(grep -ac 'entente-init: Linux' "$2" 2>/dev/null) == "$3" ]]; do
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.5
    done
    sleep 2
}

# idle_grown FIRST LAST METRIC: by how much what begins so did, in a thousandth.
idle_grown() {
    awk -v begin="^entente_$3" '
        $0 ~ begin { sum += (FNR == NR ? -1 : 1) * $NF }
        END { printf "%d", sum * 1000 }' "$1" "$2"
}

# idle_read PID BASE SECONDS STEP: readings in BASE.first and BASE.last, so much of the machine's time
# apart. Asking costs the steward something, so it is done each STEP seconds of ours only.
idle_read() {
    idle_control metrics >"$2.first"
    while kill -0 "$1" 2>/dev/null; do
        sleep "$4"
        idle_control metrics >"$2.last"
        (($(idle_grown "$2.first" "$2.last" uptime_seconds) < $3 * 1000)) || return 0
    done
    return 1
}

# idle_end CONF: the machine goes off.
idle_end() {
    local name names
    mapfile -t names < <(sed -n 's/^name = "\(.*\)"/\1/p' "$1")
    for name in "${names[@]}"; do
        idle_control destroy "$name" >/dev/null
    done
    idle_control poweroff >/dev/null
}
