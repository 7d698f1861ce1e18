#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mixed load in the guest that checks itself: registers, signals, memory shared by fork, processes, pipes and
# files (tests/soak/), and archives packed and unpacked by the shell. tests/soak.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# 40 seconds; "full" takes two hours.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

build_initrd() { # SECONDS
    mkdir -p "$tmp/root/scripts" "$tmp/root/bin"
    cp "$B/bench/ring1-soak" "$tmp/root/bin/"
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
	ring1-soak $1
	dmesg | grep -E 'BUG|Oops|WARNING|segfault|traps:|invalid opcode|general protection|stall' | sed 's/^/soak: failed: kernel: /'
	reboot -f
	EOT
    add_to_initrd "$tmp/root"
}

soak() { # SECONDS
    local status
    build_initrd "$1"
    timeout $(($1 * 2 + 300)) "$B/ring1" run --timeout $(($1 * 2 + 240)) --stats --memory 128M --initrd "$tmp/initrd.img" \
        --append "console=ttyS0 ring1.script=soak" "$B/guest/vmlinuz" </dev/null 2>"$tmp/err" | tee "$tmp/out" |
        grep --line-buffered -a '^soak: [0-9]' >&2
    status=${PIPESTATUS[0]}
    [ "$status" = 0 ] && grep -aq '^soak: done' "$tmp/out"
    report $? "soak: $1 s to the end" "status $status; $(tail -1 "$tmp/err")"
    ! grep -a '^soak: failed' "$tmp/out" >"$tmp/found"
    report $? "soak: all that was checked was right" "$(tr -d '\r' <"$tmp/found" | head -3 | tr '\n' ';')"
    grep -aq '^soak: archive [1-9]' "$tmp/out"
    report $? "soak: archives were packed" "none came to its end"
}

if [ "$full" = full ]; then
    soak 7200
else
    soak 40
fi

finish
