# shellcheck shell=bash
# Words every part of the launcher uses: messages, paths, small helpers. Sourced, never run.

ENTENTE_HOST_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ENTENTE_ROOT=$(cd "$ENTENTE_HOST_DIR/../.." && pwd)
ENTENTE_BUILD=${ENTENTE_BUILD:-$ENTENTE_ROOT/build}
ENTENTE_CACHE=${ENTENTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/entente}

# The images the hypervisor is booted from, in this order.
ENTENTE_IMAGES=(entente.elf steward.elf pvshim.elf)

EXIT_FAILED=1
EXIT_USAGE=2

# Progress goes to stderr: stdout carries nothing but the guest's console.
say() { printf 'entente: %s\n' "$*" >&2; }

# error PLACE TEXT FIX: one line that says where, what and what to do next.
error() { printf 'entente: error: %s: %s; %s\n' "$1" "$2" "$3" >&2; }

die() {
    error "$@"
    exit "$EXIT_FAILED"
}

usage_error() {
    printf 'entente: error: %s; %s\n' "$1" "${2:-see hv/host/entente --help}" >&2
    exit "$EXIT_USAGE"
}

have() { command -v "$1" >/dev/null 2>&1; }

is_number() { [[ $1 =~ ^[0-9]{1,9}$ ]]; }

# seconds_now: a monotonic clock with a fraction, for stage lines.
seconds_now() { cut -d' ' -f1 /proc/uptime; }

# nearest WORD CANDIDATE...: the candidate that shares the longest prefix, or nothing.
nearest() {
    local word=$1 best='' best_length=0 candidate length
    shift
    for candidate; do
        length=0
        while ((length < ${#word})) && [[ ${word:length:1} == "${candidate:length:1}" ]]; do
            length=$((length + 1))
        done
        if ((length > best_length)); then
            best=$candidate best_length=$length
        fi
    done
    printf '%s' "$best"
}

# json_string TEXT: TEXT as a JSON string with its quotes.
json_string() {
    local text=$1
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\t'/\\t}
    printf '"%s"' "$text"
}

# console_words TYPE: where a Linux of this type finds its console.
console_words() {
    case $1 in
    hyperv) echo "console=ttyS0 earlyprintk=ttyS0" ;;
    *) echo "console=hvc0 earlyprintk=xen" ;;
    esac
}
