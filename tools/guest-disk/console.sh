#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /usr/local/sbin/ring1-console in the image of tools/guest-disk.sh, started by init in run level 2. With ring1.script=NAME on the
# kernel command line it runs /scripts/NAME and switches the machine off; without, it gives root's shell on the kernel's console
# (the last of /sys/class/tty/console/active), and another one when that ends. The line "ring1-guest: console ready" comes first.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
tty=$(sed 's/.* //' /sys/class/tty/console/active)
name=$(sed -n 's/\(.* \)\{0,1\}ring1\.script=\([^ ]*\).*/\2/p' /proc/cmdline)
exec </dev/"$tty" >/dev/"$tty" 2>&1
echo "ring1-guest: Debian $(cat /etc/debian_version), $(uname -sr), console ready, up $(cut -d' ' -f1 /proc/uptime) s"
case $name in
'') exec /sbin/agetty --autologin root --noissue --noclear --local-line 115200 "$tty" vt100 ;;
*/* | .*) echo "ring1-guest: ring1.script=$name is not a plain name" ;;
*)
    if [ -f "/scripts/$name" ]; then
        cd /root && sh "/scripts/$name"
    else
        echo "ring1-guest: there is no /scripts/$name"
    fi
    ;;
esac
/sbin/poweroff
exec sleep 1000000
