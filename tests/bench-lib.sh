# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What bench.sh and bench-process.sh share; read by them after lib.sh. A run's console goes to a file of its own, SET.KIND.NUMBER
# in $tmp, with lines of watch's among its own; medians are taken over these files.
options=console=ttyS0
kernel=vmlinuz # in the guests' folder

now_us() { echo "${EPOCHREALTIME/./}"; }
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# Copies the console to FILE and notes when the shell and the benchmark's clock lines came, in ms since START.
watch() {
    local start=$1 file=$2 line
    while IFS= read -r line; do
        echo "${line%$'\r'}"
        case $line in
        *"ring1-guest: shell ready"*) echo "bench ready $(($(now_ms) - start))" ;;
        "bench clock-begin "*) echo "host clock-begin $(($(now_ms) - start))" ;;
        "bench clock-end "*) echo "host clock-end $(($(now_ms) - start))" ;;
        esac
    done >"$file"
}

run_direct() { # FILE KERNEL-OPTIONS
    timeout 1800 qemu-system-x86_64 -accel tcg -cpu max,-svm,-vmx,-la57 -m 256 -display none -nodefaults \
        -no-reboot -serial stdio -kernel "$B/guest/$kernel" -initrd "$tmp/initrd.img" -append "$options $2" \
        </dev/null 2>/dev/null | watch "$(now_ms)" "$1"
}

run_ring1() { # FILE KERNEL-OPTIONS RING1-OPTIONS...: messages in FILE.err
    local file=$1 append=$2
    shift 2
    "$B/ring1" run --timeout 900 "$@" --memory 256M --initrd "$tmp/initrd.img" --append "$options $append" \
        "$B/guest/$kernel" </dev/null 2>"$file.err" | watch "$(now_ms)" "$file"
}

# The median of "bench NAME VALUE ..." over the runs of a SET.KIND, or "none".
median() {
    cat "$tmp/$1".[0-9]* 2>/dev/null | awk -v k="$2" '$1 == "bench" && $2 == k { print $3 }' |
        sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)]; else print "none" }'
}

# For awk: VALUE in units of FACTOR nanoseconds as text; R as a ratio against a GOAL, which may be empty.
awk_text='
    function time(value, factor,   ns) {
        if (value == "none") return "-"
        ns = value * factor
        if (ns < 1e4) return sprintf("%.1f ns", ns)
        if (ns < 1e7) return sprintf("%.1f us", ns / 1e3)
        return ns < 1e10 ? sprintf("%.1f ms", ns / 1e6) : sprintf("%.1f s", ns / 1e9)
    }
    function verdict(r, goal) { return goal == "" ? "" : sprintf("<= %-5s %s", goal, r <= goal ? "reached" : "MISSED") }'

# How far the guest's clock went while the host's went from one clock line to the other. Figures of a guest whose
# clock stood still while it worked are too good.
clocks() { # SET KIND
    awk -v s="$1" -v k="$2" '
        $2 == "clock-begin" { b[$1] = $3 }
        $2 == "clock-end" { sum[$1] += $3 - b[$1] }
        END {
            if (!sum["host"]) exit
            off = 100 * (sum["bench"] / sum["host"] - 1)
            printf "%-34s %+.2f %% over %.1f s%s\n", "guest clock, " s ", " k, off, sum["host"] / 1000,
                (off * off > 1 ? ": DO NOT TRUST these figures" : "") }' "$tmp/$1.$2".[0-9]*
}
