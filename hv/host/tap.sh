# shellcheck shell=bash
# Test results in the TAP format, shared by the tests that boot guests.

TAP_COUNT=0
TAP_FAILED=0
LOGS=$ENTENTE_BUILD/logs

# tap_result STATUS NAME [DETAIL]: STATUS 0 is a pass.
tap_result() {
    TAP_COUNT=$((TAP_COUNT + 1))
    if (($1 == 0)); then
        printf 'ok %d - %s%s\n' "$TAP_COUNT" "$2" "${3:+ # $3}"
    else
        TAP_FAILED=$((TAP_FAILED + 1))
        printf 'not ok %d - %s\n' "$TAP_COUNT" "$2"
        [[ -z ${3:-} ]] || printf '# %s\n' "$3"
    fi
}

# tap_expect NAME COMMAND...: a pass when the command succeeds.
tap_expect() {
    local name=$1 status=0
    shift
    "$@" >/dev/null 2>&1 || status=1
    tap_result "$status" "$name" "$( ((status == 0)) || printf 'failed: %s' "$*")"
}

# tap_tail FILE: its last 40 lines as comments.
tap_tail() { tail -n 40 "$1" 2>/dev/null | tr -d '\r' | sed 's/^/# | /'; }

tap_done() {
    printf '1..%d\n' "$TAP_COUNT"
    ((TAP_FAILED == 0))
}

# run_boot LOGNAME NAME=value...: one run of the launcher without a terminal; its exit code.
# The serial line goes to LOGS/LOGNAME.log, its stages to .stages, the launcher's words to .err.
run_boot() {
    local base=$LOGS/$1 status=0
    shift
    mkdir -p "$LOGS"
    rm -f "$base".{log,stages,err}
    "$ENTENTE_HOST_DIR/entente" run "QEMU=${QEMU:-}" "ACCEL=${ACCEL:-}" "CPU=${CPU:-}" \
        "CPUS=${CPUS:-}" "LOG=$base.log" "STAGES=$base.stages" "$@" \
        </dev/null >/dev/null 2>"$base.err" || status=$?
    return "$status"
}

# stage_time LOGNAME TEXT: seconds at which the first stage that holds TEXT was reached.
stage_time() {
    awk -F'\t' -v text="$2" 'index($2, text) { printf "%.1f", $1; exit }' \
        "$LOGS/$1.stages" 2>/dev/null
}
