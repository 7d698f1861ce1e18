#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The images that `ring1 image` makes, booted as a PC would boot them: tests/image.sh BUILD [full]
# On QEMU from CD and from disk, and on Bochs from CD, with no debug port, so that the log is on COM1 and
# on the text screen. Each case is one line "ok - ..." or "not ok - ..."; last "N passed, N failed".
# "full" boots Linux on Bochs, too.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
machine=
trap '[ -z "$machine" ] || kill -9 $machine 2>/dev/null; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 3

# wait_for SECONDS PATTERN: until it is in the serial output, or the machine has gone.
wait_for() {
    for _ in $(seq $(($1 * 5))); do
        grep -aq "$2" serial 2>/dev/null && return 0
        kill -0 $machine 2>/dev/null || return 1
        sleep 0.2
    done
    return 1
}

stop() {
    kill $machine 2>/dev/null
    wait $machine 2>/dev/null
    machine=
}

# on_qemu SECONDS ARGS: to the monitor's last line; the text screen goes to the file screen.
on_qemu() {
    local limit=$1
    shift
    rm -f serial memory keys screen
    mkfifo keys
    qemu-system-x86_64 -accel tcg -machine pc -cpu max,svm=off,vmx=off,la57=off -nodefaults -no-user-config \
        -no-reboot -display none -vga std -m 512 -serial file:serial -monitor stdio "$@" <keys >monitor 2>&1 &
    machine=$!
    exec 9>keys
    wait_for "$limit" '^ring1-exit: ' && sleep 0.3
    echo "pmemsave 0xb8000 4000 memory" >&9
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ "$(stat -c %s memory 2>/dev/null)" = 4000 ] && break
        sleep 0.1
    done
    stop
    exec 9>&-
    tr -d '\007' <memory | fold -w 80 | sed 's/ *$//' >screen # every other byte is the colour grey
}

# on_bochs SECONDS PATTERN IMAGE: until PATTERN comes out of COM1.
on_bochs() {
    rm -f serial
    bochs_config 256 "model=corei7_icelake_u, ignore_bad_msrs=1" "$3" serial >bochsrc
    echo c >debugger.rc
    bochs -q -f bochsrc -rc debugger.rc </dev/null >bochs.out 2>&1 &
    machine=$!
    wait_for "$1" "$2"
    stop
}

says() { # NAME FILE PATTERN...
    local name=$1 file=$2 p why=
    shift 2
    for p; do
        tr -d '\r' <"$file" | grep -aqE -- "$p" || why="${why}no /$p/; "
    done
    [ -z "$why" ]
    report $? "$name" "$why$(tail -3 "$file" | tr '\n' '|')"
}

toy suite
toy triple hostile/

# ---- Making them

"$B/ring1" image -o toy.iso --memory 32M suite.bin 2>err
report $? "an image of a toy kernel" "$(cat err)"
"$B/ring1" image -o bad.iso --memory 32M triple.bin 2>>err
ls -A >files
[ -s toy.iso ] && ! grep -q 'iso\.' files
report $? "no scratch file stays beside it" "$(tr '\n' ' ' <files)"

# ---- Starting them

on_qemu 60 -cdrom toy.iso
says "QEMU, from CD: guest and log on COM1" serial '^ring1: monitor in ring 0' '^suite: [0-9]+ passed' '^ring1-exit: 0 guest-off: '
says "and the log on the text screen" screen '^ring1: monitor in ring 0, 64-bit$' '^ring1-exit: 0 guest-off: '
on_qemu 60 -drive file=bad.iso,format=raw,if=ide,snapshot=on
says "QEMU, from disk: a guest that is killed" serial '^report: triple fault' '^ring1-exit: 5 guest-killed'
on_qemu 60 -cdrom bad.iso -m 64
says "a machine with too little memory says so" serial 'give the host more memory|not enough memory|no memory' '^ring1-exit: 3 host-trouble'
on_bochs 60 '^ring1-exit: ' bad.iso
says "Bochs, from CD" serial '^ring1: monitor in ring 0' '^ring1-exit: 5 guest-killed'

"$B/ring1" image -o linux.iso --memory 64M --initrd "$B/guest/initrd.img" \
    --append "console=ttyS0 ring1.script=none" "$B/guest/vmlinuz" 2>err
report $? "an image of Linux" "$(cat err)"
on_qemu 120 -cdrom linux.iso
says "QEMU, from CD: Linux to its shell" serial 'ring1-guest: shell ready' '^ring1-exit: 0 guest-off: the guest reset'
if [ -n "$full" ]; then
    on_bochs 900 '^ring1-exit: ' linux.iso
    says "Bochs, from CD: Linux to its shell" serial 'ring1-guest: shell ready' '^ring1-exit: 0 guest-off: the guest reset'
fi

finish
