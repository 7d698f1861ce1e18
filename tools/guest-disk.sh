#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/guest-disk.sh DIR [pristine]: a disk with a small Debian 12 for i386 to boot from, made of Debian's packages by
# mmdebstrap: DIR/debian.img, an ext4 file system of 1 GiB (a sparse file).
# DIR/disk.img is a copy of it to use, made if it is not there and never touched again: what a guest wrote there stays. SIZE=4G
# makes that a larger one.
# DIR/disk-initrd.img is the initramfs that Debian's own kernel needs to find it: DIR/initrd.img and DIR/modules.img.
# "pristine" makes debian.img alone. The packages come from the machine's own mirror of Debian 12, or from
# deb.debian.org; the machine's architectures and package state do not change. Root is not needed: without it mmdebstrap uses a
# user namespace (Debian's package uidmap, and a range for the user in /etc/subuid). What differs from plain Debian is in
# tools/guest-disk/. Some 47 MB are fetched. See also guest.sh.
set -eu

[ $# -eq 1 ] || { [ $# -eq 2 ] && [ "$2" = pristine ]; } ||
    { echo "usage: [SIZE=4G] tools/guest-disk.sh DIR [pristine]   (makes DIR/disk.img, DIR/debian.img and DIR/disk-initrd.img)" >&2; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
files=$here/guest-disk
mkdir -p -- "$1"
dir=$(CDPATH='' cd -- "$1" && pwd)
log=$dir/disk.log
suite=bookworm
packages=usr-is-merged,sysvinit-core,sysv-rc,initscripts,e2fsprogs,iproute2,ifupdown,netbase,procps
work=
PATH=$PATH:/usr/sbin:/sbin # mke2fs, for whoever is not root

say() { echo "guest-disk: $*" >&2; }
die() { say "$*"; exit 1; }
# shellcheck disable=SC2317  # called by the trap
clean() { rm -rf -- ${work:+"$work"} "$dir"/d*.img.new; }
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fresh() { [ -s "$dir/debian.img" ] && [ -z "$(find "$files" "$here/guest-disk.sh" -newer "$dir/debian.img")" ]; }

# The machine's mirror, if it has one that serves this release.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' "Codename: $suite" 2>/dev/null | sort -u | head -1 | grep . ||
        echo http://deb.debian.org/debian
}

# How the machine reaches it: proxies, and what its administrator says of dates. For the time of the making alone.
apt_options() {
    apt-config dump | grep -E '^Acquire::(https?|Retries|Check-)' || true
    echo 'Acquire::Languages "none";'
}

# What a small machine has no use for.
dpkg_options() {
    for path in man doc info locale lintian bash-completion; do
        echo "path-exclude=/usr/share/$path/*"
    done
    echo 'path-include=/usr/share/doc/*/copyright'
}

fetch() {
    mode=unshare
    [ "$(id -u)" != 0 ] || mode=root
    from=$(mirror)
    apt_options >"$work/apt.conf"
    dpkg_options >"$work/dpkg.conf"
    say "installing Debian 12 for i386 from $from (half a minute, some 47 MB)"
    mmdebstrap --mode=$mode --architectures=i386 --variant=apt --include="$packages" --format=tar \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --aptopt="$work/apt.conf" --dpkgopt="$work/dpkg.conf" $suite "$work/root.tar" "$from" >"$log" 2>&1 ||
        { grep -E '^(E|W|Err): ?|could not|Could not' "$log" | cut -c1-200 | tail -6 >&2; die "no Debian 12 from $from (all of it: $log)"; }
}

# In fakeroot: the tree is not ours.
lay_over() {
    root=$work/root
    install -m 644 "$files/inittab" "$root/etc/inittab"
    install -m 644 "$files/interfaces" "$root/etc/network/interfaces"
    install -m 755 "$files/console.sh" "$root/usr/local/sbin/ring1-console"
    mkdir "$root/scripts" "$root/etc/inittab.d"
    rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
    install -m 644 "$work/dpkg.conf" "$root/etc/dpkg/dpkg.cfg.d/ring1"
    printf '%s\n' 'Acquire::Languages "none";' 'APT::Install-Recommends "false";' >"$root/etc/apt/apt.conf.d/ring1"
    printf 'deb http://deb.debian.org/debian%s main\n' " $suite" " $suite-updates" "-security $suite-security" >"$root/etc/apt/sources.list"
    echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
    echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
    echo ring1 >"$root/etc/hostname"
    printf '127.0.0.1\t%s\n' localhost ring1 >"$root/etc/hosts"
    sed -i 's/^#*FSCKFIX=.*/FSCKFIX=yes/' "$root/etc/default/rcS"
    rm -f "$root/etc/machine-id" "$root"/var/log/*.log "$root"/var/cache/apt/*.bin
}

image() {
    say "making the file system"
    mkdir "$work/root"
    tar -C "$work/root" -xpf "$work/root.tar" --numeric-owner --exclude='./dev/*/*'
    lay_over
    truncate -s 1G "$dir/debian.img.new"
    mke2fs -q -t ext4 -F -L ring1 -d "$work/root" "$dir/debian.img.new"
}

grow() {
    truncate -s ">$SIZE" "$dir/disk.img.new" || die "SIZE=$SIZE is no size such as 4G"
    resize2fs "$dir/disk.img.new" >"$log" 2>&1 || { tail -5 "$log" >&2; die "the file system could not be made larger"; }
}

if [ "${RING1_FAKED:-}" ]; then
    work=$RING1_FAKED
    trap - EXIT
    image
    exit 0
fi
if ! fresh; then
    for tool in mmdebstrap arch-test fakeroot mke2fs apt-get tar; do
        command -v "$tool" >/dev/null || die "$tool is missing; install the Debian package that has it (make guest-disk does)"
    done
    work=$(mktemp -d "$dir/work.XXXXXX")
    chmod 755 "$work" # mmdebstrap reads there as another user
    fetch
    RING1_FAKED=$work fakeroot sh "$here/guest-disk.sh" "$dir"
    mv "$dir/debian.img.new" "$dir/debian.img"
fi
[ $# -eq 1 ] || exit 0
sh "$here/guest.sh" "$dir"
sh "$here/guest.sh" "$dir" modules
cat "$dir/initrd.img" "$dir/modules.img" >"$dir/disk-initrd.img.new"
mv "$dir/disk-initrd.img.new" "$dir/disk-initrd.img"
if ! [ -s "$dir/disk.img" ]; then
    cp --sparse=always "$dir/debian.img" "$dir/disk.img.new"
    [ -z "${SIZE:-}" ] || grow
    mv "$dir/disk.img.new" "$dir/disk.img"
    say "ready: $dir/disk.img"
else
    say "$dir/disk.img is there and stays as it is; remove it to have a new one"
fi
