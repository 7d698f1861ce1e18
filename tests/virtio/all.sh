#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest (ring1.script=all): disks.sh and net.sh, then a line by the virtio console, and where the devices are.
sh /scripts/disks
sh /scripts/net
echo "virtio: a word by hvc0" >/dev/hvc0
echo "virtio: buses $(for d in /sys/bus/virtio/devices/*; do p=$(readlink -f "$d/.."); basename "$(readlink "$p/subsystem")"; done | sort | uniq -c | tr -s ' \n' ' ')"
