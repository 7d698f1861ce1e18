#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make coverage: what the unit tests, the toy guests and Linux run of the freestanding code, by gcov.
#   tools/coverage.sh BUILD [REGEX]
# BUILD/cov holds both built with COV=1. The counts of all objects made of a source are put together; lines
# and branches are those of the compiler without optimisation. Prints a table by file and by room: of the
# unit tests alone, of guests alone, of both. REGEX: also the lines of files with such names that nothing
# ran. The status is 1 if a test fails, a guest fails, or a room has less than 90 % of its lines.
#   KEEP=1 runs nothing anew and prints what was counted last
set -u
B=$(cd "$1" && pwd) || exit 3
what=${2:-}
cov=$B/cov
cd "$(dirname "$0")/.." || exit 3
least=90
status=0

forget() { find "$cov/host" "$cov/process" -name '*.gcda' -delete; }

# Two tests at a time; counts are added under a lock. What a test says is shown if it fails.
one_test() {
    timeout 600 "$1" >"$cov/${1##*/}.said" 2>&1 || {
        echo "FAILED: ${1##*/}"
        tail -20 "$cov/${1##*/}.said"
    }
}
unit_tests() {
    local t
    for t in "$cov"/unit/test_*; do
        while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
        one_test "$t" &
    done
    wait
}

linux() { # KERNEL MEMORY
    timeout 600 "$cov/ring1" run --on process --timeout 500 --memory "$2" --initrd "$B/guest/initrd.img" \
        --append "console=ttyS0 ring1.script=check" "$B/guest/$1" </dev/null >"$cov/$1.said" 2>&1
    grep -aEq 'ring1-guest: script [0-9]{3,} ok, 0 failed' "$cov/$1.said" || echo "FAILED: $1"
}
guests() {
    linux vmlinuz 256M &
    linux vmlinuz-pae 256M
    wait
    RUNS='process:' bash tests/guests.sh "$cov" | grep '^not ok' | sed 's/^not ok -/FAILED:/'
}

# Every line that has code, for each function that it is part of: SOURCE LINE COUNT BRANCHES, the last how
# often each branch was taken, by commas. A header's and a macro's are part of many.
counts() { # HOST|PROCESS
    find "$cov/$1" -name '*.gcno' |
        xargs gcov -t -j -b -c 2>/dev/null | awk '
        BEGIN { RS = "[{]\"branches\": " }
        /^\[/ {
            split($0, part, "]")
            n = split(part[1], taken, "\"count\": ")
            list = ""
            for (i = 2; i <= n; i++) list = list (i > 2 ? "," : "") (taken[i] + 0)
            count = line = $0
            sub(/^[^]]*\][^0-9]*/, "", count)
            sub(/.*"line_number": /, "", line)
            waits[++w] = (line + 0) " " (count + 0) " " (list == "" ? "-" : list)
        }
        /"file": "/ {
            sub(/.*"file": "/, ""); sub(/".*/, "")
            if (/^(bt|shadow|devices|monitor)\// && !/^monitor\/(pc|process)\//)
                for (i = 1; i <= w; i++) print $0, waits[i]
            w = 0
        }'
}

# The files that the interpreter is made of, besides monitor/interp/: the chapter of that name.
policy() { sed -n '/^## Policy/,/^## Interpreter/p' tools/reading.list | grep '^monitor/' | grep -vE 'screen|request|timer'; }

table() {
    policy >"$cov/policy"
    awk -v least=$least '
        FILENAME ~ /policy$/ { policy[$1] = 1; next }
        {
            side = FILENAME ~ /unit.counts$/ ? 1 : 2
            note($1, "L", $1 SUBSEP $2, $3)
            if ($4 == "-") next
            n = split($4, taken, ",")
            at = $1 SUBSEP $2
            if (!(at in shape) || n < shape[at]) shape[at] = n
            lists[++nlists] = side " " $1 " " $2 " " $4
        }
        function note(f, k, key, count) {
            file[key] = f; kind[key] = k
            if (count > 0) hit[key, side] = 1
        }
        # Copies of the same code are one: a branch is taken if it is in one of them.
        function fold(  i, j, p, n, taken, at) {
            for (i = 1; i <= nlists; i++) {
                split(lists[i], p, " ")
                side = p[1]; at = p[2] SUBSEP p[3]
                n = split(p[4], taken, ",")
                for (j = 1; j <= n; j++) note(p[2], "B", at SUBSEP (j - 1) % shape[at], taken[j])
            }
        }
        function room(f) {
            if (f ~ /^monitor\/interp\// || f in policy) return "interp"
            sub(/\/.*/, "", f)
            return f
        }
        function add(name, key,  k) {
            k = kind[key]
            all[name, k]++
            if ((key, 1) in hit) by[name, k, 1]++
            if ((key, 2) in hit) by[name, k, 2]++
            if ((key, 1) in hit || (key, 2) in hit) by[name, k, 3]++
        }
        function percent(name, k, s) {
            return all[name, k] ? sprintf("%5.1f", 100 * by[name, k, s] / all[name, k]) : "    -"
        }
        function row(name) {
            printf "%-30s %6d %s %s %s  %6d %s %s %s\n", name, all[name, "L"], percent(name, "L", 1), percent(name, "L", 2),
                percent(name, "L", 3), all[name, "B"], percent(name, "B", 1), percent(name, "B", 2), percent(name, "B", 3)
        }
        function head(name) {
            printf "\n%-30s  lines  unit guest  both   branch  unit guest  both\n", name
        }
        END {
            fold()
            for (key in file) { f = file[key]; add(f, key); add("= " room(f), key); add("= all", key); files[f] = room(f) }
            n = split("bt shadow interp devices monitor", rooms, " ")
            for (r = 1; r <= n; r++) {
                head(rooms[r])
                while (1) {
                    best = ""
                    for (f in files) if (files[f] == rooms[r] && (best == "" || f < best)) best = f
                    if (best == "") break
                    row(best); delete files[best]
                }
            }
            head("sum")
            for (r = 1; r <= n; r++) row("= " rooms[r])
            row("= all")
            for (r = 1; r <= 3; r++)
                if (100 * by["= " rooms[r], "L", 3] < least * all["= " rooms[r], "L"]) {
                    print rooms[r] ": less than " least " % of its lines"; low = 1
                }
            exit low
        }' "$cov/policy" "$cov/unit.counts" "$cov/guest.counts"
}

not_run() {
    cat "$cov/unit.counts" "$cov/guest.counts" | awk -v what="$what" '
        $1 ~ what { seen[$1, $2]; if ($3 > 0) hit[$1, $2] }
        END { for (k in seen) if (!(k in hit)) { split(k, p, SUBSEP); print p[1] ":" p[2] } }' | sort -t: -k1,1 -k2,2n |
        while IFS=: read -r file line; do echo "$file:$line: $(sed -n "${line}p" "$file")"; done
}

if [ -z "${KEEP:-}" ]; then
    forget
    {
        unit_tests
        guests
    } >"$cov/failed"
fi
counts host >"$cov/unit.counts"
counts process >"$cov/guest.counts"
table || status=1
[ -z "$what" ] || { echo && not_run; }
cat "$cov/failed"
[ -s "$cov/failed" ] && status=1
exit $status
