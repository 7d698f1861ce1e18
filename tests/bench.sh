#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make bench: the default guest under Ring1 on QEMU against the same guest directly on the same QEMU,
# in alternating runs. Prints medians and their ratios: boot to the shell, user loops, and the share of guest
# kernel instructions that ran from the translation cache (counted in a run of its own).
# tests/bench.sh BUILD [RUNS]
set -eu
B=$(cd "$1" && pwd)
runs=${2:-3}
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ring1-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
append="console=ttyS0 mitigations=off ring1.script=bench"

build_initrd() {
    mkdir -p "$tmp/root/scripts" "$tmp/root/bin"
    gcc -m32 -O2 -march=pentium4 -mfpmath=sse -msse2 -ffreestanding -fno-pie -no-pie -static -nostdlib \
        -fno-stack-protector -o "$tmp/root/bin/ring1-bench" "$here/bench/user.c"
    echo 'ring1-bench' >"$tmp/root/scripts/bench"
    (cd "$tmp/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$tmp/bench.cpio.gz"
    cat "$B/guest/initrd.img" "$tmp/bench.cpio.gz" >"$tmp/initrd.img"
}

# Copies the console to FILE and notes when the shell marker came, in ms since START.
watch() {
    local start=$1 file=$2 line
    while IFS= read -r line; do
        echo "$line" >>"$file"
        case $line in *"ring1-guest: shell ready"*) echo "ready $((${EPOCHREALTIME/./} / 1000 - start))" >>"$file" ;; esac
    done
}

run_direct() {
    local start=$((${EPOCHREALTIME/./} / 1000))
    timeout 300 qemu-system-x86_64 -accel tcg -cpu max,-svm,-vmx,-la57 -m 256 -display none -nodefaults \
        -no-reboot -serial stdio -kernel "$B/guest/vmlinuz" -initrd "$tmp/initrd.img" -append "$append" \
        </dev/null 2>/dev/null | watch "$start" "$1"
}

run_ring1() {
    local start=$((${EPOCHREALTIME/./} / 1000))
    "$B/ring1" run --timeout 300 --memory 256M --initrd "$tmp/initrd.img" --append "$append" \
        "$B/guest/vmlinuz" </dev/null 2>/dev/null | watch "$start" "$1"
}

# The median of "KEY VALUE" lines over the runs of KIND.
median() {
    cat "$tmp/$1".* | tr -d '\r' | awk -v k="$2" '$1 == k || ($1 == "bench" && $2 == k) { print $NF }' |
        sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "none" }'
}

row() { # name unit divisor goal
    local d r
    d=$(median direct "$1")
    r=$(median ring1 "$1")
    awk -v n="$2" -v u="$3" -v q="$4" -v g="$5" -v d="$d" -v r="$r" 'BEGIN {
        if (d == "none" || r == "none") { printf "%-28s no figure\n", n; exit }
        printf "%-28s %10.1f %10.1f %-3s %7.2f   %s\n", n, d / q, r / q, u, r / d, g }'
}

build_initrd
for i in $(seq "$runs"); do
    echo "bench: run $i of $runs: direct" >&2
    run_direct "$tmp/direct.$i"
    echo "bench: run $i of $runs: Ring1" >&2
    run_ring1 "$tmp/ring1.$i"
done
echo "bench: counting instructions" >&2
"$B/ring1" run --timeout 600 --count --stats --memory 256M --initrd "$tmp/initrd.img" \
    --append "console=ttyS0 mitigations=off ring1.script=none" "$B/guest/vmlinuz" </dev/null >/dev/null 2>"$tmp/count"

echo "Medians of $runs alternating runs; the same kernel and initramfs, 256 MiB, -cpu max, TCG."
printf '%-28s %10s %10s %-3s %7s   %s\n' what direct Ring1 '' ratio goal
row ready "boot to the shell" s 1000 "<= 6"
row integer "user loop: integer" ms 1000000 "<= 1.1"
row memory "user loop: memory" ms 1000000 "<= 1.1"
row calls "user loop: calls" ms 1000000 "<= 1.1"
row float "user loop: SSE2" ms 1000000 "<= 1.1"
awk '$2 == "insn.tc" { tc = $1 } $2 == "insn.interp.kernel" { i = $1 } END {
    if (!tc) { print "guest kernel instructions: no figure"; exit }
    printf "%-28s %.3f %% of %.0f from the cache   goal >= 99 %%\n", "guest kernel instructions", 100 * tc / (tc + i), tc + i }' "$tmp/count"
