#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make bench: the default guest under Ring1 on QEMU against the same guest directly on the same QEMU, in
# alternating runs, with the kernel's mitigations off and then as they are by default; and, where `make guest-linux` has built it, the kernel that
# knows Ring1, the same image in both. Prints medians, their ratios and the goals;
# then, from two more boots with counters, exits for each operation, the share of guest kernel instructions
# that ran from the translation cache, and the monitor's memory. What is measured is in tests/bench/guest/.
# tests/bench.sh BUILD [RUNS]; progress goes to standard error.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/bench-lib.sh
. "$here/bench-lib.sh"
runs=${2:-3}

build_initrd() {
    mkdir -p "$tmp/root/scripts" "$tmp/root/bin"
    cp "$B/bench/ring1-bench" "$B/bench/ring1-tiny" "$tmp/root/bin/"
    echo 'ring1-bench' >"$tmp/root/scripts/bench"
    echo 'ring1-bench marks' >"$tmp/root/scripts/marks"
    add_to_initrd "$tmp/root"
}

alternate() { # SET KERNEL-OPTION: two ways, of the kernel that knows Ring1 four
    local i append="ring1.script=bench $2"
    for i in $(seq "$runs"); do
        echo "bench: $1, run $i of $runs: direct" >&2
        run_direct "$tmp/$1.direct.$i" "$append"
        echo "bench: $1, run $i of $runs: Ring1" >&2
        run_ring1 "$tmp/$1.ring1.$i" "$append"
        [ "$1" = patched ] || continue
        echo "bench: $1, run $i of $runs: Ring1, without calls" >&2
        run_ring1 "$tmp/$1.plain.$i" "$append noring1"
        echo "bench: $1, run $i of $runs: in a process" >&2
        run_ring1 "$tmp/$1.process.$i" "$append" --on process
    done
}

patched_row() { # NAME TEXT FACTOR GOAL
    awk -v t="$2" -v q="$3" -v g="$4" -v d="$(median patched.direct "$1")" -v u="$(median patched.plain "$1")" \
        -v r="$(median patched.ring1 "$1")" -v p="$(median patched.process "$1")" "$awk_text"'
        function part(x) { return x == "none" || d + 0 == 0 ? "-" : sprintf("%.2f", x / d) }
        BEGIN {
            printf "%-34s %10s %10s %6s %10s %6s %10s %6s  %s\n", t, time(d, q), time(u, q), part(u), time(r, q), part(r),
                time(p, q), part(p), part(r) == "-" ? "no figure" : verdict(r / d, g)
        }'
}

row() { # SET NAME TEXT FACTOR GOAL PATCHED-GOAL: values times FACTOR are nanoseconds
    local d r goal=$5
    if [ "$1" = patched ]; then
        patched_row "$2" "$3" "$4" "$6"
        return
    fi
    d=$(median "$1.direct" "$2")
    r=$(median "$1.ring1" "$2")
    awk -v t="$3" -v q="$4" -v g="$goal" -v d="$d" -v r="$r" "$awk_text"'
        BEGIN {
            if (d == "none" || r == "none" || d == 0) { printf "%-34s no figure\n", t; exit }
            printf "%-34s %12s %12s %7.2f  %s\n", t, time(d, q), time(r, q), r / d, verdict(r / d, g)
        }'
}

table() { # SET
    if [ "$1" = patched ]; then
        printf '%-34s %10s %17s %17s %17s  %s\n' "" direct "without calls" "with calls" "in a process" "goal (with calls)"
    else
        printf '%-34s %12s %12s %7s  %s\n' "$1" direct Ring1 ratio goal
    fi
    row "$1" ready "boot to the shell" 1e6 2.5 1.5
    row "$1" integer "user loop: integer" 1 1.05 1.05
    row "$1" memory "user loop: memory" 1 1.05 1.05
    row "$1" calls "user loop: calls" 1 1.05 1.05
    row "$1" float "user loop: SSE2" 1 1.05 1.05
    row "$1" null "null system call" 1 2 1.5
    row "$1" read "read a byte of /dev/zero" 1 "" ""
    row "$1" write "write a byte to /dev/null" 1 "" ""
    row "$1" signal "signal sent and caught" 1 2.5 ""
    row "$1" fork-exit "fork, exit, wait" 1 3 1.8
    row "$1" fork-exec "fork, exec, exit, wait" 1 3 1.8
    row "$1" pipe "byte through a pipe, one process" 1 "" 2
    row "$1" pingpong "pipe round trip, two processes" 1 "" 2
    row "$1" switch "context switch (derived)" 1 3 2
    row "$1" touch "first touch of a page" 1 3 1.8
    row "$1" mmap "mmap and munmap of 64 KiB" 1 "" ""
    row "$1" copy "copy of a 1 MiB file in tmpfs" 1 "" ""
}

# Differences of counters between the marks before and behind each test, by its operations. What the guest's timer
# interrupt brings with it is taken off, as the integer loop shows it, where nothing else leaves the guest.
exits() { # FILE
    printf '\n%-14s %9s %8s %8s %8s %8s %8s %8s %8s %8s\n' "exits for each" all softint pf tc.miss tc.interp tc.event \
        gp nm other
    awk '
        BEGIN { n = 0; kinds = split("softint pf tc.miss tc.interp tc.event gp nm exception", c, " ") }
        NR == FNR { if ($1 == "bench" && $4 > 0) { name[n] = $2; ops[n++] = $4 }; next }
        $2 == "mark" { tag = $1; next }
        tag != "" { v[tag, $2] = $1 }
        function during(k, counter) { return v[2 * k + 1, counter] - v[2 * k, counter] }
        END {
            if (during(0, "inject.interrupt") < 1) { print "no figures"; exit }
            for (k = 1; k < n; k++) {
                ticks = during(k, "inject.interrupt") / during(0, "inject.interrupt")
                all = other = 0
                line = ""
                for (i = 1; i <= kinds; i++) {
                    x = (during(k, "exit." c[i]) - ticks * during(0, "exit." c[i])) / ops[k]
                    x = x < 0.0005 ? 0 : x
                    all += x
                    if (i <= 7) line = line sprintf(" %8.3f", x)
                    else other += x
                }
                printf "%-14s %9.3f%s %8.3f\n", name[k], all, line, other
            }
        }' "$1" "$1.err"
}

whole_run() {
    awk -v image="$(size "$B/pc/monitor64.elf" | awk 'NR == 2 { print $4 }')" '
        $2 == "mark" { next }
        !($2 in v) || $1 > v[$2] { v[$2] = $1 } # the one at the end, the larger of both runs
        END {
            if (v["insn.tc"]) printf "%-34s %.3f %% of %.0f from the cache (goal >= 99.9 %%)\n",
                "guest kernel instructions", 100 * v["insn.tc"] / (v["insn.tc"] + v["insn.interp.kernel"]),
                v["insn.tc"] + v["insn.interp.kernel"]
            mib = v["memory.beyond.kib"] / 1024 + image / 1048576
            if (v["memory.beyond.kib"]) printf "%-34s %.1f MiB for a guest of 256 MiB (goal <= 48 MiB: %s)\n",
                "memory beyond guest RAM", mib, mib <= 48 ? "reached" : "MISSED"
        }' "$tmp/marks.err" "$tmp/count.err"
}

build_initrd
alternate off mitigations=off
alternate default ""
if [ -s "$B/guest/vmlinuz-ring1" ]; then
    kernel=vmlinuz-ring1
    alternate patched mitigations=off
    echo "bench: counting exits of the kernel that knows Ring1" >&2
    run_ring1 "$tmp/patched-marks" "mitigations=off ring1.script=marks" --stats
    kernel=vmlinuz
fi
echo "bench: counting exits" >&2
run_ring1 "$tmp/marks" "mitigations=off ring1.script=marks" --stats
echo "bench: counting instructions" >&2
run_ring1 "$tmp/count" "mitigations=off ring1.script=none" --count --stats

echo "Medians of $runs alternating runs; the same kernel and initramfs, 256 MiB, -cpu max, TCG. Mitigations off:"
table off
echo
echo "Mitigations as the kernel chooses:"
table default
exits "$tmp/marks"
echo
if [ -s "$B/guest/vmlinuz-ring1" ]; then
    echo "The kernel that knows Ring1, one image: directly on QEMU; under Ring1 there; and in a process, each to the first:"
    table patched
    exits "$tmp/patched-marks"
else
    echo "There is no kernel that knows Ring1; make guest-linux builds it."
fi
echo
for kind in direct ring1; do clocks off $kind; clocks default $kind; done
whole_run
