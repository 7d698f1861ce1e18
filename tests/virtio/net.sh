#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest (ring1.script=net): an address by DHCP, then files from the server whose port the kernel command
# line names (ring1.port=N), small and large, one after the other and two at once, and one sent there.
say() { echo "virtio: $*"; }
port=$(sed -n 's/.*ring1.port=\([0-9]*\).*/\1/p' /proc/cmdline)
echo '#!/bin/sh
[ "$1" != bound ] || { ip addr add "$ip/24" dev "$interface" && ip route add default via "$router"; }' >/tmp/bound
chmod +x /tmp/bound
say "mac $(cat /sys/class/net/eth0/address) carrier $(ip link set eth0 up; cat /sys/class/net/eth0/carrier)"
udhcpc -q -n -i eth0 -s /tmp/bound >/dev/null 2>&1 && say "address $(ip addr show eth0 | sed -n 's/.*inet \([0-9./]*\).*/\1/p')"
ping -c 2 -q 10.0.2.2 | sed -n 's/.*\(2 packets received\).*/virtio: \1/p'
get() { wget -q -O - "http://10.0.2.2:$port/$1" | md5sum | cut -d' ' -f1; }
say "small $(get 1000)"
say "large $(get 5000000)"
get 2000000 >/tmp/one &
get 2000001 >/tmp/two
wait
say "both $(cat /tmp/one /tmp/two | tr '\n' ' ')"
say "sent $(dd if=/dev/zero bs=1000 count=1000 2>/dev/null | nc 10.0.2.2 "$port")"
say "closed $(wget -q -O - http://10.0.2.2:1/ 2>&1 | head -1)"
