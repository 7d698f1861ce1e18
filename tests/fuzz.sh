#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzzers of tests/fuzz/, bounded: tests/fuzz.sh BUILD [full]. Each replays its seeds and the corpus
# that is in the tree (tests/fuzz/seeds.sh), and goes on from there for a number of runs that takes some
# five seconds, always from the same random seed; full: for five minutes. Two at a time.
#   FUZZ=REGEX picks fuzzers; SECONDS_EACH=n runs each for so long
. "$(dirname "$0")/lib.sh"
[ -z "$full" ] || SECONDS_EACH=${SECONDS_EACH:-300}

# Fuzzer, runs, the longest input.
table='
decoder     60000  64
translator   5000  400
interp      12000  300
board       15000  400
virtio      20000  600
virtio_mmio 20000  600
hypercall     400  300
kernel      15000  2000
plan         2500  600
unpack      15000  400
patch       15000  600
text       100000  400'

# one NAME RUNS LENGTH: its outcome goes to $tmp/NAME.replay and $tmp/NAME.run.
one() {
    local seeds=$tmp/$1.seeds new=$tmp/$1.new bound="-runs=$2"
    [ -z "${SECONDS_EACH:-}" ] || bound="-max_total_time=$SECONDS_EACH"
    mkdir -p "$new"
    bash "$here/fuzz/seeds.sh" "$1" "$seeds" || return
    timeout 300 "$B/fuzz/$1" -artifact_prefix="$tmp/" "$seeds"/* >"$tmp/$1.replay" 2>&1
    echo "$?" >>"$tmp/$1.replay"
    timeout $((${SECONDS_EACH:-0} + 600)) "$B/fuzz/$1" "$bound" -seed=1 -max_len="$3" -timeout=60 \
        -print_final_stats=1 -artifact_prefix="$tmp/" "$new" "$seeds" >"$tmp/$1.run" 2>&1
    echo "$?" >>"$tmp/$1.run"
}

# verdict NAME OUTCOME: a case; what a failed one needs to be repeated is in its text, in base64.
verdict() {
    local rc
    rc=$(tail -1 "$tmp/$1.$2" 2>/dev/null)
    [ "$rc" = 0 ]
    report $? "$1: $3" "status ${rc:-none}
$(grep -vE '^(#[0-9]|INFO|"|###)' "$tmp/$1.$2" 2>/dev/null | tail -60)"
}

while read -r name runs length; do
    [[ -n $name && $name =~ ${FUZZ:-.} ]] || continue
    names+=("$name")
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    one "$name" "$runs" "$length" &
done <<<"$table"
wait
for name in "${names[@]}"; do
    verdict "$name" replay "$(find "$tmp/$name.seeds" -type f | wc -l) seeds"
    verdict "$name" run "$(sed -n 's/^stat::number_of_executed_units: *//p' "$tmp/$name.run") runs"
done
finish
