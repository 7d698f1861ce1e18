#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/guest-linux.sh DIR [pae]: builds the kernel that knows Ring1: Debian's linux-source-6.1, the series in
# guest-patches/linux-6.1, and the configuration there. DIR/vmlinuz-ring1 comes out, with PAE DIR/vmlinuz-ring1-pae; and what
# it was made from, in a file with .from behind its name. The source is fetched like the other guests (tools/guest.sh) and
# unpacked below DIR. Does nothing when the kernel is there and neither the series nor the configuration changed.
# JOBS is how many compilers run at once. Takes some four minutes on two cores.
set -eu

[ $# -ge 1 ] && { [ $# -eq 1 ] || [ "$2" = pae ]; } ||
    { echo "usage: tools/guest-linux.sh DIR [pae]   (makes DIR/vmlinuz-ring1, or DIR/vmlinuz-ring1-pae)" >&2; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
series=$here/../guest-patches/linux-6.1
mkdir -p -- "$1"
dir=$(CDPATH='' cd -- "$1" && pwd)
flavour=${2:+-$2}
out=$dir/vmlinuz-ring1$flavour
tree=$dir/linux-ring1
objects=$dir/linux-ring1-objects$flavour
log=$objects/build.log

say() { echo "guest-linux: $*" >&2; }
die() { say "$*"; exit 1; }

# What the kernel is made from, in one word.
made_from() { cat "$dir/linux-source.from" "$series"/*.patch "$series/config" "$series"/config-pae 2>/dev/null | sha256sum | cut -d' ' -f1; }

unpack() {
    rm -rf -- "$tree" "$tree.new"
    mkdir -p -- "$tree.new"
    say "unpacking $(cat "$dir/linux-source.from")"
    tar -C "$tree.new" --strip-components=1 -xJf "$dir/linux-source.tar.xz"
    for patch in "$series"/*.patch; do
        say "applying $(basename "$patch")"
        patch -s -p1 -d "$tree.new" <"$patch" >"$dir/patch.log" 2>&1 || {
            cat "$dir/patch.log" >&2
            die "$(basename "$patch") does not apply to $(cat "$dir/linux-source.from")"
        }
    done
    rm -f -- "$dir/patch.log"
    patches >"$tree.new/.ring1-series"
    mv -- "$tree.new" "$tree"
}
patches() { cat "$dir/linux-source.from" "$series"/*.patch | sha256sum; }

configure() {
    mkdir -p -- "$objects"
    cat "$series/config" ${flavour:+"$series/config$flavour"} >"$objects/wanted"
    make -C "$tree" -s ARCH=i386 O="$objects" KCONFIG_ALLCONFIG="$objects/wanted" allnoconfig >"$log" 2>&1 ||
        { tail -20 "$log" >&2; die "the configuration failed (all of it: $log)"; }
    grep -v '^#' "$objects/wanted" | while read -r option; do
        case $option in
        '') ;;
        *=n) ! grep -q "^${option%=n}=[ym]" "$objects/.config" || die "the configuration did not take: $option" ;;
        *) grep -qx "$option" "$objects/.config" || die "the configuration did not take: $option" ;;
        esac
    done
}

for tool in make gcc flex bison bc patch xz tar; do
    command -v "$tool" >/dev/null || die "$tool is missing; install the Debian package that has it (make guest-linux does)"
done
sh "$here/guest.sh" "$dir" linux-source
if [ -s "$out" ] && [ "$(cat "$out.from" 2>/dev/null)" = "$(made_from)" ]; then
    exit 0
fi
[ "$(cat "$tree/.ring1-series" 2>/dev/null)" = "$(patches)" ] || unpack
configure
say "building $(basename "$out") with ${JOBS:=$(nproc)} jobs; some four minutes on two cores"
began=$(date +%s)
make -C "$tree" -s ARCH=i386 O="$objects" KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=ring1 KBUILD_BUILD_HOST=ring1 \
    -j"$JOBS" bzImage >>"$log" 2>&1 || { tail -20 "$log" >&2; die "the build failed (all of it: $log)"; }
cp "$objects/arch/x86/boot/bzImage" "$out.new"
mv "$out.new" "$out"
made_from >"$out.from"
say "ready after $(($(date +%s) - began)) s: $out"
