#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every test and adds up: tests/check.sh BUILD [full]. Each part prints lines of its own; a part
# that prints "N passed, N failed" counts with those numbers, one that does not end properly counts
# as one failure. The last line is the sum.
set -u
B=$1
full=${2:-}
cd "$(dirname "$0")/.." || exit 3
passed=0
failed=0
start=$SECONDS
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT

add() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# A cmocka program: its closing lines say how many tests passed and failed.
unit() {
    local out p f
    out=$(timeout 600 "$1" 2>&1)
    local rc=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' <<<"$out" | tail -1)
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' <<<"$out" | tail -1)
    p=${p:-0}
    f=${f:-0}
    [ "$rc" -ne 0 ] && [ "$f" -eq 0 ] && f=1
    [ "$p" -eq 0 ] && [ "$f" -eq 0 ] && f=1
    add "$p" "$f"
    printf '%-40s %4d passed %3d failed\n' "$(basename "$1")" "$p" "$f"
    [ "$f" -eq 0 ] || tail -60 <<<"$out"
}

# The output FILE of the script NAME, whose last line is to be "N passed, N failed".
count() { # FILE NAME
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -1)
    if [ -n "$line" ]; then
        # shellcheck disable=SC2086
        set -- $line
        add "$1" "$3"
    else
        echo "$2 did not end properly"
        add 0 1
    fi
}

script() {
    echo "== $*"
    "$@" 2>&1 | tee "$scratch/out"
    count "$scratch/out" "$*"
}

# Scripts that run beside the others, one after another, as there are two processors and most of what a script does is one guest
# on one emulator. Their output comes when they have ended.
beside() {
    for s; do
        bash "tests/$s.sh" "$B" "$full" >"$scratch/$s" 2>&1
    done
}

shown() {
    for s; do
        echo "== tests/$s.sh $B $full, which ran beside others"
        cat "$scratch/$s"
        count "$scratch/$s" "tests/$s.sh"
    done
}

first=(loader fuzz guests programs boot process gdb observe lab-profile lab-hole lab image)
second=(virtio disk patch patched jit selftests zoo install)
alone=(clock) # compares two clocks by when their lines come: nothing else shall run
soak=(soak)
echo "== unit tests"
for t in "$B"/unit/test_*; do
    [ -x "$t" ] && case $t in *.d) ;; *) unit "$t" ;; esac
done
echo "== the decoder over the guest kernel's code"
for t in test_decode_oracle test_decode_binutils; do
    if "$B/unit/$t" "$B/guest/vmlinux"; then add 1 0; else add 0 1; fi
done
# The long soaks go on beside everything else, the short ones in a row with it.
if [ -n "$full" ]; then
    beside "${soak[@]}" &
else
    second+=("${soak[@]}")
    soak=()
fi
beside "${second[@]}" &
for s in "${first[@]}"; do
    script bash "tests/$s.sh" "$B" "$full"
done
wait
shown "${second[@]}" "${soak[@]}"
for s in "${alone[@]}"; do
    script bash "tests/$s.sh" "$B" "$full"
done
[ -z "$full" ] || script bash tests/coverage.sh "$B"
echo "took $((SECONDS - start)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
