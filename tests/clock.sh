#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's clock against the host's, under load: tests/clock.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# 40 seconds, and 40 of KVM's clock; "full" takes ten minutes, and ten more with a guest that has nothing but its timer ticks.
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

# The guest's side of reads: a shell that asks for the time, from the second mark to the third 20000 times more than from the
# first to the second. Whatever else a guest does in that time, it is not that often.
reads_initrd() {
    mkdir -p "$tmp/reads/scripts"
    cat >"$tmp/reads/scripts/reads" <<-'EOT'
	cd /sys/devices/system/clocksource/clocksource0
	echo "available $(cat available_clocksource)"
	echo "source $(cat current_clocksource)"
	dmesg | grep -E 'kvm|KVM|Hypervisor'
	mark() { printf "\\$1" | dd of=/dev/port bs=1 seek=1282 conv=notrunc 2>/dev/null; }
	read_clock() { i=0; while [ $i -lt $1 ]; do x=$EPOCHREALTIME; i=$((i + 1)); done; }
	read_clock 1000
	mark 1
	read_clock 1000
	mark 2
	read_clock 21000
	mark 3
	echo "now $EPOCHREALTIME"
	reboot -f
	EOT
    add_to_initrd "$tmp/reads"
}

# reads KERNEL SOURCE ARGS...: $exits and $calls are what 20000 reads of the clock took.
reads() {
    local kernel=$1 source=$2
    shift 2
    timeout 400 "$B/ring1" run --timeout 340 --memory 64M --stats --initrd "$tmp/initrd.img" "$@" \
        --append "console=ttyS0 clocksource=$source ring1.script=reads" "$B/guest/$kernel" </dev/null 2>"$tmp/err" | tr -d '\r' >"$tmp/out"
    between insn.interp
    exits=$difference
    between direct.syscalls
    calls=$difference
}
between() {
    difference=$(awk -v name="$1" '$2 == "mark" { mark = $1 } $2 == name { n[mark] = $1 }
        END { print n[3] - n[2] - (n[2] - n[1]) }' "$tmp/err")
}

# KVM's clock, as both kernels find it: no exit for a read, and the right date. The ACPI timer is a port: a read is an exit.
kvmclock() { # HOST KERNEL
    local name="KVM's clock on $1, $2" drift
    reads "$2" kvm-clock --on "$1"
    grep -q 'kvm-clock: Using msrs 4b564d01 and 4b564d00' "$tmp/out" && grep -q '^available .*kvm-clock' "$tmp/out" &&
        grep -q '^source kvm-clock' "$tmp/out"
    report $? "$name: the kernel finds and takes it" "$(grep -aE '^available|^source|kvm' "$tmp/out" | tr '\n' ';')"
    ! grep -aiE 'async|steal|PV (IPI|TLB|EOI)|poll control' "$tmp/out"
    report $? "$name: and no more of KVM" "$(grep -a kvm "$tmp/out" | tr '\n' ';')"
    [ "$calls" -ge 20000 ] && [ "$exits" -lt 10000 ]
    report $? "$name: 20000 reads by system call, $exits instructions interpreted meanwhile" "$calls calls, $(tail -1 "$tmp/err")"
    drift=$(awk -v now="$EPOCHSECONDS" '$1 == "now" { print now - int($2) }' "$tmp/out")
    [ -n "$drift" ] && [ "${drift#-}" -le 120 ]
    report $? "$name: the date is the host's" "${drift:-no date}, $(tail -1 "$tmp/out")"
}

reads_initrd
kvmclock process vmlinuz
kvmclock process vmlinuz-pae
kvmclock qemu vmlinuz
# On a loaded machine Linux may find that the ACPI timer and the 8254, which it reads in turn, do not agree, and not take it.
for _ in 1 2 3; do
    reads vmlinuz acpi_pm --on process
    grep -q '^source acpi_pm' "$tmp/out" || continue
    [ "$exits" -ge 20000 ]
    report $? "what is no clock of KVM's costs an exit a read" "$exits exits, $calls calls"
    break
done

if [ "$full" = full ]; then
    check "time-stamp counter" 600 tsc ""
    check "KVM's clock" 600 kvm-clock clocksource=kvm-clock
    check "timer ticks alone" 600 jiffies "notsc acpi=off nohz=off highres=off clocksource=jiffies"
else
    check "time-stamp counter" 40 tsc ""
    check "KVM's clock" 40 kvm-clock clocksource=kvm-clock
fi

finish
