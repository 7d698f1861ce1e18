#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make deb: a Debian package of what `make install` installs, in BUILD. Needs dpkg-deb alone.
#   tools/deb.sh BUILD
set -eu
B=$1
version=$("$B/ring1" --version | sed 's/^ring1 //')
root=$B/deb
doc=$root/usr/share/doc/ring1
rm -rf "$root"
umask 022
sh "$(dirname "$0")/install.sh" "$B" "$root/usr"
strip --strip-unneeded "$root/usr/bin/ring1"

# Libraries as dpkg knows them; each with the version that is installed here.
libraries() {
    ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | while read -r so; do
        dpkg-query -S "$so" "/usr$so" 2>/dev/null | head -1 | cut -d: -f1
    done | sort -u | while read -r package; do
        dpkg-query -W -f '${Package} (>= ${source:Upstream-Version}), ' "$package"
    done | sed 's/, $//'
}

gzip -9n "$root/usr/share/man/man1/ring1.1"
cat >"$doc/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ring1

Files: *
Copyright: the Ring1 authors
License: GPL-2.0-or-later
 On Debian systems the text of the GNU General Public License, version 2, is in
 /usr/share/common-licenses/GPL-2.
END
{
    echo "ring1 ($version) unstable; urgency=medium"
    printf '\n  * Package of ring1 %s.\n\n' "$version"
    echo " -- The Ring1 authors <ring1@localhost>  $(date -R -u -d @"${SOURCE_DATE_EPOCH:-$(date +%s)}")"
} | gzip -9n >"$doc/changelog.gz"
mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: ring1
Version: $version
Architecture: amd64
Maintainer: The Ring1 authors <ring1@localhost>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: $(libraries "$B/ring1"), qemu-system-x86
Recommends: bochs, bochs-term, bochsbios, vgabios, grub-common, grub-pc-bin, xorriso, mtools, libslirp0
Section: otherosfs
Priority: optional
Description: run 32-bit x86 operating systems without VT-x or SVM
 Ring1 is a virtual machine monitor for x86 machines without hardware
 virtualization. It boots unmodified 32-bit kernels by ring compression, binary
 translation and shadow page tables, on QEMU's software CPU, on Bochs, or from a
 CD image on a real PC or a cloud machine.
END
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -b "$root" "$B/ring1_${version}_amd64.deb"
