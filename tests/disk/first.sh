#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the guest with Debian on its disk (ring1.script=first): installs a package from the archive of the test's own, which
# the host serves at ring1.port=N and whose key is beside this script; with a second disk and ring1.mib=N also writes that much to it.
# A line "disk: ..." each.
say() { echo "disk: $*"; }
word() { sed -n "s/.*ring1.$1=\([0-9]*\).*/\1/p" /proc/cmdline; }
say "address $(ip -brief address show eth0)"
echo "deb [signed-by=/scripts/key.gpg] http://10.0.2.2:$(word port)/ ./" >/etc/apt/sources.list
if apt-get -q update; then say "lists are there"; fi
if apt-get -q -y install ring1-hello; then say "installed"; fi
say "it says: $(ring1-hello)"
if [ -z "$(dpkg -V ring1-hello ring1-greeting 2>&1)" ]; then say "its files are right"; fi
mib=$(word mib)
if mount /dev/vdb /mnt && perl /scripts/bulk.pl 7 "$mib" >/mnt/bulk && sync && umount /mnt; then say "$mib MiB are written"; fi
dmesg | grep -E 'I/O error|EXT4-fs (error|warning)|Call Trace' | sed 's/^/disk: trouble: /'
