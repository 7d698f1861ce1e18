#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Linux's own x86 tests (tools/selftests.sh builds them) in the Debian guest: under Ring1 on QEMU and in a process each
# program must end and print as it does on plain QEMU. tests/selftests.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# Half a minute; "full" adds the PAE kernel, the translator alone, the interpreter alone and the sanitized process.
# All lines of a program and its exit status are compared; selftests/differ allows some to differ, with reasons, and a row
# that no line needs is a failure.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
readonly limit=60 # guest seconds that a program may take: most take a tenth of one, one takes five

# Addresses are the same in each run without randomization, and the kernel's own words are kept from between the
# programs' lines. The programs' standard output is the console, so that a program that crashes has said what it did.
build_initrd() {
    mkdir -p "$tmp/root/scripts" "$tmp/root/lib" "$tmp/root/selftests"
    cp "$B/guest/selftests/bin/"* "$tmp/root/selftests/"
    cp "$B/guest/selftests/root/lib/i386-linux-gnu/"{ld-linux.so.2,libc.so.6} "$tmp/root/lib/"
    cat >"$tmp/root/scripts/selftests" <<-EOT
	dmesg -n 1
	echo 0 >/proc/sys/kernel/randomize_va_space
	for program in /selftests/*; do
	    echo "selftest: begins \${program##*/}"
	    timeout -s KILL $limit \$program </dev/null
	    echo "selftest: status \$?"
	done
	echo "selftest: begins kernel-log"
	dmesg | grep -E 'BUG|Oops|WARNING|Call Trace|stall|general protection|unable to handle' | sed 's/^\[[^]]*\] *//'
	echo "selftest: status 0"
	reboot -f
	EOT
    add_to_initrd "$tmp/root"
}

# What is left that may differ from run to run: the time that passes between two system calls, and process numbers,
# which depend on how many threads the kernel has needed (a system call's number is below 100 where they are printed).
normalise() {
    tr -d '\r' | sed -E 's/(vDSO time offsets:) [0-9.]+ [0-9.]+/\1 T T/; s/(NR = )[0-9]{3,},/\1PID,/'
}

# The console on standard input; what each program printed goes to NAME/PROGRAM.
split() {
    mkdir -p "$tmp/$1"
    normalise | tee "$tmp/$1.out" | awk -v to="$tmp/$1/" '
        /^selftest: begins / { file = to $3; printf "" >file; next }
        file { print >file }
        /^selftest: status / { close(file); file = "" }'
}

# Ring1's CPU has no SYSENTER, and Linux then enters the kernel otherwise: so the other has none either.
direct() { # NAME KERNEL
    timeout 300 qemu-system-i386 -accel tcg -cpu qemu32,-sep -m 128 -display none -nodefaults -no-reboot -serial stdio \
        -kernel "$B/guest/$2" -initrd "$tmp/initrd.img" -append "console=ttyS0 ring1.script=selftests" \
        </dev/null 2>"$tmp/$1.err" | split "$1"
}

ring1() { # NAME KERNEL RING1 ARGS...
    local name=$1 kernel=$2 ring1=$3
    shift 3
    timeout 660 "$ring1" run --timeout 600 --memory 128M --initrd "$tmp/initrd.img" \
        --append "console=ttyS0 ring1.script=selftests" "$@" "$B/guest/$kernel" </dev/null 2>"$tmp/$name.err" | split "$name"
    echo "${PIPESTATUS[0]}" >"$tmp/$name.status"
}

# The lines of standard input that no row of selftests/differ allows for PROGRAM in the run NAME; rows that do are noted.
unexplained() { # NAME PROGRAM
    local line
    while IFS= read -r line; do
        allowed "$1" "$2" "$line" || echo "$line"
    done
}

allowed() { # NAME PROGRAM LINE
    local row=0 where program pattern
    while IFS='|' read -r where program pattern _; do
        row=$((row + 1))
        # shellcheck disable=SC2053  # WHERE is a pattern
        if [[ $1 == ${where%% *} ]] && [ "$2" = "${program%% *}" ] && [[ $3 =~ ^${pattern%"${pattern##*[! ]}"}$ ]]; then
            echo "$row" >>"$tmp/needed"
            return 0
        fi
    done <"$tmp/differ"
    return 1
}

# A program that fails on plain QEMU would prove nothing.
check_oracle() { # NAME WHAT
    local program bad
    for program in "$tmp/$1/"*; do
        program=${program##*/}
        bad=$({ grep '^\[FAIL\]' "$tmp/$1/$program" || grep '^selftest: status [^0]' "$tmp/$1/$program"; } |
            sed 's/^/= /' | unexplained "$1" "$program")
        [ -z "$bad" ] && tail -1 "$tmp/$1/$program" | grep -q '^selftest: status'
        report $? "selftests: $2: $program passes" "$bad"
    done
    [ "$(find "$tmp/$1" -type f | wc -l)" = $(($(find "$B/guest/selftests/bin" -type f | wc -l) + 1)) ]
    report $? "selftests: $2: all programs ran" "$(tail -1 "$tmp/$1.out")"
}

check() { # NAME ORACLE WHAT
    local program bad
    for program in "$tmp/$2/"*; do
        program=${program##*/}
        bad=$(diff "$tmp/$2/$program" "$tmp/$1/$program" 2>&1 | grep -v '^[0-9-]' | unexplained "$1" "$program")
        [ -z "$bad" ]
        report $? "selftests: $3: $program" "$(head -8 <<<"$bad")"
    done
    [ "$(cat "$tmp/$1.status")" = 0 ]
    report $? "selftests: $3: the guest resets the machine" "status $(cat "$tmp/$1.status"); $(tail -1 "$tmp/$1.err")"
}

check_rows() {
    local row=0 line
    while IFS= read -r line; do
        row=$((row + 1))
        grep -qx $row "$tmp/needed" || echo "$line"
    done <"$tmp/differ" >"$tmp/useless"
    [ ! -s "$tmp/useless" ]
    report $? "selftests: every row of selftests/differ is needed" "$(cat "$tmp/useless")"
}

: >"$tmp/needed"
grep -v '^#' "$here/selftests/differ" | sed 's/| */|/g' >"$tmp/differ"
build_initrd
ring1 process vmlinuz "$B/ring1" --on process &
direct direct vmlinuz
wait
ring1 auto vmlinuz "$B/ring1"
check_oracle direct "plain QEMU"
check auto direct "engine auto"
check process direct "process host"
if [ "$full" = full ]; then
    direct direct-pae vmlinuz-pae
    ring1 auto-pae vmlinuz-pae "$B/ring1"
    ring1 process-pae vmlinuz-pae "$B/ring1" --on process
    ring1 translate vmlinuz "$B/ring1" --engine translate
    ring1 process-interp vmlinuz "$B/ring1" --on process --engine interp
    ring1 process-san vmlinuz "$B/san/ring1" --on process
    check_oracle direct-pae "plain QEMU, PAE kernel"
    check auto-pae direct-pae "PAE kernel, engine auto"
    check process-pae direct-pae "PAE kernel, process host"
    check translate direct "engine translate"
    check process-interp direct "process host, interpreter"
    check process-san direct "sanitized process"
fi
check_rows
finish
