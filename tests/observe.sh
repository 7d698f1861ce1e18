#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What shows a running machine of the process host from outside: --perf-map with perf, and tools/gdb/ring1.py.
# tests/observe.sh BUILD
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"

# judge_map FILE LOW HIGH: one line that says what is wrong with it: a line is no line of a perf map, lies outside, or
# overlaps another one between two times that the cache was emptied.
judge_map() {
    local start size name rest generation=0
    while read -r start size name rest; do
        [[ "$start $size" =~ ^[0-9a-f]+\ [0-9a-f]+$ && -z $rest &&
            $name =~ ^(ring1:[a-z]+|guest:(kernel|user):[0-9a-f]{8})$ ]] || echo "no line: $start $size $name $rest"
        [ "$name" = ring1:thunks ] && generation=$((generation + 1))
        start=$((16#$start)) size=$((16#$size))
        ((start >= $2 && start + size <= $3)) || echo "outside: $name"
        echo "at $generation $start $((start + size)) $name"
    done <"$1" | sort -k2,2n -k3,3n |
        awk '$1 != "at" { print; next }
             $2 == last && $3 < end { print $5, "overlaps", name }
             { last = $2; end = $4; name = $5; n++ }
             END { if (n < 3) print "too short" }' | head -1
}

# The machine is a child of ring1, its map named after it.
start_loop() {
    toy loop hostile/
    "$B/ring1" run --on process --perf-map --timeout 60 --memory 32M --console "$tmp/console" "$tmp/loop.bin" 2>"$tmp/err" &
    ring1=$!
    for _ in $(seq 100); do
        machine=$(pgrep -P $ring1) && [ "$(grep -c guest: "/tmp/perf-$machine.map" 2>/dev/null)" -ge 2 ] && break
        sleep 0.1
    done
    sleep 1
    map=/tmp/perf-$machine.map
}

stop_loop() {
    kill $ring1
    wait $ring1 2>/dev/null
    rm -f "$map"
}

# The cache's addresses, where they execute.
executable() {
    sed -n 's/^\([0-9a-f]*\)-\([0-9a-f]*\) r-xs .*\/dev\/zero.*/\1 \2/p' "/proc/$machine/maps" |
        awk 'NR == 1 { low = $1 } { high = $2 } END { print low, high }'
}

loop_map() {
    local low high why
    read -r low high <<<"$(executable)"
    why=$(judge_map "$map" $((16#$low)) $((16#$high)))
    [ -z "$why" ]
    report $? "perf map of a loop" "$why"
}

# Where the machine stops is the loop: JMP to itself, whose address and line in the map are the same.
gdb_loop() {
    local eip block rip start size name found=
    # shellcheck disable=SC2016
    if ! timeout 60 gdb -nx -batch -p "$machine" -x "$here/../tools/gdb/ring1.py" -ex 'ring1 regs' -ex 'ring1 block' \
        -ex 'printf "rip %lx\n", $rip' >"$tmp/gdb" 2>&1 || grep -q 'ptrace: Operation not permitted' "$tmp/gdb"; then
        report 0 "gdb: skipped, it is not there or may not attach"
        return
    fi
    eip=$(sed -n 's/^  eip \([0-9a-f]*\) .*/\1/p' "$tmp/gdb")
    block=$(sed -n 's/^block [0-9]*: guest \([0-9a-f]*\),.* kernel code.*/\1/p' "$tmp/gdb")
    rip=$(sed -n 's/^rip //p' "$tmp/gdb")
    grep -q '^guest, in translated code, CPL 0' "$tmp/gdb" && [ -n "$eip" ] && [ "$eip" = "$block" ]
    report $? "gdb: registers and block of a loop" "$(cat "$tmp/gdb")"
    while read -r start size name; do
        ((16#${rip:-0} >= 16#$start && 16#${rip:-0} < 16#$start + 16#$size)) && found=$name
    done <"$map"
    [ "$found" = "guest:kernel:$eip" ]
    report $? "perf map: the line at the machine's rip" "rip ${rip:-?}: ${found:-none}, not $eip"
}

perf_loop() {
    if ! perf record -q -e cpu-clock -o "$tmp/perf.data" -p "$machine" -- sleep 1 >"$tmp/perf" 2>&1; then
        report 0 "perf: skipped, it is not there or may not sample"
        return
    fi
    perf report -i "$tmp/perf.data" --stdio --sort symbol 2>/dev/null | grep -m1 '%' >"$tmp/perf"
    grep -q 'guest:kernel:' "$tmp/perf"
    report $? "perf names the block of a loop" "$(cat "$tmp/perf")"
}

linux_map() {
    local why
    "$B/ring1" run --on process --perf-map --timeout 120 --memory 64M --console "$tmp/console" --initrd "$B/guest/initrd.img" \
        --append "console=ttyS0 ring1.script=none" "$B/guest/vmlinuz" 2>"$tmp/err" &
    ring1=$!
    sleep 1
    map=/tmp/perf-$(pgrep -P $ring1).map
    wait $ring1
    why=$(judge_map "$map" 0 $((1 << 47)))
    [ -z "$why" ] && grep -q guest:user: "$map" && grep -q guest:kernel:c "$map"
    report $? "perf map of Linux" "${why:-$(head -3 "$map"); $(tail -1 "$tmp/err")}"
    rm -f "$map"
}

start_loop
loop_map
gdb_loop
perf_loop
stop_loop
linux_map

finish
