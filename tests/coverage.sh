#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The coverage that is promised: tests/coverage.sh BUILD. `make coverage' builds, runs and counts; each room
# of the translator, shadow paging and the interpreter is a case, and so is that all of it ran.
. "$(dirname "$0")/lib.sh"
cd "$here/.." || exit 3
make --no-print-directory B="$B" coverage >"$tmp/said" 2>&1
status=$?
for room in bt shadow interp; do
    line=$(grep "^= $room " "$tmp/said")
    [ -n "$line" ] && ! grep -q "^$room: less than" "$tmp/said"
    report $? "coverage of $room: $(awk '{ print $6 " % of lines, " $10 " % of branches" }' <<<"$line")" "$(tail -3 "$tmp/said")"
done
report $status "coverage: all that was to be run passed" "$(grep -E '^FAILED|less than|Error' "$tmp/said"; tail -3 "$tmp/said")"
sed -n '/^sum/,$s/^/# /p' "$tmp/said"
finish
