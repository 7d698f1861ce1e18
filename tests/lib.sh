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

# ---- Runs of ring1, whose output is in out, whose messages are in err and whose status is in $rc. A script that judges them
# has a function `run ARGS` that leaves these three, and has set TMPDIR to a folder for the files of ring1 alone.

# processes_in FOLDER: those that have their directory there, emulators that were left behind.
processes_in() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1*" 2>/dev/null; }

# What is left of a run; a script that knows of more places has its own.
left() {
    ls -A "$TMPDIR"
    processes_in "$TMPDIR"
}

nothing_left() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -z "$(left)" ] && return 0
        sleep 0.1
    done
    return 1
}

# check NAME STATUS PATTERN...: judges the last run. "out:PATTERN" (grep -E) must be in out, "err:PATTERN" in err, and one
# without these in $says, which is out unless the script says otherwise; "not:PATTERN" must not be in out; "lines:N" is
# err's length. Nothing may be left.
says=out
rc=
check() {
    local name=$1 want=$2 why=
    shift 2
    [ "$rc" = "$want" ] || why="exit status $rc, wanted $want; "
    for p; do
        case $p in
        lines:*) [ "$(wc -l <err)" = "${p#lines:}" ] || why="${why}not ${p#lines:} line(s) of message; " ;;
        not:*) ! grep -aqE -- "${p#not:}" out || why="${why}/${p#not:}/ is in out; " ;;
        out:* | err:*) grep -aqE -- "${p#*:}" "${p%%:*}" || why="${why}no /${p#*:}/ in ${p%%:*}; " ;;
        *) grep -aqE -- "$p" "$says" || why="${why}no /$p/ in $says; " ;;
        esac
    done
    nothing_left || why="${why}left behind: $(left)"
    [ -z "$why" ]
    report $? "$name" "$why
$(head -c 2000 err)"
}

# bad NAME STATUS PATTERN ARGS: it must refuse with one line, which has PATTERN, and no output.
bad() {
    local name=$1 want=$2 pattern=$3
    shift 3
    run "$@"
    check "$name" "$want" "err:$pattern" lines:1 not:.
}

# ---- What only some need

# in_browser FILE: what headless Chromium makes of a page, whose scripts have run, as text in $tmp/dom.
in_browser() {
    timeout 120 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$tmp/chromium" --dump-dom "file://$1" \
        >"$tmp/dom" 2>/dev/null
    rm -rf "$tmp/chromium"
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
