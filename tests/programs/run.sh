#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One image on one machine: tests/programs/run.sh BUILD HOST:ENGINE IMAGE CONSOLE; `direct' is the machine without Ring1, the host `san' the
# sanitized process.
# MEMORY=MIB, LIMIT=SECONDS. Bochs loses the last characters. What Ring1 said is in CONSOLE.err; the time is bounded.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
host=${2%:*} engine=${2#*:} image=$3 console=$4
memory=${MEMORY:-32}
limit=${LIMIT:-120}

bochs_direct() {
    mkdir -p "$tmp/tree/boot/grub" && cp "$image" "$tmp/tree/guest.bin"
    printf 'multiboot /guest.bin\nboot\n' >"$tmp/tree/boot/grub/grub.cfg"
    grub-mkrescue -d /usr/lib/grub/i386-pc --locales= --fonts= --themes= \
        --install-modules="normal configfile multiboot iso9660 biosdisk" -o "$tmp/boot.iso" "$tmp/tree" >"$console.err" 2>&1
    bochs_config "$memory" "model=p4_prescott_celeron_336, ignore_bad_msrs=0" "$tmp/boot.iso" "$console" >"$tmp/bochsrc"
    echo c >"$tmp/rc"
    timeout -s KILL "$limit" bochs -q -f "$tmp/bochsrc" -rc "$tmp/rc" </dev/null >>"$console.err" 2>&1
}

case $2 in
bochs:direct) bochs_direct ;;
qemu:direct) timeout -s KILL "$limit" qemu-system-i386 -accel tcg -cpu max,-svm -machine pc -display none -nodefaults -no-reboot \
    -m "$memory" -kernel "$image" -serial "file:$console" -device isa-debug-exit,iobase=0x501,iosize=1 2>"$console.err" ;;
san:*) timeout -s KILL $((limit + 30)) "$B/san/ring1" run --on process --engine "$engine" --memory "${memory}M" --timeout "$limit" \
    "$image" </dev/null >"$console" 2>"$console.err" ;;
*) timeout -s KILL $((limit + 30)) "$B/ring1" run --on "$host" --engine "$engine" --memory "${memory}M" --timeout "$limit" "$image" \
    </dev/null >"$console" 2>"$console.err" ;;
esac
