#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the toy guests: tests/guests.sh BUILD [full]. guests/guests.ini says which, where and what must come of them.
# A line a run, `ok - NAME HOST:ENGINE` or `not ok - ...` with the reason, and at last "N passed, N failed".
# GUESTS=REGEX picks guests by name, RUNS=REGEX runs. Two runs at a time; each is bounded.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$here/guests" || exit 3
out=$B/guests
readonly parallel=2 memory=32
rm -rf "$out" && mkdir -p "$out" || exit 3

# ---- The list: a line a run, fields by tabs

list() {
    awk -v full="$full" '
        function trim(s) { gsub(/^[ ]+|[ ]+$/, "", s); return s }
        function value(k) { return (name, k) in v ? v[name, k] : v["DEFAULT", k] }
        function flush(  i, n, r) {
            if (name == "" || name == "DEFAULT") return
            n = split(value("runs") (full == "" ? "" : " " value("full")), r, " ")
            for (i = 1; i <= n; i++)
                printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, r[i], value("kernel"), value("status"),
                    value("timeout"), value("report") "", value("output") "", value("golden") "", value("differ") "",
                    value("repeat") "", value("reports") "", value("bound") ""
        }
        /^\[/ { flush(); name = substr($0, 2, length($0) - 2); next }
        /^[a-z]+ *=/ { k = trim(substr($0, 1, index($0, "=") - 1)); v[name, k] = trim(substr($0, index($0, "=") + 1)) }
        END { flush() }' guests.ini | sed 's/\t\t/\t-\t/g; s/\t\t/\t-\t/g; s/\t$/\t-/'
}

# ---- One run: console to $log.out, report to $log.err; the status is that of ring1, or 0 for a direct run

direct_qemu() {
    timeout -s KILL "$2" qemu-system-i386 -accel tcg -cpu max,-svm -machine pc -display none -nodefaults -no-reboot \
        -m $memory -kernel "$1" -serial "file:$log.out" -device isa-debug-exit,iobase=0x501,iosize=1 2>"$log.err"
    [ $? -ne 137 ]
}

direct_bochs() {
    local d=$log.bochs
    mkdir -p "$d/tree/boot/grub" && cp "$1" "$d/tree/guest.bin"
    printf 'multiboot /guest.bin\nboot\n' >"$d/tree/boot/grub/grub.cfg"
    grub-mkrescue -d /usr/lib/grub/i386-pc --locales= --fonts= --themes= \
        --install-modules="normal configfile multiboot iso9660 biosdisk" -o "$d/boot.iso" "$d/tree" >"$log.err" 2>&1
    bochs_config $memory "model=p4_prescott_celeron_336, ignore_bad_msrs=0" "$d/boot.iso" "$log.out" >"$d/bochsrc"
    echo c >"$d/rc"
    timeout -s KILL "$2" bochs -q -f "$d/bochsrc" -rc "$d/rc" </dev/null >>"$log.err" 2>&1
    [ $? -ne 137 ]
}

# How often the guest runs: under Ring1 only can it do so again.
runs() { if [ "$repeat" = - ] || [ "${where#*:}" = direct ]; then echo 1; else echo "$repeat"; fi; }

run_guest() {
    local host=${where%:*} engine=${where#*:} stats=
    [ "$bound" = - ] || stats=yes
    if [ "$engine" = direct ]; then
        "direct_$host" "$image" "$limit"
    else
        timeout -s KILL $((limit + 30)) "$B/ring1" run --on "$host" --engine "$engine" --memory ${memory}M \
            --timeout "$limit" --repeat "$(runs)" ${stats:+--stats} "$image" </dev/null >"$log.out" 2>"$log.err"
    fi
}

# ---- What came of it

# The suite's failures that the file of differences does not excuse; a checkpoint before a line's end is dropped.
unexcused() {
    sed 's/\r$//; s/.*\r//' "$log.out" | grep -a '^FAIL ' | while read -r line; do
        test=$(sed -E 's/^FAIL [0-9]+ (.*) \[[a-z0-9]*\] got .*/\1/' <<<"$line")
        excused "$test" || echo "# $line"
    done
}

excused() {
    local w t
    while IFS='|' read -r w t _; do
        t=$(sed -E 's/^ +//; s/ +$//' <<<"$t")
        # shellcheck disable=SC2254
        case $where in ${w%% *}) [[ $1 =~ ^($t)$ ]] && return 0 ;; esac
    done < <(grep -v '^#' "$differ" | sed 's/| */|/g')
    return 1
}

# The console of one run; nothing, and a failure, if the runs of a session differ.
one_console() {
    local n part
    n=$(runs)
    part=$(($(stat -c %s "$log.out") / n))
    head -c $part "$log.out" >"$log.first"
    for ((i = 0; i < n; i++)); do cat "$log.first"; done | cmp -s - "$log.out" && tr -d '\r' <"$log.first"
}

# What ring1 said of each run's end, without what differs from host to host.
reported() {
    sed -nE 's/ \([A-Za-z][^()]*, [0-9]+ MiB, [0-9.]+ s\)$//; /^(ring1:|  run |  instruction |  no code )/p' "$log.err"
}

# The bounds that a counter of --stats is beyond, in any run; a counter that is not printed is 0.
beyond() {
    local b name relation limit value
    for b in $bound; do
        [[ $b =~ ^([a-z.]+)([<>]=)([0-9]+)$ ]] || { echo "$b is no bound" && continue; }
        name=${BASH_REMATCH[1]} relation=${BASH_REMATCH[2]} limit=${BASH_REMATCH[3]}
        while read -r value; do
            if [ "$relation" = '<=' ]; then [ "$value" -le "$limit" ]; else [ "$value" -ge "$limit" ]; fi ||
                echo "$name is $value, not $relation$limit"
        done < <(awk -v name="$name" '$2 == name { print $1; n++ } END { if (!n) print 0 }' "$log.err")
    done
}

judge() {
    local bad=
    case " $status " in
    *" $1 "*) ;;
    *) echo "exit status $1, not $status" && return ;;
    esac
    [ "$report" = - ] || [ "${where#*:}" = direct ] || grep -aqE "$report" "$log.err" ||
        { echo "the report does not match: $report" && return; }
    [ "$output" = - ] || grep -aqE "$output" "$log.out" || { echo "the output does not match: $output" && return; }
    [ "$(runs)" = 1 ] || one_console >/dev/null || { echo "the guest saw another machine in a later run" && return; }
    [ "$golden" = - ] || [ "$(one_console)" = "$(cat "$golden")" ] ||
        { echo "the output differs from $golden" && return; }
    [ "$reports" = - ] || bad=$(diff "$reports" <(reported)) || { echo "the reports differ from $reports:" "$bad" && return; }
    [ "$bound" = - ] || [ "${where#*:}" = direct ] || bad=$(beyond)
    [ -z "$bad" ] || { echo "$bad" && return; }
    [ "$differ" = - ] && return
    bad=$(unexcused)
    [ -z "$bad" ] || printf '%d tests failed\n%s\n' "$(wc -l <<<"$bad")" "$bad"
}

one_case() {
    local started=$SECONDS reason rc
    log=$out/$name-${where/:/-}
    image=$out/$name.bin
    run_guest
    rc=$?
    reason=$(judge $rc)
    if [ -z "$reason" ]; then
        echo "ok - $name $where ($((SECONDS - started)) s)"
    else
        echo "not ok - $name $where ($((SECONDS - started)) s): $reason"
        [ "${where#*:}" = direct ] || grep -avE '^ +(value|[0-9]+) ' "$log.err" | sed 's/^/#   /' | head -5
    fi >"$log.result"
    cat "$log.result"
}

# ---- All

list | grep -E "^[^	]*(${GUESTS:-})[^	]*	[^	]*(${RUNS:-})" >"$tmp/list"
cut -f1,3 "$tmp/list" | sort -u | while IFS=$'\t' read -r name kernel; do
    nasm -f bin -w+all -o "$out/$name.bin" "$kernel" || echo "# $kernel does not assemble"
done
while IFS=$'\t' read -r name where kernel status limit report output golden differ repeat reports bound; do
    while [ "$(jobs -rp | wc -l)" -ge $parallel ]; do wait -n; done
    one_case &
done <"$tmp/list"
wait
passed=$(cat "$out"/*.result | grep -c '^ok')
failed=$(($(wc -l <"$tmp/list") - passed))
finish
