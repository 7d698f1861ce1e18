#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots the default guest under Ring1 in every way that is promised. tests/boot.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# "full" adds what takes long: Bochs, the interpreter alone, 3 GiB.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
kernel=vmlinuz
initrd=$B/guest/initrd.img

# boot NAME TIMEOUT SCRIPT ARGS...: console in NAME.out, messages in NAME.err, status in NAME.status.
boot() {
    local name=$1 limit=$2 script=$3
    shift 3
    timeout $((limit + 60)) "$B/ring1" run --timeout "$limit" --stats "$@" --initrd "$initrd" \
        --append "console=ttyS0 ring1.script=$script" "$B/guest/$kernel" \
        </dev/null >"$tmp/$name.out" 2>"$tmp/$name.err"
    echo $? >"$tmp/$name.status"
    tr -d '\r' <"$tmp/$name.out" >"$tmp/$name.txt"
}

# The guest reached its shell and reset the machine.
check_shell() {
    local status
    status=$(cat "$tmp/$1.status")
    [ "$status" = 0 ] && grep -q 'ring1-guest: shell ready' "$tmp/$1.txt"
    report $? "$2" "status $status; $(tail -1 "$tmp/$1.err")"
}

check_script() {
    grep -Eq 'ring1-guest: script [0-9]{3,} ok, 0 failed' "$tmp/$1.txt"
    report $? "$2" "$(grep -E '^FAIL|ring1-guest: script' "$tmp/$1.txt" | head -5 | tr '\n' ';')"
}

# What the script says, step by step, without what the kernel says between.
steps() { grep -E '^(# |ok |FAIL |ring1-guest: script )' "$tmp/$1.txt"; }
check_same() { # NAME OTHER TEXT
    [ -n "$(steps "$1")" ] && cmp -s <(steps "$1") <(steps "$2")
    report $? "$3" "$(diff <(steps "$1") <(steps "$2") | head -5)"
}

# Lines of a kernel log that speak of trouble, without times and addresses.
trouble() {
    sed -n '/ring1-guest: dmesg begins/,/ring1-guest: dmesg ends/p' "$1" |
        grep -E 'BUG|Oops|WARNING|Call Trace|rcu:.*stall|general protection|unable to handle|Kernel panic|ACPI.*(Error|Warning|Exception)' |
        sed -E 's/^\[[^]]*\] *//; s/[0-9a-f]{8}/X/g' | sort -u
}

check_dmesg() {
    local new
    new=$(comm -13 <(trouble "$tmp/direct.txt") <(trouble "$tmp/$1.txt"))
    grep -q 'ring1-guest: dmesg ends' "$tmp/$1.txt" && [ -z "$new" ]
    report $? "$2" "${new:-no kernel log}"
}

stat_of() { awk -v k="$2" '$2 == k { print $1 }' "$tmp/$1.err"; }

# The same guest on plain QEMU: the oracle for the kernel's log.
direct() {
    timeout 400 qemu-system-i386 -accel tcg -m 256 -display none -nodefaults -no-reboot -serial stdio -serial null \
        -kernel "$B/guest/vmlinuz" -initrd "$B/guest/initrd.img" \
        -append "console=ttyS0 ring1.script=check" </dev/null 2>/dev/null | tr -d '\r' >"$tmp/direct.txt"
    grep -Eq 'ring1-guest: script [0-9]{3,} ok, 0 failed' "$tmp/direct.txt"
    report $? "plain QEMU passes the script" "$(tail -3 "$tmp/direct.txt")"
}

direct
boot auto 600 check --memory 256M
check_shell auto "engine auto, 256 MiB: shell and reset"
check_script auto "engine auto: the script of a few hundred commands"
check_dmesg auto "engine auto: no trouble in dmesg that plain QEMU lacks"
[ "$(stat_of auto run.user)" -gt 1000 ] && [ -z "$(stat_of auto fallback.real)" ]
report $? "engine auto: user code ran directly" "run.user $(stat_of auto run.user)"

boot translate 400 none --engine translate --memory 256M
check_shell translate "engine translate, 256 MiB: shell and reset"
# Debian's kernel unpacks itself above 16 MiB and needs 33 MiB for that, on plain QEMU too; smaller
# memories are tests/guests.sh's.
boot small 400 none --memory 36M
check_shell small "engine auto, 36 MiB: shell and reset"
boot large 400 none --memory 1G
check_shell large "engine auto, 1 GiB: shell and reset"

# The PAE kernel says whether the CPU that it sees has NX; every host of Ring1's has it.
kernel=vmlinuz-pae
boot pae 600 check --memory 256M
check_shell pae "PAE kernel, engine auto, 256 MiB: shell and reset"
check_script pae "PAE kernel: the script of a few hundred commands"
check_dmesg pae "PAE kernel: no trouble in dmesg that plain QEMU lacks"
grep -q 'NX (Execute Disable) protection: active' "$tmp/pae.txt"
report $? "PAE kernel: NX is active" "$(grep NX "$tmp/pae.txt" | head -1)"
boot pae-translate 400 none --engine translate --memory 64M
check_shell pae-translate "PAE kernel, engine translate, 64 MiB: shell and reset"
boot pae-large 400 none --memory 1536M
check_shell pae-large "PAE kernel, engine auto, 1.5 GiB: shell and reset"
kernel=vmlinuz

# The same in an ordinary process, two of them at once.
boot process 400 check --on process --memory 256M &
kernel=vmlinuz-pae
boot process-pae 400 check --on process --memory 1536M
kernel=vmlinuz
wait
check_shell process "process host, 256 MiB: shell and reset"
check_script process "process host: the script of a few hundred commands"
check_dmesg process "process host: no trouble in dmesg that plain QEMU lacks"
check_shell process-pae "process host, PAE kernel, 1.5 GiB, beside it: shell and reset"
check_script process-pae "process host, PAE kernel: the script"
check_same direct auto "the script says on the PC what it says on plain QEMU"
check_same auto process "the script says in a process what it says on the PC"

# The most memory that a guest can have. It is the host's only when it is used.
boot process-most 400 none --on process --memory 3G
check_shell process-most "process host, 3 GiB: shell and reset"
grep -Eq 'ring1-guest: Linux .*, (29|30)[0-9]{5} kB' "$tmp/process-most.txt"
report $? "process host, 3 GiB: Linux uses it" "$(grep ring1-guest: "$tmp/process-most.txt" | head -1)"

# An interactive session: what is typed at the prompt reaches the guest's shell. (Earlier input may be
# flushed by the guest itself, as it opens and closes its console.)
type_at_prompt() {
    for _ in $(seq 1200); do
        grep -qa 'guest# ' "$tmp/typed.out" && break
        sleep 0.2
    done
    printf 'echo $((6 * 7))-typed\npoweroff -f\n'
}
typed() { # HOST
    : >"$tmp/typed.out"
    type_at_prompt | timeout 300 "$B/ring1" run --on "$1" --timeout 240 --initrd "$B/guest/initrd.img" \
        --append "console=ttyS0" "$B/guest/vmlinuz" >"$tmp/typed.out" 2>"$tmp/typed.err"
    status=$?
    grep -q '42-typed' "$tmp/typed.out" && [ "$status" = 0 ]
    report $? "$1: the shell answers what is typed" "status $status; $(tail -1 "$tmp/typed.err")"
    grep -q 'guest-off: the guest switched the machine off' "$tmp/typed.err"
    report $? "$1: the guest switches the machine off by ACPI" "$(tail -1 "$tmp/typed.err")"
}
typed qemu
typed process

# Files of 2.5 GiB, read again.
fill_memory() {
    mkdir -p "$tmp/root/scripts"
    cat >"$tmp/root/scripts/fill" <<-'EOT'
	mkdir /full && mount -t tmpfs -o size=2700M none /full && cd /full
	i=0
	while [ $i -lt 20 ]; do yes "file $i" | head -c 134217728 >$i; i=$((i + 1)); done
	i=0
	while [ $i -lt 20 ] && yes "file $i" | head -c 134217728 | cmp - $i; do i=$((i + 1)); done
	echo "ring1-guest: $i files are whole"
	EOT
    add_to_initrd "$tmp/root"
    initrd=$tmp/initrd.img
    boot fill 900 fill --on process --memory 3G
    initrd=$B/guest/initrd.img
    check_shell fill "process host, 3 GiB: shell and reset after all of it was in use"
    grep -q 'ring1-guest: 20 files are whole' "$tmp/fill.txt"
    report $? "process host, 3 GiB: files of 2.5 GiB are read as they were written" "$(tail -3 "$tmp/fill.txt")"
}

if [ "$full" = full ]; then
    boot twice 200 none --repeat 2
    [ "$(grep -c 'ring1-guest: shell ready' "$tmp/twice.txt")" = 2 ]
    report $? "the guest boots again in the same session" "$(tail -1 "$tmp/twice.err")"
    boot most 400 none --memory 3G
    check_shell most "engine auto, 3 GiB: shell and reset"
    fill_memory
    boot bochs 1800 none --on bochs --memory 64M
    check_shell bochs "Bochs, engine auto: shell and reset"
    boot interp 5400 none --engine interp --memory 64M
    check_shell interp "engine interp: shell and reset"
fi

finish
