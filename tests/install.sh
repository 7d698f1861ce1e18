#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `make install`, `make uninstall` and `make deb` leave: tests/install.sh BUILD. Everything goes to
# a directory of its own; nothing is installed on this machine. Last line "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$here/.." || exit 3
unset RING1_MONITOR

# works PROGRAM NAME: it says its version, finds its monitor and runs a guest to its end.
works() {
    local out
    out=$("$1" --version 2>&1) && [[ $out = "ring1 "[0-9]* ]]
    report $? "$2: --version" "$out"
    out=$("$1" check 2>&1 </dev/null)
    grep -q "ring1.elf *$(dirname "$(dirname "$1")")/lib/ring1/ring1.elf" <<<"$out"
    report $? "$2: finds its own monitor" "$(grep ring1.elf <<<"$out")"
    out=$(timeout 60 "$1" run --timeout 50 --memory 32M "$tmp/triple.bin" 2>&1 </dev/null)
    [ $? = 5 ] && grep -q 'guest-killed: triple fault' <<<"$out"
    report $? "$2: runs a guest" "$(tail -1 <<<"$out")"
}

toy triple hostile/

make -s install B="$B" DESTDIR="$tmp/with blank" PREFIX=/opt/ring1 >"$tmp/log" 2>&1
report $? "make install PREFIX= DESTDIR=" "$(tail -3 "$tmp/log")"
works "$tmp/with blank/opt/ring1/bin/ring1" "installed"
touch "$tmp/with blank/opt/ring1/share/doc/ring1/yours"
make -s uninstall B="$B" DESTDIR="$tmp/with blank" PREFIX=/opt/ring1 >"$tmp/log" 2>&1
left=$(cd "$tmp/with blank" && find . -type f)
[ "$left" = ./opt/ring1/share/doc/ring1/yours ]
report $? "make uninstall removes its files and no others" "$left $(cat "$tmp/log")"

make -s deb B="$B" >"$tmp/log" 2>&1
report $? "make deb" "$(tail -3 "$tmp/log")"
deb=$(ls "$B"/ring1_*_amd64.deb)
dpkg-deb -x "$deb" "$tmp/deb"
works "$tmp/deb/usr/bin/ring1" "unpacked from the package"
control=$(dpkg-deb -f "$deb" Depends)
grep -q 'libc6 (>= ' <<<"$control" && grep -q 'libelf1' <<<"$control" && grep -q qemu-system-x86 <<<"$control"
report $? "the package names what it needs" "$control"
foreign=$(dpkg-deb -c "$deb" | awk '$2 != "root/root"')
[ -z "$foreign" ]
report $? "all in it belongs to root" "$foreign"
dpkg-deb -e "$deb" "$tmp/control" && (cd "$tmp/deb" && md5sum --quiet -c "$tmp/control/md5sums")
report $? "its checksums are right"

if command -v mandoc >/dev/null; then
    out=$(mandoc -Tlint -W warning docs/ring1.1)
elif command -v man >/dev/null; then
    out=$(LC_ALL=C.UTF-8 man --warnings -l docs/ring1.1 2>&1 >/dev/null)
else
    out=
fi
[ -z "$out" ]
report $? "the manual page is clean" "$out"
# The page and the completion name every option that the program has.
missing=
for command in run image inspect check patch; do
    for option in $("$B/ring1" $command --help | grep -oE '^ +(-o, )?--[a-z-]+' | grep -oE '[-][-][a-z-]+'); do
        case $option in --help | --usage | --version) continue ;; esac
        tr -d '\\' <docs/ring1.1 | grep -qF "Fl ${option#-}" || missing="$missing $option(page)"
        grep -qF -- "$option" tools/ring1.bash || missing="$missing $option(completion)"
    done
done
for option in $("$B/ring1" lab hole --help | grep -oE '^ +(-o, )?--[a-z-]+' | grep -oE '[-][-][a-z-]+'); do
    case $option in --help | --usage | --version) continue ;; esac
    tr -d '\\' <docs/ring1.1 | grep -qF "Fl ${option#-}" || missing="$missing lab hole $option(page)"
    grep -qF -- "$option" tools/ring1.bash || missing="$missing lab hole $option(completion)"
done
[ -z "$missing" ]
report $? "the manual page and the completion name every option" "$missing"

complete() { # WORDS...: what bash offers for the last one
    bash -c '. tools/ring1.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ring1; printf "%s " "${COMPREPLY[@]}"' - "$@"
}
[ "$(complete ring1 i)" = "image inspect " ] && [ "$(complete ring1 run --on = b)" = "bochs " ] &&
    [ "$(complete ring1 inspect --j)" = "--json " ] && [ "$(complete ring1 run READ)" = "README.md " ] &&
    [ "$(complete ring1 patch --p)" = "--portable " ] && [ "$(complete ring1 lab ho)" = "hole " ] && [ "$(complete ring1 lab hole --is)" = "--iso= " ]
report $? "completion" "$(complete ring1 i)| $(complete ring1 run --on = b)| $(complete ring1 inspect --j)"

finish
