#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /init of the default guest, process 1. The kernel command line comes in: with
# ring1.script=NAME it runs /scripts/NAME and resets the machine; without, it gives a shell
# with job control on the serial console and resets the machine when that shell ends. With ring1.modules it first loads the
# modules of /modules in the order that is listed there (modules.img of tools/guest.sh); ring1.modules=legacy has virtio_pci
# use the legacy interface.
# With root=DEVICE it loads those modules, too, mounts DEVICE (by rw or ro, which is what the kernel does without an initramfs) and
# goes on with the init that is there (init=, else /sbin/init), as tools/guest-disk.sh has it.
# The line "ring1-guest: shell ready" says that the kernel has booted as far as user space.
export PATH=/bin HOME=/root TERM="${TERM:-linux}"
mount -t proc proc /proc
mount -t sysfs sysfs /sys
if ! mount -t devtmpfs devtmpfs /dev 2>/dev/null; then
    mknod /dev/console c 5 1
    mknod /dev/null c 1 3
    mknod /dev/zero c 1 5
    mknod /dev/tty c 5 0
    mknod /dev/ttyS0 c 4 64
fi
exec </dev/console >/dev/console 2>&1
hostname ring1-guest
cd /root || cd /

# load PARAMETER: for virtio_pci.
load() {
    while read -r module; do
        case $module in
        virtio_pci) insmod "/modules/$module.ko" "$@" ;;
        *) insmod "/modules/$module.ko" ;;
        esac || echo "ring1-guest: cannot load $module"
    done </modules/order
}

# Comes back in trouble alone. The disk is there as soon as its driver is, or some moments later.
switch() {
    for _ in $(seq 100); do
        [ -b "$root" ] && break
        sleep 0.1
    done
    mkdir -p /disk
    if mount -o "$access" "$root" /disk; then
        for mounted in proc sys dev; do mount -o move "/$mounted" "/disk/$mounted"; done
        exec switch_root -c /dev/console /disk "$start"
    fi
    echo "ring1-guest: cannot mount root=$root"
}

name=
root=
access=ro
start=/sbin/init
modules=none
read -r line </proc/cmdline
for word in $line; do
    case $word in
    ring1.script=*) name=${word#ring1.script=} ;;
    ring1.modules) modules= ;;
    ring1.modules=legacy) modules=force_legacy=1 ;;
    root=/dev/*) root=${word#root=} ;;
    ro | rw) access=$word ;;
    init=*) start=${word#init=} ;;
    esac
done
[ -z "$root" ] || [ "$modules" != none ] || [ ! -e /modules/order ] || modules=
# shellcheck disable=SC2086  # one parameter or none
[ "$modules" = none ] || load $modules
[ -z "$root" ] || switch
echo "ring1-guest: $(uname -sr), $(sed -n 's/^MemTotal: *//p' /proc/meminfo), up $(cut -d' ' -f1 /proc/uptime) s"
echo "ring1-guest: shell ready"
case $name in
'')
    PS1='guest# ' setsid cttyhack sh
    echo "ring1-guest: the shell has ended"
    ;;
*/* | .*)
    echo "ring1-guest: ring1.script=$name is not a plain name"
    ;;
*)
    if [ -f "/scripts/$name" ]; then
        sh "/scripts/$name"
    else
        echo "ring1-guest: there is no /scripts/$name"
    fi
    ;;
esac
sync
reboot -f
