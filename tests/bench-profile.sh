#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `ring1 run --profile' costs: the same work in the default guest with and without it, in alternating runs.
# tests/bench-profile.sh BUILD [RUNS]. The figures are medians of processor time, of the emulator or the process and of
# ring1, which another program on the machine disturbs less than the clock; and what is exact: exits by host interrupts, and
# what a profile weighs. With BEFORE=DIR, the build directory of another version, that one is measured, too (without a
# profile, which it may not have). HOSTS and WORKS choose among the rows. Progress goes to standard error.
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
runs=${2:-5}
hosts=${HOSTS:-process qemu}
TIMEFORMAT='%U %S %R'

mkdir -p "$tmp/root/scripts"
echo 'i=0; while [ $i -lt 150 ]; do ls /bin >/dev/null; i=$((i + 1)); done' >"$tmp/root/scripts/exec"
echo "awk 'BEGIN { for (i = 0; i < 1500000; i++) s += i * i; print s }'" >"$tmp/root/scripts/compute"
add_to_initrd "$tmp/root"

# one DIR HOST SCRIPT OPTION...: "CPU-SECONDS SECONDS EXITS-BY-INTERRUPT" of a run.
one() {
    local dir=$1 on=$2 script=$3
    shift 3
    { time timeout 900 "$dir/ring1" run --on "$on" --stats "$@" --console "$tmp/console" --initrd "$tmp/initrd.img" \
        --append "console=ttyS0 nokaslr ring1.script=$script" "$B/guest/vmlinuz" </dev/null 2>"$tmp/err"; } 2>"$tmp/time"
    grep -q 'guest-off' "$tmp/err" || { cat "$tmp/err" >&2; exit 3; }
    awk '{ print $1 + $2, $3 }' "$tmp/time" | tr '\n' ' '
    awk '$2 == "exit.interrupt" { print $1 }' "$tmp/err"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

work() { # HOST SCRIPT TEXT
    local i kind row=() kinds="off on"
    [ -z "${BEFORE:-}" ] || kinds="before off on"
    for i in $(seq "$runs"); do
        for kind in $kinds; do
            echo "bench: $1, $2, $kind, run $i of $runs" >&2
            case $kind in
            before) one "$BEFORE" "$1" "$2" ;;
            off) one "$B" "$1" "$2" ;;
            on) one "$B" "$1" "$2" --profile "$tmp/profile" ;;
            esac >>"$tmp/$1.$2.$kind"
        done
    done
    for kind in $kinds; do row+=("$(cut -d' ' -f1 "$tmp/$1.$2.$kind" | median)"); done
    [ ${#row[@]} = 3 ] || row=(- "${row[@]}")
    awk -v t="$1: $3" -v b="${row[0]}" -v off="${row[1]}" -v on="${row[2]}" \
        -v e="$(cut -d' ' -f3 "$tmp/$1.$2.off" | median)" -v f="$(cut -d' ' -f3 "$tmp/$1.$2.on" | median)" \
        -v w="$(cut -d' ' -f2 "$tmp/$1.$2.on" | median)" -v bytes="$(wc -c <"$tmp/profile")" 'BEGIN {
            printf "%-34s %8s %8.2f %8.2f %+6.1f %% %9d %9d %7.1f\n", t, (b == "-" ? b : sprintf("%.2f", b)), off, on,
                100 * (on / off - 1), e, f, bytes / 1000 / w }'
}

printf '%-34s %8s %8s %8s %8s %9s %9s %7s\n' 'processor time, s' before off on profile 'exits off' 'exits on' 'kB/s'
declare -A text=([none]="boot and reset" [exec]="boot, 150 times ls" [compute]="boot, awk computes")
for host in $hosts; do
    for script in ${WORKS:-none exec compute}; do work "$host" "$script" "${text[$script]}"; done
done
