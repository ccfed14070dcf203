# shellcheck shell=bash
# The plug pulled: QEMU killed while guests write, for the tests of disks.

# process_below PID NAME: the process of that name among the descendants of PID.
process_below() {
    local child
    for child in $(pgrep -P "$1"); do
        if [[ $(ps -o comm= -p "$child") == "$2"* ]]; then
            printf '%s' "$child"
        else
            process_below "$child" "$2"
        fi
    done
}

# plug_pull CONDITION COMMAND...: runs the command, and kills the QEMU below it once the condition,
# a command too, holds. It is asked when QEMU runs: before that the logs are those of an earlier run.
plug_pull() {
    local condition=$1 launcher qemu=''
    shift
    "$@" &
    launcher=$!
    while kill -0 "$launcher" 2>/dev/null; do
        qemu=$(process_below "$launcher" qemu)
        if [[ -n $qemu ]] && "$condition"; then
            kill -KILL "$qemu"
            break
        fi
        sleep 0.2
    done
    wait "$launcher"
    return 0
}

# journal_waits IMAGE: its file system was cut off with something in its journal.
journal_waits() { dumpe2fs -h "$1" 2>/dev/null | grep -q needs_recovery; }
