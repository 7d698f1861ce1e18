#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random self-checking programs (tests/programs/): tests/programs.sh BUILD [full]. Each seed is a program of thousands of
# instructions; what it prints on plain Bochs is what it must print everywhere. The second set is without what
# TCG does otherwise, and runs on QEMU. A seed that differs is reduced, and printed with both traces.
#   SEEDS=A-B other seeds than the fixed ones      RUNS=REGEX picks runs (HOST:ENGINE)
# Consoles stay in BUILD/programs/runs/.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
programs=$B/programs/programs
runtime=$B/programs/runtime.bin
out=$B/programs/runs
readonly batch=20 parallel=2
rm -rf "$out" && mkdir -p "$out" || exit 3
export TMPDIR=$tmp
seeds=${SEEDS:-1-${full:+4}40}
first=${seeds%-*} last=${seeds#*-}
reduced=0

machine() { echo "bash '$here/programs/run.sh' '$B' $1"; }

# run HOST:ENGINE IMAGE: the console goes to IMAGE.HOST-ENGINE.
run() { bash "$here/programs/run.sh" "$B" "$1" "$2" "$2.${1/:/-}"; }

# The seeds whose programs printed something else. Bochs loses the last characters.
differing() { # CONSOLE CONSOLE
    diff <(by_seed "$1") <(by_seed "$2") | sed -n 's/^[<>] \([0-9]*\) .*/\1/p' | sort -nu | tr '\n' ' '
}
by_seed() { tr -d '\r' <"$1" | awk '/^end/ { exit } /^program / { seed = $2 } { print seed + 0, $0 }'; }

# reduce RUN OPTIONS SEED...: the first seed, reduced; no more than three in all.
reduce() {
    [ "$((reduced++))" -lt 3 ] || return
    # shellcheck disable=SC2086
    timeout 600 "$programs" reduce --runtime "$runtime" $2 -a "$(machine bochs:direct)" -b "$(machine "$1")" "$3" 2>/dev/null
}

# one_batch NAME OPTIONS FROM RUN...: on Bochs, and in each run.
one_batch() {
    local name=$1 options=$2 from=$3 to image run wrong
    to=$((from + batch - 1 < last ? from + batch - 1 : last))
    image=$out/$name-$from
    shift 3
    # shellcheck disable=SC2046,SC2086
    "$programs" make --runtime "$runtime" $options -o "$image" $(seq $from $to) || exit 3
    for run in bochs:direct "$@"; do
        while [ "$(jobs -rp | wc -l)" -ge $parallel ]; do wait -n; done
        run "$run" "$image" &
    done
    wait
    grep -q '^end' "$image.bochs-direct" && [ "$(grep -c '^tables' "$image.bochs-direct")" = $((to - from + 1)) ]
    report $? "$name $from-$to: Bochs runs them all" "$(tail -2 "$image.bochs-direct")"
    for run; do
        wrong=$(differing "$image.bochs-direct" "$image.${run/:/-}")
        [ -z "$wrong" ]
        report $? "$name $from-$to: $run as Bochs" "these seeds differ: $wrong
${wrong:+$(reduce "$run" "$options" ${wrong%% *})}"
    done
}

# set_of NAME OPTIONS RUN...: batch by batch.
set_of() {
    local name=$1 options=$2 from run runs=()
    shift 2
    for run; do [[ $run =~ ${RUNS:-.} ]] && runs+=("$run"); done
    for ((from = first; from <= last; from += batch)); do
        one_batch "$name" "$options" "$from" "${runs[@]}"
    done
}

# ---- The reducer itself: an atom that sees how much memory there is, between machines that have not the same. At a
# level that may not use ports it sees nothing, so the first of several that does is taken.
planted() {
    local n rc left
    for n in 60 260 460 660 860 1060 1260; do
        "$programs" reduce --runtime "$runtime" --plant $n -a "$(machine process:auto)" -b "MEMORY=40 $(machine process:auto)" 7 \
            >"$tmp/reduced" 2>/dev/null
        rc=$?
        [ $rc = 0 ] || break
    done
    [ $rc = 1 ] && grep -q 'reduced from [0-9]* atoms to 1 ' "$tmp/reduced" && grep -qx "    atom $((n - 1))" "$tmp/reduced" &&
        grep -q 'in al, 0x71' "$tmp/reduced" && grep -q 'eax *A [0-9a-f]*00  B [0-9a-f]*80' "$tmp/reduced"
    report $? "a planted difference is reduced to its atom" "status $rc
$(cat "$tmp/reduced")"
    "$programs" reduce --runtime "$runtime" --plant $n -a "$(machine process:auto)" -b "$(machine process:interp)" 7 >"$tmp/same" 2>&1
    [ $? = 0 ] && grep -q 'no difference' "$tmp/same"
    report $? "without a difference nothing is reduced" "$(cat "$tmp/same")"
    "$programs" make --runtime "$runtime" --plant $n -o "$tmp/image" 6 7 8
    run process:auto "$tmp/image"
    MEMORY=40 run process:interp "$tmp/image"
    [ "$(differing "$tmp/image.process-auto" "$tmp/image.process-interp")" != "" ]
    report $? "a planted difference is seen" "both printed the same"
    left=$(find "$tmp" -mindepth 1 -name 'ring1-*')
    [ -z "$left" ]
    report $? "nothing is left behind" "$left"
}

planted
if [ -z "$full" ]; then
    set_of all "" process:auto process:interp
    set_of direct --direct process:auto qemu:auto
else
    set_of all "" process:auto process:interp san:auto
    set_of direct --direct process:auto qemu:auto qemu:interp qemu:translate
fi
finish
