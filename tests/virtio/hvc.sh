#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest (ring1.script=hvc): steps.sh on the virtio console, then one line from each console.
sh /scripts/steps </dev/hvc0 >/dev/hvc0
echo "virtio: by serial"
read -r line
echo "virtio: serial heard $line"
echo "virtio: by hvc0" >/dev/hvc0
read -r line </dev/hvc0
echo "virtio: hvc0 heard $line" >/dev/hvc0
