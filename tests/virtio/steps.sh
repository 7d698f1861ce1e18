#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest (ring1.script=steps): does to vda what each line of its console asks for, and says when it is done.
say() { echo "virtio: $*"; }
say ready
while read -r word argument; do
    case $word in
    write) yes "$argument" | dd of=/dev/vda bs=64k count=16 iflag=fullblock conv=fsync 2>/dev/null ;;
    read) dd if=/dev/vda of=/dev/null bs=64k skip="$argument" count=1 iflag=direct 2>/dev/null ;;
    off) break ;;
    esac && say "$word $argument done" || say "$word $argument failed"
done
