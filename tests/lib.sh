# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What the scripts of cases share: each of them is called as SCRIPT BUILD [full] and begins with
#   . "$(dirname "$0")/lib.sh"
# That gives it $B and $here, the build directory and tests/ as absolute paths (a BUILD that is not found where the
# caller stands is the project's own), $full, and $tmp, a scratch directory that goes with the script. Each case is
# one `report`, and the script's last command is `finish`. Functions that only some need stand at the end.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 3
: "${1:?the build directory is missing}"
B=$(cd "$1" 2>/dev/null && pwd) || B=$(cd "$here/.." && cd "$1" && pwd) || exit 3
full=${2:-}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ring1-$(basename "$0" .sh).XXXXXX") || exit 3
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0

# report STATUS NAME [WHY]: a line "ok - NAME", or "not ok - NAME: WHY"; further lines of WHY are set off by #.
report() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok - $2"
    else
        failed=$((failed + 1))
        echo "not ok - $2: ${3:-}" | sed '2,$s/^/#   /'
    fi
}

# The closing line, which tests/check.sh adds up; the status is that of the whole script.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# toy NAME [FOLDER/]: the toy guest tests/guests/[FOLDER/]NAME.asm goes to $tmp/NAME.bin.
toy() { nasm -f bin -w-all -I"$here/guests/" -I"$here/guests/lib/" -o "$tmp/$1.bin" "$here/guests/${2:-}$1.asm"; }

# add_to_initrd DIR: the default guest's initramfs with DIR's files laid over it goes to $tmp/initrd.img.
add_to_initrd() {
    { cat "$B/guest/initrd.img" && (cd "$1" && find . | cpio -o -H newc --quiet | gzip -1); } >"$tmp/initrd.img"
}

# bochs_config MEMORY CPU IMAGE SERIAL: a machine that starts from the CD IMAGE and has COM1 in the file SERIAL.
bochs_config() {
    cat <<-EOT
	config_interface: textconfig
	display_library: term
	plugin_ctrl: speaker=0
	memory: guest=$1, host=$1
	romimage: file=/usr/share/bochs/BIOS-bochs-latest
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	cpu: $2, count=1, ips=100000000, reset_on_triple_fault=0
	clock: sync=none, time0=utc
	ata0-master: type=cdrom, path=$3, status=inserted
	boot: cdrom
	com1: enabled=1, mode=file, dev=$4
	log: /dev/null
	panic: action=fatal
	error: action=ignore
	info: action=ignore
	EOT
}
