#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's clock against the host's, under load: tests/clock.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# 40 seconds; "full" takes ten minutes, and ten more with a guest that has nothing but its timer ticks.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# The guest's side: three loads (a program, the kernel's memory and files, processes), and its own time
# ten times a second, for as long as its clock says.
build_initrd() { # SECONDS
    mkdir -p "$tmp/root/scripts"
    cat >"$tmp/root/scripts/clock" <<-EOT
	(while :; do awk 'BEGIN { for (i = 0; i < 200000; i++) s += i * i }'; done) &
	(while :; do dd if=/dev/zero of=/tmp/load bs=64k count=64; done) >/dev/null 2>&1 &
	(while :; do true | cat; done) &
	up() { cut -d. -f1 /proc/uptime; }
	end=\$((\$(up) + $1))
	while [ "\$(up)" -lt \$end ]; do
	    echo "clock \$(cut -d' ' -f1 /proc/uptime)"
	    usleep 100000
	done
	echo "source \$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
	dmesg | grep -iE 'skew|watchdog.*unstable' | sed 's/^/trouble /'
	reboot -f
	EOT
    add_to_initrd "$tmp/root"
}

# run SECONDS APPEND: lines "HOST-SECONDS GUEST-SECONDS" in $tmp/times, the console in $tmp/out, status in $status
run() {
    local line
    build_initrd "$1"
    timeout $(($1 * 2 + 300)) "$B/ring1" run --timeout $(($1 * 2 + 240)) --memory 64M --initrd "$tmp/initrd.img" \
        --append "console=ttyS0 ring1.script=clock $2" "$B/guest/vmlinuz" </dev/null 2>"$tmp/err" | tee "$tmp/out" |
        while IFS= read -r line; do
            case $line in "clock "*) echo "$EPOCHREALTIME ${line#clock }" ;; esac
        done | tr -d '\r' >"$tmp/times"
    status=${PIPESTATUS[0]}
}

# A line comes late by what it waited for on its way, never early: so the smallest difference of a third of the
# run is the true one, and what it changes by from the first third to the last is the clock's error.
error_ppm() {
    awk '
        NR == 1 { h0 = $1; g0 = $2 }
        { h[NR] = $1 - h0; d[NR] = h[NR] - ($2 - g0) }
        END {
            for (i = 1; i <= NR; i++) {
                if (h[i] < h[NR] / 3 && (a == "" || d[i] < a)) { a = d[i]; ta = h[i] }
                if (h[i] > h[NR] * 2 / 3 && (b == "" || d[i] < b)) { b = d[i]; tb = h[i] }
            }
            if (NR < 20) print "none"; else printf "%.0f\n", (b - a) / (tb - ta) * 1e6
        }' "$tmp/times"
}

check() { # NAME SECONDS SOURCE APPEND
    local ppm
    run "$2" "$4"
    ppm=$(error_ppm)
    [ "$status" = 0 ] && [ "$ppm" != none ] && [ "${ppm#-}" -le 1000 ]
    report $? "$1: $2 s of load, error ${ppm#-} ppm of at most 1000" "status $status, $ppm ppm; $(tail -1 "$tmp/err")"
    grep -q "^source $3" "$tmp/out" && ! grep -q '^trouble' "$tmp/out"
    report $? "$1: the clock source is $3 to the end" "$(grep -aE '^(source|trouble)' "$tmp/out" | tr -d '\r' | tr '\n' ';')"
}

if [ "$full" = full ]; then
    check "time-stamp counter" 600 tsc ""
    check "timer ticks alone" 600 jiffies "notsc acpi=off nohz=off highres=off clocksource=jiffies"
else
    check "time-stamp counter" 40 tsc ""
fi

finish
