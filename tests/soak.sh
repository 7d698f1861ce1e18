#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mixed load in the guest that checks itself: registers, signals, page faults, memory shared by fork, processes, pipes,
# new code and files (tests/soak/), archives packed and unpacked by the shell, and a compiler. tests/soak.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# It runs on QEMU and, at the same time, in the sanitized process (make san): a minute and 40 seconds; "full" takes two hours
# and one.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# How long it is to go on is on the kernel's command line.
build_initrd() {
    mkdir -p "$tmp/root/scripts" "$tmp/root/bin" "$tmp/root/compile"
    cp "$B/bench/ring1-soak" "$tmp/root/bin/"
    cp "$B/guest/tcc/"* "$tmp/root/compile/"
    sed 's/^#include <stdint.h>/typedef unsigned uint32_t;/' "$B/bench/calls.c" >"$tmp/root/compile/calls.c"
    cat >"$tmp/root/scripts/soak" <<-EOT
	mkdir -p /tmp
	good=\$(tar c -C / bin | md5sum)
	(
	    n=0
	    while :; do
	        got=\$(tar c -C / bin | gzip -1 | gunzip | md5sum)
	        [ "\$got" = "\$good" ] || echo "soak: failed: an archive has changed"
	        n=\$((n + 1))
	        echo "soak: archive \$n"
	    done
	) &
	(
	    n=0
	    cd /compile
	    while :; do
	        ./ld-linux.so.2 --library-path . ./tcc -nostdinc -nostdlib -c -o calls.o calls.c || echo "soak: failed: the compiler gave up"
	        got=\$(md5sum calls.o)
	        [ "\$got" = "\${first=\$got}" ] || echo "soak: failed: the compiler wrote something else"
	        n=\$((n + 1))
	        echo "soak: compiled \$n"
	    done
	) &
	ring1-soak \$(sed 's/.*soak.seconds=//; s/ .*//' /proc/cmdline)
	dmesg | grep -E 'BUG|Oops|WARNING|segfault|traps:|invalid opcode|general protection|stall' | sed 's/^/soak: failed: kernel: /'
	reboot -f
	EOT
    add_to_initrd "$tmp/root"
}

# start NAME SECONDS RING1 ARGS...: console in NAME.out, messages in NAME.err, in the end the status in NAME.status.
start() {
    local name=$1 seconds=$2 ring1=$3
    shift 3
    timeout $((seconds * 2 + 300)) "$ring1" run --timeout $((seconds * 2 + 240)) --stats --memory 128M "$@" \
        --initrd "$tmp/initrd.img" --append "console=ttyS0 ring1.script=soak soak.seconds=$seconds" "$B/guest/vmlinuz" \
        </dev/null 2>"$tmp/$name.err" | tee "$tmp/$name.out" | grep --line-buffered -a '^soak: [0-9]' | sed -u "s/^/$name: /" >&2
    echo "${PIPESTATUS[0]}" >"$tmp/$name.status"
}

judge() { # NAME SECONDS
    local status
    status=$(cat "$tmp/$1.status")
    [ "$status" = 0 ] && grep -aq '^soak: done' "$tmp/$1.out"
    report $? "soak: $1, $2 s to the end" "status $status; $(tail -1 "$tmp/$1.err")"
    ! grep -a '^soak: failed' "$tmp/$1.out" >"$tmp/found"
    report $? "soak: $1: all that was checked was right" "$(tr -d '\r' <"$tmp/found" | head -3 | tr '\n' ';')"
    grep -aq '^soak: archive [1-9]' "$tmp/$1.out"
    report $? "soak: $1: archives were packed" "none came to its end"
    grep -aq '^soak: compiled [1-9]' "$tmp/$1.out"
    report $? "soak: $1: a file of 600 KB was compiled" "not once"
}

no_report() { # NAME
    ! grep -aqE 'Sanitizer|runtime error' "$tmp/$1.err"
    report $? "soak: $1: no report" "$(cat "$tmp/$1.err")"
}

if [ "$full" = full ]; then qemu=7200 process=3600; else qemu=60 process=40; fi
build_initrd
start qemu $qemu "$B/ring1" &
start sanitized $process "$B/san/ring1" --on process
wait
judge qemu $qemu
judge sanitized $process
nm "$B/san/ring1" | grep -q '__asan_report_load4'
report $? "soak: sanitized: it is" "$B/san/ring1 is built without sanitizers"
no_report sanitized

finish
