#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that are not the default one, to the mark that shows them at work: tests/zoo.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# Those that never end are stopped by --timeout and judged by the text screen that --screen leaves.
# "full" adds Debian's installer (a download of 100 MB).
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# run NAME SECONDS ARGS...: screen in NAME.screen, console in NAME.out, status in NAME.status
run() {
    local name=$1 limit=$2
    shift 2
    timeout $((limit + 60)) "$B/ring1" run --timeout "$limit" --screen "$tmp/$name.screen" "$@" \
        </dev/null >"$tmp/$name.out" 2>"$tmp/$name.err"
    echo $? >"$tmp/$name.status"
}

# The screen of NAME has a line that matches each PATTERN, and the run ended with STATUS.
check() { # NAME STATUS WHAT PATTERN...
    local name=$1 status=$2 what=$3 pattern why=
    shift 3
    [ "$(cat "$tmp/$name.status")" = "$status" ] || why="$(tail -1 "$tmp/$name.err");"
    for pattern; do
        grep -qE -- "$pattern" "$tmp/$name.screen" || why="$why no line like $pattern;"
    done
    [ -z "$why" ]
    report $? "$what" "$why"
}

sh "$here/../tools/guest.sh" "$B/guest" invaders memtest || report 1 "fetching the guests" "see above"
run invaders 20 --memory 16M "$B/guest/invaders.exec" &
run memtest 30 --memory 32M "$B/guest/memtest.bin" &
run linux 240 --memory 64M --initrd "$B/guest/initrd.img" --append "console=tty0 ring1.script=none" "$B/guest/vmlinuz" &
wait
# The aliens, and the ship's upper line.
check invaders 6 "grub-invaders draws" '-\*- +-\*-' '/ \\$'
check memtest 6 "memtest86+ tests, without errors" 'Memtest86\+ v' 'Status: Testing' 'Test #[0-9]' 'Errors: 0 *$'
check linux 0 "Linux draws its console on the VGA" 'ring1-guest: shell ready' 'reboot: '

# Stops when the mark has come, or at the time-out.
installer() {
    local pid
    "$B/ring1" run --timeout 900 --memory 512M --initrd "$B/guest/installer/initrd.gz" \
        --append "console=ttyS0" "$B/guest/installer/linux" </dev/null >"$tmp/installer.out" 2>"$tmp/installer.err" &
    pid=$!
    while kill -0 $pid 2>/dev/null && ! grep -aq 'Select a language' "$tmp/installer.out"; do
        sleep 1
    done
    sleep 5
    kill -TERM $pid 2>/dev/null
    wait $pid
}

if [ "$full" = full ]; then
    sh "$here/../tools/guest.sh" "$B/guest" installer
    installer
    grep -aq 'Select a language' "$tmp/installer.out" && grep -aq 'English' "$tmp/installer.out"
    report $? "Debian's installer shows its first screen" "$(tail -1 "$tmp/installer.err")"
fi

finish
