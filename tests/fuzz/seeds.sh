#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where a fuzzer begins: tests/fuzz/seeds.sh TARGET DIR fills DIR with inputs for it, from the golden
# instructions, from seeds/*.asm, and from corpus/TARGET.hex, where each line is one input that a longer
# run found, in hexadecimal (_N_: N bytes of zeros), or one that showed a bug.
#   tests/fuzz/seeds.sh --pack DIR prints DIR's files as such lines
set -eu
cd "$(dirname "$0")/../.."
n=0

# The instructions of FILE's column COLUMN between bars, each behind HEAD.
golden() { # FILE COLUMN HEAD
    local line
    sed 's/#.*//' "tests/golden/$1" | cut -d'|' -f"$2" | while read -r line; do
        [ -z "$line" ] || echo "$3 $line"
    done
}

# text KIND TEXT: an input of the text fuzzer.
text() {
    n=$((n + 1))
    # shellcheck disable=SC2059
    printf "\\x0$1$2" >"$to/text$n"
}

# Each line of the standard input that is not empty is an input.
each() {
    local bytes
    while read -r bytes; do
        n=$((n + 1))
        # shellcheck disable=SC2059
        printf -- "$bytes" >"$to/$(printf %04d $n)"
    done < <(awk '
        { gsub(/ /, "") }
        /./ {
            while (match($0, /_[0-9]+_/)) {
                zeros = sprintf("%*s", 2 * substr($0, RSTART + 1, RLENGTH - 2), "")
                gsub(/ /, "0", zeros)
                $0 = substr($0, 1, RSTART - 1) zeros substr($0, RSTART + RLENGTH)
            }
            print
        }' | sed 's/../\\x&/g')
}

assemble() { # NAME OUTPUT [OPTION...]
    nasm -f bin -w-all -o "$2" "${@:3}" "tests/fuzz/seeds/$1.asm"
}

# The payload $to/elf packed by COMMAND with its size behind it, to the file OUTPUT.
packed() { # OUTPUT COMMAND...
    { "${@:2}" <"$scratch/elf" && printf "$(printf '\\x%x' $((size & 255)) $((size >> 8)) 0 0)"; } >"$1"
}

# One block of literals alone.
lz4() {
    printf "\\x02\\x21\\x4c\\x18$(printf '\\x%x' $(((size + 2) & 255)) $(((size + 2) >> 8)) 0 0)\\xf0"
    printf "$(printf '\\x%x' $((size - 15)))"
    cat
}

payloads() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    assemble elf "$scratch/elf" -DBARE
    truncate -s 260 "$scratch/elf"
    size=260
    gzip -9n <"$scratch/elf" >"$1/gzip"
    packed "$1/xz" xz --check=crc32 --x86 --lzma2=dict=4KiB
    packed "$1/lzma" xz --format=lzma
    packed "$1/zstd" zstd -q
    packed "$1/lz4" lz4
    cp "$scratch/elf" "$1/none"
}

hexdump_lines() {
    local f
    for f in "$1"/*; do
        od -An -v -tx1 "$f" | tr -d '\n' | sed 's/ //; s/$/ /' |
            awk '{ while (match($0, /00 00 00 00 00 00 00 00 (00 )*/)) $0 = substr($0, 1, RSTART - 1) "_" RLENGTH / 3 "_" substr($0, RSTART + RLENGTH)
                   gsub(/ /, ""); print }'
    done | sort -u
}

if [ "$1" = --pack ]; then
    hexdump_lines "$2"
    exit
fi
to=$2
mkdir -p "$to"
case $1 in
decoder)
    each < <(sed -n 's/^32 \([0-9a-f ]*\).*/01 \1/p; s/^16 \([0-9a-f ]*\).*/00 \1/p' tests/golden/decode.in)
    ;;
translator)
    for head in '00 02' '18 00' '3f 00' '47 00' '84 0d'; do
        each < <(golden translate.in 2 "$head 0010c000 00100000 0001 00")
    done
    ;;
interp)
    for head in 00 09 1b 25; do
        each < <(golden translate.in 2 "$head 00 02000000 00 10 00 00")
    done
    # Far transfers, system instructions, ports; in 32-bit code, with ticks, and from user code.
    for head in 00 09 41 02 06; do
        each < <(sed "s/^/$head 00 02000000 01 10 00 00 /" <<-EOT
	ea00000400 0800 90
	ea00000000 3800 90
	9a00000000 6000 cb
	9a00000400 0800 cb
	6a10 6830010000 6a2b 6800000400 cf
	6a33 6800000300 6802020000 6a2b 6800000400 cf
	6802000000 6a08 6800000400 cf
	6a2b 6800000400 cb
	cd80 cc 0f0b ce f1
	b868000000 8ed8 a100000000 8ec0 8ee8 07 1f
	b8100000008ed0 90 9c 9d
	0f20c0 0d00000080 0f22c0 90
	0f20c0 25feffffff 0f22c0
	b801100000 0f22d8 0f0138 0f20e0 83c820 0f22e0
	b850000000 0f00d8 b848000000 0f00d0 0f00c0 0f00c8
	b82b000000 0f02c8 0f03c8 0f00e0 0f00e8 63c8
	b910000000 0f32 0f30 b9800000c0 0f32 0f30 0fa2 0f31 0f33
	6800010000 0f011424 0f011c24 0f0104240f010c24 0f01e0 0f01f0
	0f21f8 0f23f8 0f21c00f23c0 0f06 0f08 0f09
	e464 e620 e560 e760 ec ed ee ef b903000000 f36c f36d f36e f36f
	fb f4
	b903000000 f3a4 f3a5 f3ab f3a6 f2ae ac ad aa af
	60 61 c8100002 c9 6806 0666 0f b2 20 0fb420 c520 c420
	d9eb dd1c24 0fae0424 0fae0c24 9b dbe3 0f77 0f6f0424
	0fc70c24 f00fb10c24 0fc10c24 0fba2c2403 d5 0a d40a 27 2f 37 3f 62 0424
	EOT
	)
    done
    ;;
unpack)
    payloads "$to"
    ;;
kernel)
    mkdir -p "$to/packed"
    payloads "$to/packed"
    for f in "$to"/packed/*; do
        assemble bzimage "$to/bz.${f##*/}" "-DPAYLOAD=\"$f\""
    done
    rm -r "$to/packed"
    assemble elf "$to/elf"
    assemble elf "$to/multiboot.elf" -DMULTIBOOT
    assemble multiboot "$to/multiboot"
    ;;
plan)
    assemble plan "$to/plan"
    ;;
patch) # the good kernel; files
    each <<-EOT
	01 000000
	01 340003 950003
	EOT
    for f in elf bzimage; do
        scratch=$(mktemp -d)
        trap 'rm -rf "$scratch"' EXIT
        assemble elf "$scratch/elf"
        [ "$f" = elf ] || assemble bzimage "$scratch/elf" "-DPAYLOAD=\"$scratch/elf\""
        { printf '\0' && cat "$scratch/elf"; } >"$to/$f"
        rm -r "$scratch"
    done
    ;;
board) # 0b PORT OFFSET VALUE writes, 03 reads, 00 passes time, 01 acknowledges, 0a runs timers
    each <<-EOT
	01 0b000011 0b000130 0b000104 0b000101 0b0001fe 0b010334 0b0100a9 0b010004 00ff94 01 0b000020 0a
	01 0b01f3b6 0b010202 0b010200 0b030003 00ff88 030300 030102 0a
	01 0b05000b 0b050142 0b05000a 0b050121 00ff94 0b05000c 030501 0a
	01 0b0a031b 0b0a0083 0b0a0003 0b0a0101 02414243 030a05 030a00 0a
	01 0b0040ae 0b02005a 0b0400d4 0b0200f4 030400 030200 030200
	01 0b0f0201 0b0f0300 00ffa8 0b0f0001 130f08 0a
	01 0b0e040c 0b0e0508 1b0e00 0b0e0a0e 030e1a
	EOT
    ;;
virtio) # S0 FEATURES starts the device of slot S, S4 writes a descriptor, S6 offers a chain, S2 is a register, 03 the host
    each <<-EOT
	103000 14000200 00002000 160000 160000 120b1400 120a0001
	103000 14000100 00000100 1401020000000100 160000 16000f
	803044 1400010100001000 1401030200010002 1402020000020100 860000 860000 0301 860000
	803044 110a000000 140004000040 3000 8400040000404000 860000
	800000 8400010100001000 8401020000100100 860000
	800000 0302000000 8400000000100100 8401000100100302 8402020001000000 860000 860000 0306000000 860000 8300000000
	EOT
    ;;
virtio_mmio) # the same, but for 2, whose register is in memory: how (write, width, anywhere), offset, value
    each <<-EOT
	103000 14000200 00002000 160000 160000 12403000 12417000 12404400
	103000 14000100 00000100 1401020000000100 160000 16000f 12406000 1241640003
	803044 1400010100001000 1401030200010002 1402020000020100 860000 860000 0301 860000
	103000 1241440000 160000 1241440001 14000200 160000 12404400 1241380003 1241440001
	403000 124000010001 12630601 1263ff0f 121f0001 03ff0102
	EOT
    ;;
hypercall)
    each <<-EOT
	0b 0680000000000000 05060000 0211 02 00 06020000 0606 06 00
	07 0010ff 0604000000 04020000 0605000000 07030000
	0f 0020 01 0203 01 0612 0681 05000800
	03 0607 10000000 0600 0300000000 0603 00000000
	EOT
    ;;
text)
    text 0 'ring1: x\nreport: a line\nstat bt.blocks 12  made\nring1-exit: 5 guest-killed: triple fault\n'
    text 1 '-m 64 "a b" '"'c d' e\\\\ f"
    text 2 512M
    text 3 'aprocess\nb64M\nddebug console=ttyS0\nginterp\nj60\nkexits,irq\nvmlinuz'
    {
        printf '\x00'
        for ((row = 0; row < 25; row++)); do printf 'screen %02d |row \\41\n' $row; done
    } >"$to/screen"
    ;;
esac
[ ! -e "tests/fuzz/corpus/$1.hex" ] || each <"tests/fuzz/corpus/$1.hex"
