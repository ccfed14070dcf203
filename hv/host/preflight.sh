# shellcheck shell=bash
# Is this machine ready? Every failed check says in one line what to do.

QEMU_MINIMUM=7.2
MEMORY_MINIMUM_MIB=1024
DISK_MINIMUM_MIB=300

# One entry for each check: "name<TAB>ok|notice|failed<TAB>detail<TAB>fix".
PREFLIGHT=()
PREFLIGHT_FAILED=0

check_add() {
    PREFLIGHT+=("$1"$'\t'"$2"$'\t'"$3"$'\t'"${4:-}")
    if [[ $2 == failed ]]; then
        PREFLIGHT_FAILED=$((PREFLIGHT_FAILED + 1))
    fi
}

# packages_missing PURPOSE: packages of hv/host/packages that are neither installed nor
# replaced by a command of the same use.
packages_missing() {
    local purpose package probe
    while read -r purpose package probe; do
        if [[ $purpose != "$1" ]]; then
            continue
        fi
        # `-` is no probe: only the package itself will do.
        if [[ -e $probe ]] || { [[ $probe != - ]] && have "$probe"; }; then
            continue
        fi
        if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            printf '%s ' "$package"
        fi
    done <"$ENTENTE_HOST_DIR/packages"
}

packages_install() {
    say "installing: $*"
    {
        apt-get -q update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
    } >&2
}

# packages_check PURPOSE...: installs what is missing when root, else prints the line to type.
packages_check() {
    local purpose missing=() more
    for purpose; do
        read -r -a more <<<"$(packages_missing "$purpose")"
        missing+=("${more[@]}")
    done
    if ((${#missing[@]} == 0)); then
        check_add packages ok "all packages for $* are here"
        return
    fi
    local line="apt-get install -y --no-install-recommends ${missing[*]}"
    if ! have apt-get; then
        check_add packages failed "not a Debian machine, missing: ${missing[*]}" \
            "install what these Debian packages hold"
    elif ((EUID != 0)); then
        check_add packages failed "missing: ${missing[*]}" "run: sudo $line"
    elif packages_install "${missing[@]}"; then
        check_add packages ok "installed ${missing[*]}"
    else
        check_add packages failed "apt could not install: ${missing[*]}" "run: $line"
    fi
}

qemu_command() { printf '%s' "${QEMU:-qemu-system-x86_64}"; }

# qemu_version: of the QEMU in use, or nothing.
qemu_version() {
    "$(qemu_command)" --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p'
}

# version_at_least VERSION MINIMUM
version_at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

qemu_check() {
    local qemu version
    qemu=$(qemu_command)
    if ! have "$qemu"; then
        check_add qemu failed "no $qemu" "install qemu-system-x86, or set QEMU=path"
        return
    fi
    version=$(qemu_version)
    if [[ -z $version ]]; then
        check_add qemu failed "$qemu does not tell its version" "set QEMU= to a working QEMU"
    elif ! version_at_least "$version" "$QEMU_MINIMUM"; then
        check_add qemu failed "$qemu is version $version" \
            "QEMU $QEMU_MINIMUM or later is needed: use Debian 12 or later, or set QEMU=path"
    else
        check_add qemu ok "$qemu $version"
    fi
}

# kvm_obstacle: why KVM cannot carry the hypervisor here, or nothing when it can.
kvm_obstacle() {
    local nested=/sys/module/kvm_amd/parameters/nested
    if [[ ! -e /dev/kvm ]]; then
        printf 'no /dev/kvm'
    elif [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
        printf '/dev/kvm is not accessible to %s' "$(id -un)"
    elif [[ -e /sys/module/kvm_intel ]]; then
        printf 'an Intel processor: the VMX backend is not there yet'
    elif [[ ! -r $nested ]]; then
        printf 'no AMD nested virtualisation'
    elif [[ $(cat "$nested") != [1Yy] ]]; then
        printf 'nested SVM is off'
    fi
}

# accelerator_choose: `kvm` or `tcg`; ACCEL= decides when given.
accelerator_choose() {
    if [[ -n ${ACCEL:-} ]]; then
        printf '%s' "$ACCEL"
    elif [[ -z $(kvm_obstacle) ]]; then
        printf kvm
    else
        printf tcg
    fi
}

accelerator_check() {
    local obstacle
    obstacle=$(kvm_obstacle)
    if [[ -n ${ACCEL:-} ]]; then
        check_add accelerator ok "$ACCEL, as ACCEL= says"
    elif [[ -z $obstacle ]]; then
        check_add accelerator ok "KVM with nested SVM"
    else
        check_add accelerator notice "software emulation (TCG), slower: $obstacle"
    fi
}

memory_available_mib() { awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo; }

memory_check() {
    local available
    available=$(memory_available_mib)
    if ((available < MEMORY_MINIMUM_MIB)); then
        check_add memory failed "$available MiB are free" \
            "free memory until $MEMORY_MINIMUM_MIB MiB are available"
    else
        check_add memory ok "$available MiB are free"
    fi
}

cache_check() {
    local free
    if ! mkdir -p "$ENTENTE_CACHE" 2>/dev/null || [[ ! -w $ENTENTE_CACHE ]]; then
        check_add cache failed "$ENTENTE_CACHE cannot be written" "set ENTENTE_CACHE=folder"
        return
    fi
    free=$(df -Pm "$ENTENTE_CACHE" | awk 'NR == 2 { print $4 }')
    if ((free < DISK_MINIMUM_MIB)); then
        check_add cache failed "$free MiB are free on the disk of $ENTENTE_CACHE" \
            "free $DISK_MINIMUM_MIB MiB or set ENTENTE_CACHE=folder"
    else
        check_add cache ok "$ENTENTE_CACHE"
    fi
}

preflight_json() {
    local entry name status detail fix comma=''
    printf '{"ok":%s,"checks":[' "$( ((PREFLIGHT_FAILED == 0)) && echo true || echo false)"
    for entry in "${PREFLIGHT[@]}"; do
        IFS=$'\t' read -r name status detail fix <<<"$entry"
        printf '%s{"check":%s,"status":%s,"detail":%s,"fix":%s}' "$comma" \
            "$(json_string "$name")" "$(json_string "$status")" \
            "$(json_string "$detail")" "$(json_string "$fix")"
        comma=,
    done
    printf ']}\n'
}

# preflight_text all|trouble: `trouble` leaves out the lines of checks that are well.
preflight_text() {
    local entry name status detail fix
    for entry in "${PREFLIGHT[@]}"; do
        IFS=$'\t' read -r name status detail fix <<<"$entry"
        case $status in
        failed) error "preflight: $name" "$detail" "$fix" ;;
        notice) say "preflight: $name: $detail" ;;
        *) if [[ $1 == all ]]; then say "preflight: $name: $detail"; fi ;;
        esac
    done
}

# preflight_main text|quiet|json PURPOSE...: purposes are those of hv/host/packages.
preflight_main() {
    local style=$1
    shift
    packages_check "$@"
    qemu_check
    accelerator_check
    memory_check
    cache_check
    case $style in
    json) preflight_json ;;
    quiet) preflight_text trouble ;;
    *) preflight_text all ;;
    esac
    ((PREFLIGHT_FAILED == 0))
}
