#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/vmlinux.sh BZIMAGE OUT: the ELF file inside a Linux bzImage whose payload is xz (as Debian's
# are), for tests that read kernel code. The setup header says where the payload lies
# (Linux, Documentation/x86/boot.rst: payload_offset at 248h, payload_length at 24Ch).
set -eu
[ $# -eq 2 ] || { echo "usage: tools/vmlinux.sh BZIMAGE OUT" >&2; exit 2; }
number() { od -An -t "u$2" -j "$1" -N "$2" "$image" | tr -d ' '; }
image=$1
sects=$(number $((0x1f1)) 1)
start=$(((${sects:-0} + 1) * 512 + $(number $((0x248)) 4)))
length=$(number $((0x24c)) 4)
# The four bytes behind the stream are the kernel's own note of its size.
tail -c "+$((start + 1))" "$image" | head -c $((length - 4)) | xz -dc >"$2.part" || {
    rm -f "$2.part"
    echo "tools/vmlinux.sh: $image: no xz payload at byte $start" >&2
    exit 1
}
mv "$2.part" "$2"
