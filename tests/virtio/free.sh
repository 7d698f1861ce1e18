#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest (ring1.script=free): fills 96 MiB, gives them up, and waits for a line each time; then looks
# whether memory still works.
say() { echo "virtio: $*"; }
mkdir -p /f
mount -t tmpfs -o size=120m tmpfs /f
dd if=/dev/urandom of=/f/a bs=1M count=96 2>/dev/null
say filled
read -r line
rm /f/a
echo 3 >/proc/sys/vm/drop_caches
say freed
read -r line
dd if=/dev/urandom of=/f/a bs=1M count=96 2>/dev/null
cp /f/a /f/b 2>/dev/null
[ "$(head -c 20000000 /f/a | md5sum)" = "$(head -c 20000000 /f/b | md5sum)" ] && say "memory is whole"
