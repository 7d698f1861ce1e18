#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make lint: format, headers that stand alone, the include law, lengths, cppcheck. BUILD is for scratch
# files. One line a finding, "file:line: what"; the status is 1 if there was any.
#   tools/lint.sh [BUILD]
set -u
B=${1:-build}/lint
cd "$(dirname "$0")/.." || exit 3
mkdir -p "$B"
: >"$B/findings"

rooms=(bt devices loader monitor shadow tools/lab)
mapfile -t sources < <(find "${rooms[@]}" -name '*.[ch]' -o -name '*.asm' | sort)
mapfile -t code < <(find "${rooms[@]}" tests -name '*.[ch]' | sort)
mapfile -t rooms_c < <(find "${rooms[@]}" -name '*.c' | sort)
mapfile -t scripts < <(find tools tests .ci -name '*.sh' -o -path .ci/run | sort)

# Findings come on standard input.
part() {
    tee "$B/part"
    cat "$B/part" >>"$B/findings"
    printf '%-16s %d\n' "$1" "$(wc -l <"$B/part")"
}

formatting() {
    printf '%s\n' "${code[@]}" | xargs clang-format --dry-run 2>&1 |
        sed -n 's/^\([^ :]*:[0-9]*\):[0-9]*: .*code should be clang-formatted.*/\1/p' |
        sort -u | awk -F: '!seen[$1]++ { print $0 ": not as clang-format has it" }'
}

# Every header compiles by itself, and twice over. Tests may use the GNU library's own.
one_header() {
    local gnu=
    case $1 in tests/*) gnu=-D_GNU_SOURCE ;; esac
    printf '#include "%s"\n#include "%s"\n' "$1" "$1" |
        gcc -std=gnu11 -Wall -Wextra -Wundef -Wstrict-prototypes -Wno-unused-function -Werror -I. $gnu \
            -x c -fsyntax-only - 2>"$B/header" ||
        echo "$1:1: does not compile by itself: $(grep -m1 error "$B/header")"
}
headers() {
    local h
    for h in "${code[@]}"; do
        case $h in *.h) one_header "$h" ;; esac
    done
}

# reading.list names every source once; a file includes only what stands above it.
reading_order() {
    awk -v list=tools/reading.list '
        function finding(file, line, what) { print file ":" line ": " what }
        FILENAME == list {
            if (/^#/ || NF == 0) next
            if ($0 in place) finding(list, FNR, $0 " is named twice")
            place[$0] = ++n; at[$0] = FNR
            next
        }
        FNR == 1 {
            seen[FILENAME] = 1
            if (!(FILENAME in place)) finding(list, 1, FILENAME " is missing")
        }
        /^#include "/ {
            split($0, part, "\"")
            if (!(part[2] in place)) finding(FILENAME, FNR, part[2] " is not in " list)
            else if (FILENAME in place && place[part[2]] >= place[FILENAME])
                finding(FILENAME, FNR, part[2] " stands below it in " list)
        }
        END { for (f in place) if (!(f in seen)) finding(list, at[f], f " does not exist") }
    ' tools/reading.list "${sources[@]}"
}

# Which rooms a file of a room may include. The first row that matches decides.
rooms_law() {
    grep -n '^#include "' "${sources[@]}" | sed 's/#include "\(.*\)".*/\1/' | awk -F: '
        function rank1(f) {
            return f ~ /^monitor\/(types|x86|layout|abi|host|host_io|plan|mem|log|stats|tc|vcpu|vm|pool|guestmem|guestwalk|trace|dma)\.h$/
        }
        function allowed(from, to) {
            if (from ~ /^bt\/decode\//) return to ~ /^bt\/decode\// || to ~ /^monitor\/(types|x86|log|mem)\.h$/
            if (from ~ /^bt\//) return to ~ /^bt\// || rank1(to)
            if (from ~ /^shadow\//) return to ~ /^shadow\// || rank1(to)
            if (from ~ /^devices\//) return to ~ /^devices\// || rank1(to)
            if (from ~ /^tools\/lab\//) return to !~ /^monitor\/(pc|process)\//
            if (from ~ /^loader\/patch\//)
                return to ~ /^loader\// || to == "bt/decode/insn.h" || to == "tools/lab/profile/symbols.h"
            if (from ~ /^loader\/census\.c$/) return to ~ /^loader\// || to == "bt/decode/insn.h"
            if (from ~ /^loader\/process\.c$/) return to ~ /^loader\// || to == "monitor/process/process.h"
            if (from ~ /^loader\//) return to ~ /^loader\// || to ~ /^monitor\/plan\.h$/
            if (to ~ /^monitor\/process\//) return from ~ /^monitor\/process\//
            if (from ~ /^monitor\/pc\//) return to ~ /^monitor\//
            if (to ~ /^monitor\//) return to !~ /^monitor\/pc\//
            return to ~ /^bt\/(bt|decode\/(op|insn))\.h$|^shadow\/shadow\.h$|^devices\/board\.h$/
        }
        !allowed($1, $3) { print $1 ":" $2 ": must not include " $3 }'
}

# Privileged instructions in assembler within C, outside monitor/pc.
privileged() {
    local f
    for f in "${sources[@]}"; do
        case $f in monitor/pc/* | *.asm) continue ;; esac
        awk -v file="$f" '
            /__asm__|[^a-z_]asm[ (]/ { inside = 1 }
            inside && /"([^"]*([^a-z_%"]|\\[nt]))?(cli|sti|hlt|[ls][gi]dt|lldt|ltr|lmsw|clts|invlpg|invd|wbinvd|wrmsr|rdmsr|xsetbv|swapgs|iretq?|sysretq?|sysexit|in[bwl]|out[bwl]|ins[bwl]|outs[bwl])([^a-z_]|$)/ {
                print file ":" FNR ": a privileged instruction outside monitor/pc" }
            inside && /%%?[cd]r[0-9]/ { print file ":" FNR ": a control register outside monitor/pc" }
            /;/ { inside = 0 }' "$f"
    done
}

no_conditionals() {
    grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif|else)\b' "${rooms_c[@]}" |
        sed 's/^\([^:]*:[0-9]*\):.*/\1: conditional compilation in a .c file/'
}

# Files: 500 lines of C, 200 of header, 250 of assembler. Functions: 60 lines from brace to brace.
lengths() {
    awk '
        FNR == 1 {
            check()
            file = FILENAME; start = 0
            most = file ~ /\.asm$/ ? 250 : file ~ /\.h$/ ? 200 : 500
        }
        { lines = FNR }
        /^\{/ { start = FNR }
        /^\}/ {
            if (start && FNR - start + 1 > 60)
                print file ":" start ": a function of " FNR - start + 1 " lines, 60 are the most"
            start = 0
        }
        function check() {
            if (file && lines > most) print file ":" lines ": " lines " lines, " most " are the most"
        }
        END { check() }' "${sources[@]}" tests/unit/*.[ch]
}

# Each file opens with the licence line and a paragraph.
openings() {
    local f
    for f in "${sources[@]}"; do
        awk -v file="$f" '
            NR == 1 && !/SPDX-License-Identifier: GPL-2.0-or-later/ { print file ":1: no SPDX line" }
            NR == 3 && !/^( \*|;) [^ ]/ { print file ":3: no opening paragraph" }
            NR == 3 { exit }' "$f"
    done
}

checker() {
    cppcheck --quiet --std=c11 --platform=unix64 --inline-suppr --enable=warning,performance,portability \
        --suppressions-list=tools/cppcheck.list --template='{file}:{line}: {message} [{id}]' \
        -j2 --cppcheck-build-dir="$B/cppcheck" -I. "$@" 2>&1 | grep -E '^[^ :]+:[0-9]+: '
}
static_analysis() {
    mkdir -p "$B/cppcheck"
    checker "${rooms_c[@]}"
}

scripts_parse() {
    local s
    for s in "${scripts[@]}"; do
        bash -n "$s" 2>&1 | sed -n 's/^\([^:]*\): line \([0-9]*\): /\1:\2: /p'
    done
}

# docs/stats.md is made from monitor/stats.h.
stats_page() {
    sh tools/stats.sh | cmp -s - docs/stats.md || echo "docs/stats.md:1: not what tools/stats.sh prints"
}

formatting | part "format"
headers | part "headers"
reading_order | part "reading order"
rooms_law | part "rooms"
privileged | part "privileged"
no_conditionals | part "conditionals"
lengths | part "lengths"
openings | part "openings"
static_analysis | part "cppcheck"
scripts_parse | part "scripts"
stats_page | part "stats page"
n=$(wc -l <"$B/findings")
echo "lint: ${#sources[@]} sources, $n findings"
[ "$n" -eq 0 ]
