#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest (ring1.script=disks), with its modules loaded: vda is a disk to write, vdb one that is read-only. On the
# first run it makes a file system on vda and fills it, on a later one it looks whether all is there. A line "virtio: ..." each.
say() { echo "virtio: $*"; }
mkdir -p /m
say "sizes $(cat /sys/block/vda/size /sys/block/vdb/size | tr '\n' ' ')read-only $(cat /sys/block/vdb/ro)"
say "serial $(cat /sys/block/vda/serial) cache $(cat /sys/block/vda/queue/write_cache)"
say "entropy from $(cat /sys/class/misc/hw_random/rng_current), $(dd if=/dev/hwrng bs=1000 count=1 2>/dev/null | wc -c) bytes"
say "mark $(head -c 11 /dev/vdb)"
if dd if=/dev/zero of=/dev/vdb bs=512 count=1 2>/dev/null; then say "vdb was written"; else say "vdb refuses"; fi
if mount -t ext4 /dev/vda /m 2>/dev/null; then
    (cd /m && md5sum -c sums >/dev/null) && say "all is there, $(wc -l </m/sums) files"
else
    mke2fs /dev/vda >/dev/null 2>&1
    mount -t ext4 /dev/vda /m
    mkdir /m/d
    for i in 1 2 3 4 5 6 7 8 9 10; do dd if=/dev/urandom of="/m/d/$i" bs=50021 count="$i" 2>/dev/null; done
    cp /bin/busybox /m/d/b
    dd if=/dev/urandom of=/m/gone bs=1M count=4 2>/dev/null
    (cd /m && md5sum d/* >sums)
    sync
    rm /m/gone
    fstrim /m && say "trimmed"
    say "made"
fi
umount /m
say "interrupts $(awk '/virtio/ { n += $2 } END { print (n > 20) ? "many" : n }' /proc/interrupts)"
dmesg | grep -E 'virtio.*(error|fail)|I/O error|Call Trace' | sed 's/^/virtio: trouble: /'
