# shellcheck shell=bash
# Debian kernels, fetched by apt into a cache outside git. The machine's own sources and
# package lists are never touched: every suite has a private apt state below the cache.

# name | suite, :architecture if not amd64 | packages that match (extended regular expression, newest
# wins) | for a kernel that the matrix leaves out: a word
KERNEL_TABLE='
5.10-cloud | bullseye | linux-image-5[.]10[.]0-[0-9]+-cloud-amd64
6.1-cloud  | bookworm | linux-image-6[.]1[.]0-[0-9]+-cloud-amd64
6.1        | bookworm | linux-image-6[.]1[.]0-[0-9]+-amd64
6.12-cloud | trixie   | linux-image-6[.]12[.][0-9+deb]+-cloud-amd64
7.2        | sid      | linux-binary-7[.]2[.][0-9.+deb-]+-amd64
6.1-686    | bookworm:i386 | linux-image-6[.]1[.]0-[0-9]+-686 | alone
'
KERNEL_DEFAULT=6.1-cloud

# The UEFI firmware of `firmware = "uefi"`; Debian 12 and 13 have it for QEMU's machines alone.
FIRMWARE_SUITE=sid
FIRMWARE_PACKAGE=cloudhv-efi-x86-64

# kernel_names: every kernel for which this launcher has a ramdisk, one in a line.
kernel_names() { awk -F'|' 'NF == 3 { gsub(/ /, "", $1); print $1 }' <<<"$KERNEL_TABLE"; }

# kernel_field NAME COLUMN
kernel_field() {
    awk -F'|' -v name="$1" -v column="$2" '
        NF >= 3 { key = $1; gsub(/ /, "", key) }
        NF >= 3 && key == name { gsub(/ /, "", $column); print $column }' <<<"$KERNEL_TABLE"
}

kernel_is_known() { [[ -n $(kernel_field "$1" 2) ]]; }

kernel_path() { printf '%s/kernels/%s/vmlinuz' "$ENTENTE_CACHE" "$1"; }

# mirror_find: the archive this machine already uses for Debian, or nothing.
mirror_find() {
    local found
    found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk '
            /^[ \t]*#/ { next }
            $1 == "deb" || tolower($1) == "uris:" {
                for (i = 2; i <= NF; i++) {
                    if ($i ~ /^(https?|file|mirror[+a-z]*):.*\/debian\/?$/) { print $i; exit }
                }
            }')
    printf '%s' "$found"
}

# suite_apt SUITE TOOL ARGUMENT...: apt-get or apt-cache on the private state of SUITE, which may be
# SUITE:ARCHITECTURE. A mirror that stands still for some days serves as well: signatures are checked,
# how old they are is not.
suite_apt() {
    local state=$ENTENTE_CACHE/apt/$1 tool=$2 architecture=amd64
    [[ $1 != *:* ]] || architecture=${1#*:}
    shift 2
    "$tool" -q \
        -o Dir::State="$state" -o Dir::State::status="$state/status" \
        -o Dir::Cache="$state/cache" \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=- \
        -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
        -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o Acquire::Check-Valid-Until=false \
        -o Debug::NoLocking=true -o APT::Get::List-Cleanup=false "$@"
}

# suite_update SUITE: package lists no older than a day; an old list beats no list.
suite_update() {
    local suite=$1 state=$ENTENTE_CACHE/apt/$1 mirror
    if [[ -n $(find "$state/updated" -mmin -1440 2>/dev/null) ]]; then
        return 0
    fi
    mirror=$(mirror_find)
    if [[ -z $mirror ]]; then
        error /etc/apt/sources.list "names no Debian archive (.../debian)" \
            "add the one that this machine installs from"
        return 1
    fi
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg options=''
    if [[ -r $keyring ]]; then
        options="[signed-by=$keyring] "
    fi
    printf 'deb %s%s %s main\n' "$options" "$mirror" "${suite%:*}" >"$state/sources.list"
    say "fetch: package lists of $suite from $mirror"
    if ! suite_apt "$suite" apt-get update >"$state/update.log" 2>&1 ||
        grep -q '^[EW]: \(Failed\|Some index\)' "$state/update.log"; then
        if [[ -e $state/updated ]]; then
            say "fetch: $mirror does not answer, using the lists of $(date -r "$state/updated" +%F)"
            return 0
        fi
        error "$state/update.log" "no package lists of $suite from $mirror" \
            "check the network, or that this mirror carries $suite"
        return 1
    fi
    : >"$state/updated"
}

# package_newest SUITE REGEXP: the matching package with the highest version, as "name version".
package_newest() {
    local name
    name=$(suite_apt "$1" apt-cache pkgnames linux- | grep -Ex -- "$2" | sort -V | tail -n 1)
    if [[ -z $name ]]; then
        return 1
    fi
    printf '%s %s' "$name" "$(suite_apt "$1" apt-cache show --no-all-versions "$name" |
        awk '/^Version:/ { print $2; exit }')"
}

# package_unpack SUITE PACKAGE DIR: downloads the package and unpacks it below DIR.
package_unpack() {
    local suite=$1 package=$2 directory=$3
    (cd "$directory" && suite_apt "$suite" apt-get download "$package") \
        >"$directory/download.log" 2>&1 || return 1
    dpkg-deb -x "$directory"/*.deb "$directory/root"
}

# versions_record NAME PACKAGE VERSION SHA256: what was used last, one line for each kernel.
versions_record() {
    local file=$ENTENTE_CACHE/versions.txt
    {
        grep -v "^$1 " "$file" 2>/dev/null
        printf '%s %s %s sha256:%s %s\n' "$1" "$2" "$3" "$4" "$(date -u +%FT%TZ)"
    } | sort -V >"$file.new"
    mv "$file.new" "$file"
}

# kernel_install NAME WORK: the fetch proper, inside cache_locked.
kernel_install() {
    local name=$1 work=$2 suite pattern newest package version image
    if [[ -s $(kernel_path "$name") ]]; then
        return 0
    fi
    suite=$(kernel_field "$name" 2)
    pattern=$(kernel_field "$name" 3)
    suite_update "$suite" || return 1
    if ! newest=$(package_newest "$suite" "$pattern"); then
        error "kernel $name" "$(mirror_find) has no package like $pattern in $suite" \
            "choose another kernel of: $(kernel_names | tr '\n' ' ')"
        return 1
    fi
    package=${newest% *} version=${newest#* }
    say "fetch: $package $version ($suite)"
    if ! package_unpack "$suite" "$package" "$work"; then
        error "kernel $name" "download of $package failed: $(tail -n 1 "$work/download.log")" \
            "check the network and run the same command again"
        return 1
    fi
    image=$(find "$work/root/boot" "$work/root/usr/lib/modules" -name 'vmlinuz*' -type f \
        2>/dev/null | head -n 1)
    if [[ -z $image ]]; then
        error "kernel $name" "$package holds no vmlinuz" "report this with versions.txt"
        return 1
    fi
    mkdir "$work/kernel"
    mv "$image" "$work/kernel/vmlinuz"
    printf '%s %s %s\n' "$suite" "$package" "$version" >"$work/kernel/origin"
    mkdir -p "$ENTENTE_CACHE/kernels"
    rm -rf "$ENTENTE_CACHE/kernels/$name"
    mv "$work/kernel" "$ENTENTE_CACHE/kernels/$name"
    versions_record "$name" "$package" "$version" \
        "$(sha256sum "$(kernel_path "$name")" | cut -d' ' -f1)"
}

# cache_locked COMMAND...: runs it alone in the cache, with an empty folder as last argument. What
# an interrupted fetch left behind is thrown away first.
cache_locked() {
    local work
    mkdir -p "$ENTENTE_CACHE" || die "$ENTENTE_CACHE" "cannot be created" "set ENTENTE_CACHE"
    (
        flock 9
        rm -rf "$ENTENTE_CACHE"/fetch.*
        work=$(mktemp -d "$ENTENTE_CACHE/fetch.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        "$@" "$work"
    ) 9>"$ENTENTE_CACHE/lock"
}

# kernel_fetch NAME: makes sure kernel_path NAME exists. An interrupted fetch leaves nothing.
kernel_fetch() { [[ -s $(kernel_path "$1") ]] || cache_locked kernel_install "$1"; }

# package_install SUITE PACKAGE WORK
package_install() {
    local folder=$ENTENTE_CACHE/packages/$2 work=$3
    if [[ -d $folder ]]; then
        return 0
    fi
    say "fetch: $2 ($1)"
    if ! suite_update "$1" || ! package_unpack "$1" "$2" "$work"; then
        error "package $2" "cannot be fetched from $(mirror_find)" \
            "check the network and run the same command again"
        return 1
    fi
    mkdir -p "$ENTENTE_CACHE/packages"
    mv "$work/root" "$folder"
    versions_record "$2" "$2" "$(dpkg-deb -f "$work"/*.deb Version)" \
        "$(sha256sum "$work"/*.deb | cut -d' ' -f1)"
}

# package_fetch SUITE PACKAGE: the newest of a package, unpacked whole; prints its folder.
package_fetch() {
    [[ -d $ENTENTE_CACHE/packages/$2 ]] || cache_locked package_install "$1" "$2" || return 1
    printf '%s' "$ENTENTE_CACHE/packages/$2"
}

# firmware_fetch: EDK2's build for Cloud Hypervisor, which starts by Xen's PVH entry; prints its
# path.
firmware_fetch() {
    local folder
    folder=$(package_fetch "$FIRMWARE_SUITE" "$FIRMWARE_PACKAGE") || return 1
    printf '%s' "$folder/usr/share/$FIRMWARE_PACKAGE/CLOUDHV.fd"
}

# kernel_package NAME: the folder with all files of a kernel's package, its modules included; of the
# newest kernels they are a package of their own.
kernel_package() {
    local suite package _
    kernel_fetch "$1" || return 1
    read -r suite package _ <"$ENTENTE_CACHE/kernels/$1/origin"
    package_fetch "$suite" "${package/#linux-binary-/linux-modules-}"
}

fetch_main() {
    local name names status=0
    if (($# == 0)); then
        set -- "$KERNEL_DEFAULT"
    elif [[ $1 == all ]]; then
        mapfile -t names < <(kernel_names)
        set -- "${names[@]}"
    fi
    for name; do
        kernel_is_known "$name" || usage_error "no kernel named '$name'" \
            "known are: $(kernel_names | tr '\n' ' ')"
        kernel_fetch "$name" || status=$EXIT_FAILED
        if [[ -s $(kernel_path "$name") ]]; then
            printf '%s %s\n' "$name" "$(kernel_path "$name")"
        fi
    done
    return "$status"
}

# module_unpack FILE OUT: a kernel module as insmod takes it.
module_unpack() {
    case $1 in
    *.xz) xz -dc "$1" >"$2" ;;
    *) cp "$1" "$2" ;;
    esac
}
