#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make install, and make uninstall: what is installed where, below TO.
#   tools/install.sh BUILD TO [remove]
set -eu
B=$1
to=$2
what=${3:-install}

files() { # source, directory below TO, name there, mode
    cat <<END
$B/ring1 bin ring1 755
$B/ring1.elf lib/ring1 ring1.elf 644
docs/ring1.1 share/man/man1 ring1.1 644
tools/ring1.bash share/bash-completion/completions ring1 644
END
    for page in README.md docs/*.md; do
        echo "$page share/doc/ring1 ${page#docs/} 644"
    done
}

files | while read -r source directory name mode; do
    if [ "$what" = remove ]; then
        rm -f "$to/$directory/$name"
    else
        install -D -m "$mode" "$source" "$to/$directory/$name"
    fi
done
if [ "$what" = remove ]; then
    for directory in lib/ring1 share/doc/ring1; do
        [ ! -d "$to/$directory" ] || rmdir --ignore-fail-on-non-empty "$to/$directory"
    done
fi
