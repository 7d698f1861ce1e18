#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A program in the guest that writes code and runs it (tests/jit/): on plain QEMU, under Ring1 and in a process it must
# find every result right and print the same. tests/jit.sh BUILD
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

build_initrd() {
    mkdir -p "$tmp/root/scripts" "$tmp/root/bin"
    cp "$B/bench/ring1-jit" "$tmp/root/bin/"
    echo '/bin/ring1-jit' >"$tmp/root/scripts/jit"
    add_to_initrd "$tmp/root"
}

# The console on standard input; what the program printed goes to NAME.txt.
keep() { tr -d '\r' | tee "$tmp/$1.out" | grep -aE '^(ok |not ok |jit: )' >"$tmp/$1.txt"; }

direct() {
    timeout 300 qemu-system-i386 -accel tcg -m 128 -display none -nodefaults -no-reboot -serial stdio \
        -kernel "$B/guest/vmlinuz" -initrd "$tmp/initrd.img" -append "console=ttyS0 ring1.script=jit" \
        </dev/null 2>"$tmp/direct.err" | keep direct
}

ring1() { # NAME ARGS...
    local name=$1
    shift
    timeout 360 "$B/ring1" run --timeout 300 --memory 128M --initrd "$tmp/initrd.img" --append "console=ttyS0 ring1.script=jit" \
        "$@" "$B/guest/vmlinuz" </dev/null 2>"$tmp/$name.err" | keep "$name"
}

check() { # NAME WHAT
    grep -q '^jit: [1-9][0-9]* ok, 0 failed$' "$tmp/$1.txt"
    report $? "jit: $2" "$(grep -E '^(not ok|jit:)' "$tmp/$1.txt" | head -5 | tr '\n' ';') $(tail -1 "$tmp/$1.err")"
    [ "$1" = direct ] && return
    cmp -s "$tmp/direct.txt" "$tmp/$1.txt"
    report $? "jit: $2: prints what it prints on plain QEMU" "$(diff "$tmp/direct.txt" "$tmp/$1.txt" | head -5)"
}

build_initrd
direct
check direct "plain QEMU"
ring1 auto
check auto "engine auto"
ring1 process --on process
check process "process host"
finish
