#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux that knows Ring1: tests/patched.sh BUILD [full]. Without "full", what needs no kernel: that the series carries the
# interface as it is. With it, the kernels of `make guest-linux` (which must be there), with and without PAE, in all three ways:
# with calls, under Ring1 as any kernel, and on plain QEMU; its console, its end, its panic; the shell on Bochs.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
series=$here/../guest-patches/linux-6.1
initrd=$B/guest/initrd.img

# What the last patch of the series that touches FILE of the tree, a new one, makes of it.
new_file() {
    awk -v f="+++ b/$1" '
        FNR == 1 { on = 0 }
        /^(diff|-- )/ { on = 0 }
        $0 == f { on = 1; text = ""; next }
        on && /^\+/ { text = text substr($0, 2) "\n" }
        END { printf "%s", text }' "$series"/*.patch
}
cmp -s <(new_file arch/x86/include/asm/ring1_abi.h) "$here/../monitor/abi.h"
report $? "the series has monitor/abi.h as it is" "$(diff <(new_file arch/x86/include/asm/ring1_abi.h) "$here/../monitor/abi.h" | head -5)"
bad=$(for p in "$series"/*.patch; do grep -q '^Subject: \[PATCH' "$p" && grep -q '^diff --git' "$p" || echo "$p"; done)
[ -z "$bad" ]
report $? "each patch says what it is" "$bad"
[ "$(grep -c '^| [0-9] |' "$series/README.md")" = "$(find "$series" -name '*.patch' | wc -l)" ]
report $? "its page names every patch"

[ -n "$full" ] || { finish; exit; }

# boot NAME TIMEOUT KERNEL APPEND ARGS...: console in NAME.txt, messages in NAME.err, status in NAME.status.
boot() {
    local name=$1 limit=$2 kernel=$3 append=$4
    shift 4
    timeout $((limit + 60)) "$B/ring1" run --timeout "$limit" --stats --memory 256M "$@" --initrd "$initrd" --append "$append" \
        "$B/guest/$kernel" </dev/null 2>"$tmp/$name.err" | tr -d '\r' >"$tmp/$name.txt"
    echo "${PIPESTATUS[0]}" >"$tmp/$name.status"
}

judge() { # NAME STATUS TEXT PATTERN...: patterns that must be on the console
    local name=$1 want=$2 text=$3 why= status
    shift 3
    status=$(cat "$tmp/$name.status")
    [ "$status" = "$want" ] || why="status $status"
    for pattern; do grep -Eq "$pattern" "$tmp/$name.txt" || why="$why; no $pattern"; done
    grep -Eq 'BUG|Oops|WARNING|Call Trace|unable to handle|FAIL' "$tmp/$name.txt" && why="$why; trouble in the log"
    [ -z "$why" ]
    report $? "$text" "$why; $(tail -1 "$tmp/$name.err")"
}
passes='ring1-guest: script [0-9]{3,} ok, 0 failed'

for kernel in vmlinuz-ring1 vmlinuz-ring1-pae; do
    what=${kernel#vmlinuz-}
    [ -s "$B/guest/$kernel" ]
    report $? "$what is there" "make guest-linux, and make guest-linux PAE=1, build it"
    boot calls 400 $kernel "console=ttyS0 ring1.script=check"
    judge calls 0 "$what with calls: the script" 'ring1: using version 1' "$passes"
    [ "$(awk '$2 == "hypercalls" { print $1 }' "$tmp/calls.err")" -gt 1000 ]
    report $? "$what: calls were made"
    boot off 400 $kernel "console=ttyS0 noring1 ring1.script=check"
    judge off 0 "$what without calls: the script" "$passes"
    ! grep -q ' hypercalls ' "$tmp/off.err"
    report $? "$what, noring1: no call was made"
    boot process 400 $kernel "console=ttyS0 ring1.script=check" --on process
    judge process 0 "$what with calls in a process: the script" 'ring1: using version 1' "$passes"
    timeout 400 qemu-system-i386 -accel tcg -cpu max -m 256 -display none -nodefaults -no-reboot -serial stdio -serial null \
        -kernel "$B/guest/$kernel" -initrd "$initrd" -append "console=ttyS0 ring1.script=check" </dev/null 2>"$tmp/plain.err" |
        tr -d '\r' >"$tmp/plain.txt"
    echo "${PIPESTATUS[0]}" >"$tmp/plain.status"
    judge plain 0 "$what on plain QEMU: the script" "$passes"
    boot bochs 1500 $kernel "console=ttyS0 ring1.script=none" --on bochs
    judge bochs 0 "$what on Bochs: its shell" 'ring1: using version 1' 'ring1-guest: shell ready'
done

kernel=vmlinuz-ring1
boot hvc 400 $kernel "console=hvc0 ring1.script=check"
judge hvc 0 "console by calls: the script" "$passes"
boot panic 200 $kernel "console=ttyS0 rdinit=/nothing"
[ "$(cat "$tmp/panic.status")" = 5 ] && grep -q 'the guest crashed: VFS: ' "$tmp/panic.err"
report $? "a panic ends the guest with its text" "status $(cat "$tmp/panic.status"); $(tail -1 "$tmp/panic.err")"
finish
