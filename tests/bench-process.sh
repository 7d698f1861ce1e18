#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make bench-process: programs on the process host against the same programs as processes of this machine, in the same guest
# on QEMU's emulator and under User-Mode Linux, in alternating runs. Prints medians, ratios and goals, and what the process
# host needs: time before the guest's first instruction, memory beside the guest's. tests/bench-process.sh BUILD [RUNS]
# What is measured is in tests/bench/guest/ and tests/bench/compute/. Progress goes to standard error.
# QEMU computes in the first run only: it takes minutes there.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/bench-lib.sh
. "$here/bench-lib.sh"
runs=${2:-3}
root=$tmp/root

# One tree, laid over the guest's initramfs, and the whole of what native programs see. Nothing in it names a
# loader's or a library's place, so that the compiler runs everywhere.
build_root() {
    mkdir -p "$root/scripts" "$root/bin" "$root/compute" "$root/tmp" "$root/dev"
    cp "$B/bench/ring1-bench" "$B/bench/ring1-tiny" "$B/bench/ring1-compute" "$B/guest/busybox" "$root/bin/"
    cp "$B/guest/tcc/"* "$root/compute/"
    sed 's/^#include <stdint.h>/typedef unsigned uint32_t;/' "$B/bench/calls.c" >"$root/compute/calls.c"
    cat >"$root/scripts/compute" <<-'EOT'
	cd /compute
	/bin/ring1-compute
	/bin/ring1-compute tcc 60 calls.o ./ld-linux.so.2 --library-path . ./tcc -nostdinc -nostdlib -c -o calls.o calls.c
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do /bin/busybox cat calls.c calls.o; done >text
	/bin/ring1-compute gzip 3 text.gz /bin/busybox gzip -c text
	/bin/ring1-compute sha256sum 14 text.sum /bin/busybox sha256sum text
	EOT
    echo '/bin/ring1-bench' >"$root/scripts/rows"
    echo '. /scripts/rows; poweroff -f' >"$root/scripts/bench"
    echo '. /scripts/rows; . /scripts/compute; poweroff -f' >"$root/scripts/all"
    add_to_initrd "$root"
}

# ---- The columns: each fills FILE, and FILE.err says why if it cannot

run_native() { # FILE
    # shellcheck disable=SC2016
    unshare -rm sh -c 'mount --rbind /dev "$1/dev" && exec chroot "$1" /bin/busybox sh -c ". /scripts/rows; . /scripts/compute"' \
        sh "$root" </dev/null >"$1" 2>"$1.err" || echo "native: $(tail -1 "$1.err")" >&2
}

# Debian's for i386: the one for amd64 executes no 32-bit programs. It starts itself anew once, and again when the guest resets.
run_uml() { # FILE SCRIPT
    HOME=$tmp TMPDIR=/dev/shm timeout 900 "$B/guest/uml/linux.uml" mem=256M initrd="$tmp/initrd.img" \
        con0=null,fd:1 con=null "ring1.script=$2" </dev/null 2>"$1.err" | watch "$(now_ms)" "$1"
    grep -q 'shell ready' "$1" || cp "$1" "$1.err"
}

alternate() {
    local i on_qemu=all
    for i in $(seq "$runs"); do
        echo "bench-process: run $i of $runs: native" >&2
        run_native "$tmp/all.native.$i"
        echo "bench-process: run $i of $runs: Ring1's process host" >&2
        run_ring1 "$tmp/all.process.$i" "mitigations=off ring1.script=all" --on process
        echo "bench-process: run $i of $runs: User-Mode Linux" >&2
        run_uml "$tmp/all.uml.$i" all
        echo "bench-process: run $i of $runs: QEMU" >&2
        run_direct "$tmp/all.direct.$i" "mitigations=off ring1.script=$on_qemu"
        on_qemu=bench
    done
}

# ---- Tables

head_line() { printf '%-32s %10s %10s %10s %10s %7s  %s\n' "$1" native QEMU UML Ring1 "$2" goal; }

# NAME TEXT FACTOR AGAINST GOAL: values times FACTOR are nanoseconds; the ratio is Ring1's to that of column AGAINST
row() {
    awk -v t="$2" -v q="$3" -v against="$4" -v g="$5" -v n="$(median all.native "$1")" -v d="$(median all.direct "$1")" \
        -v u="$(median all.uml "$1")" -v p="$(median all.process "$1")" "$awk_text"'
        BEGIN {
            base = against == "native" ? n : d
            r = base > 0 && p != "none" ? p / base : ""
            printf "%-32s %10s %10s %10s %10s %7s  %s\n", t, time(n, q), time(d, q), time(u, q), time(p, q),
                r == "" ? "-" : sprintf("%.2f", r), r == "" ? "" : verdict(r, g)
        }'
}

computing() {
    local name
    head_line "computing" "/native"
    awk '/^bench compute-/ { print $2 }' "$tmp/all.process.1" | while read -r name; do
        row "$name" "${name#compute-}" 1e3 native 2.5
    done | tee "$tmp/computing"
    awk "$awk_text"'{ for (i = 2; i <= NF; i++) if ($i == "<=" && $(i - 1) > 0) { n++; sum += log($(i - 1)) } }
        END { if (n) printf "%-32s %51.2f  %s\n", "geometric mean", exp(sum / n), verdict(exp(sum / n), 1.25) }' "$tmp/computing"
}

system() {
    head_line "system" "/QEMU"
    row ready "boot to the shell" 1e6 direct 0.5
    row integer "user loop: integer" 1 direct ""
    row memory "user loop: memory" 1 direct ""
    row calls "user loop: calls" 1 direct ""
    row float "user loop: SSE2" 1 direct ""
    row null "null system call" 1 direct 0.2
    row read "read a byte of /dev/zero" 1 direct ""
    row write "write a byte to /dev/null" 1 direct ""
    row signal "signal sent and caught" 1 direct ""
    row fork-exit "fork, exit, wait" 1 direct 2
    row fork-exec "fork, exec, exit, wait" 1 direct 2
    row pipe "byte through a pipe, one process" 1 direct 1
    row pingpong "pipe round trip, two processes" 1 direct 1
    row switch "context switch (derived)" 1 direct 1
    row touch "first touch of a page" 1 direct 1.5
    row mmap "mmap and munmap of 64 KiB" 1 direct ""
    row copy "copy of a 1 MiB file in tmpfs" 1 direct ""
}

# A column without figures says what its first run said last.
absent() {
    local kind
    for kind in native direct uml process; do
        [ "$(median "all.$kind" null)" != none ] || echo "no figures for $kind: $(tail -1 "$tmp/all.$kind.1.err" 2>/dev/null)"
    done
}

# What one program computed, another computed, too.
same_sums() {
    cat "$tmp"/all.*.[0-9]* | awk '/^bench compute-/ { n[$2]++; if (($2 in sum) && sum[$2] != $4) bad = bad " " $2; sum[$2] = $4 }
        END { for (k in n) kinds++; if (bad) print "CHECKSUMS DIFFER:" bad; else print "checksums of " kinds + 0 " programs are equal in all columns"
            exit bad != "" || !kinds }'
}

# ---- What the process host itself needs

start_up() {
    toy hello ../bench/
    local start i
    for i in $(seq 11); do
        start=$(now_us)
        "$B/ring1" run --on process --memory 256M "$tmp/hello.bin" </dev/null 2>/dev/null | {
            read -r _ && echo $(($(now_us) - start))
        }
    done | sort -n | awk "$awk_text"'{ v[NR] = $1 / 1000 }
        END { m = v[int((NR + 1) / 2)]; printf "%-32s %.1f ms  %s\n", "start to a toy guest'"'"'s output", m, verdict(m, 50) }'
}

# The most KiB that process $1 and its children have of their own: no shared memory, but page tables.
watch_resident() {
    local most=0 now
    while now=$(cat "/proc/$1/status" $(sed 's:[0-9]*:/proc/&/status:g' "/proc/$1/task/$1/children") 2>/dev/null |
        awk '/^(RssAnon|RssFile|VmPTE):/ { s += $2 } END { print s + 0; exit !s }'); do
        [ "$now" -le "$most" ] || most=$now
        sleep 0.5
    done
    echo "$most"
}

memory() {
    echo "bench-process: memory" >&2
    "$B/ring1" run --timeout 900 --on process --stats --memory 256M --initrd "$tmp/initrd.img" \
        --append "$options mitigations=off ring1.script=all" "$B/guest/vmlinuz" </dev/null >"$tmp/memory" 2>"$tmp/memory.err" &
    awk -v own="$(watch_resident $!)" "$awk_text"'$2 == "memory.beyond.kib" && $1 > pool { pool = $1 }
        END { m = (own + pool) / 1024; printf "%-32s %.1f MiB (processes %.1f, pool %.1f)  %s\n", "memory beyond guest RAM", m, own / 1024, pool / 1024,
            pool ? verdict(m, 64) : "no figure" }' "$tmp/memory.err"
}

build_root
alternate
echo "Medians of $runs alternating runs; the same programs, kernel (not UML's) and initramfs, 256 MiB; QEMU: TCG, -cpu max."
computing
echo
system
absent
echo
start_up
memory
for kind in direct uml process; do clocks all $kind; done
same_sums
