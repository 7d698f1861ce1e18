#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that building, running and testing Ring1 needs, if any is
# missing; and those named as arguments. Uses sudo where the caller is not root; says what it does.
set -eu
want="$* gcc make nasm binutils binutils-dev libelf-dev zlib1g-dev liblzma-dev libzstd-dev liblz4-dev libjansson-dev libslirp-dev libcmocka-dev libzydis-dev
e2fsprogs qemu-system-x86 bochs bochs-term bochsbios vgabios grub-pc-bin grub-common xorriso mtools cpio
zstd xz-utils procps strace apt-utils gpg gpg-agent gdb clang libclang-rt-dev clang-format cppcheck chromium"
missing=
for p in $want; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || {
        echo "ring1: these Debian packages are missing and there is no sudo to install them:$missing" >&2
        exit 1
    }
fi
echo "ring1: installing missing packages:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -q update || echo "ring1: apt-get update failed in part; trying the lists there are" >&2
# shellcheck disable=SC2086
$sudo apt-get -q -y --no-install-recommends install $missing
