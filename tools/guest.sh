#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/guest.sh DIR: fetches the default guest. Debian's 32-bit kernels (without and with PAE) and a static
# busybox come in, DIR/vmlinuz, DIR/vmlinuz-pae and DIR/initrd.img go out. apt checks the packages' signatures
# and hashes; its lists and cache for i386 live under DIR/apt, so neither the machine's
# architectures nor its package state change, and no root is needed. Does nothing when the
# outputs are there and newer than the scripts packed into them. Read guest-init.sh next.
#
# tools/guest.sh DIR NAME...: fetches other guests in the same way, if they are not there: invaders
# (DIR/invaders.exec), memtest (DIR/memtest.bin), installer (DIR/installer/linux and initrd.gz);
# modules (DIR/modules.img: an initramfs to put behind initrd.img, with the kernel's modules for virtio devices and ext4);
# and programs: tcc (DIR/tcc/, with its libraries), uml (DIR/uml/linux.uml), selftests (DIR/selftests/: the sources of
# Linux's own x86 tests in linux/, what gcc -m32 needs to build them in root/; tools/selftests.sh builds them).
set -eu

[ $# -ge 1 ] || { echo "usage: tools/guest.sh DIR [NAME...]   (makes DIR/vmlinuz, DIR/vmlinuz-pae and DIR/initrd.img)" >&2; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
init=$here/guest-init.sh
script=$here/../tests/guest-script.sh
mkdir -p -- "$1"
dir=$(CDPATH='' cd -- "$1" && pwd)
shift
work=

say() { echo "guest: $*" >&2; }
die() { say "$*"; exit 1; }
# shellcheck disable=SC2317  # called by the trap
clean() { [ -z "$work" ] || rm -rf -- "$work"; }
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fresh() { [ -s "$dir/initrd.img" ] && [ -s "$dir/vmlinuz" ] && [ -s "$dir/vmlinuz-pae" ] &&
    [ -s "$dir/busybox" ] &&
    [ -z "$(find "$init" "$script" "$here/guest.sh" -newer "$dir/initrd.img")" ]; }

# Options that come after the machine's own (so that its mirrors and proxies still serve), with
# its hooks cut off: they are for the machine's package state, which nothing here touches.
write_apt_conf() {
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
    cat >"$dir/apt/apt.conf" <<EOF
APT::Architecture "i386";
#clear APT::Architectures;
APT::Architectures { "i386"; };
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
    MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages";
    flatMetaKey "Packages";
    ShortDescription "Packages";
    Description "\$(RELEASE)/\$(COMPONENT) \$(ARCHITECTURE) Packages";
};
Dir::State::Lists "$dir/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$dir/apt/cache";
EOF
}

apt_get() { apt-get -q -c "$dir/apt/apt.conf" "$@"; }
apt_cache() { apt-cache -c "$dir/apt/apt.conf" "$@"; }

# A mirror in the middle of its own update serves some lists wrongly; those that came are used.
update_lists() {
    for try in 1 2 3; do
        say "fetching Debian's i386 package lists (try $try)"
        if apt_get update >"$dir/apt/update.log" 2>&1 && ! grep -q '^[WE]: ' "$dir/apt/update.log"; then
            return
        fi
        sleep "$try"
    done
    grep '^E: ' "$dir/apt/update.log" >&2 || true
    say "some lists did not come; going on with those that did"
}

# Prints the versions of package $1, newest first.
versions() { apt_cache madison "$1" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }'; }

# Prints, newest first, PACKAGE=VERSION of each kernel that some linux-image-$1 depends on.
kernels() {
    apt_cache show "linux-image-$1" 2>/dev/null |
        sed -n "s/^Depends:.*\(linux-image-[0-9][^ ,]*-$1\) *(= *\([^)]*\)).*/\1=\2/p;t
                s/^Depends:.*\(linux-image-[0-9][^ ,]*-$1\)\( .*\|,.*\|\)\$/\1/p"
}

# fetch WHAT CANDIDATE...: downloads the first candidate that comes; leaves its name in $package.
fetch() {
    what=$1
    shift
    for package; do
        say "downloading $package"
        (cd "$work" && apt_get download "$package") >"$dir/apt/download.log" 2>&1 && return
        grep '^[WE]: ' "$dir/apt/download.log" >&2 || true
        say "$package did not come; trying an older one"
    done
    die "no $what for i386 could be downloaded; check the network and the machine's Debian sources in /etc/apt (details: $dir/apt/update.log, $dir/apt/download.log)"
}

# Unpacks the one .deb in $work into $work/root and removes it.
unpack() {
    rm -rf -- "$work/root"
    unpack_over "$work/root"
}
unpack_over() {
    dpkg-deb -x "$work"/*.deb "$1"
    rm -f -- "$work"/*.deb
}

# fetch_kernel FLAVOUR NAME: the newest linux-image-FLAVOUR as DIR/NAME.
fetch_kernel() {
    # shellcheck disable=SC2046  # one word a candidate
    fetch "Linux kernel (linux-image-$1)" $(kernels "$1")
    unpack
    cp "$work"/root/boot/vmlinuz-* "$dir/$2.new"
    echo "$package" >"$dir/$2.from"
    mv "$dir/$2.new" "$dir/$2"
}

fetch_busybox() {
    # shellcheck disable=SC2046
    fetch "busybox-static" $(versions busybox-static | sed 's/^/busybox-static=/')
    unpack
    cp "$work/root/bin/busybox" "$dir/busybox.new"
    mv "$dir/busybox.new" "$dir/busybox"
}

# The applets' names as they stand in the binary, NUL-terminated, from "[", "[[" to "zcat":
# nothing foreign is executed.
applets() {
    tr '\0' '\n' <"$dir/busybox" | awk '
        !on && before == "[" && $0 == "[[" { on = 1; print before }
        on { print }
        on && $0 == "zcat" { exit }
        { before = $0 }'
}

build_initrd() {
    root=$work/initrd
    mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/root" \
        "$root/etc" "$root/scripts"
    install -m 755 "$dir/busybox" "$root/bin/busybox"
    install -m 755 "$init" "$root/init"
    install -m 755 "$script" "$root/scripts/check"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    applets | while read -r name; do
        [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
    done
    if ! [ -L "$root/bin/sh" ] || ! [ -L "$root/bin/mount" ]; then
        die "found no applet names in busybox; this busybox-static is unlike those known"
    fi
    find "$root" -exec touch -h -d @0 {} +
    (cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) |
        gzip -9n >"$dir/initrd.img.new"
    mv "$dir/initrd.img.new" "$dir/initrd.img"
}

# PACKAGE, then pairs of a file in it (a pattern) and its name below DIR. The last comes last, whole.
fetch_files() {
    what=$1
    # shellcheck disable=SC2046
    fetch "$what" $(versions "$what" | sed "s/^/$what=/")
    unpack
    shift
    while [ $# -gt 0 ]; do
        mkdir -p "$dir/$(dirname "$2")"
        # shellcheck disable=SC2086
        cp $work/root/$1 "$dir/$2.new"
        mv "$dir/$2.new" "$dir/$2"
        shift 2
    done
}

# The kernel's tests, of the version that the guest's kernel has if that is still to be had: 200 KB of a tarball of 139 MB.
selftest_sources() {
    what=linux-source-$(sed -n 's/^linux-image-\([0-9]*\.[0-9]*\)\..*/\1/p' "$dir/vmlinuz.from")
    # shellcheck disable=SC2046
    fetch "$what" "$what=$(sed 's/.*=//' "$dir/vmlinuz.from")" $(versions "$what" | sed "s/^/$what=/")
    echo "$package" >>"$new/from"
    unpack
    mkdir -p "$new/linux"
    tar -C "$new/linux" --strip-components=1 -xJf "$work/root/usr/src/$what.tar.xz" --wildcards \
        "$what/tools/testing/selftests/x86" "$what/tools/testing/selftests/kselftest.h" "$what/arch/x86/include/asm/desc_defs.h"
}

# The C library to build with and to run with, and what gcc -m32 adds to it.
fetch_selftests() {
    new=$dir/selftests.new
    rm -rf -- "$new"
    mkdir -p "$new"
    selftest_sources
    for what in libc6 libc6-dev linux-libc-dev "libgcc-$(gcc -dumpversion)-dev"; do
        # shellcheck disable=SC2046
        fetch "$what" $(versions "$what" | sed "s/^/$what=/")
        echo "$package" >>"$new/from"
        unpack_over "$new/root"
    done
    rm -rf -- "$dir/selftests" "$new/root/usr/share" "$new/root/etc" # the Makefile reads *.d
    mv "$new" "$dir/selftests"
}

# add_module NAME: copies it to $root/modules, and before it what it depends on; their order goes to the file order there.
add_module() {
    grep -qx "$1" "$root/modules/order" && return
    found=$(find "$work/root/lib/modules" -name "$1.ko" -o -name "$(echo "$1" | tr _ -).ko" | head -1)
    [ -n "$found" ] || die "the kernel package has no module $1"
    # In a shell of its own each: $found stays.
    for needed in $(tr '\0' '\n' <"$found" | sed -n -e 's/^depends=//p' -e 's/^softdep=pre: //p' | tr , ' '); do
        case $needed in crc32c | crypto-crc32c) needed=crc32c_generic ;; esac # a name that several have
        (add_module "$needed") || exit 1
    done
    cp "$found" "$root/modules/$1.ko"
    echo "$1" >>"$root/modules/order"
}

# Of the very kernel that is there: another one would not load them.
fetch_modules() {
    fetch "kernel modules ($(cat "$dir/vmlinuz.from"))" "$(cat "$dir/vmlinuz.from")"
    unpack
    root=$work/modules
    mkdir -p "$root/modules"
    : >"$root/modules/order"
    for module in virtio_pci virtio_mmio virtio_blk virtio_net virtio_console virtio_rng virtio_balloon ext4; do
        add_module $module
    done
    find "$root" -exec touch -h -d @0 {} +
    (cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) |
        gzip -9n >"$dir/modules.img.new"
    mv "$dir/modules.img.new" "$dir/modules.img"
}

# 139 MB, as it comes.
fetch_linux_source() {
    # shellcheck disable=SC2046
    fetch linux-source-6.1 $(versions linux-source-6.1 | sed 's/^/linux-source-6.1=/')
    unpack
    echo "$package" >"$dir/linux-source.from"
    mv "$work/root/usr/src/linux-source-6.1.tar.xz" "$dir/linux-source.tar.xz"
}

# NAME: the last file it makes. A new guest is a row here and one in fetch_other.
other() {
    case $1 in
    invaders) echo invaders.exec ;;
    memtest) echo memtest.bin ;;
    installer) echo installer/initrd.gz ;;
    tcc) echo tcc/ld-linux.so.2 ;;
    uml) echo uml/linux.uml ;;
    selftests) echo selftests/from ;;
    modules) echo modules.img ;;
    linux-source) echo linux-source.tar.xz ;;
    *) die "$1: no such guest; there are invaders, memtest, installer, tcc, uml, selftests, modules and linux-source" ;;
    esac
}

fetch_other() {
    images=usr/lib/debian-installer/images/12/i386/text/debian-installer/i386
    case $1 in
    invaders) fetch_files grub-invaders boot/invaders.exec invaders.exec ;;
    memtest) fetch_files memtest86+ boot/memtest86+ia32.bin memtest.bin ;;
    installer) fetch_files debian-installer-12-netboot-i386 $images/linux installer/linux \
        $images/initrd.gz installer/initrd.gz ;;
    tcc)
        fetch_files tcc usr/bin/tcc tcc/tcc
        fetch_files libc6 lib/i386-linux-gnu/libc.so.6 tcc/libc.so.6 lib/i386-linux-gnu/libm.so.6 tcc/libm.so.6 \
            lib/i386-linux-gnu/libdl.so.2 tcc/libdl.so.2 lib/i386-linux-gnu/libpthread.so.0 tcc/libpthread.so.0 \
            lib/i386-linux-gnu/ld-linux.so.2 tcc/ld-linux.so.2 ;;
    uml) fetch_files user-mode-linux usr/bin/linux.uml uml/linux.uml ;;
    selftests) fetch_selftests ;;
    modules) fetch_modules ;;
    linux-source) fetch_linux_source ;;
    esac
}

# Is $2, what makes the guest $1 complete, there? Modules are, when this script has not come to want others since.
there() { [ -s "$dir/$2" ] && { [ "$1" != modules ] || [ -z "$(find "$here/guest.sh" -newer "$dir/$2")" ]; }; }

missing=
for name; do
    file=$(other "$name") || exit 1
    there "$name" "$file" || missing="$missing $name"
done
if [ $# -gt 0 ]; then
    [ -n "$missing" ] || exit 0
    work=$(mktemp -d "$dir/work.XXXXXX")
    write_apt_conf
    update_lists
    for name in $missing; do
        fetch_other "$name"
    done
    exit 0
fi
if fresh; then
    exit 0
fi
for tool in apt-get apt-cache dpkg-deb cpio gzip; do
    command -v "$tool" >/dev/null || die "$tool is missing; install the Debian package that has it"
done
work=$(mktemp -d "$dir/work.XXXXXX")
if ! [ -s "$dir/vmlinuz" ] || ! [ -s "$dir/vmlinuz-pae" ] || ! [ -s "$dir/busybox" ]; then
    write_apt_conf
    update_lists
    [ -s "$dir/busybox" ] || fetch_busybox
    [ -s "$dir/vmlinuz" ] || fetch_kernel 686 vmlinuz
    [ -s "$dir/vmlinuz-pae" ] || fetch_kernel 686-pae vmlinuz-pae
fi
say "building the initramfs"
build_initrd
say "ready: $dir/vmlinuz ($(cat "$dir/vmlinuz.from")), $dir/vmlinuz-pae ($(cat "$dir/vmlinuz-pae.from")) and $dir/initrd.img"
