# shellcheck shell=bash
# What the launcher needs from manifests (xl.cfg syntax): the files they name and how much
# memory they want. Everything else is the steward's to judge, so nothing else is refused here.

# manifest_keys FILE: "line<TAB>key<TAB>value" for name, kernel, ramdisk, bootloader,
# firmware, memory, maxmem, and for each string of the lists disk =, vif = and p9 =, which may go over several lines.
manifest_keys() {
    awk '
        function value_of(text,    quote, end) {
            quote = substr(text, 1, 1)
            if (quote == "\"" || quote == "\047") {
                text = substr(text, 2)
                end = index(text, quote)
                return end ? substr(text, 1, end - 1) : text
            }
            sub(/[ \t;#].*$/, "", text)
            return text
        }
        function list_take(text,    i, letter) {
            for (i = 1; i <= length(text); i++) {
                letter = substr(text, i, 1)
                if (quoted != "") {
                    if (letter == quoted) {
                        printf "%d\t%s\t%s\n", NR, list, item
                        quoted = ""
                    } else {
                        item = item letter
                    }
                } else if (letter == "\"" || letter == "\047") {
                    quoted = letter
                    item = ""
                } else if (letter == "]" || letter == "#") {
                    in_list = letter == "#"
                    return
                }
            }
        }
        in_list { list_take($0) }
        !in_list && match($0, /^[ \t]*(disk|vif|p9)[ \t]*\+?=[ \t]*\[/) {
            in_list = 1
            list = $0
            gsub(/^[ \t]*|[ \t]*\+?=.*$/, "", list)
            list_take(substr($0, RSTART + RLENGTH))
        }
        match($0, /^[ \t]*(name|kernel|ramdisk|bootloader|firmware|memory|maxmem)[ \t]*=[ \t]*/) {
            key = $0
            sub(/^[ \t]*/, "", key)
            sub(/[ \t]*=.*$/, "", key)
            printf "%d\t%s\t%s\n", NR, key, value_of(substr($0, RSTART + RLENGTH))
        }' "$1"
}

# file_locate TEXT FOLDER: the path of a file named in a manifest of FOLDER, or nothing. The
# word `builtin` is the launcher's own initramfs; a kernel name such as 6.1-cloud is fetched.
# Fails, after saying why, when one of these two cannot be made.
file_locate() {
    local text=$1 folder=$2 path
    for path in "$folder/$text" "$text"; do
        if [[ $text == /* ]]; then
            path=$text
        fi
        if [[ -f $path ]]; then
            realpath -- "$path"
            return 0
        fi
    done
    if [[ $text == builtin ]]; then
        initramfs_build || return 1
        printf '%s' "$INITRAMFS"
    elif kernel_is_known "$text"; then
        kernel_fetch "$text" || return 1
        kernel_path "$text"
    fi
}

# The boot modules gathered so far: what the guest side calls them, and where they lie.
MODULE_TITLES=()
MODULE_PATHS=()
DRIVE_TITLES=()
DRIVES=()
VIF_COUNT=0
GUEST_COUNT=0
GUEST_MEMORY=0    # of the guest whose lines are being read
GUEST_NAMED=''    # its name = was there
MEMORY_TOTAL=0
MEMORY_LARGEST=0
MEMORY_LARGEST_PLACE=''

# module_add TITLE PATH PLACE: a file once, however many guests use it.
module_add() {
    local title=$1 path=$2 place=$3 i
    for i in "${!MODULE_TITLES[@]}"; do
        if [[ ${MODULE_TITLES[i]} == "$title" ]]; then
            if [[ ${MODULE_PATHS[i]} != "$path" ]]; then
                die "$place" "'${title#* }' is ${MODULE_PATHS[i]} in another manifest" \
                    "write the full path in both"
            fi
            return 0
        fi
    done
    MODULE_TITLES+=("$title")
    MODULE_PATHS+=("$path")
}

# ramdisk_trouble PATH: what is broken in a ramdisk, or nothing. The guest's kernel would only
# find out after a boot, and then say it in many lines. Ramdisks may hold several archives one
# after the other, so only words that mean damage count.
ramdisk_trouble() {
    local path=$1 tool='' said
    case $(od -An -tx1 -N4 -- "$path" | tr -d ' \n') in
    1f8b*) tool=gzip ;;
    fd377a58) tool=xz ;;
    28b52ffd) tool=zstd ;;
    02214c18) tool=lz4 ;;
    30373037) grep -aq 'TRAILER!!!' -- "$path" || printf 'a cpio archive without its end' ;;
    esac
    if [[ -n $tool ]] && have "$tool"; then
        said=$("$tool" -t <"$path" 2>&1 | grep -im 1 'unexpected end\|premature\|crc\|corrupt')
        said=${said#*stdin: }
        [[ -z $said ]] || printf 'damaged, %s says: %s' "$tool" "${said# }"
    fi
}

# file_add PLACE KEY TEXT FOLDER
file_add() {
    local place=$1 key=$2 text=$3 folder=$4 path trouble
    path=$(file_locate "$text" "$folder") || exit "$EXIT_FAILED"
    if [[ -z $path ]]; then
        die "$place" "$key = '$text': no such file" \
            "it is looked for in $folder and in the current folder"
    elif [[ ! -r $path ]]; then
        die "$place" "$key = '$text': permission denied" \
            "make it readable: sudo chmod a+r '$path'"
    elif [[ ! -s $path ]]; then
        die "$place" "$key = '$text': the file is empty" "copy or download it again"
    fi
    if [[ $key == ramdisk ]]; then
        trouble=$(ramdisk_trouble "$path")
        [[ -z $trouble ]] || die "$place" "$key = '$text': $trouble" "copy or download it again"
    fi
    module_add "file $text" "$path" "$place"
}

# disk_target SPEC: the path in an entry of disk =, in either syntax of xl.
disk_target() {
    local rest=$1 word
    while [[ -n $rest ]]; do
        if [[ $rest == target=* ]]; then
            word=${rest#target=}
            rest=''
        else
            word=${rest%%,*}
            if [[ $rest == *,* ]]; then rest=${rest#*,}; else rest=''; fi
            word=${word#"${word%%[! ]*}"}
            [[ $word != *=* ]] || continue
        fi
        while [[ $word =~ ^(file|phy|raw|aio|tap2?|qdisk): ]]; do
            word=${word#*:}
        done
        printf '%s' "$word"
        return
    done
}

# drive_format SPEC: QEMU's name for an image's format.
drive_format() {
    if [[ ,$1, =~ ,(format=)?(qcow2|vhdx), ]]; then
        printf '%s' "${BASH_REMATCH[2]}"
    elif [[ ,$1, =~ ,(format=)?vhd, ]]; then
        printf vpc
    else
        printf raw
    fi
}

# drive_add TITLE PATH SPEC: an image that QEMU attaches; once, however many guests use it, and
# to be written to if one of them may.
drive_add() {
    local title=$1 path=$2 spec=",$3," i mode=off format
    format=$(drive_format "$3")
    if [[ $spec =~ ,(access=)?(r|ro), || ! -w $path ]]; then mode=on; fi
    for i in "${!DRIVE_TITLES[@]}"; do
        if [[ ${DRIVE_TITLES[i]} == "$title" ]]; then
            DRIVES[i]=${DRIVES[i]/read-only=on/read-only=$mode}
            return 0
        fi
    done
    DRIVE_TITLES+=("$title")
    DRIVES+=("if=none,id=d${#DRIVES[@]},format=$format,read-only=$mode,file=${path//,/,,}")
}

# disk_add PLACE SPEC FOLDER: a disk's image, which the guest may write to.
disk_add() {
    local place=$1 spec=$2 folder=$3 text path
    text=$(disk_target "$spec")
    [[ -n $text ]] || return 0 # the steward says what is wrong
    path=$(file_locate "$text" "$folder") || exit "$EXIT_FAILED"
    if [[ -z $path ]]; then
        die "$place" "disk = '$spec': no such file" \
            "it is looked for in $folder and in the current folder"
    elif [[ ! -r $path ]]; then
        die "$place" "disk = '$spec': permission denied" "make it readable: sudo chmod a+r '$path'"
    fi
    if [[ ${DISKS:-file} == memory ]]; then
        module_add "disk $text" "$path" "$place"
    else
        drive_add "$text" "$path" "$spec"
    fi
}

# p9_path SPEC: the folder in an entry of p9 =.
p9_path() {
    local words word
    IFS=, read -r -a words <<<"$1"
    for word in "${words[@]}"; do
        word=${word#"${word%%[! ]*}"}
        if [[ $word == path=* ]]; then
            word=${word#path=}
            printf '%s' "${word%"${word##*[! ]}"}"
        fi
    done
}

# p9_add PLACE SPEC FOLDER: a folder that the guest may read; it is packed when the machine starts.
p9_add() {
    local place=$1 text path
    text=$(p9_path "$2")
    [[ -n $text ]] || return 0 # the steward says what is wrong
    path=$text
    [[ $text == /* || ! -d $3/$text ]] || path=$3/$text
    if [[ ! -d $path ]]; then
        die "$place" "p9 = '$2': no such folder" "it is looked for in $3 and in the current folder"
    elif [[ ! -r $path || ! -x $path ]]; then
        die "$place" "p9 = '$2': permission denied" "make it readable: sudo chmod a+rx '$path'"
    fi
    module_add "p9 $text" "$(realpath -- "$path")" "$place"
}

# bootloader_add PLACE PROGRAM: GRUB's PV image; another program is the steward's to refuse.
bootloader_add() {
    if [[ ${2##*/} == pygrub ]]; then
        grub_build || die "$1" "GRUB's PV image cannot be made" "install grub-common"
        module_add "file pygrub" "$GRUB_IMAGE" "$1"
    fi
}

# firmware_add PLACE NAME: Debian's UEFI; another name is the steward's to refuse.
firmware_add() {
    local path
    if [[ $2 == uefi || $2 == ovmf ]]; then
        path=$(firmware_fetch) || exit "$EXIT_FAILED"
        module_add "file uefi" "$path" "$1"
    fi
}

# guest_begin: a name begins the next guest, but the first of a file may stand below others
# of its lines.
guest_begin() {
    GUEST_COUNT=$((GUEST_COUNT + 1))
    if [[ -n $GUEST_NAMED ]]; then
        GUEST_MEMORY=0
    fi
    GUEST_NAMED=yes
}

# memory_add PLACE MIB: counts the most memory a guest may have; nonsense is the steward's to
# refuse.
memory_add() {
    local place=$1 mib=$2
    if is_number "$mib"; then
        if ((10#$mib > GUEST_MEMORY)); then
            MEMORY_TOTAL=$((MEMORY_TOTAL + 10#$mib - GUEST_MEMORY))
            GUEST_MEMORY=$((10#$mib))
        fi
        if ((10#$mib > MEMORY_LARGEST)); then
            MEMORY_LARGEST=$((10#$mib)) MEMORY_LARGEST_PLACE=$place
        fi
    fi
}

# manifest_add FILE TITLE: gathers a manifest and every file it names.
manifest_add() {
    local file=$1 title=$2 folder line key value
    if [[ -d $file ]]; then
        die "$title" "is a folder" "give the manifest file itself"
    elif [[ ! -r $file ]]; then
        die "$title" "no such manifest, or not readable" "check the path in CONF="
    elif [[ ! -s $file ]]; then
        die "$title" "the manifest is empty" "it needs name =, type = and kernel ="
    fi
    folder=$(cd "$(dirname -- "$file")" && pwd)
    GUEST_MEMORY=0
    GUEST_NAMED=''
    module_add "manifest $title" "$(realpath -- "$file")" "$title"
    while IFS=$'\t' read -r line key value; do
        case $key in
        name) guest_begin ;;
        memory | maxmem) memory_add "$title:$line" "$value" ;;
        disk) disk_add "$title:$line" "$value" "$folder" ;;
        vif) VIF_COUNT=$((VIF_COUNT + 1)) ;;
        p9) p9_add "$title:$line" "$value" "$folder" ;;
        bootloader) bootloader_add "$title:$line" "$value" ;;
        firmware) firmware_add "$title:$line" "$value" ;;
        *) file_add "$title:$line" "$key" "$value" "$folder" ;;
        esac
    done < <(manifest_keys "$file")
}

# config_quote VARIABLE TEXT: TEXT as an xl.cfg string.
config_quote() {
    if [[ $2 == *$'\n'* ]]; then
        usage_error "$1 holds a line break" "give it as one line"
    elif [[ $2 != *\"* ]]; then
        printf '"%s"' "$2"
    elif [[ $2 != *\'* ]]; then
        printf "'%s'" "$2"
    else
        usage_error "$1 holds both kinds of quotes" "write a manifest and use CONF="
    fi
}
